package core_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

const password = "correct horse"

var (
	noon      = time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	errOutage = errors.New("store: connection refused")
)

// world is a manager and all that it works with.
type world struct {
	*core.Manager[*Member]
	t      *testing.T
	store  *store
	hasher *hasher
	log    *bytes.Buffer
	now    time.Time
}

func newWorld(t *testing.T, tweaks ...func(*core.Config[*Member])) *world {
	t.Helper()
	w := &world{t: t, store: newStore(), hasher: &hasher{version: 1}, log: &bytes.Buffer{}, now: noon}
	cfg := core.Config[*Member]{
		Stores: ports.Stores[*Member]{Users: w.store},
		Hasher: w.hasher,
		Emails: emails{},
		Log:    slog.New(slog.NewTextHandler(w.log, nil)),
		Now:    func() time.Time { return w.now },
	}
	for _, tweak := range tweaks {
		tweak(&cfg)
	}
	m, err := core.NewManager(cfg)
	must(t, err)
	w.Manager = m
	return w
}

// member creates an active, verified member.
func (w *world) member(email string, tweaks ...func(*Member)) *Member {
	w.t.Helper()
	u := &Member{User: core.User{Email: email, IsActive: true, IsVerified: true}}
	for _, tweak := range tweaks {
		tweak(u)
	}
	u, err := w.Create(w.t.Context(), u, password)
	must(w.t, err)
	return u
}

// row returns the member as the store keeps it.
func (w *world) row(id string) *Member {
	w.t.Helper()
	u, err := w.store.read(id)
	must(w.t, err)
	return u
}

// edit writes the member's row behind the manager's back.
func (w *world) edit(id string, f func(*Member)) {
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	f(w.store.users[id])
}

// work returns how many hashes were made and verified, and which of the
// store's methods were called, while f ran.
func (w *world) work(f func()) (hashed, verified int, calls []string) {
	w.hasher.hashed, w.hasher.verified, w.store.calls = 0, 0, nil
	f()
	return w.hasher.hashed, w.hasher.verified, w.store.calls
}

// once makes f run the first time that the store reaches point.
func (w *world) once(point string, f func()) {
	w.store.at = func(_ context.Context, p string) error {
		if p == point {
			w.store.at = nil
			f()
		}
		return nil
	}
}

// fail makes the store fail at point.
func (w *world) fail(point string) {
	w.store.at = func(_ context.Context, p string) error {
		if p == point {
			return errOutage
		}
		return nil
	}
}

// lets reports whether email and password let somebody in.
func (w *world) lets(email, password string) bool {
	w.t.Helper()
	_, err := w.Authenticate(w.t.Context(), email, password)
	if err != nil && !errors.Is(err, core.ErrInvalidCredentials) {
		w.t.Fatalf("Authenticate: got error %v, want none or %v", err, core.ErrInvalidCredentials)
	}
	return err == nil
}

func ptr[T any](v T) *T { return &v }

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

// wantProblems checks that err is a *core.ConfigError with these problems.
func wantProblems(t testing.TB, err error, of string, want ...string) {
	t.Helper()
	var config *core.ConfigError
	if !errors.As(err, &config) {
		t.Fatalf("got error %v, want a *core.ConfigError", err)
	}
	if config.Of != of || !slices.Equal(config.Problems, want) {
		t.Errorf("got %s with problems %q, want %s with %q", config.Of, config.Problems, of, want)
	}
}

// passwordReason returns the reason of a *core.PasswordError, or nil.
func passwordReason(err error) any {
	var refused *core.PasswordError
	if errors.As(err, &refused) {
		return refused.Reason
	}
	return nil
}
