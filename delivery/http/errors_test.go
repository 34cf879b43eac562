package httpauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// storeError is a store all of whose methods return one error.
type storeError struct{ err error }

func (s storeError) Create(context.Context, *Member) error { return s.err }

func (s storeError) ByID(context.Context, string) (*Member, error) { return nil, s.err }

func (s storeError) ByEmail(context.Context, string) (*Member, error) { return nil, s.err }

func (s storeError) Update(context.Context, string, func(*Member) error) (*Member, error) {
	return nil, s.err
}

func (s storeError) Delete(context.Context, string) error { return s.err }

// failingWrites is a store that reads.
type failingWrites struct {
	ports.UserStore[*Member]
	storeError
}

func (s failingWrites) ByID(ctx context.Context, id string) (*Member, error) {
	return s.UserStore.ByID(ctx, id)
}

func (s failingWrites) ByEmail(ctx context.Context, key string) (*Member, error) {
	return s.UserStore.ByEmail(ctx, key)
}

func (s failingWrites) Create(context.Context, *Member) error { return s.err }

func (s failingWrites) Update(context.Context, string, func(*Member) error) (*Member, error) {
	return nil, s.err
}

func (s failingWrites) Delete(context.Context, string) error { return s.err }

// everything is a request to every route, with credentials that let it pass.
var everything = []struct{ name, request string }{
	{"register", register(`{"email":"a@b.com","password":"guinevere"}`)},
	{"login", login("username=king@camelot.bt&password=guinevere")},
	{"logout", "POST /auth/jwt/logout\nAuthorization: " + king},
	{"read me", "GET /users/me\nAuthorization: " + king},
	{"change me", patch("me", king, `{"email":"a@b.com"}`)},
	{"read a user", "GET /users/" + kingID + "\nAuthorization: " + queen},
	{"change a user", patch(kingID, queen, `{"email":"a@b.com"}`)},
	{"delete a user", "DELETE /users/" + kingID + "\nAuthorization: " + queen},
	{"forgot password", forgot("king@camelot.bt")},
	{"request verify token", askVerify("king@camelot.bt")},
	{"reset password", send("reset-password", `{"token":"`+signed(ports.Claims{
		Audience: "fastapi-users:reset", Subject: kingID, Expires: time.Now().Add(time.Hour)})+`","password":"lady of the lake"}`)},
	{"verify", send("verify", `{"token":"`+signed(ports.Claims{
		Audience: "fastapi-users:verify", Subject: squireID, Expires: time.Now().Add(time.Hour),
		Values: []ports.Claim{{Name: "email", Value: "squire@camelot.bt"}}})+`"}`)},
}

// An outage is 503 on every route, and its cause goes to the log alone.
func TestOutage(t *testing.T) {
	cause := errors.New("db: connection to 10.0.0.7 refused for usher:hunter2")
	for _, c := range everything {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMail, func(w *world) { w.core.Stores.Users = storeError{cause} })
			if got := w.do(t, c.request); got != outage {
				t.Errorf("got\n%s\nwant\n%s", got, outage)
			}
			method, path, _ := strings.Cut(strings.SplitN(c.request, "\n", 2)[0], " ")
			for _, want := range []string{"level=ERROR", `msg="usher: request failed"`, "method=" + method, "path=" + path, cause.Error()} {
				if !strings.Contains(w.log.String(), want) {
					t.Errorf("log %q lacks %q", w.log, want)
				}
			}
		})
	}
}

func TestOutageOnWrite(t *testing.T) {
	for _, c := range everything {
		if !slices.Contains([]string{"register", "change me", "change a user", "delete a user", "verify"}, c.name) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMail, func(w *world) {
				w.core.Stores.Users = failingWrites{w.core.Stores.Users, storeError{errors.New("disk full")}}
			})
			if got := w.do(t, c.request); got != outage {
				t.Errorf("got\n%s\nwant\n%s", got, outage)
			}
		})
	}
}

// strategyError is a strategy that cannot do its work.
type strategyError struct {
	*tokens
	verify, end, issue error
}

func (s strategyError) Verify(ctx context.Context, token string) (ports.Grant, error) {
	if s.verify != nil {
		return ports.Grant{}, s.verify
	}
	return s.tokens.Verify(ctx, token)
}

func (s strategyError) Issue(ctx context.Context, g ports.Grant) (string, time.Time, error) {
	if s.issue != nil {
		return "", time.Time{}, s.issue
	}
	return s.tokens.Issue(ctx, g)
}

func (s strategyError) End(ctx context.Context, token string) error {
	if s.end != nil {
		return s.end
	}
	return s.tokens.End(ctx, token)
}

func TestStrategyErrors(t *testing.T) {
	down := errors.New("redis: down")
	form := "\nContent-Type: application/x-www-form-urlencoded\n\nusername=king@camelot.bt&password=guinevere"
	for _, c := range []struct {
		name, request string
		strategy      strategyError
		want          string
	}{
		{"verify", "GET /users/me\nCookie: auth=king", strategyError{verify: down}, outage},
		{"issue", "POST /auth/cookie/login" + form, strategyError{issue: down}, outage},
		{"end", "POST /auth/cookie/logout\nCookie: auth=king", strategyError{end: down}, outage},
		{"not revocable", "POST /auth/cookie/logout\nCookie: auth=king", strategyError{end: core.ErrNotRevocable},
			"204\nCache-Control: no-store\nSet-Cookie: auth=; Max-Age=0\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withCookie, func(w *world) {
				c.strategy.tokens = w.tokens
				w.backends[0].Strategy = c.strategy
			})
			if got := w.do(t, c.request); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// hasherError is a hasher that fails once it is in use.
type hasherError struct{ plainHasher }

func (hasherError) Verify(string, string) (ok, outdated bool, err error) {
	return false, false, errors.New("out of memory")
}

func TestHasherOutage(t *testing.T) {
	w := newWorld(t, func(w *world) { w.core.Hasher = hasherError{} })
	if got := w.do(t, login("username=king@camelot.bt&password=guinevere")); got != outage {
		t.Errorf("got\n%s\nwant\n%s", got, outage)
	}
}

// TestErrorTable has the errors that a manager may return, wrapped as a store
// or a hook might wrap them.
func TestErrorTable(t *testing.T) {
	change := patch("me", king, `{"email":"a@b.com"}`)
	const busy = "503\nCache-Control: no-store\nContent-Length: 32\nContent-Type: application/json\nRetry-After: "
	const busyBody = "\n\n" + `{"detail":"Service Unavailable"}`
	for _, c := range []struct {
		name    string
		err     error
		request string
		want    string
		logged  bool
	}{
		{"unauthenticated", core.ErrUnauthenticated, change, unauthorized, false},
		{"deleted since, me", core.ErrUserNotFound, change, unauthorized, false},
		{"deleted since, id", core.ErrUserNotFound, patch(kingID, queen, `{"email":"a@b.com"}`), notFound, false},
		{"deleted since, DELETE", core.ErrUserNotFound, "DELETE /users/" + kingID + "\nAuthorization: " + queen, notFound, false},
		{"forbidden", core.ErrForbidden, change, forbidden, false},
		{"address taken", core.ErrEmailTaken, change, jsonAnswer(400, `{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}`), false},
		{"address taken, register", core.ErrEmailTaken, register(`{"email":"a@b.com","password":"guinevere"}`), jsonAnswer(400, `{"detail":"REGISTER_USER_ALREADY_EXISTS"}`), false},
		{"value", core.ErrInvalidValue, change, wrong(`{"type":"value_error","loc":["body"],"msg":"Value error, a value cannot be stored as it is","input":{"email":"a@b.com"},"ctx":{"error":"a value cannot be stored as it is"}}`), false},
		{"conflict", core.ErrConflict, change, outage, true},
		{"deadline", context.DeadlineExceeded, change, outage, true},
		{"busy for a moment", &core.BusyError{}, change, busy + "1" + busyBody, false},
		{"busy for a second", &core.BusyError{RetryAfter: time.Second}, change, busy + "1" + busyBody, false},
		{"busy for more than a second", &core.BusyError{RetryAfter: 1001 * time.Millisecond}, change, busy + "2" + busyBody, false},
		{"input", &core.InputError{}, change, wrong(""), false},
		{"anything else", errors.New("anything"), change, outage, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(w *world) {
				w.core.Stores.Users = failingWrites{w.core.Stores.Users, storeError{fmt.Errorf("store: %w", c.err)}}
			})
			if got := w.do(t, c.request); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if logged := strings.Contains(w.log.String(), c.err.Error()); logged != c.logged {
				t.Errorf("logged %v, want %v: %s", logged, c.logged, w.log)
			}
		})
	}
}

// blocking is a store that waits for its context to end.
type blocking struct {
	ports.UserStore[*Member]
	entered chan struct{}
}

func (s blocking) ByID(ctx context.Context, _ string) (*Member, error) {
	close(s.entered)
	<-ctx.Done()
	return nil, fmt.Errorf("db: %w", ctx.Err())
}

func TestDeadline(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.core.Stores.Users = blocking{w.core.Stores.Users, make(chan struct{})}
		w.http.Timeout = time.Millisecond
	})
	if got := w.do(t, "GET /users/me\nAuthorization: "+king); got != outage {
		t.Errorf("got\n%s\nwant\n%s", got, outage)
	}
}

// A client that is gone gets no answer, and its going is no outage.
func TestClientGone(t *testing.T) {
	store := blocking{entered: make(chan struct{})}
	w := newWorld(t, func(w *world) {
		store.UserStore = w.core.Stores.Users
		w.core.Stores.Users = store
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-store.entered
		cancel()
	}()
	rec := httptest.NewRecorder()
	func() {
		defer func() {
			if p := recover(); p != http.ErrAbortHandler {
				t.Errorf("got panic %v, want %v", p, http.ErrAbortHandler)
			}
		}()
		w.api.ServeHTTP(rec, newRequest(t, "GET /users/me\nAuthorization: "+king).WithContext(ctx))
	}()
	if rec.Body.Len() > 0 || len(rec.Header()) > 0 || w.log.String() != "" {
		t.Errorf("got answer %q %v and log %q, want none", rec.Body, rec.Header(), w.log)
	}
}
