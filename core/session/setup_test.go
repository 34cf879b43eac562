package session_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
)

var (
	noon      = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	errOutage = errors.New("store: connection refused")
)

// world is a strategy, found alone and joined with the users.
type world struct {
	*session.Strategy
	t       *testing.T
	store   *store
	plain   *plain
	resolve func(context.Context, string) (*core.User, ports.Grant, error)
	now     time.Time
}

func newWorld(t *testing.T, cfg session.Config) *world {
	t.Helper()
	w := &world{t: t, store: newStore(), now: noon}
	w.plain = &plain{w.store, map[string]ports.Token{}}
	w.configure(cfg)
	return w
}

// configure makes a new strategy on the same store.
func (w *world) configure(cfg session.Config) {
	w.t.Helper()
	cfg.Now = func() time.Time { return w.now }
	stores := ports.Stores[*core.User]{Tokens: w.store, Joined: w.store}
	b, err := session.Backend("db", stores, cfg, core.Bearer{})
	must(w.t, err)
	w.Strategy, w.resolve = b.Strategy.(*session.Strategy), b.Resolve
}

// checks are the two ways to find a session, and the call that each makes.
func (w *world) checks() map[string]func(context.Context, string) (ports.Grant, error) {
	return map[string]func(context.Context, string) (ports.Grant, error){
		"Get": w.Verify,
		"UserByToken": func(ctx context.Context, token string) (ports.Grant, error) {
			u, g, err := w.resolve(ctx, token)
			if err == nil && (u == nil || u.ID != g.UserID) {
				w.t.Errorf("user: got %+v, want the one of %+v", u, g)
			}
			if err != nil && u != nil {
				w.t.Errorf("user: got %+v beside %v, want none", u, err)
			}
			return g, err
		},
	}
}

func (w *world) issue(g ports.Grant) string {
	w.t.Helper()
	token, _, err := w.Issue(w.t.Context(), g)
	must(w.t, err)
	return token
}

// row returns the only token in the store.
func (w *world) row() ports.Token {
	w.t.Helper()
	if len(w.store.tokens) != 1 {
		w.t.Fatalf("got %d tokens, want one", len(w.store.tokens))
	}
	for _, t := range w.store.tokens {
		return t
	}
	return ports.Token{}
}

// calls returns the methods of the store that f called.
func (w *world) calls(f func()) []string {
	w.store.calls = nil
	f()
	return w.store.calls
}

// fail makes one method of the store fail.
func (w *world) fail(call string) {
	w.store.at = func(c string) error {
		if c == call {
			return errOutage
		}
		return nil
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
}

func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
}

func wantEqual[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}
