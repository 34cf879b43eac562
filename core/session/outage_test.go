package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
)

func TestOutages(t *testing.T) {
	w := newWorld(t, session.Config{})
	w.configure(session.Config{Plain: w.plain})
	token := w.issue(login)
	unknown := newWorld(t, session.Config{}).issue(login)
	ann := &core.User{ID: "ann", SessionEpoch: 3}
	ctx := t.Context()
	issue := func() error { _, _, err := w.Issue(ctx, login); return err }
	verify := func(token string) func() error { return func() error { _, err := w.Verify(ctx, token); return err } }
	resolve := func(token string) func() error {
		return func() error { _, _, err := w.resolve(ctx, token); return err }
	}
	tests := []struct {
		name, call string
		f          func() error
	}{
		{"Issue", "Put", issue},
		{"Verify", "Get", verify(token)},
		{"Verify, noting the use", "Extend", verify(token)},
		{"Verify, adopting", "Adopt", verify(unknown)},
		{"Resolve", "UserByToken", resolve(token)},
		{"Resolve, noting the use", "Extend", resolve(token)},
		{"Resolve, adopting", "Adopt", resolve(unknown)},
		{"End", "Take", func() error { return w.End(ctx, token) }},
		{"End, adopting", "Adopt", func() error { return w.End(ctx, unknown) }},
		{"Restamp, looking", "Get", func() error { return w.Restamp(ctx, token, 4) }},
		{"Restamp", "Restamp", func() error { return w.Restamp(ctx, token, 4) }},
		{"List", "ListUser", func() error { _, err := w.List(ctx, ann); return err }},
		{"EndOne, looking", "ListUser", func() error { return w.EndOne(ctx, ann, "family") }},
		{"EndOne", "Take", func() error { return w.EndOne(ctx, ann, "family") }},
		{"EndOthers", "EndUser", func() error { return w.EndOthers(ctx, ann, "") }},
		{"Purge", "Purge", func() error { _, err := w.Purge(ctx, 10); return err }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w.now = noon.Add(30 * time.Minute) // late enough to note a use
			w.fail(test.call)
			err := test.f()
			wantErr(t, err, errOutage)
			if errors.Is(err, core.ErrInvalidToken) || errors.Is(err, core.ErrTokenNotFound) {
				t.Errorf("got %v, want an outage and no verdict", err)
			}
		})
	}
	wantEqual(t, "tokens kept", len(w.store.tokens), 1)
	w.store.at = nil
	_, err := w.Verify(ctx, token)
	must(t, err)
}

func TestCallsThatEnd(t *testing.T) {
	w := newWorld(t, session.Config{})
	token := w.issue(login)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := w.calls(func() {
		for name, err := range w.calling(ctx, token) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v, want context.Canceled", name, err)
			}
		}
		_, _, err := w.Issue(ctx, login)
		wantErr(t, err, context.Canceled)
		for name, err := range w.calling(ctx, "x") {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s of no token: got %v, want context.Canceled", name, err)
			}
		}
	})
	wantEqual(t, "calls of the store", calls, nil)
}
