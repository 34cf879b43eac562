package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// phcHasher knows hashes that start with a dollar as well, as those of PHC
// strings do.
type phcHasher struct{ *hasher }

func (h phcHasher) Cost(hash string) int64 { return h.hasher.Cost(strings.TrimPrefix(hash, "$")) }

func (h phcHasher) Verify(password, hash string) (ok, outdated bool, err error) {
	return h.hasher.Verify(password, strings.TrimPrefix(hash, "$"))
}

// phc makes the manager use a phcHasher. What it counts is the office's.
func phc(c *core.Config[*Member]) { c.Hasher = phcHasher{c.Hasher.(*hasher)} }

// legacy is what a token of FastAPI Users says that resets the password with
// that hash: its fingerprint is a password hash of the hash.
func legacy(hash string) ports.Claims {
	return ports.Claims{
		Subject: "ann", Values: []ports.Claim{{Name: "password_fgpt", Value: "$hash:1:0:" + hash}},
		Audience: "fastapi-users:reset", Expires: noon.Add(time.Hour),
	}
}

// resetting is what a good token for ann says, changed.
func resetting(tweaks ...func(*ports.Claims)) func(o *office) string {
	return func(o *office) string {
		o.mail(o.ForgotPassword, "ann@example.com")
		c := o.signer.signed[len(o.signer.signed)-1]
		for _, tweak := range tweaks {
			tweak(&c)
		}
		return o.forge(c)
	}
}

// since makes a token, and then something happen.
func since(event func(o *office)) func(o *office) string {
	return func(o *office) string {
		token := o.mail(o.ForgotPassword, "ann@example.com")
		event(o)
		return token
	}
}

func updated(c change) func(o *office) {
	return func(o *office) {
		_, err := o.Update(o.t.Context(), o.row("ann"), c)
		must(o.t, err)
	}
}

func TestResetPassword(t *testing.T) {
	from := func(c ports.Claims) func(*office) string {
		return func(o *office) string { return o.forge(c) }
	}
	later := func(d time.Duration) func(o *office) { return func(o *office) { o.now = noon.Add(d) } }
	const good, bad = true, false
	tests := []struct {
		name  string
		user  []func(*Member)
		token func(o *office) string
		want  bool
	}{
		{"as mailed", nil, resetting(), good},
		{"unverified user", []func(*Member){unverified}, resetting(), good},
		{"just before it expires", nil, since(later(time.Hour - time.Microsecond)), good},
		{"when it expires", nil, since(later(time.Hour)), bad},
		{"without a lifetime", nil, resetting(func(c *ports.Claims) { c.Expires = time.Time{} }), good},
		{"address changed since", nil, since(updated(change{Email: ptr("b@c.d")})), bad},
		{"address spelt otherwise since", nil, since(updated(change{Email: ptr("Ann@example.com")})), good},
		{"profile changed since", nil, since(updated(change{Apply: func(u *Member) error { u.Nickname = "A"; return nil }})), good},
		{"logged out everywhere since", nil, since(func(o *office) {
			_, err := o.EndSessions(o.t.Context(), o.row("ann"))
			must(o.t, err)
		}), good},
		{"logged in since", nil, since(func(o *office) { wantEqual(o.t, "login", o.lets("ann@example.com", password), true) }), good},
		{"logged in since, with an upgrade of the hash", nil, since(func(o *office) {
			o.hasher.version = 2
			wantEqual(o.t, "login", o.lets("ann@example.com", password), true)
		}), bad},
		{"password changed since", nil, since(updated(change{Password: ptr("lady of the lake")})), bad},
		{"password changed since to the same", nil, since(updated(change{Password: ptr(password)})), bad},
		{"used before", nil, since(func(o *office) {
			must(o.t, o.ResetPassword(o.t.Context(), o.mailer.sent()[0].Token, "lady of the lake"))
		}), bad},
		{"another one used before", nil, since(func(o *office) {
			o.now = o.now.Add(time.Minute)
			must(o.t, o.ResetPassword(o.t.Context(), o.mail(o.ForgotPassword, "ann@example.com"), "lady of the lake"))
		}), bad},
		{"deactivated since", nil, since(updated(change{IsActive: ptr(false)})), bad},
		{"deactivated and activated since", nil, since(func(o *office) {
			updated(change{IsActive: ptr(false)})(o)
			updated(change{IsActive: ptr(true)})(o)
		}), good},
		{"deleted since", nil, since(func(o *office) { must(o.t, o.store.Delete(o.t.Context(), "ann")) }), bad},
		{"another user", nil, resetting(func(c *ports.Claims) { c.Subject = "ben" }), bad},
		{"unknown user", nil, resetting(func(c *ports.Claims) { c.Subject = "eve" }), bad},
		{"no fingerprint", nil, resetting(func(c *ports.Claims) { c.Values = nil }), bad},
		{"empty fingerprint", nil, resetting(says("password_fgpt", "")), bad},
		{"the hash for a fingerprint", nil, resetting(says("password_fgpt", "hash:1:0:"+password)), bad},
		{"fingerprint under another name", nil, resetting(func(c *ports.Claims) { c.Values[0].Name = "fgpt" }), bad},
		{"for a verification", nil, func(o *office) string { o.edit("ann", unverified); return o.mail(o.RequestVerify, "ann@example.com") }, bad},
		{"for a verification, with a fingerprint", nil, resetting(func(c *ports.Claims) { c.Audience = "fastapi-users:verify" }), bad},
		{"of a session", nil, func(o *office) string { return o.token(o.header, o.row("ann")) }, bad},
		{"none", nil, func(*office) string { return "" }, bad},
		{"legacy", nil, from(legacy("hash:1:0:" + password)), good},
		{"legacy, of another hash", nil, from(legacy("hash:1:1:" + password)), bad},
		{"legacy, of the password", nil, from(legacy(password)), bad},
		{"legacy, of an unknown kind", nil, resetting(says("password_fgpt", "$2y$hash:1:0:"+password)), bad},
		{"legacy, of an inactive user", []func(*Member){inactive}, from(legacy("hash:1:0:" + password)), bad},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asked := 0
			o := newOffice(t, phc, func(c *core.Config[*Member]) {
				c.ValidatePassword = func(context.Context, string, *Member) error { asked++; return nil }
			})
			o.put(subject(test.user...))
			o.put(named("ben", func(u *Member) { u.HashedPassword = "hash:1:7:" + password }))
			token := test.token(o)
			var session string
			before, err := o.store.read("ann")
			if err == nil {
				session = o.token(o.header, before)
			}
			asked = 0
			err = o.ResetPassword(t.Context(), token, other)
			if !test.want {
				wantErr(t, err, core.ErrInvalidToken)
				after, _ := o.store.read("ann")
				wantEqual(t, "the user kept", after, before)
				wantEqual(t, "times that the policy was asked", asked, 0)
				return
			}
			must(t, err)
			after := o.row("ann")
			if after.HashedPassword == before.HashedPassword || !strings.HasSuffix(after.HashedPassword, ":"+other) {
				t.Errorf("hash kept: got %q, want a new one of the new password", after.HashedPassword)
			}
			before.HashedPassword, before.UpdatedAt = after.HashedPassword, o.now
			before.SessionEpoch++
			before.Revision++
			wantEqual(t, "the user kept", after, before)
			wantEqual(t, "whether a session lives on", o.lives(session), false)
			wantErr(t, o.ResetPassword(t.Context(), token, "lady of the lake"), core.ErrInvalidToken)
		})
	}
}

// What another call does while a password is reset.
func TestResetPasswordRaces(t *testing.T) {
	tests := []struct {
		name string
		do   func(o *office)
		want error
	}{
		{"deleted", func(o *office) { must(o.t, o.store.Delete(o.t.Context(), "ann")) }, core.ErrInvalidToken},
		{"deactivated", updated(change{IsActive: ptr(false)}), core.ErrInvalidToken},
		{"another password", updated(change{Password: ptr("lady of the lake")}), core.ErrInvalidToken},
		{"the hash upgraded", func(o *office) {
			o.edit("ann", func(u *Member) { u.HashedPassword = "hash:2:9:" + password; u.Revision++ })
		}, core.ErrInvalidToken},
		{"another address", updated(change{Email: ptr("b@c.d")}), core.ErrInvalidToken},
	}
	for _, test := range tests {
		for _, point := range []string{"Update", "Update/write"} {
			t.Run(test.name+" before "+point, func(t *testing.T) {
				hooked := 0
				o := newOffice(t, func(c *core.Config[*Member]) {
					c.Hooks.AfterResetPassword = func(context.Context, *Member) { hooked++ }
				})
				o.put(subject())
				token := resetting()(o)
				o.once(point, func() { test.do(o) })
				wantErr(t, o.ResetPassword(t.Context(), token, other), test.want)
				wantEqual(t, "whether the hook ran", hooked == 1, test.want == nil)
				if u, err := o.store.read("ann"); err == nil {
					wantEqual(t, "whether the new password is kept", strings.HasSuffix(u.HashedPassword, ":"+other), test.want == nil)
					wantEqual(t, "whether the other change is kept", u.Revision > 8, true)
				}
				if test.want == nil {
					wantEqual(t, "address kept", o.row("ann").Email, "b@c.d")
				}
			})
		}
	}
}

func TestResetPasswordConcurrently(t *testing.T) {
	for _, test := range []struct {
		name  string
		token func(o *office) string
	}{
		{"ours", resetting()},
		{"legacy", func(o *office) string { return o.forge(legacy(o.row("ann").HashedPassword)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t, phc, func(c *core.Config[*Member]) { c.Hashing.Memory = 64 * hashCost })
			ann := o.put(subject())
			token := test.token(o)
			won := race(t, core.ErrInvalidToken, func() error { return o.ResetPassword(t.Context(), token, other) })
			wantEqual(t, "calls that reset the password", won, 1)
			wantEqual(t, "epoch", o.row("ann").SessionEpoch, ann.SessionEpoch+1)
			wantEqual(t, "revision", o.row("ann").Revision, ann.Revision+1)
			wantEqual(t, "whether the new password lets in", o.lets(ann.Email, other), true)
		})
	}
}
