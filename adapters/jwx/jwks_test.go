package jwxtoken

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"testing"
)

// jwks returns what the handler answers.
func jwks(t *testing.T, s *Strategy, method string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.JWKS().ServeHTTP(w, httptest.NewRequest(method, "/.well-known/jwks.json", nil))
	return w
}

func TestJWKS(t *testing.T) {
	file := vectorKeys(t)
	s := file.strategy(t, "rsa1=a", "secret=b", "ec1.public=c", "ed1", "secret")
	w := jwks(t, s, "GET")
	var got struct{ Keys []map[string]string }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatalf("got %s: %v", w.Body, err)
	}
	ec := publicBytes(file.key(t, "ec1").Private.Public().(*ecdsa.PublicKey))
	want := []map[string]string{
		{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "a", "n": encode(file.key(t, "rsa1").Private.(*rsa.PrivateKey).N.Bytes()), "e": "AQAB"},
		{"kty": "EC", "use": "sig", "alg": "ES256", "kid": "c", "crv": "P-256", "x": encode(ec[1:33]), "y": encode(ec[33:])},
		{"kty": "OKP", "use": "sig", "alg": "EdDSA", "crv": "Ed25519", "x": encode(file.key(t, "ed1").Private.(ed25519.PrivateKey)[32:])},
	}
	if !reflect.DeepEqual(got.Keys, want) {
		t.Errorf("got %v, want %v", got.Keys, want)
	}
	h := w.Header()
	if w.Code != 200 || h.Get("Content-Type") != "application/jwk-set+json" || h.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("got %d %v", w.Code, h)
	}
	if head := jwks(t, s, "HEAD"); head.Code != 200 || head.Body.Len() != 0 || !reflect.DeepEqual(head.Header(), h) {
		t.Errorf("HEAD: got %d %v %q", head.Code, head.Header(), head.Body)
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS"} {
		if w := jwks(t, s, method); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" || w.Body.Len() != 0 {
			t.Errorf("%s: got %d %v %q", method, w.Code, w.Header(), w.Body)
		}
	}
}

// A secret is no public key: there is none.
func TestJWKSOfSecrets(t *testing.T) {
	for name, s := range map[string]*Strategy{
		"Secret": strategy(t, noon), "Keys": vectorKeys(t).strategy(t, "secret=a"),
	} {
		if w := jwks(t, s, "GET"); w.Code != 200 || w.Body.String() != `{"keys":[]}` {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
	}
}
