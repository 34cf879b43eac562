package jwxtoken

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

const (
	secret = "a secret of 32 bytes, for testing"
	userID = "0b5d3f0e-7d5a-4f0e-9c4e-3f2a1b0c9d8e"
)

var noon = time.Date(2023, 11, 14, 12, 0, 0, 0, time.UTC)

// strategy returns a Strategy that shows now and whose tokens live an hour.
func strategy(t testing.TB, now time.Time, tweaks ...func(*Config)) *Strategy {
	t.Helper()
	cfg := Config{Secret: []byte(secret), Lifetime: time.Hour, Now: func() time.Time { return now }}
	for _, tweak := range tweaks {
		tweak(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatalf("New: got error %v, want none", err)
	}
	return s
}

func noExpiry(c *Config) { c.Lifetime, c.NoExpiry = 0, true }

func issue(t testing.TB, s *Strategy, g ports.Grant) (string, time.Time) {
	t.Helper()
	token, expires, err := s.Issue(context.Background(), g)
	if err != nil {
		t.Fatalf("Issue: got error %v, want none", err)
	}
	return token, expires
}

// payload returns what a token says.
func payload(t *testing.T, token string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestIssueKeepsNothingElse(t *testing.T) {
	s := strategy(t, noon)
	token, _ := issue(t, s, ports.Grant{
		UserID: userID, Epoch: 3, Methods: []string{"pwd", "otp"}, At: noon,
		Peer: netip.MustParseAddr("192.0.2.1"), UserAgent: "agent", Family: "family",
	})
	want := fmt.Sprintf(`{"sub":"%s","aud":["fastapi-users:auth"],"exp":%d,"epoch":3}`, userID, noon.Add(time.Hour).Unix())
	if got := payload(t, token); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestIssueExpiry(t *testing.T) {
	hour := noon.Add(time.Hour)
	tests := []struct {
		name   string
		now    time.Time
		asked  time.Time
		tweaks []func(*Config)
		want   time.Time
	}{
		{"lifetime", noon, time.Time{}, nil, hour},
		{"lifetime, cut to the second", noon.Add(999 * time.Millisecond), time.Time{}, nil, hour},
		{"shortest lifetime", noon.Add(time.Millisecond), time.Time{}, []func(*Config){func(c *Config) { c.Lifetime = time.Second }}, noon.Add(time.Second)},
		{"asked for less", noon, noon.Add(time.Minute), nil, noon.Add(time.Minute)},
		{"asked for less, cut to the second", noon, noon.Add(time.Minute + 999*time.Millisecond), nil, noon.Add(time.Minute)},
		{"asked for more", noon, noon.Add(2 * time.Hour), nil, hour},
		{"in another zone", noon, noon.Add(time.Minute).In(time.FixedZone("", 3600)), nil, noon.Add(time.Minute)},
		{"never", noon, time.Time{}, []func(*Config){noExpiry}, time.Time{}},
		{"never, asked for an end", noon, noon.Add(time.Minute), []func(*Config){noExpiry}, noon.Add(time.Minute)},
		{"never, asked for after 9999", noon, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), []func(*Config){noExpiry}, time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := strategy(t, test.now, test.tweaks...)
			token, expires := issue(t, s, ports.Grant{UserID: userID, Expires: test.asked})
			if expires != test.want {
				t.Errorf("got %v, want %v", expires, test.want)
			}
			g, err := s.Verify(t.Context(), token)
			if err != nil || g.Expires != test.want {
				t.Errorf("Verify: got %v, %v, want %v", g.Expires, err, test.want)
			}
			if has := strings.Contains(payload(t, token), `"exp":`); has == test.want.IsZero() {
				t.Errorf("got an expiry in %s: %t, want %t", payload(t, token), has, !has)
			}
		})
	}
}

func TestIssueRefuses(t *testing.T) {
	tests := []struct {
		name  string
		grant ports.Grant
		want  string
	}{
		{"empty id", ports.Grant{}, "user id"},
		{"id that is not UTF-8", ports.Grant{UserID: "\xff"}, "user id"},
		{"half of a surrogate pair", ports.Grant{UserID: "\xed\xa0\x80"}, "user id"},
		{"long id", ports.Grant{UserID: strings.Repeat("x", 6<<10)}, "above 8192"},
		{"negative epoch", ports.Grant{UserID: userID, Epoch: -1}, "epoch -1"},
		{"epoch above 2^53", ports.Grant{UserID: userID, Epoch: 1<<53 + 1}, "epoch 9007199254740993"},
		{"largest epoch of all", ports.Grant{UserID: userID, Epoch: math.MaxInt64}, "epoch"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			token, expires, err := strategy(t, noon).Issue(t.Context(), test.grant)
			if err == nil || token != "" || !expires.IsZero() {
				t.Fatalf("got %q, %v, %v, want an error only", token, expires, err)
			}
			if !strings.HasPrefix(err.Error(), "jwxtoken: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	s := strategy(t, noon)
	seen := map[string]bool{}
	for _, id := range []string{userID, "1", "12", "ünï \"quoted\" <&>", "\u2028", "\ufffd", `a","aud":["x"],"x":"`, strings.Repeat("x", 4<<10)} {
		for _, epoch := range []int64{0, 1, 12, 1<<53 - 1, 1 << 53} {
			token, expires := issue(t, s, ports.Grant{UserID: id, Epoch: epoch})
			if seen[token] {
				t.Errorf("id %.20q, epoch %d: got a token that was issued for another", id, epoch)
			}
			seen[token] = true
			got, err := s.Verify(t.Context(), token)
			if want := (ports.Grant{UserID: id, Epoch: epoch, Expires: expires}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("id %.20q, epoch %d: got %+v, %v, want %+v", id, epoch, got, err, want)
			}
		}
	}
}

// Every other spelling of a token is refused, save for its padding.
func TestVerifyAltered(t *testing.T) {
	s := strategy(t, noon)
	token, _ := issue(t, s, ports.Grant{UserID: userID})
	for i := range token {
		for _, b := range []byte("AQgw0-_+/.= \n\x00\xff") {
			if b == token[i] {
				continue
			}
			altered := []string{
				token[:i] + string(b) + token[i+1:], // replaced
				token[:i] + string(b) + token[i:],   // inserted
			}
			for _, a := range altered {
				if _, err := s.Verify(t.Context(), a); err != core.ErrInvalidToken {
					t.Errorf("%q: got %v, want core.ErrInvalidToken", a, err)
				}
			}
		}
		if _, err := s.Verify(t.Context(), token[:i]); err != core.ErrInvalidToken {
			t.Errorf("first %d bytes: got %v, want core.ErrInvalidToken", i, err)
		}
	}
}

func TestVerifyOfAnotherStrategy(t *testing.T) {
	tests := []struct {
		name  string
		other func(*Config)
	}{
		{"secret", func(c *Config) { c.Secret = []byte("another " + secret) }},
		{"longer secret", func(c *Config) { c.Secret = append(c.Secret, 1) }},
		{"audience", func(c *Config) { c.Audience = []string{"app:auth"} }},
		{"no expiry", noExpiry},
	}
	s := strategy(t, noon)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			token, _ := issue(t, strategy(t, noon, test.other), ports.Grant{UserID: userID})
			if g, err := s.Verify(t.Context(), token); err != core.ErrInvalidToken {
				t.Errorf("got %+v, %v, want core.ErrInvalidToken", g, err)
			}
		})
	}
}

func TestContextHasEnded(t *testing.T) {
	s := strategy(t, noon)
	token, _ := issue(t, s, ports.Grant{UserID: userID})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, issued := s.Issue(ctx, ports.Grant{UserID: userID})
	_, verified := s.Verify(ctx, token)
	_, forged := s.Verify(ctx, "x")
	for name, err := range map[string]error{"Issue": issued, "Verify": verified, "Verify of another": forged, "End": s.End(ctx, token)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", name, err)
		}
	}
}

func TestConfigIsCopied(t *testing.T) {
	key, audience := []byte(secret), []string{"a"}
	s := strategy(t, noon, func(c *Config) { c.Secret, c.Audience = key, audience })
	token, _ := issue(t, s, ports.Grant{UserID: userID})
	clear(key)
	audience[0] = "b"
	if _, err := s.Verify(t.Context(), token); err != nil {
		t.Errorf("Verify: got %v, want none", err)
	}
	if again, _ := issue(t, s, ports.Grant{UserID: userID}); again != token {
		t.Errorf("Issue: got %q, want %q", again, token)
	}
}

// The clock is time.Now unless another is given.
func TestDefaultClock(t *testing.T) {
	s := strategy(t, noon, func(c *Config) { c.Now = nil })
	before := time.Now()
	token, expires := issue(t, s, ports.Grant{UserID: userID})
	if d := expires.Sub(before); d < 59*time.Minute || d > 61*time.Minute {
		t.Errorf("got a token that expires after %v, want about an hour", d)
	}
	if _, err := s.Verify(t.Context(), token); err != nil {
		t.Errorf("Verify: got %v, want none", err)
	}
}
