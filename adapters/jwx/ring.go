package jwxtoken

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ring is a list of keys, of which the first signs. Ids are unique.
type ring []key

// secretRing returns a ring of one secret, or what is wrong with it.
func secretRing(name string, secret []byte) (ring, []string) {
	if problems := secretProblems(name, secret); problems != nil {
		return nil, problems
	}
	secret = bytes.Clone(secret)
	k, err := newKey("", hs256, secret, secret)
	if err != nil {
		return nil, []string{fmt.Sprintf("%s: %v", name, err)}
	}
	return ring{k}, nil
}

// newRing returns a ring of keys, or what is wrong with them.
func newRing(keys []Key) (out ring, problems []string) {
	if len(keys) == 0 {
		return nil, []string{"Keys is empty"}
	}
	ids := map[string]int{}
	for i, k := range keys {
		name := fmt.Sprintf("Keys[%d]", i)
		if first, taken := ids[k.ID]; taken && k.ID != "" {
			problems = append(problems, fmt.Sprintf("%s.ID is that of Keys[%d]", name, first))
		} else {
			ids[k.ID] = i
		}
		if len(k.ID) > maxID || !utf8.ValidString(k.ID) {
			problems = append(problems, fmt.Sprintf("%s.ID is longer than %d bytes or not UTF-8", name, maxID))
		}
		made, wrong := k.make(name)
		if wrong == nil && i == 0 && made.sign == nil {
			wrong = []string{name + " is to sign, and has neither Private nor Secret"}
		}
		out, problems = append(out, made), append(problems, wrong...)
	}
	return out, append(problems, publicSecrets(keys, out)...)
}

// publicSecrets names the secrets that are one of the ring's public keys.
func publicSecrets(keys []Key, made ring) (problems []string) {
	for i, k := range keys {
		for j := range made {
			if len(k.Secret) > 0 && bytes.Equal(k.Secret, publicBytes(made[j].public)) {
				problems = append(problems, fmt.Sprintf("Keys[%d].Secret is the public key of Keys[%d]", i, j))
			}
		}
	}
	return problems
}

// open returns the payload of a token that one of the keys signed. The
// signature is verified, by the algorithm of the key and over the bytes as
// received, before any of them is decoded.
func (r ring) open(token string) (payload []byte, ok bool) {
	if len(token) > maxToken {
		return nil, false
	}
	header, rest, ok1 := strings.Cut(token, ".")
	segment, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 {
		return nil, false
	}
	mac, ok := decode(signature)
	if !ok {
		return nil, false
	}
	input := []byte(token[:len(header)+1+len(segment)])
	// A header of our own spelling tells whose token it is, undecoded.
	known := false
	for i := range r {
		k := &r[i]
		if header != k.header && header != k.plain {
			continue
		}
		if known = true; k.verify(input, mac) == nil {
			return decode(segment)
		}
	}
	if known {
		return nil, false
	}
	for i := range r {
		if k := &r[i]; k.verify(input, mac) == nil && r.acceptsHeader(header, k) {
			return decode(segment)
		}
	}
	return nil, false
}

// acceptsHeader checks the header of a token that another issuer made and k
// verified. Keys and certificates that it names are not looked at. No extension
// is known, so none may be critical, and the payload may not be anything but
// base64 (RFC 7797).
func (r ring) acceptsHeader(segment string, k *key) bool {
	data, ok := decode(segment)
	if !ok {
		return false
	}
	header, ok := readObject(data)
	if !ok {
		return false
	}
	alg, _ := text(header["alg"])
	_, critical := header["crit"]
	_, encoded := header["b64"]
	if alg != k.alg || critical || encoded {
		return false
	}
	kid, named := header["kid"]
	if !named {
		return true
	}
	id, ok := text(kid)
	return ok && (id != "" && id == k.id || !r.named())
}

// named reports whether a key has an id. Where none has, ids are not looked at,
// as FastAPI Users does not.
func (r ring) named() bool { return slices.ContainsFunc(r, func(k key) bool { return k.id != "" }) }
