package boltstore

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// calls returns a call of every method for a user that there is, by its name.
func calls(s ports.Stores[*member], id string) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"Create":  func(ctx context.Context) error { return s.Users.Create(ctx, someone("new@e.com")) },
		"ByID":    func(ctx context.Context) error { _, err := s.Users.ByID(ctx, id); return err },
		"ByEmail": func(ctx context.Context) error { _, err := s.Users.ByEmail(ctx, "ann@e.com"); return err },
		"Update": func(ctx context.Context) error {
			_, err := s.Users.Update(ctx, id, func(m *member) error { m.Score++; return nil })
			return err
		},
		"List": func(ctx context.Context) error {
			_, err := s.Lister.List(ctx, ports.UserQuery{Limit: 1})
			return err
		},
		"Delete": func(ctx context.Context) error { return s.Users.Delete(ctx, id) },
		"Put": func(ctx context.Context) error {
			return s.Tokens.Put(ctx, ports.Token{Purpose: "session", Digest: "new", UserID: id})
		},
		"Take":     func(ctx context.Context) error { _, err := s.Tokens.Take(ctx, "session", "old"); return err },
		"Get":      func(ctx context.Context) error { _, err := s.Tokens.Get(ctx, "session", "old"); return err },
		"Extend":   func(ctx context.Context) error { return s.Tokens.Extend(ctx, "session", "old", time.Now()) },
		"Restamp":  func(ctx context.Context) error { return s.Tokens.Restamp(ctx, "session", "old", 1) },
		"ListUser": func(ctx context.Context) error { _, err := s.Tokens.ListUser(ctx, "session", id); return err },
		"EndUser":  func(ctx context.Context) error { return s.Tokens.EndUser(ctx, "session", id, "") },
		"Purge":    func(ctx context.Context) error { _, err := s.Tokens.Purge(ctx, time.Now(), 1); return err },
		"UserByToken": func(ctx context.Context) error {
			_, _, err := s.Joined.UserByToken(ctx, "session", "old")
			return err
		},
	}
}

func someone(address string) *member {
	return &member{User: core.User{Email: address, EmailKey: address}}
}

// peopled keeps a user and a token, and returns the user's id.
func peopled(t *testing.T, s ports.Stores[*member]) string {
	t.Helper()
	ann := someone("ann@e.com")
	err := s.Users.Create(t.Context(), ann)
	if err == nil {
		err = s.Tokens.Put(t.Context(), ports.Token{Purpose: "session", Digest: "old", UserID: ann.ID})
	}
	if err != nil {
		t.Fatal(err)
	}
	return ann.ID
}

func TestNewRefuses(t *testing.T) {
	type pointing struct{ *core.User }
	_, noDB := New[member](nil)
	_, noUser := New[pointing](empty(t))
	for err, want := range map[error]string{
		noDB: "boltstore.New: db: is nil", noUser: "boltstore.New: T: must embed core.User by value",
	} {
		var wrong *core.ConfigError
		if !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("got %v, want the core.ConfigError %q", err, want)
		}
	}
}

// A writer of the application's own holds nobody up for longer than the
// context lasts, and what was given up does not happen later.
func TestWritesWaitAsLongAsTheContext(t *testing.T) {
	db := empty(t)
	s := on(t, db)
	id := peopled(t, s)
	held, err := db.Begin(true)
	if err != nil {
		t.Fatal(err)
	}
	reads := map[string]bool{"ByID": true, "ByEmail": true, "List": true, "Get": true, "ListUser": true, "UserByToken": true}
	for name, call := range calls(s, id) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err := call(ctx)
		cancel()
		if reads[name] && err != nil || !reads[name] && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s while another writes: got %v", name, err)
		}
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	if m, err := s.Users.ByID(t.Context(), id); err != nil || m.Revision != 1 {
		t.Errorf("the user afterwards: got %v, %v, want the one of before", m, err)
	}
	for name, call := range calls(s, id) {
		if name == "Delete" || name == "Take" || name == "EndUser" {
			continue // which others here need
		}
		if err := call(t.Context()); err != nil {
			t.Errorf("%s afterwards: got %v", name, err)
		}
	}
}

func TestClosedDatabaseIsAnOutage(t *testing.T) {
	db := empty(t)
	s := on(t, db)
	id := peopled(t, s)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, call := range calls(s, id) {
		err := call(t.Context())
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
		for _, domain := range []error{
			core.ErrUserNotFound, core.ErrTokenNotFound, core.ErrEmailTaken, core.ErrTokenTaken, core.ErrInvalidValue, core.ErrConflict,
		} {
			if errors.Is(err, domain) {
				t.Errorf("%s: got %v, want an outage", name, err)
			}
		}
	}
}

func TestWhatCannotBeKept(t *testing.T) {
	s := open(t)
	id := peopled(t, s)
	odd := someone("odd@e.com")
	odd.Weight = math.NaN()
	long := strings.Repeat("x", 1<<16)
	for what, err := range map[string]error{
		"a number without JSON":     s.Users.Create(t.Context(), odd),
		"a key that is too long":    s.Users.Create(t.Context(), someone(long)),
		"a digest that is too long": s.Tokens.Put(t.Context(), ports.Token{Purpose: "session", Digest: long, UserID: id}),
		"a time without JSON": s.Tokens.Put(t.Context(), ports.Token{
			Purpose: "session", Digest: "d", UserID: id, ExpiresAt: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		}),
	} {
		if !errors.Is(err, core.ErrInvalidValue) {
			t.Errorf("%s: got %v, want core.ErrInvalidValue", what, err)
		}
	}
}
