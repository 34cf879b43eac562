package core_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// jam makes the mailer wait until it is told to go on.
func jam(o *office) (entered *int, release chan struct{}) {
	entered, release = new(int), make(chan struct{})
	o.mailer.during = func(context.Context, ports.Mail) error {
		o.mailer.mu.Lock()
		*entered++
		o.mailer.mu.Unlock()
		<-release
		return nil
	}
	return entered, release
}

func TestMailQueue(t *testing.T) {
	for _, kind := range []string{"verify", "reset"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, func(c *core.Config[*Member]) { c.Mail.Workers, c.Mail.Queue = 2, 3 })
				o.put(subject(unverified))
				call := o.two()[kind]
				entered, release := jam(o)
				for range 5 {
					must(t, call(t.Context(), "ann@example.com"))
				}
				synctest.Wait()
				wantEqual(t, "mails under way", *entered, 2)
				for _, address := range []string{"ann@example.com", "eve@example.com"} {
					err := call(t.Context(), address)
					busy, ok := errors.AsType[*core.BusyError](err)
					if !ok || busy.RetryAfter != time.Second {
						t.Errorf("%s: got %v, want a *core.BusyError of a second", address, err)
					}
				}
				release <- struct{}{}
				synctest.Wait()
				wantEqual(t, "mails under way or sent", *entered, 3)
				must(t, call(t.Context(), "eve@example.com")) // takes a place as well
				if err := call(t.Context(), "ann@example.com"); err == nil {
					t.Error("a fourth mail in the queue: got no error, want a *core.BusyError")
				}
				close(release)
				must(t, o.Drain(t.Context()))
				wantEqual(t, "mails sent", len(o.mailer.sent()), 5)
				wantEqual(t, "tokens signed", len(o.signer.signed), 6)
				o.mail(call, "ann@example.com")
			})
		})
	}
}

func TestMailDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		o.put(subject(unverified))
		entered, release := jam(o)
		for i := range 1004 {
			if err := o.ForgotPassword(t.Context(), "ann@example.com"); err != nil {
				t.Fatalf("mail %d: got error %v, want none", i, err)
			}
		}
		if err := o.ForgotPassword(t.Context(), "ann@example.com"); err == nil {
			t.Error("one more: got no error, want a *core.BusyError")
		}
		synctest.Wait()
		wantEqual(t, "mails under way", *entered, 4)
		close(release)
		must(t, o.Drain(t.Context()))
		wantEqual(t, "mails sent", len(o.mailer.sent()), 1004)
	})
}

// One worker sends in the order of the calls.
func TestMailOrder(t *testing.T) {
	o := newOffice(t, func(c *core.Config[*Member]) { c.Mail.Workers = 1 })
	var want, got []string
	for i := range 20 {
		u := o.put(named(fmt.Sprint("u", i)))
		want = append(want, u.ID)
		must(t, o.ForgotPassword(t.Context(), u.Email))
	}
	must(t, o.Drain(t.Context()))
	for _, m := range o.mailer.sent() {
		got = append(got, m.UserID)
	}
	wantEqual(t, "users", got, want)
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t, func(c *core.Config[*Member]) { c.Mail.Workers = 1 })
		o.put(subject(unverified))
		must(t, o.Drain(t.Context()))
		_, release := jam(o)
		must(t, o.RequestVerify(t.Context(), "ann@example.com"))
		must(t, o.RequestVerify(t.Context(), "ann@example.com"))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantErr(t, o.Drain(ctx), context.DeadlineExceeded)
		drained := make(chan error, 1)
		go func() { drained <- o.Drain(t.Context()) }()
		release <- struct{}{}
		synctest.Wait()
		select {
		case err := <-drained:
			t.Fatalf("got %v while a mail was under way, want it awaited", err)
		default:
		}
		close(release)
		must(t, <-drained)
		wantEqual(t, "mails sent", len(o.mailer.sent()), 2)
		must(t, o.Drain(t.Context()))
	})
}

func TestMailContext(t *testing.T) {
	type key struct{}
	for _, test := range []struct {
		name          string
		timeout, want time.Duration
	}{{"default", 0, 10 * time.Second}, {"configured", time.Minute, time.Minute}} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, func(c *core.Config[*Member]) { c.Mail.Timeout = test.timeout })
				o.put(subject())
				ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
				began, left := time.Now(), make(chan struct{})
				o.mailer.during = func(ctx context.Context, _ ports.Mail) error {
					<-left
					wantEqual(t, "end of the context", ctx.Err(), nil)
					wantEqual(t, "value of the context", ctx.Value(key{}), any("value"))
					deadline, _ := ctx.Deadline()
					wantEqual(t, "time until the deadline", deadline.Sub(began), test.want)
					<-ctx.Done()
					return ctx.Err()
				}
				must(t, o.ForgotPassword(ctx, "ann@example.com"))
				cancel()
				close(left)
				must(t, o.Drain(t.Context()))
				wantEqual(t, "time taken", time.Since(began), test.want)
				wantMailLog(t, o, "mail not sent", context.DeadlineExceeded.Error())
			})
		})
	}
}
