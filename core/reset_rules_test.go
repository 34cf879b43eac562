package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// A refused password leaves the token as good as it was.
func TestResetPasswordPolicy(t *testing.T) {
	var users []*Member
	o := newOffice(t, func(c *core.Config[*Member]) {
		c.ValidatePassword = func(_ context.Context, password string, u *Member) error {
			users = append(users, core.Clone(u))
			u.Email = "scribble"
			switch password {
			case "password of ann":
				return &core.PasswordError{Reason: map[string]string{"code": "own name"}}
			case "password of the outage":
				return errOutage
			}
			return nil
		}
	})
	ann := o.put(subject())
	token := resetting()(o)
	session := o.token(o.header, ann)
	tests := []struct {
		name, password string
		reason         any
		want           error
	}{
		{"empty", "", "Password should be at least 8 characters", nil},
		{"short", "seven77", "Password should be at least 8 characters", nil},
		{"long", strings.Repeat("x", 1025), "Password should be at most 1024 characters", nil},
		{"common", "password", "Password is too common", nil},
		{"by the application", "password of ann", map[string]string{"code": "own name"}, nil},
		{"outage", "password of the outage", nil, errOutage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hashed, verified, calls := o.work(func() {
				err := o.ResetPassword(t.Context(), token, test.password)
				wantEqual(t, "reason", passwordReason(err), test.reason)
				if test.want != nil {
					wantErr(t, err, test.want)
				}
			})
			wantEqual(t, "hashes made and verified", []int{hashed, verified}, []int{0, 0})
			wantEqual(t, "calls of the store", calls, []string{"ByID"})
			wantEqual(t, "the user kept", o.row("ann"), ann)
			wantEqual(t, "whether a session lives on", o.lives(session), true)
		})
	}
	must(t, o.ResetPassword(t.Context(), token, other))
	wantEqual(t, "users that the application saw", users, []*Member{ann, ann, ann})
	wantEqual(t, "address kept", o.row("ann").Email, ann.Email)
}

// Nothing is hashed for a token that is no good, whatever the password.
func TestResetPasswordWork(t *testing.T) {
	tests := []struct {
		name             string
		token            func(o *office) string
		password         string
		hashed, verified int
		calls            []string
	}{
		{"good", resetting(), other, 1, 0, []string{"ByID", "Update", "Update/write"}},
		{"bad", func(*office) string { return "x" }, other, 0, 0, nil},
		{"bad, with a bad password", func(*office) string { return "x" }, "", 0, 0, nil},
		{"of another hash", resetting(says("password_fgpt", "x")), "", 0, 0, []string{"ByID"}},
		{"unknown user", resetting(func(c *ports.Claims) { c.Subject = "eve" }), "", 0, 0, []string{"ByID"}},
		{"legacy", func(o *office) string { return o.forge(legacy("hash:1:0:" + password)) }, other, 1, 1, []string{"ByID", "Update", "Update/write"}},
		{"legacy, of another hash", func(o *office) string { return o.forge(legacy("x")) }, other, 0, 1, []string{"ByID"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t, phc)
			o.put(subject())
			token := test.token(o)
			hashed, verified, calls := o.work(func() {
				if err := o.ResetPassword(t.Context(), token, test.password); err != nil {
					wantErr(t, err, core.ErrInvalidToken)
				}
			})
			wantEqual(t, "hashes made and verified", []int{hashed, verified}, []int{test.hashed, test.verified})
			wantEqual(t, "calls of the store", calls, test.calls)
		})
	}
}

// Both hashes, the new password's and a legacy fingerprint's, wait at the
// gate for their turn; a call that gets none has done nothing. What needs no
// hash does not wait.
func TestResetPasswordTakesTurns(t *testing.T) {
	from := func(c ports.Claims) func(o *office) string {
		return func(o *office) string { return o.forge(c) }
	}
	tests := []struct {
		name  string
		token func(o *office) string
		waits bool
		want  error
	}{
		{"ours", resetting(), true, nil},
		{"of another hash", resetting(says("password_fgpt", "x")), false, core.ErrInvalidToken},
		{"legacy", from(legacy("hash:1:0:" + password)), true, nil},
		{"legacy, of another hash", from(legacy("x")), true, core.ErrInvalidToken},
		{"legacy, of an unknown kind", resetting(says("password_fgpt", "$2y$x")), false, core.ErrInvalidToken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, phc, func(c *core.Config[*Member]) { c.Hashing.Memory = hashCost })
				ann := o.put(subject())
				token := test.token(o)
				leave := make(chan struct{})
				duringHasher(o.world, "Verify", func() { <-leave })
				go o.Authenticate(t.Context(), "eve@example.com", password) // holds the gate
				synctest.Wait()
				began := time.Now()
				err := o.ResetPassword(t.Context(), token, other)
				if test.waits {
					if _, ok := errors.AsType[*core.BusyError](err); !ok || time.Since(began) != 2*time.Second {
						t.Errorf("got %v after %v, want a *core.BusyError after 2s", err, time.Since(began))
					}
				} else {
					wantErr(t, err, test.want)
					wantEqual(t, "time waited", time.Since(began), 0)
				}
				wantEqual(t, "the user kept", o.row("ann"), ann)
				close(leave)
				synctest.Wait()
				wantErr(t, o.ResetPassword(t.Context(), token, other), test.want)
			})
		})
	}
}

// A login that verified the old password before the reset and makes its
// session afterwards gets in with the old epoch, which is worth nothing.
func TestResetPasswordRacesWithALogin(t *testing.T) {
	o := newOffice(t)
	ann := o.put(subject())
	token := resetting()(o)
	before := o.token(o.header, ann)
	duringHasher(o.world, "Verify", func() { must(t, o.ResetPassword(t.Context(), token, other)) })
	issued, err := o.auth.LoginWithPassword(t.Context(), ann.Email, password, core.Entry{Backend: "header"})
	must(t, err)
	wantEqual(t, "whether the session lives", o.lives(issued.Token), false)
	wantEqual(t, "whether one from before lives on", o.lives(before), false)

	u, err := o.Authenticate(t.Context(), ann.Email, other)
	must(t, err)
	issued, err = o.auth.Login(t.Context(), u, core.Entry{Backend: "header"})
	must(t, err)
	wantEqual(t, "whether a session of the new password lives", o.lives(issued.Token), true)
	wantEqual(t, "whether the old password lets in", o.lets(ann.Email, password), false)
}

func TestResetPasswordOutages(t *testing.T) {
	for _, point := range []string{"ByID", "Update", "Update/write", "Hash", "Verify"} {
		t.Run(point, func(t *testing.T) {
			o := newOffice(t, phc)
			ann := o.put(subject())
			token := o.forge(legacy(ann.HashedPassword))
			o.fail(point)
			o.hasher.during = func(call, _ string) error {
				if call == point {
					return errOutage
				}
				return nil
			}
			wantErr(t, o.ResetPassword(t.Context(), token, other), errOutage)
			wantEqual(t, "the user kept", o.row("ann"), ann)
			o.store.at, o.hasher.during = nil, nil
			must(t, o.ResetPassword(t.Context(), token, other))
		})
	}
	t.Run("a call that ends", func(t *testing.T) {
		o := newOffice(t)
		o.put(subject())
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantErr(t, o.ResetPassword(ctx, resetting()(o), other), context.Canceled)
	})
}

func TestAfterResetPassword(t *testing.T) {
	ctx, cancel := context.WithCancel(core.WithRequest(t.Context(), ports.Request{UserAgent: "curl"}))
	var o *office
	hooked := 0
	o = newOffice(t, func(c *core.Config[*Member]) {
		c.Hooks.AfterUpdate = func(context.Context, *Member, []string) { t.Error("AfterUpdate ran") }
		c.Hooks.AfterResetPassword = func(ctx context.Context, u *Member) {
			hooked++
			cancel()
			must(t, ctx.Err())
			req, _ := core.RequestFrom(ctx)
			wantEqual(t, "request", req, ports.Request{UserAgent: "curl"})
			wantEqual(t, "the user kept", o.row("ann"), u)
		}
	})
	o.put(subject())
	token := resetting()(o)
	if err := o.ResetPassword(ctx, token, "short"); err == nil {
		t.Error("short password: got no error")
	}
	wantEqual(t, "times that the hook ran after a refusal", hooked, 0)
	must(t, o.ResetPassword(ctx, token, other))
	wantErr(t, o.ResetPassword(t.Context(), token, other), core.ErrInvalidToken)
	wantEqual(t, "times that the hook ran", hooked, 1)
}

// linkedAccounts are the accounts of a user, as an OAuth keeps them.
type linkedAccounts struct {
	ports.AccountStore[*Member]
	list []ports.Account
	// asked and unlinked are called, where they are set, with how often that
	// was asked for.
	asked, unlinked   func(n int) error
	reads, takenAways int
}

func (l *linkedAccounts) AccountsOf(context.Context, string) ([]ports.Account, error) {
	l.reads++
	if l.asked != nil {
		if err := l.asked(l.reads); err != nil {
			return nil, err
		}
	}
	return slices.Clone(l.list), nil
}

func (l *linkedAccounts) Unlink(_ context.Context, userID, _, subject string, allow func(*Member, []ports.Account) error) error {
	l.takenAways++
	if l.unlinked != nil {
		if err := l.unlinked(l.takenAways); err != nil {
			return err
		}
	}
	l.list = slices.DeleteFunc(l.list, func(a ports.Account) bool { return a.UserID == userID && a.Subject == subject })
	return allow(nil, l.list)
}

// What goes wrong, and who comes back, while accounts are unlinked.
func TestResetPasswordUnlinks(t *testing.T) {
	const before, after = "before the password", "after it"
	account := ports.Account{Provider: "grail", Subject: "1", UserID: "ann"}
	at := func(n int, err error) func(int) error {
		return func(now int) error {
			if now == n {
				return err
			}
			return nil
		}
	}
	for _, test := range []struct {
		name   string
		user   func(*Member)
		set    func(o *office, l *linkedAccounts)
		want   error
		failed string // when
		epochs int64  // by how many the user's is raised
		left   int
	}{
		{"an account", unverified, nil, nil, "", 1, 0},
		{"an account that is gone", unverified, func(_ *office, l *linkedAccounts) {
			l.unlinked = func(int) error { l.list = nil; return core.ErrAccountNotFound }
		}, nil, "", 1, 0},
		{"of somebody who is verified", func(*Member) {}, nil, nil, "", 1, 1},
		{"accounts that cannot be read", unverified, func(_ *office, l *linkedAccounts) { l.asked = at(1, errOutage) }, errOutage, before, 0, 1},
		{"an account that cannot be unlinked", unverified, func(_ *office, l *linkedAccounts) { l.unlinked = at(1, errOutage) }, errOutage, before, 0, 1},
		{"accounts that cannot be read again", unverified, func(_ *office, l *linkedAccounts) { l.asked = at(2, errOutage) }, errOutage, after, 1, 0},
		{"linked meanwhile", unverified, func(_ *office, l *linkedAccounts) {
			l.asked = func(n int) error {
				if n == 2 {
					l.list = append(l.list, account)
				}
				return nil
			}
		}, nil, "", 2, 0},
		{"linked meanwhile, and not to be unlinked", unverified, func(_ *office, l *linkedAccounts) {
			l.asked = func(int) error { l.list = []ports.Account{account}; return nil }
			l.unlinked = at(2, errOutage)
		}, errOutage, after, 1, 1},
		{"linked again and again", unverified, func(_ *office, l *linkedAccounts) {
			l.asked = func(int) error { l.list = []ports.Account{account}; return nil }
		}, core.ErrConflict, after, 11, 0},
		{"deleted meanwhile", unverified, func(o *office, l *linkedAccounts) {
			l.asked = func(int) error { l.list = []ports.Account{account}; return nil }
			l.unlinked = func(n int) error {
				if n == 2 {
					return o.store.Delete(o.t.Context(), "ann")
				}
				return nil
			}
		}, nil, "", -1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			accounts := &linkedAccounts{list: []ports.Account{account}}
			o := newOffice(t, func(c *core.Config[*Member]) {
				c.Stores.Accounts, c.Stores.Tokens = accounts, struct{ ports.TokenStore }{}
			})
			_, err := core.NewOAuth(o.Manager, core.OAuthConfig{
				Providers: []ports.IdentityProvider{namedProvider{name: "grail"}}, Signer: o.signer, Keys: []core.SealingKey{{ID: "1", Key: make([]byte, 32)}},
			})
			must(t, err)
			o.put(subject(test.user))
			if test.set != nil {
				test.set(o, accounts)
			}
			old := o.row("ann")
			token := resetting()(o)
			wantErr(t, o.ResetPassword(t.Context(), token, other), test.want)
			wantEqual(t, "accounts left", len(accounts.list), test.left)
			now, err := o.store.read("ann")
			if test.epochs < 0 {
				wantErr(t, err, core.ErrUserNotFound)
				return
			}
			must(t, err)
			wantEqual(t, "epochs", now.SessionEpoch-old.SessionEpoch, test.epochs)
			wantEqual(t, "whether the password is set", strings.HasSuffix(now.HashedPassword, ":"+other), test.failed != before)
			if test.failed == before {
				must(t, o.ResetPassword(t.Context(), token, other))
			}
		})
	}
}
