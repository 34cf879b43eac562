package core_test

import (
	"testing"

	"github.com/gousher/usher/core"
)

// Somebody else writes the user while it changes itself.
func TestUpdateSelfOfAnEndedSession(t *testing.T) {
	events := []struct {
		name string
		do   func(w *world) error
	}{
		{"sessions are ended", func(w *world) error { _, err := w.EndSessions(w.t.Context(), subject()); return err }},
		{"the password is changed", func(w *world) error {
			_, err := w.Update(w.t.Context(), subject(), change{Password: ptr("a third password")})
			return err
		}},
		{"the user is banned", func(w *world) error {
			_, err := w.Update(w.t.Context(), subject(), change{IsActive: ptr(false)})
			return err
		}},
		{"the user is banned and let in again", func(w *world) error {
			for _, active := range []bool{false, true} {
				if _, err := w.Update(w.t.Context(), subject(), change{IsActive: &active}); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	moments := []struct {
		name string
		at   func(w *world, f func())
	}{
		{"before the call", func(_ *world, f func()) { f() }},
		{"while the password is hashed", func(w *world, f func()) { duringHasher(w, "Hash", f) }},
		{"before the user is read", func(w *world, f func()) { w.once("Update", f) }},
		{"before the user is written", func(w *world, f func()) { w.once("Update/write", f) }},
	}
	for _, event := range events {
		for _, moment := range moments {
			t.Run(event.name+" "+moment.name, func(t *testing.T) {
				w := newWorld(t)
				ann := w.put(subject())
				var want *Member
				moment.at(w, func() {
					must(t, event.do(w))
					want = w.row("ann")
				})
				u, err := w.UpdateSelf(t.Context(), ann, change{
					Password: ptr(other), Email: ptr("b@c.d"), Apply: func(u *Member) error { u.Nickname = "Annie"; return nil },
				})
				wantErr(t, err, core.ErrUnauthenticated)
				wantEqual(t, "the user returned", u, nil)
				wantEqual(t, "the user kept", w.row("ann"), want)
			})
		}
	}
}

func TestUpdateSelfOfAnInactiveUserDoesNoWork(t *testing.T) {
	w := newWorld(t)
	ann := w.put(subject(inactive))
	hashed, _, calls := w.work(func() {
		_, err := w.UpdateSelf(t.Context(), ann, change{Password: ptr("short")})
		wantErr(t, err, core.ErrUnauthenticated)
	})
	wantEqual(t, "hashes made", hashed, 0)
	wantEqual(t, "calls of the store", calls, nil)
}

// What one writer does outlives what another, who read before, writes.
func TestUpdatesDoNotUndoOneAnother(t *testing.T) {
	yes, no := ptr(true), ptr(false)
	rename := change{Apply: func(u *Member) error { u.Nickname = "Annie"; return nil }}
	tests := []struct {
		name        string
		slow, quick change
		want        func(*Member)
	}{
		{"a profile edit and a ban", rename, change{IsActive: no},
			func(u *Member) { u.Nickname, u.IsActive, u.SessionEpoch = "Annie", false, 6 }},
		{"a verification and a ban", change{IsVerified: yes}, change{IsActive: no},
			func(u *Member) { u.IsActive, u.SessionEpoch = false, 6 }},
		{"a ban and a ban", change{IsActive: no}, change{IsActive: no},
			func(u *Member) { u.IsActive, u.SessionEpoch = false, 6 }},
		{"a profile edit and a new password", rename, change{Password: ptr(other)},
			func(u *Member) { u.Nickname, u.HashedPassword, u.SessionEpoch = "Annie", "hash:1:2:"+other, 6 }},
		{"a profile edit and a new address", rename, change{Email: ptr("b@c.d")},
			func(u *Member) { u.Nickname, u.Email, u.EmailKey, u.IsVerified = "Annie", "b@c.d", "b@c.d", false }},
		{"an address in other case and a new address", change{Email: ptr("ANN@example.com")}, change{Email: ptr("b@c.d")},
			func(u *Member) { u.Email, u.IsVerified = "ANN@example.com", false }},
	}
	for _, test := range tests {
		for _, point := range []string{"Update", "Update/write"} {
			t.Run(test.name+" at "+point, func(t *testing.T) {
				w := newWorld(t)
				ann := w.put(subject())
				w.once(point, func() {
					_, err := w.Update(t.Context(), ann, test.quick)
					must(t, err)
				})
				got, err := w.Update(t.Context(), ann, test.slow)
				must(t, err)
				want := subject(test.want)
				want.Revision = 10
				wantEqual(t, "the user returned", got, want)
				wantEqual(t, "the user kept", w.row("ann"), want)
			})
		}
	}
}
