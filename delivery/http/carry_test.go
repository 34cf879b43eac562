package httpauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

// withStored adds a backend whose sessions are in the store, under /auth/db.
func withStored(t *testing.T, change func(ports.TokenStore) ports.TokenStore) func(*world) {
	return func(w *world) {
		stores := w.core.Stores
		stores.Tokens, stores.Joined = change(stores.Tokens), nil
		b, err := session.Backend("db", stores, session.Config{}, core.Bearer{})
		if err != nil {
			t.Fatal(err)
		}
		w.backends = append(w.backends, b)
		w.mounts = append(w.mounts, httpauth.Include("/auth/db", httpauth.Auth{Backend: "db"}))
	}
}

func asIs(s ports.TokenStore) ports.TokenStore { return s }

// loggedInAt logs the king in and returns the credentials.
func (w *world) loggedInAt(t *testing.T, backend string) string {
	t.Helper()
	got := w.do(t, "POST /auth/"+backend+"/login\nContent-Type: application/x-www-form-urlencoded\n\nusername=king@camelot.bt&password=guinevere")
	if parts := strings.Split(got, `"`); strings.HasPrefix(got, "200\n") && len(parts) == 9 {
		return "Bearer " + parts[3]
	}
	t.Fatalf("got\n%s", got)
	return ""
}

// After a change of the password the session that made it goes on, if it lies
// in a store. All others end.
func TestNewPasswordAndSessions(t *testing.T) {
	ok := jsonAnswer(200, kingJSON)
	for _, c := range []struct {
		name, by, body string
		want           map[string]string // of GET /users/me by each session
	}{
		{"from a session in the store", "stored", `{"password":"lady of the lake"}`,
			map[string]string{"stored": ok, "other stored": unauthorized, "jwt": unauthorized}},
		{"from a session that is in no store", "jwt", `{"password":"lady of the lake"}`,
			map[string]string{"stored": unauthorized, "other stored": unauthorized, "jwt": unauthorized}},
		{"no new password", "stored", `{"password":null,"email":"king@camelot.bt"}`,
			map[string]string{"stored": ok, "other stored": ok, "jwt": ok}},
		{"password refused", "stored", `{"password":"x"}`,
			map[string]string{"stored": ok, "other stored": ok, "jwt": ok}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withStored(t, asIs))
			sessions := map[string]string{
				"stored": w.loggedInAt(t, "db"), "other stored": w.loggedInAt(t, "db"), "jwt": w.loggedInAt(t, "jwt"),
			}
			got := w.do(t, patch("me", sessions[c.by], c.body))
			if refused := c.name == "password refused"; strings.HasPrefix(got, "200\n") == refused {
				t.Errorf("got\n%s", got)
			}
			for name, want := range c.want {
				if got := w.do(t, "GET /users/me\nAuthorization: "+sessions[name]); got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
				}
			}
		})
	}
}

// The new password is another's to give: it ends all sessions.
func TestNewPasswordFromSuperuser(t *testing.T) {
	w := newWorld(t, withStored(t, asIs))
	stored := w.loggedInAt(t, "db")
	if got, want := w.do(t, patch(kingID, queen, `{"password":"lady of the lake"}`)), jsonAnswer(200, kingJSON); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := w.do(t, "GET /users/me\nAuthorization: "+stored); got != unauthorized {
		t.Errorf("got\n%s\nwant\n%s", got, unauthorized)
	}
}

// restampError is a store that cannot restamp.
type restampError struct {
	ports.TokenStore
	seen func(context.Context)
}

func (s restampError) Restamp(ctx context.Context, _, _ string, _ int64) error {
	s.seen(ctx)
	return errors.New("db: connection refused")
}

// Once the password is changed, no outage makes an error of the answer, and
// the client's going does not end its session.
func TestOutageAfterNewPassword(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	bounded, alive := false, false
	w := newWorld(t, withStored(t, func(s ports.TokenStore) ports.TokenStore {
		return restampError{s, func(ctx context.Context) {
			cancel()
			_, bounded = ctx.Deadline()
			alive = ctx.Err() == nil
		}}
	}))
	stored := w.loggedInAt(t, "db")
	r := newRequest(t, patch("me", stored, `{"password":"lady of the lake"}`)).WithContext(ctx)
	if got, want := answerOf(w.api, r), jsonAnswer(200, kingJSON); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !bounded || !alive {
		t.Errorf("the store's context: bounded %v and alive %v, want both", bounded, alive)
	}
	for _, want := range []string{"level=ERROR", "session not carried over", "method=PATCH", "path=/users/me", "db: connection refused"} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("log %q lacks %q", w.log, want)
		}
	}
	if strings.Contains(w.log.String(), strings.TrimPrefix(stored, "Bearer ")) {
		t.Errorf("the token is in the log %q", w.log)
	}
	if got := w.do(t, login("username=king@camelot.bt&password=lady+of+the+lake")); !strings.HasPrefix(got, "200\n") {
		t.Errorf("got\n%s", got)
	}
}
