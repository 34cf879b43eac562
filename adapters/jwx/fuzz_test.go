package jwxtoken

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/ports"
)

func macOf(input string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(input))
	return mac.Sum(nil)
}

// FuzzVerify checks that nothing is accepted but what was signed with the
// secret, spelt as the signature covers it.
func FuzzVerify(f *testing.F) {
	for _, v := range readVectors(f) {
		if len(v.Token) < 1024 {
			f.Add(v.Token)
		}
	}
	s := strategy(f, time.Unix(1700000000, 0))
	f.Fuzz(func(t *testing.T, token string) {
		g, err := s.Verify(t.Context(), token)
		if err != nil {
			return
		}
		dot := strings.LastIndexByte(token, '.')
		signature := token[dot+1:]
		if want := base64.RawURLEncoding.EncodeToString(macOf(token[:dot])); signature != want && signature != want+"=" {
			t.Fatalf("%q is accepted for %+v, want the signature %q", token, g, want)
		}
		if len(token) > 8<<10 || strings.Count(token, ".") != 2 || !g.Expires.After(time.Unix(1700000000, 0)) {
			t.Errorf("%q is accepted for %+v", token, g)
		}
	})
}

// FuzzClaims signs any header and payload and checks that what is accepted
// says what an independent reading finds in it.
func FuzzClaims(f *testing.F) {
	for _, v := range readVectors(f) {
		parts := strings.Split(v.Token, ".")
		if len(parts) != 3 || len(v.Token) > 1024 {
			continue
		}
		header, errH := base64.RawURLEncoding.DecodeString(parts[0])
		payload, errP := base64.RawURLEncoding.DecodeString(parts[1])
		if errH == nil && errP == nil {
			f.Add(header, payload)
		}
	}
	now := time.Unix(1700000000, 0)
	s := strategy(f, now)
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		input := encode(header) + "." + encode(payload)
		g, err := s.Verify(t.Context(), input+"."+encode(macOf(input)))
		if err != nil {
			return
		}
		h, c := object(t, header), object(t, payload)
		if h["alg"] != "HS256" || h["crit"] != nil {
			t.Errorf("the header %s is accepted", header)
		}
		if g.UserID != c["sub"] || g.UserID == "" || !g.Expires.After(now) {
			t.Errorf("got %+v from %s", g, payload)
		}
		if epoch, _ := c["epoch"].(float64); g.Epoch != int64(epoch) || g.Epoch < 0 || g.Epoch > 1<<53 {
			t.Errorf("got epoch %d from %s", g.Epoch, payload)
		}
		if exp, ok := c["exp"].(float64); ok && g.Expires.Unix() != int64(exp) {
			t.Errorf("got expiry %d from %s", g.Expires.Unix(), payload)
		}
		list, _ := c["aud"].([]any)
		if c["aud"] != DefaultAudience && !slices.Contains(list, any(DefaultAudience)) {
			t.Errorf("got %+v from %s, want another audience", g, payload)
		}
		for _, name := range []string{"iat", "nbf"} {
			if at, ok := c[name].(float64); ok && at >= 1700000001 {
				t.Errorf("%s is accepted before its %s", payload, name)
			}
		}
		if again, expires := issue(t, s, ports.Grant{UserID: g.UserID, Epoch: g.Epoch, Expires: g.Expires}); again == "" || expires.After(g.Expires) {
			t.Errorf("got %q, %v from %+v", again, expires, g)
		}
	})
}

func object(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%q is accepted: %v", data, err)
	}
	return out
}

// FuzzSignerClaims signs any payload and checks that what is accepted says
// what an independent reading finds in it.
func FuzzSignerClaims(f *testing.F) {
	for _, v := range readSignerVectors(f) {
		parts := strings.Split(v.Token, ".")
		if len(parts) != 3 || len(v.Token) > 1024 {
			continue
		}
		if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			f.Add(payload)
		}
	}
	now := time.Unix(1700000000, 0)
	s := signer(f, now, "another "+secret, secret)
	f.Fuzz(func(t *testing.T, payload []byte) {
		input := header(hs256, "") + "." + encode(payload)
		got, err := s.Verify(t.Context(), input+"."+encode(macOf(input)), reset)
		if err != nil {
			return
		}
		c := object(t, payload)
		if got.Subject != c["sub"] || got.Subject == "" || !got.Expires.IsZero() && !got.Expires.After(now) {
			t.Errorf("got %+v from %s", got, payload)
		}
		if _, ok := c["exp"]; ok == got.Expires.IsZero() {
			t.Errorf("got expiry %v from %s", got.Expires, payload)
		}
		for _, v := range got.Values {
			if c[v.Name] != v.Value || slices.Contains(claimNames, v.Name) {
				t.Errorf("got value %+v from %s", v, payload)
			}
			delete(c, v.Name)
		}
		for name := range c {
			if !slices.Contains(claimNames, name) {
				t.Errorf("got no value %q from %s", name, payload)
			}
		}
		if slices.ContainsFunc(got.Values, func(v ports.Claim) bool { return v.Name == "" }) || got.Expires.Unix() < 0 && !got.Expires.IsZero() {
			return // Sign makes no such token
		}
		again, err := s.Verify(t.Context(), sign(t, s, got), reset)
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("signed again: got %+v, %v, want %+v", again, err, got)
		}
	})
}
