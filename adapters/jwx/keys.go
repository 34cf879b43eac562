package jwxtoken

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// The algorithms (RFC 7518, section 3.1, and RFC 8037).
const (
	hs256 = "HS256"
	rs256 = "RS256"
	es256 = "ES256"
	eddsa = "EdDSA"
)

const (
	minSecret = 32   // bytes: RFC 7518, section 3.2
	minRSA    = 2048 // bits: RFC 7518, section 3.3
	maxID     = 255  // bytes
)

// Key is a key of a ring. It has one of Secret, Private and Public, whose type
// says the algorithm; no token is verified by another. [PEM] reads one.
type Key struct {
	// ID is what tokens call the key (kid), and unique in its ring. Tokens of
	// a key without one name no key.
	ID string
	// Secret signs and verifies with HS256, as Config.Secret does.
	Secret []byte `json:"-"`
	// Private signs: an *rsa.PrivateKey with RS256, an *ecdsa.PrivateKey on
	// P-256 with ES256, an ed25519.PrivateKey with EdDSA, or whatever else has
	// such a public half, as keys do that are kept by a device or a service.
	Private crypto.Signer `json:"-"`
	// Public only verifies: an *rsa.PublicKey, *ecdsa.PublicKey or
	// ed25519.PublicKey. RSA keys have at least 2048 bits.
	Public crypto.PublicKey
}

// Format keeps secrets and private keys out of logs.
func (k Key) Format(f fmt.State, _ rune) {
	switch {
	case k.Secret != nil:
		fmt.Fprintf(f, "{ID:%q Secret:[%d bytes]}", k.ID, len(k.Secret))
	case k.Private != nil:
		fmt.Fprintf(f, "{ID:%q Private:%T}", k.ID, k.Private)
	default:
		fmt.Fprintf(f, "{ID:%q Public:%T}", k.ID, k.Public)
	}
}

// make returns what k describes, or what is wrong with it.
func (k Key) make(name string) (key, []string) {
	set := 0
	for _, is := range []bool{k.Secret != nil, !isNil(k.Private), !isNil(k.Public)} {
		if is {
			set++
		}
	}
	if set != 1 {
		return key{}, []string{fmt.Sprintf("%s has %d of Secret, Private and Public, one is needed", name, set)}
	}
	alg, private, public := hs256, any(k.Private), k.Public
	var problems []string
	switch {
	case k.Secret != nil:
		secret := bytes.Clone(k.Secret)
		private, public = secret, secret
		problems = secretProblems(name+".Secret", secret)
	case !isNil(k.Private):
		if own, ok := k.Private.(ed25519.PrivateKey); ok {
			if len(own) != ed25519.PrivateKeySize {
				return key{}, []string{fmt.Sprintf("%s.Private is %d bytes, an Ed25519 key has %d", name, len(own), ed25519.PrivateKeySize)}
			}
			private = slices.Clone(own)
		}
		public = k.Private.Public()
		alg, problems = algorithm(name+".Private", public)
	default:
		private = nil
		alg, problems = algorithm(name+".Public", public)
	}
	if problems != nil {
		return key{}, problems
	}
	if own, ok := public.(ed25519.PublicKey); ok {
		public = slices.Clone(own)
	}
	made, err := newKey(k.ID, alg, private, public)
	if err != nil {
		return key{}, []string{fmt.Sprintf("%s: %v", name, err)}
	}
	if made.sign != nil && !made.works() {
		return key{}, []string{name + " does not sign what its public half verifies"}
	}
	return made, nil
}

// algorithm returns that of a public key, or what is wrong with the key.
func algorithm(name string, public crypto.PublicKey) (alg string, problems []string) {
	bad := func(format string, args ...any) (string, []string) {
		return "", []string{name + fmt.Sprintf(format, args...)}
	}
	if isNil(public) {
		return bad(" has no public half")
	}
	switch p := public.(type) {
	case *rsa.PublicKey:
		switch {
		case p.N == nil:
			return bad(" is an RSA key without a modulus")
		case p.N.BitLen() < minRSA:
			return bad(" is an RSA key of %d bits, at least %d are needed", p.N.BitLen(), minRSA)
		case p.E < 3 || p.E%2 == 0:
			return bad(" is an RSA key with the exponent %d", p.E)
		}
		return rs256, nil
	case *ecdsa.PublicKey:
		if p.Curve != elliptic.P256() {
			return bad(" is an ECDSA key on another curve than P-256")
		}
		if publicBytes(p) == nil {
			return bad(" is an ECDSA key that is not on its curve")
		}
		return es256, nil
	case ed25519.PublicKey:
		if len(p) != ed25519.PublicKeySize {
			return bad(" is %d bytes, an Ed25519 key has %d", len(p), ed25519.PublicKeySize)
		}
		return eddsa, nil
	}
	return bad(" is of type %T, which is no key for RS256, ES256 or EdDSA", public)
}

// publicBytes returns a public key as its algorithm writes it alone, or nil.
func publicBytes(public crypto.PublicKey) []byte {
	switch p := public.(type) {
	case *rsa.PublicKey:
		return p.N.Bytes()
	case *ecdsa.PublicKey:
		//lint:ignore SA1019 Bytes panics where they are nil
		if p.X == nil || p.Y == nil {
			return nil
		}
		out, err := p.Bytes()
		if err != nil {
			return nil
		}
		return out
	case ed25519.PublicKey:
		return p
	}
	return nil
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	value := reflect.ValueOf(v)
	return value.Kind() == reflect.Pointer && value.IsNil()
}

func secretProblems(name string, secret []byte) []string {
	var out []string
	if n := len(secret); n < minSecret {
		out = append(out, fmt.Sprintf("%s is %d bytes, at least %d are needed", name, n, minSecret))
	}
	if isKeyFile(secret) {
		out = append(out, name+" looks like a PEM, DER, JWK or SSH key, HS256 needs random bytes")
	}
	return out
}

// isKeyFile reports whether secret is the file of an asymmetric key, which
// is often public: everyone could sign tokens with it.
func isKeyFile(secret []byte) bool {
	for _, mark := range []string{"-----BEGIN ", "---- BEGIN "} {
		if bytes.Contains(secret, []byte(mark)) {
			return true
		}
	}
	for _, kind := range []string{"ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-"} {
		if bytes.HasPrefix(bytes.TrimSpace(secret), []byte(kind)) {
			return true
		}
	}
	var jwk struct {
		Kty  string            `json:"kty"`
		Keys []json.RawMessage `json:"keys"`
	}
	if json.Unmarshal(secret, &jwk) == nil && (jwk.Kty != "" || jwk.Keys != nil) {
		return true
	}
	_, pkix := x509.ParsePKIXPublicKey(secret)
	_, pkcs1 := x509.ParsePKCS1PublicKey(secret)
	_, certificate := x509.ParseCertificate(secret)
	return pkix == nil || pkcs1 == nil || certificate == nil
}
