package authtest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strconv"
)

// RotateKeys lets the provider sign ID tokens with a new key, and no longer
// publish the old one.
func (p *Provider) RotateKeys() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = nil
}

// signer returns the key and its id. p is locked.
func (p *Provider) signer() (*rsa.PrivateKey, string) {
	if p.key == nil {
		p.key = newKey()
		p.kid++
	}
	return p.key, "key-" + strconv.Itoa(p.kid)
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // it never fails for this size
	}
	return key
}

// jwks returns the public key as a set (RFC 7517).
func (p *Provider) jwks() map[string]any {
	key, kid := p.signer()
	return map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
		"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
	}}}
}

// idToken returns an ID token (OpenID Connect Core, section 2), with the faults
// of the token endpoint. p is locked.
func (p *Provider) idToken(g *grant, access string) string {
	now := p.config.Now()
	digest := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": p.URL, "sub": g.account.Subject, "aud": g.client, "nonce": g.nonce,
		"iat": now.Unix(), "exp": now.Add(codeLife).Unix(), "at_hash": encode(digest[:16]),
	}
	g.describe(claims)
	signature := Signature("")
	for _, f := range p.faults {
		if f.At != "" && f.At != AtToken {
			continue
		}
		if f.Claims != nil {
			f.Claims(claims)
		}
		if f.Signature != "" {
			signature = f.Signature
		}
	}
	return p.sign(claims, signature)
}

// describe adds what the scopes let the client know of the account.
func (g *grant) describe(claims map[string]any) {
	if g.has("email") && g.account.Email != "" {
		claims["email"], claims["email_verified"] = g.account.Email, g.account.EmailVerified
	}
	if g.has("profile") && g.account.Name != "" {
		claims["name"] = g.account.Name
	}
}

// sign returns a JWT in the compact form (RFC 7515). p is locked.
func (p *Provider) sign(claims map[string]any, how Signature) string {
	key, kid := p.signer()
	header := map[string]any{"alg": "RS256", "kid": kid, "typ": "JWT"}
	switch how {
	case SignedByNone:
		header = map[string]any{"alg": "none"}
	case SignedByOther:
		key = newKey()
	case SignedByPublicKey:
		header["alg"] = "HS256"
	}
	text := part(header) + "." + part(claims)
	digest := sha256.Sum256([]byte(text))
	switch how {
	case SignedByNone:
		return text + "."
	case SignedByPublicKey:
		public := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&key.PublicKey)})
		mac := hmac.New(sha256.New, public)
		mac.Write([]byte(text))
		return text + "." + encode(mac.Sum(nil))
	}
	signed, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		panic(err) // it never fails for a digest of this size
	}
	return text + "." + encode(signed)
}

func part(v map[string]any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test put something into the claims that is no JSON
	}
	return encode(text)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
