package core_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// verification is what a token that verifies ann says.
func verification(tweaks ...func(*ports.Claims)) ports.Claims {
	c := ports.Claims{
		Subject: "ann", Values: []ports.Claim{{Name: "email", Value: "Ann@example.com"}},
		Audience: "fastapi-users:verify", Expires: noon.Add(time.Hour),
	}
	for _, tweak := range tweaks {
		tweak(&c)
	}
	return c
}

func says(name, value string) func(*ports.Claims) {
	return func(c *ports.Claims) { c.Values = []ports.Claim{{Name: name, Value: value}} }
}

func TestVerify(t *testing.T) {
	from := func(c ports.Claims) func(*office) string {
		return func(o *office) string { return o.forge(c) }
	}
	changed := func(email string) func(*office) string {
		return func(o *office) string {
			token := o.mail(o.RequestVerify, "ann@example.com")
			_, err := o.Update(o.t.Context(), o.row("ann"), change{Email: &email})
			must(o.t, err)
			return token
		}
	}
	at := func(d time.Duration) func(*office) string {
		return func(o *office) string {
			token := o.mail(o.RequestVerify, "ann@example.com")
			o.now = noon.Add(d)
			return token
		}
	}
	invalid := core.ErrInvalidToken
	tests := []struct {
		name  string
		user  []func(*Member)
		token func(o *office) string
		want  error
	}{
		{"as mailed", nil, at(0), nil},
		{"of a reference", nil, from(verification()), nil},
		{"of a reference without a lifetime", nil, from(verification(func(c *ports.Claims) { c.Expires = time.Time{} })), nil},
		{"address in other case", nil, from(verification(says("email", "ANN@example.com"))), nil},
		{"inactive", []func(*Member){inactive}, from(verification()), nil},
		{"deactivated since", nil, func(o *office) string {
			token := o.mail(o.RequestVerify, "ann@example.com")
			o.edit("ann", inactive)
			return token
		}, nil},
		{"just before it expires", nil, at(time.Hour - time.Microsecond), nil},
		{"when it expires", nil, at(time.Hour), invalid},
		{"verified", []func(*Member){func(u *Member) { u.IsVerified = true }}, from(verification()), core.ErrAlreadyVerified},
		{"used before", nil, func(o *office) string {
			token := o.mail(o.RequestVerify, "ann@example.com")
			_, err := o.Verify(o.t.Context(), token)
			must(o.t, err)
			return token
		}, core.ErrAlreadyVerified},
		{"used before another address", nil, func(o *office) string {
			token := o.mail(o.RequestVerify, "ann@example.com")
			_, err := o.Verify(o.t.Context(), token)
			must(o.t, err)
			_, err = o.Update(o.t.Context(), o.row("ann"), change{Email: ptr("b@c.d")})
			must(o.t, err)
			return token
		}, invalid},
		{"address changed since", nil, changed("b@c.d"), invalid},
		{"address changed to other case", nil, changed("ANN@EXAMPLE.COM"), nil},
		{"address of another user since", nil, func(o *office) string {
			token := changed("b@c.d")(o)
			o.put(named("ann2", unverified, func(u *Member) { u.EmailKey = "ann@example.com" }))
			return token
		}, invalid},
		{"address of another user", nil, from(verification(says("email", "ben@example.com"))), invalid},
		{"unknown address", nil, from(verification(says("email", "eve@example.com"))), invalid},
		{"empty address", nil, from(verification(says("email", ""))), invalid},
		{"no address", nil, from(verification(says("mail", "ann@example.com"))), invalid},
		{"another user", nil, from(verification(func(c *ports.Claims) { c.Subject = "ben" })), invalid},
		{"another user, both verified", []func(*Member){func(u *Member) { u.IsVerified = true }},
			from(verification(func(c *ports.Claims) { c.Subject = "ben" })), invalid},
		{"unknown user", nil, from(verification(func(c *ports.Claims) { c.Subject = "eve" })), invalid},
		{"user deleted since", nil, func(o *office) string {
			token := o.mail(o.RequestVerify, "ann@example.com")
			must(o.t, o.store.Delete(o.t.Context(), "ann"))
			return token
		}, invalid},
		{"for a reset", nil, func(o *office) string { return o.mail(o.ForgotPassword, "ann@example.com") }, invalid},
		{"for a reset, with an address", nil, from(verification(func(c *ports.Claims) { c.Audience = "fastapi-users:reset" })), invalid},
		{"of a session", nil, func(o *office) string { return o.token(o.header, o.row("ann")) }, invalid},
		{"none", nil, func(*office) string { return "" }, invalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t)
			ann := o.put(subject(append([]func(*Member){unverified}, test.user...)...))
			o.put(named("ben"))
			session := o.token(o.header, ann)
			token := test.token(o)
			before, err := o.store.read("ann")
			if err != nil { // deleted
				before = nil
			}
			o.now = o.now.Add(1)
			got, err := o.Verify(t.Context(), token)
			wantErr(t, err, test.want)
			if test.want == nil {
				before.IsVerified, before.Revision, before.UpdatedAt = true, before.Revision+1, o.now.Truncate(time.Microsecond)
				wantEqual(t, "user", got, before)
				wantEqual(t, "whether a session lives on", o.lives(session), true)
			} else {
				wantEqual(t, "user", got, nil)
			}
			if before != nil {
				wantEqual(t, "the user kept", o.row("ann"), before)
			}
			wantEqual(t, "whether ben is verified", o.row("ben").IsVerified, false)
		})
	}
}

// What another call does while a user is verified.
func TestVerifyRaces(t *testing.T) {
	tests := []struct {
		name string
		do   func(o *office)
		want error
	}{
		{"deleted", func(o *office) { must(o.t, o.store.Delete(o.t.Context(), "ann")) }, core.ErrInvalidToken},
		{"another address", func(o *office) {
			_, err := o.Update(o.t.Context(), o.row("ann"), change{Email: ptr("b@c.d")})
			must(o.t, err)
		}, core.ErrInvalidToken},
		{"verified by another call", func(o *office) {
			o.edit("ann", func(u *Member) { u.IsVerified = true; u.Revision++ })
		}, core.ErrAlreadyVerified},
		{"deactivated", func(o *office) { o.edit("ann", func(u *Member) { u.IsActive = false; u.Revision++ }) }, nil},
	}
	for _, test := range tests {
		for _, point := range []string{"Update", "Update/write"} {
			t.Run(test.name+" before "+point, func(t *testing.T) {
				hooked := 0
				o := newOffice(t, func(c *core.Config[*Member]) {
					c.Hooks.AfterVerify = func(context.Context, *Member) { hooked++ }
				})
				o.put(subject(unverified))
				token := o.forge(verification())
				o.once(point, func() { test.do(o) })
				_, err := o.Verify(t.Context(), token)
				wantErr(t, err, test.want)
				wantEqual(t, "whether the hook ran", hooked == 1, test.want == nil)
			})
		}
	}
}

func TestVerifyConcurrently(t *testing.T) {
	o := newOffice(t)
	ann := o.put(subject(unverified))
	verified := race(t, core.ErrAlreadyVerified, func() error {
		_, err := o.Verify(t.Context(), o.forge(verification()))
		return err
	})
	wantEqual(t, "calls that verified", verified, 1)
	wantEqual(t, "revision", o.row("ann").Revision, ann.Revision+1)
}

// race runs f 64 times at once and returns how often it got no error. The
// others are to get want.
func race(t *testing.T, want error, f func() error) (won int) {
	t.Helper()
	var all sync.WaitGroup
	errs := make(chan error, 64)
	start := make(chan struct{})
	for range cap(errs) {
		all.Go(func() {
			<-start
			errs <- f()
		})
	}
	close(start)
	all.Wait()
	close(errs)
	for err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, want):
			t.Errorf("got error %v, want %v", err, want)
		}
	}
	return won
}

func TestVerifyOutages(t *testing.T) {
	for _, point := range []string{"ByEmail", "Update", "Update/write"} {
		t.Run(point, func(t *testing.T) {
			o := newOffice(t)
			ann := o.put(subject(unverified))
			o.fail(point)
			_, err := o.Verify(t.Context(), o.forge(verification()))
			wantErr(t, err, errOutage)
			wantEqual(t, "the user kept", o.row("ann"), ann)
		})
	}
	t.Run("a call that ends", func(t *testing.T) {
		o := newOffice(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := o.Verify(ctx, o.forge(verification()))
		wantErr(t, err, context.Canceled)
	})
}

func TestAfterVerify(t *testing.T) {
	ctx, cancel := context.WithCancel(core.WithRequest(t.Context(), ports.Request{UserAgent: "curl"}))
	var got []*Member
	var o *office
	o = newOffice(t, func(c *core.Config[*Member]) {
		c.Hooks.AfterUpdate = func(context.Context, *Member, []string) { t.Error("AfterUpdate ran") }
		c.Hooks.AfterVerify = func(ctx context.Context, u *Member) {
			cancel()
			must(t, ctx.Err())
			req, _ := core.RequestFrom(ctx)
			wantEqual(t, "request", req, ports.Request{UserAgent: "curl"})
			wantEqual(t, "the user kept", o.row("ann"), u)
			got = append(got, u)
		}
	})
	o.put(subject(unverified))
	u, err := o.Verify(ctx, o.forge(verification()))
	must(t, err)
	_, err = o.Verify(t.Context(), o.forge(verification()))
	wantErr(t, err, core.ErrAlreadyVerified)
	wantEqual(t, "users", got, []*Member{u})
}
