package jwxtoken

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

const reset = "fastapi-users:reset"

// signer returns a Signer with these secrets that shows now.
func signer(t testing.TB, now time.Time, secrets ...string) *Signer {
	t.Helper()
	cfg := SignerConfig{Now: func() time.Time { return now }}
	for _, s := range secrets {
		cfg.Secrets = append(cfg.Secrets, []byte(s))
	}
	s, err := NewSigner(cfg)
	if err != nil {
		t.Fatalf("NewSigner: got error %v, want none", err)
	}
	return s
}

func sign(t testing.TB, s *Signer, c ports.Claims) string {
	t.Helper()
	token, err := s.Sign(context.Background(), c)
	if err != nil {
		t.Fatalf("Sign: got error %v, want none", err)
	}
	return token
}

func resetClaims() ports.Claims {
	return ports.Claims{
		Subject: userID, Values: []ports.Claim{{Name: "password_fgpt", Value: "x"}},
		Audience: reset, Expires: noon.Add(time.Hour),
	}
}

// signerVector is a line of testdata/signer.json; testdata/README.md explains
// it.
type signerVector struct {
	Name     string
	Secrets  []string
	Audience string
	Now      float64
	Token    string
	Accepted bool
	Sub      string
	Values   []ports.Claim
	Expires  *int64
	Issued   bool
}

func readSignerVectors(t testing.TB) []signerVector {
	t.Helper()
	data, err := os.ReadFile("testdata/signer.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []signerVector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 70 {
		t.Fatalf("got %d vectors, want them all", len(vectors))
	}
	return vectors
}

func (v signerVector) claims() ports.Claims {
	c := ports.Claims{Subject: v.Sub, Audience: v.Audience}
	if len(v.Values) > 0 {
		c.Values = v.Values
	}
	if v.Expires != nil {
		c.Expires = time.Unix(*v.Expires, 0).UTC()
	}
	return c
}

func TestSignerVectors(t *testing.T) {
	issued := 0
	for _, v := range readSignerVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			s := signer(t, time.UnixMilli(int64(v.Now*1000)), v.Secrets...)
			got, err := s.Verify(t.Context(), v.Token, v.Audience)
			if !v.Accepted {
				if err != core.ErrInvalidToken || !reflect.DeepEqual(got, ports.Claims{}) {
					t.Errorf("got %+v, %v, want core.ErrInvalidToken itself", got, err)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, v.claims()) {
				t.Errorf("got %+v, %v, want %+v", got, err, v.claims())
			}
			if v.Issued {
				issued++
				if token := sign(t, s, v.claims()); token != v.Token {
					t.Errorf("Sign: got %q, want %q", token, v.Token)
				}
			}
		})
	}
	if issued < 8 {
		t.Errorf("got %d tokens that were signed, want them all", issued)
	}
}

func TestSignRoundTrip(t *testing.T) {
	s := signer(t, noon, secret)
	texts := []string{"", "a@b.c", "ünï \"quoted\" <&>\\", "\u2028\ufffd\x00\x7f", `","sub":"x`}
	for i, text := range texts {
		want := ports.Claims{
			Subject: "s" + text, Audience: "a" + text, Expires: noon.Add(time.Second),
			Values: []ports.Claim{{Name: "z" + text, Value: text}, {Name: "a" + text, Value: "2"}, {Name: "Sub", Value: ""}},
		}
		if i == 0 {
			want.Values, want.Expires = nil, time.Time{}
		}
		got, err := s.Verify(t.Context(), sign(t, s, want), want.Audience)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
}

func TestSignCutsTheExpiry(t *testing.T) {
	c := resetClaims()
	c.Expires = noon.Add(time.Minute + 999*time.Millisecond).In(time.FixedZone("", 3600))
	s := signer(t, noon, secret)
	got, err := s.Verify(t.Context(), sign(t, s, c), reset)
	if want := noon.Add(time.Minute); err != nil || got.Expires != want {
		t.Errorf("got %v, %v, want %v", got.Expires, err, want)
	}
}

func TestSignRefuses(t *testing.T) {
	value := func(claims ...ports.Claim) func(*ports.Claims) {
		return func(c *ports.Claims) { c.Values = claims }
	}
	tests := []struct {
		name  string
		tweak func(*ports.Claims)
		want  string
	}{
		{"no subject", func(c *ports.Claims) { c.Subject = "" }, "subject is empty or not UTF-8"},
		{"subject that is not UTF-8", func(c *ports.Claims) { c.Subject = "\xff" }, "subject is empty or not UTF-8"},
		{"no audience", func(c *ports.Claims) { c.Audience = "" }, "audience is empty or not UTF-8"},
		{"audience that is not UTF-8", func(c *ports.Claims) { c.Audience = "\xff" }, "audience is empty or not UTF-8"},
		{"before 1970", func(c *ports.Claims) { c.Expires = time.Unix(-1, 0) }, "expiry is out of range"},
		{"after 9999", func(c *ports.Claims) { c.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "expiry is out of range"},
		{"no name", value(ports.Claim{Value: "x"}), "the name of value 0 is empty or taken"},
		{"sub", value(ports.Claim{Name: "a"}, ports.Claim{Name: "sub"}), "the name of value 1 is empty or taken"},
		{"aud", value(ports.Claim{Name: "aud"}), "the name of value 0 is empty or taken"},
		{"exp", value(ports.Claim{Name: "exp"}), "the name of value 0 is empty or taken"},
		{"iat", value(ports.Claim{Name: "iat"}), "the name of value 0 is empty or taken"},
		{"one name twice", value(ports.Claim{Name: "a"}, ports.Claim{Name: "a"}), "the name of value 1 is empty or taken"},
		{"name that is not UTF-8", value(ports.Claim{Name: "\xff"}), "value 0 is not UTF-8"},
		{"value that is not UTF-8", value(ports.Claim{Name: "a", Value: "\xff"}), "value 0 is not UTF-8"},
		{"long", value(ports.Claim{Name: "a", Value: strings.Repeat("x", 6<<10)}), "above 8192"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := resetClaims()
			test.tweak(&c)
			token, err := signer(t, noon, secret).Sign(t.Context(), c)
			if err == nil || token != "" {
				t.Fatalf("got %q, %v, want an error only", token, err)
			}
			if !strings.HasPrefix(err.Error(), "jwxtoken: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %q in it", err, test.want)
			}
		})
	}
}

// Secrets are replaced without a token under way being lost.
func TestSecretsRotate(t *testing.T) {
	const first, second, third = "the first secret, of 32 bytes or so", "the second secret, of 32 bytes or so", "the third secret, of 32 bytes or so"
	token := sign(t, signer(t, noon, first), resetClaims())
	tests := []struct {
		name string
		ring []string
		want error
	}{
		{"a new one in front", []string{second, first}, nil},
		{"two new ones in front", []string{third, second, first}, nil},
		{"a new one behind", []string{first, second}, nil},
		{"the old one taken away", []string{second}, core.ErrInvalidToken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := signer(t, noon, test.ring...)
			if _, err := s.Verify(t.Context(), token, reset); err != test.want {
				t.Errorf("old token: got %v, want %v", err, test.want)
			}
			if got, want := sign(t, s, resetClaims()), sign(t, signer(t, noon, test.ring[0]), resetClaims()); got != want {
				t.Errorf("new token: got %q, want %q of the first secret", got, want)
			}
		})
	}
}

func TestSignerVerifyAltered(t *testing.T) {
	s := signer(t, noon, secret)
	token := sign(t, s, resetClaims())
	for i := range token {
		for _, b := range []byte("AQg0-/= \n\x00\xff") {
			for _, altered := range []string{token[:i] + string(b) + token[i+1:], token[:i] + string(b) + token[i:], token[:i]} {
				if altered == token {
					continue
				}
				if _, err := s.Verify(t.Context(), altered, reset); err != core.ErrInvalidToken {
					t.Errorf("%q: got %v, want core.ErrInvalidToken", altered, err)
				}
			}
		}
	}
}
