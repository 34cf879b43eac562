package jwxtoken

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// key signs and verifies with one algorithm of jwx, which is used for that
// alone. Its jws.Verify takes many spellings for the token that was issued:
// with line breaks, in the other alphabet of base64, with other spare bits in
// the last character, as JSON. What the functions close over is not printed
// with a key.
type key struct {
	id     string
	alg    string
	header string // of new tokens
	plain  string // the header of a token that names no key
	public crypto.PublicKey
	sign   func(input []byte) (signature []byte, err error) // nil if it cannot
	verify func(input, signature []byte) error
}

// newKey returns a key of that id. Private is nil where it only verifies.
// Public is the secret itself for HS256.
func newKey(id, alg string, private, public any) (key, error) {
	k := key{id: id, alg: alg, plain: header(alg, "")}
	k.header = header(alg, id)
	verifier, err := jws.NewVerifier(jwa.SignatureAlgorithm(alg))
	if err != nil {
		return key{}, err
	}
	k.verify = func(input, signature []byte) error { return verifier.Verify(input, signature, public) }
	if _, secret := public.([]byte); !secret {
		k.public = public
	}
	if private == nil {
		return k, nil
	}
	signer, err := jws.NewSigner(jwa.SignatureAlgorithm(alg))
	if err != nil {
		return key{}, err
	}
	k.sign = func(input []byte) ([]byte, error) { return signer.Sign(input, private) }
	return k, nil
}

// header returns the first segment of a new token, with its members in the
// order that PyJWT writes them.
func header(alg, id string) string {
	out := appendString([]byte(`{"alg":`), alg)
	if id != "" {
		out = appendString(append(out, `,"kid":`...), id)
	}
	return encode(append(out, `,"typ":"JWT"}`...))
}

// seal returns a signed token.
func (k *key) seal(payload []byte) (string, error) {
	input := k.header + "." + encode(payload)
	signature, err := k.sign([]byte(input))
	if err != nil {
		return "", fmt.Errorf("jwxtoken: sign: %w", err)
	}
	token := input + "." + encode(signature)
	if len(token) > maxToken {
		return "", fmt.Errorf("jwxtoken: token is %d bytes, above %d", len(token), maxToken)
	}
	return token, nil
}

// works reports whether what k signs is what it verifies.
func (k *key) works() bool {
	input := []byte("usher")
	signature, err := k.sign(input)
	return err == nil && k.verify(input, signature) == nil
}

// jwk returns the public half of k, which has one.
func (k *key) jwk() (jwk.Key, error) {
	out, err := jwk.FromRaw(k.public)
	if err != nil {
		return nil, err
	}
	members := map[string]any{jwk.AlgorithmKey: k.alg, jwk.KeyUsageKey: jwk.ForSignature}
	if k.id != "" {
		members[jwk.KeyIDKey] = k.id
	}
	for name, value := range members {
		if err := out.Set(name, value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// jwks returns the public keys of r as JSON (RFC 7517, section 5).
func (r ring) jwks() ([]byte, error) {
	keys := []jwk.Key{}
	for i := range r {
		if r[i].public == nil {
			continue
		}
		k, err := r[i].jwk()
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return json.Marshal(map[string]any{"keys": keys})
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
