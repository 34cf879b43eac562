package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// hours sets both lifetimes.
func hours(verify, reset time.Duration) func(*core.Config[*Member]) {
	return func(c *core.Config[*Member]) { c.Mail.VerifyLifetime, c.Mail.ResetLifetime = verify, reset }
}

func TestMail(t *testing.T) {
	tests := []struct {
		name  string
		kind  string
		tweak func(*core.Config[*Member])
		claim string
		want  time.Duration
	}{
		{"verify", "verify", hours(0, 0), "email", time.Hour},
		{"reset", "reset", hours(0, 0), "password_fgpt", time.Hour},
		{"verify, shortest", "verify", hours(time.Second, 0), "email", time.Second},
		{"reset, longest", "reset", hours(0, 24*time.Hour), "password_fgpt", 24 * time.Hour},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t, test.tweak)
			ann := o.put(subject(unverified))
			o.now = noon.Add(1999*time.Millisecond + 999*time.Nanosecond)
			token := o.mail(o.two()[test.kind], " ANN@example.com")
			at := noon.Add(1999 * time.Millisecond)
			expires := noon.Add(time.Second + test.want)
			wantEqual(t, "mails", o.mailer.sent(), []ports.Mail{
				{Kind: test.kind, Email: "Ann@example.com", UserID: "ann", Token: token, At: at, Expires: expires},
			})
			value := ann.Email
			if test.kind == "reset" {
				value = o.signer.signed[0].Value(test.claim)
				if value == "" || strings.Contains(value, ann.HashedPassword) {
					t.Errorf("fingerprint: got %q, want one that does not tell the hash", value)
				}
			}
			wantEqual(t, "claims", o.signer.signed, []ports.Claims{{
				Subject: "ann", Values: []ports.Claim{{Name: test.claim, Value: value}},
				Audience: "fastapi-users:" + test.kind, Expires: expires,
			}})
		})
	}
}

// Who is told nothing costs the same as who is sent a mail.
func TestMailsTakeEqualWork(t *testing.T) {
	tests := []struct {
		name, address string
		tweaks        []func(*Member)
		mails         map[string]int
	}{
		{"known", "ann@example.com", []func(*Member){unverified}, map[string]int{"verify": 1, "reset": 1}},
		{"known, in other case", "ANN@example.com ", []func(*Member){unverified}, map[string]int{"verify": 1, "reset": 1}},
		{"verified", "ann@example.com", nil, map[string]int{"reset": 1}},
		{"inactive", "ann@example.com", []func(*Member){unverified, inactive}, nil},
		{"unknown", "eve@example.com", []func(*Member){unverified}, nil},
		{"no address", "", []func(*Member){unverified}, nil},
	}
	for _, test := range tests {
		for _, kind := range []string{"verify", "reset"} {
			t.Run(kind+"/"+test.name, func(t *testing.T) {
				o := newOffice(t)
				ann := o.put(subject(test.tweaks...))
				hashed, verified, calls := o.work(func() {
					must(t, o.two()[kind](t.Context(), test.address))
					must(t, o.Drain(t.Context()))
				})
				wantEqual(t, "hashes made and verified", []int{hashed, verified}, []int{0, 0})
				wantEqual(t, "calls of the store", calls, []string{"ByEmail"})
				wantEqual(t, "mails", len(o.mailer.sent()), test.mails[kind])
				wantEqual(t, "the user kept", o.row(ann.ID), ann)
				wantEqual(t, "log", o.log.String(), "")
				if len(o.signer.signed) != 1 {
					t.Fatalf("tokens signed: got %d, want 1", len(o.signer.signed))
				}
				c := o.signer.signed[0]
				known := test.address != "" && !strings.HasPrefix(test.address, "eve") && o.row("ann").IsActive
				wantEqual(t, "whether the token is ann's", c.Subject == "ann", known)
				wantEqual(t, "expiry", c.Expires, noon.Add(time.Hour))
				wantEqual(t, "values", len(c.Values), 1)
			})
		}
	}
}

func TestMailOutages(t *testing.T) {
	for _, kind := range []string{"verify", "reset"} {
		t.Run(kind, func(t *testing.T) {
			o := newOffice(t)
			o.put(subject(unverified))
			o.fail("ByEmail")
			wantErr(t, o.two()[kind](t.Context(), "ann@example.com"), errOutage)
			wantErr(t, o.two()[kind](t.Context(), "eve@example.com"), errOutage)

			o.store.at = nil
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			wantErr(t, o.two()[kind](ctx, "ann@example.com"), context.Canceled)
			must(t, o.Drain(t.Context()))
			wantEqual(t, "tokens signed", len(o.signer.signed), 0)
		})
	}
}

func TestNoMail(t *testing.T) {
	w := newWorld(t)
	w.put(subject(unverified))
	wantEqual(t, "Mails", w.Mails(), false)
	wantEqual(t, "Mails of another", newOffice(t).Mails(), true)
	must(t, w.Drain(t.Context()))
	_, err := w.Verify(t.Context(), "token")
	for name, err := range map[string]error{
		"RequestVerify": w.RequestVerify(t.Context(), "ann@example.com"), "Verify": err,
		"ForgotPassword": w.ForgotPassword(t.Context(), "ann@example.com"), "ResetPassword": w.ResetPassword(t.Context(), "token", other),
	} {
		if err == nil || !strings.Contains(err.Error(), "Mail is missing") {
			t.Errorf("%s: got %v, want an error that names the field", name, err)
		}
	}
	wantEqual(t, "calls of the store", w.store.calls, nil)
}

func TestNewManagerNamesProblemsOfMails(t *testing.T) {
	const pair = "Mail.Signer and Mail.Mailer come together, and one is missing"
	const negative = "Mail.Queue, Mail.Workers or Mail.Timeout is negative"
	tests := []struct {
		name string
		mail core.Mailing
		want []string
	}{
		{"no mailer", core.Mailing{Signer: &signer{}}, []string{pair}},
		{"no signer", core.Mailing{Mailer: &mailer{}}, []string{pair}},
		{"negative verify lifetime", core.Mailing{VerifyLifetime: -time.Second}, []string{"Mail.VerifyLifetime is -1s, want 1s to 24h"}},
		{"verify lifetime without a unit", core.Mailing{VerifyLifetime: 3600}, []string{"Mail.VerifyLifetime is 3.6µs, want 1s to 24h"}},
		{"long verify lifetime", core.Mailing{VerifyLifetime: 24*time.Hour + 1}, []string{"Mail.VerifyLifetime is 24h0m0.000000001s, want 1s to 24h"}},
		{"long reset lifetime", core.Mailing{ResetLifetime: 25 * time.Hour}, []string{"Mail.ResetLifetime is 25h0m0s, want 1s to 24h"}},
		{"short reset lifetime", core.Mailing{ResetLifetime: time.Second - 1}, []string{"Mail.ResetLifetime is 999.999999ms, want 1s to 24h"}},
		{"negative queue", core.Mailing{Queue: -1}, []string{negative}},
		{"negative workers", core.Mailing{Workers: -1}, []string{negative}},
		{"negative timeout", core.Mailing{Timeout: -1}, []string{negative}},
		{"everything", core.Mailing{Signer: &signer{}, VerifyLifetime: -1, ResetLifetime: -1, Queue: -1},
			[]string{pair, "Mail.VerifyLifetime is -1ns, want 1s to 24h", "Mail.ResetLifetime is -1ns, want 1s to 24h", negative}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := config()
			cfg.Mail = test.mail
			_, err := core.NewManager(cfg)
			wantProblems(t, err, "core.Config", test.want...)
		})
	}
}
