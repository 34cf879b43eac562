package session_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
)

// login is a grant with everything in it.
var login = ports.Grant{
	UserID: "ann", Epoch: 3, Methods: []string{"pwd", "otp"}, At: noon,
	Peer: netip.MustParseAddr("2001:db8::1"), UserAgent: "curl", Family: "family",
}

func digest(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token))) }

func TestIssue(t *testing.T) {
	for _, test := range []struct{ name, purpose, want string }{{"default", "", "session"}, {"configured", "admin", "admin"}} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, session.Config{Purpose: test.purpose})
			w.now = noon.Add(1999 * time.Nanosecond).In(time.FixedZone("", 3600))
			token, expires, err := w.Issue(t.Context(), login)
			must(t, err)
			at := noon.Add(time.Microsecond)
			wantEqual(t, "expires", expires, at.Add(24*time.Hour))

			row := w.row()
			row.Data = nil
			wantEqual(t, "what is kept", row, ports.Token{
				Purpose: test.want, Digest: digest(token), UserID: "ann", Family: "family", Epoch: 3,
				CreatedAt: at, ExpiresAt: at.Add(time.Hour),
			})
			want := login
			want.At, want.Expires = at, expires
			for name, check := range w.checks() {
				got, err := check(t.Context(), token)
				must(t, err)
				wantEqual(t, "grant by "+name, got, want)
			}
		})
	}
}

// What is kept tells nothing of a token.
func TestTokensAreSecret(t *testing.T) {
	w := newWorld(t, session.Config{})
	seen := map[string]bool{}
	for range 100 {
		token := w.issue(login)
		secret, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || len(token) != 43 || len(secret) != 32 {
			t.Fatalf("got token %q, want 32 bytes in base64url", token)
		}
		seen[token] = true
		kept := w.store.tokens[key{"session", digest(token)}]
		row := fmt.Sprintf("%+v %s", kept, kept.Data)
		for _, form := range []string{token, hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret)[:42]} {
			if strings.Contains(row, form) {
				t.Errorf("got %q in %s", form, row)
			}
		}
	}
	wantEqual(t, "different tokens", len(seen), 100)
	wantEqual(t, "tokens kept", len(w.store.tokens), 100)
}

// calling runs everything that takes a token.
func (w *world) calling(ctx context.Context, token string) map[string]error {
	_, verified := w.Verify(ctx, token)
	_, _, resolved := w.resolve(ctx, token)
	return map[string]error{
		"Verify": verified, "Resolve": resolved, "Restamp": w.Restamp(ctx, token, 9), "End": w.End(ctx, token),
	}
}

// What cannot be a token is refused without asking the store.
func TestIllFormedTokens(t *testing.T) {
	w := newWorld(t, session.Config{})
	w.configure(session.Config{Plain: w.plain})
	token := w.issue(login)
	last := strings.IndexByte("AEIMQUYcgkosw048", token[42])
	tests := []struct{ name, token string }{
		{"none", ""},
		{"a letter less", token[:42]},
		{"a letter more", token + "A"},
		{"padded", token + "="},
		{"padded in its length", token[:42] + "="},
		{"spare bits", token[:42] + string("BFJNRVZdhlptx159"[last])},
		{"standard base64", token[:41] + "+" + token[42:]},
		{"line feed within", token[:20] + "\n" + token[21:]},
		{"line feed after a byte less", strings.Repeat("A", 42) + "\n"},
		{"carriage return at the end", token[:42] + "\r"},
		{"space", " " + token[1:]},
		{"NUL", token[:42] + "\x00"},
		{"not UTF-8", token[:42] + "\xff"},
		{"digest", digest(token)},
		{"start of the digest", digest(token)[:43] + " "},
		{"digest of another letter case", strings.ToUpper(digest(token))},
		{"JWT", "eyJhbGciOiJIUzI1NiJ9.e30.abc"},
		{"very long", strings.Repeat("A", 1<<20)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls := w.calls(func() {
				for name, err := range w.calling(t.Context(), test.token) {
					if name == "End" {
						wantEqual(t, name, err, nil)
					} else if err != core.ErrInvalidToken {
						t.Errorf("%s: got %v, want core.ErrInvalidToken itself", name, err)
					}
				}
			})
			wantEqual(t, "calls of the store", calls, nil)
		})
	}
	wantEqual(t, "tokens kept", len(w.store.tokens), 1)
}

// What could be a token and is none is refused after one look.
func TestUnknownTokens(t *testing.T) {
	w := newWorld(t, session.Config{})
	token := w.issue(login)
	sum := sha256.Sum256([]byte(token))
	other := newWorld(t, session.Config{})
	w.configure(session.Config{Purpose: "admin"})
	elsewhere := w.issue(login)
	w.configure(session.Config{})
	tests := []struct{ name, token string }{
		{"tampered at the start", "____" + token[4:]},
		{"tampered within", token[:20] + "-_-_" + token[24:]},
		{"the digest as a token", base64.RawURLEncoding.EncodeToString(sum[:])},
		{"of another store", other.issue(login)},
		{"of another purpose", elsewhere},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls := w.calls(func() {
				for name, err := range w.calling(t.Context(), test.token) {
					if name != "End" && err != core.ErrInvalidToken || name == "End" && err != nil {
						t.Errorf("%s: got %v, want core.ErrInvalidToken itself, or none of End", name, err)
					}
				}
			})
			wantEqual(t, "calls of the store", calls, []string{"Get", "UserByToken", "Get", "Take"})
		})
	}
	_, err := w.Verify(t.Context(), token)
	must(t, err)
	wantEqual(t, "tokens kept", len(w.store.tokens), 2)
}

func TestEnd(t *testing.T) {
	w := newWorld(t, session.Config{})
	token, spared := w.issue(login), w.issue(login)
	calls := w.calls(func() { must(t, w.End(t.Context(), token)) })
	wantEqual(t, "calls of the store", calls, []string{"Take"})
	for name, check := range w.checks() {
		_, err := check(t.Context(), token)
		wantErr(t, err, core.ErrInvalidToken)
		_, err = check(t.Context(), spared)
		if err != nil {
			t.Errorf("%s of another session: got error %v, want none", name, err)
		}
	}
	must(t, w.End(t.Context(), token))
	w.now = noon.Add(time.Hour)
	must(t, w.End(t.Context(), spared))
	wantEqual(t, "tokens kept", len(w.store.tokens), 0)
}

func TestRestamp(t *testing.T) {
	tests := []struct {
		name  string
		do    func(w *world, token string)
		epoch int64
		want  error
		kept  int64
	}{
		{"a greater epoch", nil, 4, nil, 4},
		{"the same epoch", nil, 3, nil, 3},
		{"a smaller epoch", nil, 2, nil, 3},
		{"expired", func(w *world, _ string) { w.now = noon.Add(time.Hour) }, 4, core.ErrInvalidToken, 3},
		{"ended", func(w *world, token string) { must(w.t, w.End(w.t.Context(), token)) }, 4, core.ErrInvalidToken, 0},
		{"ended meanwhile", func(w *world, token string) {
			w.store.at = func(call string) error {
				if call == "Restamp" {
					w.store.at = nil
					return w.End(w.t.Context(), token)
				}
				return nil
			}
		}, 4, core.ErrInvalidToken, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, session.Config{})
			token := w.issue(login)
			if test.do != nil {
				test.do(w, token)
			}
			wantErr(t, w.Restamp(t.Context(), token, test.epoch), test.want)
			wantEqual(t, "epoch kept", w.store.tokens[key{"session", digest(token)}].Epoch, test.kept)
		})
	}
}
