package oauthclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// AppleKey is a key for Sign in with Apple, of a team of developers.
type AppleKey struct {
	TeamID, KeyID string
	// PEM is the file that Apple gave, AuthKey_….p8: an elliptic key of P-256
	// in PKCS #8.
	PEM []byte `json:"-"`
}

// Format keeps the key out of logs.
func (k AppleKey) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{TeamID:%q KeyID:%q PEM:[%d bytes]}", k.TeamID, k.KeyID, len(k.PEM))
}

// appleLife is how long a secret is good. Apple takes up to six months.
const appleLife = 5 * time.Minute

// secret returns what makes secrets for a client, a JWT of ES256 each, or what
// is wrong with k.
func (k AppleKey) secret(client, audience string) (func(now time.Time) (string, error), []string) {
	var problems []string
	if k.TeamID == "" {
		problems = append(problems, "AppleKey.TeamID is empty")
	}
	if k.KeyID == "" {
		problems = append(problems, "AppleKey.KeyID is empty")
	}
	key := parseP256(k.PEM)
	if key == nil {
		problems = append(problems, "AppleKey.PEM is no private key of P-256 in PKCS #8")
	}
	return func(now time.Time) (string, error) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: k.KeyID}}, nil)
		if err != nil {
			return "", err
		}
		claims, err := json.Marshal(map[string]any{
			"iss": k.TeamID, "sub": client, "aud": audience, "iat": now.Unix(), "exp": now.Add(appleLife).Unix(),
		})
		if err != nil {
			return "", err
		}
		signed, err := signer.Sign(claims)
		if err != nil {
			return "", err
		}
		return signed.CompactSerialize()
	}, problems
}

// parseP256 returns nil where there is no such key.
func parseP256(text []byte) *ecdsa.PrivateKey {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil
	}
	return key
}
