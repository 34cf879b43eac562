package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// wantMailLog checks that one line tells what went wrong, and no token.
func wantMailLog(t *testing.T, o *office, parts ...string) {
	t.Helper()
	line := o.log.String()
	for _, part := range append(parts, "level=ERROR", "kind=reset") {
		if !strings.Contains(line, part) {
			t.Errorf("log: got %q, want it to contain %q", line, part)
		}
	}
	for _, secret := range []string{signedMark, "password_fgpt", password, "hash:"} {
		if strings.Contains(line, secret) {
			t.Errorf("log: got %q, want it not to contain %q", line, secret)
		}
	}
	wantEqual(t, "lines in the log", strings.Count(line, "\n"), 1)
}

func TestMailFails(t *testing.T) {
	const text = "smtp: 451 try again"
	failing := func(f func(ports.Mail) error) func(*office) {
		return func(o *office) { o.mailer.during = func(_ context.Context, m ports.Mail) error { return f(m) } }
	}
	tests := []struct {
		name  string
		fault func(*office)
		want  []string
	}{
		{"mailer", failing(func(ports.Mail) error { return errors.New(text) }), []string{"mail not sent", text}},
		{"mailer that tells the token", failing(func(m ports.Mail) error { return fmt.Errorf("%s: token %s", text, m.Token) }),
			[]string{"mail not sent", text}},
		{"mailer that panics", failing(func(ports.Mail) error { panic(text) }), []string{"mailing panicked", text}},
		{"mailer that panics with an error", failing(func(ports.Mail) error { panic(errors.New(text)) }), []string{"mailing panicked", text}},
		{"mailer that panics with the mail", failing(func(m ports.Mail) error { panic(m) }), []string{"mailing panicked", "Ann@example.com"}},
		{"signer", func(o *office) { o.signer.during = func(ports.Claims) error { return errOutage } }, []string{"mail not sent", errOutage.Error()}},
		{"signer that panics", func(o *office) { o.signer.during = func(ports.Claims) error { panic(text) } }, []string{"mailing panicked", text}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hooked := 0
			o := newOffice(t, func(c *core.Config[*Member]) {
				c.Mail.Workers = 1
				c.Hooks.AfterForgotPassword = func(context.Context, *Member) { hooked++ }
			})
			o.put(subject())
			test.fault(o)
			must(t, o.ForgotPassword(t.Context(), "ann@example.com"))
			must(t, o.Drain(t.Context()))
			wantMailLog(t, o, test.want...)
			wantEqual(t, "hooks run", hooked, 0)
			wantEqual(t, "mails", len(o.mailer.sent()), 0)

			o.mailer.during, o.signer.during = nil, nil
			o.mail(o.ForgotPassword, "ann@example.com") // the worker lives on
			wantEqual(t, "hooks run afterwards", hooked, 1)
		})
	}
}

func TestHooksOfMails(t *testing.T) {
	for _, kind := range []string{"verify", "reset"} {
		t.Run(kind, func(t *testing.T) {
			type hooked struct {
				kind  string
				user  Member
				req   ports.Request
				mails int // that were handed over before
			}
			var got []hooked
			var o *office
			note := func(kind string) func(context.Context, *Member) {
				return func(ctx context.Context, u *Member) {
					wantEqual(t, "end of the context", ctx.Err(), nil)
					req, _ := core.RequestFrom(ctx)
					got = append(got, hooked{kind, *u, req, len(o.mailer.sent())})
				}
			}
			o = newOffice(t, func(c *core.Config[*Member]) {
				c.Hooks.AfterRequestVerify, c.Hooks.AfterForgotPassword = note("verify"), note("reset")
			})
			ann := o.put(subject(unverified))
			o.put(named("ben", inactive))
			silent := []string{"eve@example.com", "ben@example.com"}
			if kind == "verify" {
				silent = append(silent, o.put(named("carl", func(u *Member) { u.IsVerified = true })).Email)
			}
			req := ports.Request{UserAgent: "curl"}
			ctx, cancel := context.WithCancel(core.WithRequest(t.Context(), req))
			o.mailer.during = func(context.Context, ports.Mail) error { cancel(); return nil }
			for _, address := range append(silent, "ann@example.com") {
				must(t, o.two()[kind](ctx, address))
			}
			must(t, o.Drain(t.Context()))
			wantEqual(t, "hooks run", got, []hooked{{kind, *ann, req, 1}})
			wantEqual(t, "log", o.log.String(), "")
		})
	}
}

func TestHookOfAMailPanics(t *testing.T) {
	o := newOffice(t, func(c *core.Config[*Member]) {
		c.Hooks.AfterForgotPassword = func(context.Context, *Member) { panic("hook") }
	})
	o.put(subject())
	o.mail(o.ForgotPassword, "ann@example.com")
	wantMailLog(t, o, "mailing panicked", "hook")
}
