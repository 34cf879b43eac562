package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

// presumptuous is a user as a stranger would like to be kept.
func presumptuous() *Member {
	return &Member{
		User: core.User{
			ID: "chosen", Email: " Ann@Example.com ", EmailKey: "bob@example.com", HashedPassword: "hash:1:0:theirs",
			IsActive: false, IsSuperuser: true, IsVerified: true, SessionEpoch: 7, Revision: 9,
			CreatedAt: noon.Add(-time.Hour), UpdatedAt: noon.Add(-time.Hour),
		},
		Nickname: "Ann", Tags: []string{"a", "b"},
	}
}

func TestRegisterAndCreate(t *testing.T) {
	kept := func(id string, active, superuser, verified bool) *Member {
		return &Member{
			User: core.User{
				ID: id, Email: "Ann@Example.com", EmailKey: "ann@example.com", HashedPassword: "hash:1:2:correct horse",
				IsActive: active, IsSuperuser: superuser, IsVerified: verified, Revision: 1,
				CreatedAt: noon, UpdatedAt: noon,
			},
			Nickname: "Ann", Tags: []string{"a", "b"},
		}
	}
	tests := []struct {
		name string
		call func(w *world, u *Member) (*Member, error)
		want *Member
	}{
		{"Register resets what is privileged", func(w *world, u *Member) (*Member, error) {
			return w.Register(w.t.Context(), u, password)
		}, kept("member-1", true, false, false)},
		{"Create keeps it", func(w *world, u *Member) (*Member, error) {
			return w.Create(w.t.Context(), u, password)
		}, kept("chosen", false, true, true)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			given := presumptuous()
			got, err := test.call(w, given)
			must(t, err)
			wantEqual(t, "the user returned", got, test.want)
			wantEqual(t, "the user kept", w.row(test.want.ID), test.want)
			wantEqual(t, "the user given", given, presumptuous())
			given.Tags[0] = "changed"
			wantEqual(t, "the tags returned", got.Tags, []string{"a", "b"})
		})
	}
}

func TestCreateErrors(t *testing.T) {
	veto := errors.New("veto")
	tests := []struct {
		name     string
		email    string
		password string
		tweak    func(*core.Config[*Member])
		at       func(w *world)
		is       func(error) bool
	}{
		{"password before e-mail", "nobody", "short", nil, nil, func(err error) bool {
			return passwordReason(err) == "Password should be at least 8 characters"
		}},
		{"password before a taken address", "bob@example.com", "short", nil, nil, func(err error) bool {
			return passwordReason(err) != nil
		}},
		{"e-mail", "nobody", password, nil, nil, func(err error) bool {
			var invalid *core.EmailError
			return errors.As(err, &invalid)
		}},
		{"taken, spelled alike", "bob@example.com", password, nil, nil, func(err error) bool { return errors.Is(err, core.ErrEmailTaken) }},
		{"taken, in other case", " BOB@example.com", password, nil, nil, func(err error) bool { return errors.Is(err, core.ErrEmailTaken) }},
		{"not storable", "a\x00nn@example.com", password, nil, nil, func(err error) bool { return errors.Is(err, core.ErrInvalidValue) }},
		{"outage of the store", "ann@example.com", password, nil, func(w *world) { w.fail("Create") },
			func(err error) bool { return errors.Is(err, errOutage) }},
		{"outage of the hasher", "ann@example.com", password, nil,
			func(w *world) { w.hasher.during = func(string, string) error { return errOutage } },
			func(err error) bool { return errors.Is(err, errOutage) }},
		{"outage of ValidatePassword", "ann@example.com", password, func(c *core.Config[*Member]) {
			c.ValidatePassword = func(context.Context, string, *Member) error { return veto }
		}, nil, func(err error) bool { return errors.Is(err, veto) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ran := 0
			w := newWorld(t, func(c *core.Config[*Member]) {
				c.Hooks.AfterRegister = func(context.Context, *Member) { ran++ }
				if test.tweak != nil {
					test.tweak(c)
				}
			})
			must(t, w.store.Create(t.Context(), &Member{User: core.User{Email: "bob@example.com", EmailKey: "bob@example.com"}}))
			if test.at != nil {
				test.at(w)
			}
			for _, call := range []func(context.Context, *Member, string) (*Member, error){w.Register, w.Create} {
				u, err := call(t.Context(), &Member{User: core.User{Email: test.email}}, test.password)
				if u != nil || !test.is(err) {
					t.Errorf("got user %v and error %v", u, err)
				}
			}
			wantEqual(t, "members kept", len(w.store.users), 1)
			wantEqual(t, "calls of AfterRegister", ran, 0)
		})
	}
}

func TestRegisterTakesEqualWork(t *testing.T) {
	w := newWorld(t)
	work := func(email string, want error) {
		t.Helper()
		hashed, verified, calls := w.work(func() {
			_, err := w.Register(t.Context(), &Member{User: core.User{Email: email}}, password)
			wantErr(t, err, want)
		})
		wantEqual(t, "hashes made", hashed, 1)
		wantEqual(t, "hashes verified", verified, 0)
		wantEqual(t, "calls of the store", calls, []string{"Create"})
	}
	work("ann@example.com", nil)
	work("ann@example.com", core.ErrEmailTaken)
}

func TestAfterRegister(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	var got []*Member
	w := newWorld(t, func(c *core.Config[*Member]) {
		c.Hooks.AfterRegister = func(ctx context.Context, u *Member) {
			cancel() // the caller goes away
			got = append(got, core.Clone(u))
			must(t, ctx.Err())
			wantEqual(t, "the context's value", ctx.Value(key{}), any("value"))
		}
	})
	u, err := w.Register(ctx, &Member{User: core.User{Email: "ann@example.com"}}, password)
	must(t, err)
	wantEqual(t, "users given to the hook", got, []*Member{u})
	wantEqual(t, "id", u.ID, "member-1")
}

func TestRegisterOfALeavingCaller(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.Register(ctx, &Member{User: core.User{Email: "ann@example.com"}}, password)
	wantErr(t, err, context.Canceled)
	wantEqual(t, "members kept", len(w.store.users), 0)
}

func TestLookUps(t *testing.T) {
	w := newWorld(t)
	ann := w.member("Ann@Example.com")
	tests := []struct {
		name string
		call func() (*Member, error)
		want error
	}{
		{"by id", func() (*Member, error) { return w.ByID(t.Context(), ann.ID) }, nil},
		{"by another id", func() (*Member, error) { return w.ByID(t.Context(), "other") }, core.ErrUserNotFound},
		{"by address, in other case", func() (*Member, error) { return w.ByEmail(t.Context(), " ann@EXAMPLE.com") }, nil},
		{"by another address", func() (*Member, error) { return w.ByEmail(t.Context(), "ben@example.com") }, core.ErrUserNotFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.call()
			wantErr(t, err, test.want)
			if test.want == nil {
				wantEqual(t, "member", got, ann)
			}
		})
	}
	shown, err := w.ParseEmail(" Ann@Example.com")
	must(t, err)
	wantEqual(t, "ParseEmail", shown, "Ann@Example.com")
}
