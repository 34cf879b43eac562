package contract

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

// Ids as they stand in tokens, an hour from now, and an hour ago.
const (
	arthurID = "11111111-1111-7111-8111-111111111111"
	later    = "1893557045"
	earlier  = "1893549845"
)

// payloads are what tokens say that somebody signed who has the secret.
var payloads = map[string]string{
	// Access tokens.
	"good":             `{"sub":"` + arthurID + `","aud":["fastapi-users:auth"],"exp":` + later + `}`,
	"audience as text": `{"sub":"` + arthurID + `","aud":"fastapi-users:auth","exp":` + later + `}`,
	"other audience":   `{"sub":"` + arthurID + `","aud":["fastapi-users:verify"],"exp":` + later + `}`,
	"no audience":      `{"sub":"` + arthurID + `","exp":` + later + `}`,
	"expired":          `{"sub":"` + arthurID + `","aud":["fastapi-users:auth"],"exp":` + earlier + `}`,
	"expires now":      `{"sub":"` + arthurID + `","aud":["fastapi-users:auth"],"exp":1893553445}`,
	"no subject":       `{"aud":["fastapi-users:auth"],"exp":` + later + `}`,
	"odd subject":      `{"sub":"foo","aud":["fastapi-users:auth"],"exp":` + later + `}`,
	"subject spelt":    `{"sub":"{11111111-1111-7111-8111-111111111111}","aud":["fastapi-users:auth"],"exp":` + later + `}`,
	"unknown":          `{"sub":"` + nobody + `","aud":["fastapi-users:auth"],"exp":` + later + `}`,
	// Tokens that verify an address.
	"verify":           `{"sub":"` + arthurID + `","email":"king.arthur@camelot.bt","aud":"fastapi-users:verify","exp":` + later + `}`,
	"verify percival":  `{"sub":"22222222-2222-7222-8222-222222222222","email":"percival@camelot.bt","aud":"fastapi-users:verify","exp":` + later + `}`,
	"verify lady":      `{"sub":"33333333-3333-7333-8333-333333333333","email":"lake.lady@camelot.bt","aud":"fastapi-users:verify","exp":` + later + `}`,
	"verify expired":   `{"sub":"` + arthurID + `","email":"king.arthur@camelot.bt","aud":"fastapi-users:verify","exp":` + earlier + `}`,
	"verify audience":  `{"sub":"` + arthurID + `","email":"king.arthur@camelot.bt","aud":"fastapi-users:reset","exp":` + later + `}`,
	"verify nobody":    `{"email":"king.arthur@camelot.bt","aud":"fastapi-users:verify","exp":` + later + `}`,
	"verify nothing":   `{"sub":"` + arthurID + `","aud":"fastapi-users:verify","exp":` + later + `}`,
	"verify odd id":    `{"sub":"foo","email":"king.arthur@camelot.bt","aud":"fastapi-users:verify","exp":` + later + `}`,
	"verify odd email": `{"sub":"` + arthurID + `","email":"foo","aud":"fastapi-users:verify","exp":` + later + `}`,
	"verify stranger":  `{"sub":"` + nobody + `","email":"lancelot@camelot.bt","aud":"fastapi-users:verify","exp":` + later + `}`,
	"verify other":     `{"sub":"` + arthurID + `","email":"merlin@camelot.bt","aud":"fastapi-users:verify","exp":` + later + `}`,
	// Tokens that reset a password, and FGPT for what must stand there.
	"reset":          `{"sub":"` + arthurID + `","password_fgpt":"FGPT","aud":"fastapi-users:reset","exp":` + later + `}`,
	"reset percival": `{"sub":"22222222-2222-7222-8222-222222222222","password_fgpt":"FGPT","aud":"fastapi-users:reset","exp":` + later + `}`,
	"reset expired":  `{"sub":"` + arthurID + `","password_fgpt":"FGPT","aud":"fastapi-users:reset","exp":` + earlier + `}`,
	"reset audience": `{"sub":"` + arthurID + `","password_fgpt":"FGPT","aud":"fastapi-users:verify","exp":` + later + `}`,
	"reset nobody":   `{"password_fgpt":"FGPT","aud":"fastapi-users:reset","exp":` + later + `}`,
	"reset nothing":  `{"sub":"` + arthurID + `","aud":"fastapi-users:reset","exp":` + later + `}`,
	"reset odd id":   `{"sub":"foo","password_fgpt":"FGPT","aud":"fastapi-users:reset","exp":` + later + `}`,
	"reset stranger": `{"sub":"` + nobody + `","password_fgpt":"FGPT","aud":"fastapi-users:reset","exp":` + later + `}`,
	"reset other":    `{"sub":"` + arthurID + `","password_fgpt":"$authtest$AAAAAAAAAAAAAAAAAAAAAA$AAAA","aud":"fastapi-users:reset","exp":` + later + `}`,
}

// signed is the token of that name. FGPT becomes the fingerprint that FastAPI
// Users makes of the password of whom the token names: a hash of its hash.
func (w *world) signed(t testing.TB, name string) string {
	t.Helper()
	payload, ok := payloads[name]
	if !ok {
		t.Fatalf("there is no token %q", name)
	}
	if strings.Contains(payload, "FGPT") {
		id := arthurID
		if strings.Contains(payload, people["percival"].id) {
			id = people["percival"].id
		}
		u, err := w.users.ByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		hash, err := w.hasher.Hash(u.HashedPassword)
		if err != nil {
			t.Fatal(err)
		}
		payload = strings.Replace(payload, "FGPT", hash, 1)
	}
	token, err := seal(w.key, payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// seal signs a payload: with RS256 or ES256 by key, or with HS256 by the secret.
func seal(key crypto.Signer, payload string) (string, error) {
	alg := "HS256"
	switch key.(type) {
	case *rsa.PrivateKey:
		alg = "RS256"
	case *ecdsa.PrivateKey:
		alg = "ES256"
	}
	encode := base64.RawURLEncoding.EncodeToString
	input := encode([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." + encode([]byte(payload))
	digest := sha256.Sum256([]byte(input))
	var signature []byte
	switch key := key.(type) {
	case *rsa.PrivateKey:
		var err error
		if signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
			return "", err
		}
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return "", err
		}
		signature = make([]byte, 64) // RFC 7518, section 3.4
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
	default:
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	}
	return input + "." + encode(signature), nil
}
