package core_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

type change = core.Change[*Member]

const other = "battery staple"

// subject is a member as the tests of updates find it.
func subject(tweaks ...func(*Member)) *Member {
	u := &Member{
		User: core.User{
			ID: "ann", Email: "Ann@example.com", EmailKey: "ann@example.com", HashedPassword: "hash:1:0:" + password,
			IsActive: true, IsVerified: true, SessionEpoch: 5, Revision: 8, CreatedAt: noon, UpdatedAt: noon,
		},
		Nickname: "Ann", Tags: []string{"a"},
	}
	for _, tweak := range tweaks {
		tweak(u)
	}
	return u
}

// put keeps u as it is.
func (w *world) put(u *Member) *Member {
	w.store.users[u.ID] = core.Clone(u)
	return u
}

func inactive(u *Member)   { u.IsActive = false }
func unverified(u *Member) { u.IsVerified = false }

// grab tries to change what is not the application's.
func grab(u *Member) error {
	u.Nickname, u.Tags = "Annie", append(u.Tags, "b")
	u.User = core.User{ID: "bob", Email: "bob@example.com", EmailKey: "bob@example.com", IsSuperuser: true, SessionEpoch: 99, Revision: 99}
	return nil
}

func TestUpdateEffects(t *testing.T) {
	same := func(*Member) {}
	newHash := func(u *Member) { u.HashedPassword = "hash:1:2:" + other }
	epoch := func(n int64) func(*Member) { return func(u *Member) { u.SessionEpoch = n } }
	email := func(shown, key string) func(*Member) { return func(u *Member) { u.Email, u.EmailKey = shown, key } }
	superuser := func(u *Member) { u.IsSuperuser = true }
	verified := func(u *Member) { u.IsVerified = true }
	active := func(u *Member) { u.IsActive = true }
	applied := func(u *Member) { u.Nickname, u.Tags = "Annie", []string{"a", "b"} }
	yes, no := ptr(true), ptr(false)

	type effects = []func(*Member)
	tests := []struct {
		name   string
		before effects
		change change
		// update is what Update does, self what UpdateSelf does; nil for the
		// same, and none where the user may not change itself.
		update, self effects
	}{
		{"password", nil, change{Password: ptr(other)}, effects{newHash, epoch(6)}, nil},
		{"the same password", nil, change{Password: ptr(password)},
			effects{func(u *Member) { u.HashedPassword = "hash:1:2:" + password }, epoch(6)}, nil},
		{"new address", nil, change{Email: ptr(" Annie@Example.com")}, effects{email("Annie@Example.com", "annie@example.com"), unverified}, nil},
		{"new address of an unverified user", effects{unverified}, change{Email: ptr("b@c.d")}, effects{email("b@c.d", "b@c.d"), unverified}, nil},
		{"address in other case", nil, change{Email: ptr("ANN@example.com")}, effects{email("ANN@example.com", "ann@example.com")}, nil},
		{"address in other case of an unverified user", effects{unverified}, change{Email: ptr("ANN@example.com")},
			effects{email("ANN@example.com", "ann@example.com"), unverified}, nil},
		{"the same address", nil, change{Email: ptr("Ann@example.com")}, effects{same}, nil},
		{"new address, verified", nil, change{Email: ptr("b@c.d"), IsVerified: yes},
			effects{email("b@c.d", "b@c.d")}, effects{email("b@c.d", "b@c.d"), unverified}},
		{"banned", nil, change{IsActive: no}, effects{inactive, epoch(6)}, effects{same}},
		{"banned again", effects{inactive}, change{IsActive: no}, effects{inactive}, effects{}},
		{"let in again", effects{inactive}, change{IsActive: yes}, effects{active}, effects{}},
		{"active as before", nil, change{IsActive: yes}, effects{same}, effects{same}},
		{"superuser", nil, change{IsSuperuser: yes}, effects{superuser}, effects{same}},
		{"no superuser", effects{superuser}, change{IsSuperuser: no}, effects{func(u *Member) { u.IsSuperuser = false }}, effects{superuser}},
		{"verified", effects{unverified}, change{IsVerified: yes}, effects{verified}, effects{unverified}},
		{"unverified", nil, change{IsVerified: no}, effects{unverified}, effects{same}},
		{"own fields", nil, change{Apply: grab}, effects{applied}, nil},
		{"password and ban", nil, change{Password: ptr(other), IsActive: no}, effects{newHash, inactive, epoch(7)}, effects{newHash, epoch(6)}},
		{"everything", effects{unverified}, change{
			Password: ptr(other), Email: ptr("b@c.d"), IsActive: yes, IsSuperuser: yes, IsVerified: yes, Apply: grab},
			effects{newHash, epoch(6), email("b@c.d", "b@c.d"), superuser, verified, applied},
			effects{newHash, epoch(6), email("b@c.d", "b@c.d"), unverified, applied}},
	}
	for _, test := range tests {
		if test.self == nil {
			test.self = test.update
		}
		for _, as := range []struct {
			name string
			want effects
			call func(*core.Manager[*Member]) func(context.Context, *Member, change) (*Member, error)
		}{
			{"Update", test.update, func(m *core.Manager[*Member]) func(context.Context, *Member, change) (*Member, error) {
				return m.Update
			}},
			{"UpdateSelf", test.self, func(m *core.Manager[*Member]) func(context.Context, *Member, change) (*Member, error) {
				return m.UpdateSelf
			}},
		} {
			t.Run(as.name+"/"+test.name, func(t *testing.T) {
				w := newWorld(t)
				before := w.put(subject(test.before...))
				w.now = noon.Add(time.Hour)
				got, err := as.call(w.Manager)(t.Context(), before, test.change)
				wantEqual(t, "the user given", before, subject(test.before...))
				if len(as.want) == 0 {
					wantErr(t, err, core.ErrUnauthenticated)
					wantEqual(t, "the user kept", w.row("ann"), before)
					return
				}
				must(t, err)
				want := subject(append(slices.Clone(test.before), as.want...)...)
				if !nothing(as.name, test.change) {
					want.Revision, want.UpdatedAt = 9, w.now
				}
				wantEqual(t, "the user returned", got, want)
				wantEqual(t, "the user kept", w.row("ann"), want)
			})
		}
	}
}

// nothing reports whether the call leaves nothing of c to be written.
func nothing(call string, c change) bool {
	return call == "UpdateSelf" && c.Email == nil && c.Password == nil && c.Apply == nil
}

func TestUpdateErrors(t *testing.T) {
	tests := []struct {
		name   string
		change change
		fault  func(w *world)
		is     func(error) bool
	}{
		{"password", change{Password: ptr("short")}, nil, func(err error) bool { return passwordReason(err) != nil }},
		{"password before e-mail", change{Password: ptr("short"), Email: ptr("none")}, nil,
			func(err error) bool { return passwordReason(err) != nil }},
		{"e-mail", change{Password: ptr(other), Email: ptr("none")}, nil, func(err error) bool {
			var invalid *core.EmailError
			return errors.As(err, &invalid)
		}},
		{"taken", change{Email: ptr("BEN@example.com"), Password: ptr(other)}, nil, is(core.ErrEmailTaken)},
		{"gone", change{Apply: grab}, func(w *world) { delete(w.store.users, "ann") }, is(core.ErrUserNotFound)},
		{"outage", change{Apply: grab}, func(w *world) { w.fail("Update/write") }, is(errOutage)},
		{"outage of the hasher", change{Password: ptr(other)},
			func(w *world) { w.hasher.during = func(string, string) error { return errOutage } }, is(errOutage)},
		{"conflict", change{Apply: grab}, func(w *world) {
			w.store.at = func(_ context.Context, point string) error {
				if point == "Update/write" {
					w.edit("ann", func(u *Member) { u.Revision++ })
				}
				return nil
			}
		}, is(core.ErrConflict)},
	}
	for _, test := range tests {
		for _, name := range []string{"Update", "UpdateSelf"} {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				ran := 0
				w := newWorld(t, func(c *core.Config[*Member]) {
					c.Hooks.AfterUpdate = func(context.Context, *Member, []string) { ran++ }
				})
				ann := w.put(subject())
				w.put(subject(func(u *Member) { u.ID, u.Email, u.EmailKey = "ben", "ben@example.com", "ben@example.com" }))
				if test.fault != nil {
					test.fault(w)
				}
				update := w.Update
				if name == "UpdateSelf" {
					update = w.UpdateSelf
				}
				u, err := update(t.Context(), ann, test.change)
				if u != nil || !test.is(err) {
					t.Errorf("got user %v and error %v", u, err)
				}
				if row := w.store.users["ann"]; row != nil {
					row.Revision = ann.Revision // the conflict's
					wantEqual(t, "the user kept", row, ann)
				}
				wantEqual(t, "calls of AfterUpdate", ran, 0)
			})
		}
	}
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
