package httpauth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gousher/usher/ports"
)

// work is how often each was called.
type work struct{ hashes, verifications, lookups, writes, signatures int64 }

// counter counts the calls of a hasher and of a store.
type counter struct {
	ports.PasswordHasher
	ports.UserStore[*Member]
	hashes, verifications, lookups, writes atomic.Int64
}

func (c *counter) Hash(password string) (string, error) {
	c.hashes.Add(1)
	return c.PasswordHasher.Hash(password)
}

func (c *counter) Verify(password, hash string) (ok, outdated bool, err error) {
	c.verifications.Add(1)
	return c.PasswordHasher.Verify(password, hash)
}

func (c *counter) ByEmail(ctx context.Context, key string) (*Member, error) {
	c.lookups.Add(1)
	return c.UserStore.ByEmail(ctx, key)
}

func (c *counter) ByID(ctx context.Context, id string) (*Member, error) {
	c.lookups.Add(1)
	return c.UserStore.ByID(ctx, id)
}

func (c *counter) Create(ctx context.Context, u *Member) error {
	c.writes.Add(1)
	return c.UserStore.Create(ctx, u)
}

func (c *counter) Update(ctx context.Context, id string, change func(*Member) error) (*Member, error) {
	c.writes.Add(1)
	return c.UserStore.Update(ctx, id, change)
}

func (c *counter) Delete(ctx context.Context, id string) error {
	c.writes.Add(1)
	return c.UserStore.Delete(ctx, id)
}

// Whether there is somebody to send a mail to shows neither in the answer nor
// in the work.
func TestMailsDoEqualWork(t *testing.T) {
	for _, c := range []struct {
		name, request string
		mails         int
	}{
		{"forgot, active", forgot("king@camelot.bt"), 1},
		{"forgot, unknown", forgot("lancelot@camelot.bt"), 0},
		{"forgot, inactive", forgot("mordred@camelot.bt"), 0},
		{"verify, not verified", askVerify("squire@camelot.bt"), 1},
		{"verify, verified", askVerify("king@camelot.bt"), 0},
		{"verify, unknown", askVerify("lancelot@camelot.bt"), 0},
		{"verify, inactive", askVerify("mordred@camelot.bt"), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			count := &counter{}
			w := newWorld(t, withMail, func(w *world) {
				count.PasswordHasher, count.UserStore = w.core.Hasher, w.core.Stores.Users
				w.core.Hasher, w.core.Stores.Users = count, count
			})
			made := count.hashes.Load() // by the manager, for itself
			if got := w.do(t, c.request); got != accepted {
				t.Errorf("got\n%s\nwant\n%s", got, accepted)
			}
			if got := len(w.mails(t)); got != c.mails {
				t.Errorf("got %d mails, want %d", got, c.mails)
			}
			got := work{count.hashes.Load() - made, count.verifications.Load(), count.lookups.Load(), count.writes.Load(), int64(w.signer.count)}
			if want := (work{lookups: 1, signatures: 1}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// While the queue is full, everybody is told so, whether or not there is
// anybody to send a mail to.
func TestFullQueue(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	w := newWorld(t, withMail, func(w *world) {
		w.core.Mail.Workers, w.core.Mail.Queue = 1, 1
		w.post.send = func(ports.Mail) error {
			entered <- struct{}{}
			<-release
			return nil
		}
	})
	const busy = "503\nCache-Control: no-store\nContent-Length: 32\nContent-Type: application/json\nRetry-After: 1\n\n" +
		`{"detail":"Service Unavailable"}`
	expect := func(name, request, want string) {
		t.Helper()
		if got := w.do(t, request); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
	}
	expect("sent at once", forgot("king@camelot.bt"), accepted)
	<-entered
	expect("queued", forgot("lancelot@camelot.bt"), accepted)
	for name, request := range map[string]string{
		"forgot, known": forgot("king@camelot.bt"), "forgot, unknown": forgot("lancelot@camelot.bt"),
		"verify, known": askVerify("squire@camelot.bt"), "verify, unknown": askVerify("lancelot@camelot.bt"),
	} {
		expect(name, request, busy)
	}
	close(release)
	if got := len(w.mails(t)); got != 1 {
		t.Errorf("got %d mails, want 1", got)
	}
	expect("sent again", forgot("lancelot@camelot.bt"), accepted)
	if w.log.String() != "" {
		t.Errorf("got log %q, want none", w.log)
	}
}

// A mailer that does not work is the operator's concern and nobody else's, and
// the operator is not told the token.
func TestMailerThatFails(t *testing.T) {
	for _, c := range []struct {
		name string
		send func(ports.Mail) error
		want []string
	}{
		{"error", func(ports.Mail) error { return errors.New("smtp: 451 try later") },
			[]string{"level=ERROR", `msg="usher: mail not sent"`, "kind=reset", "smtp: 451 try later"}},
		{"error with the token", func(m ports.Mail) error { return fmt.Errorf("smtp: refused %q", m.Token) },
			[]string{`msg="usher: mail not sent"`, "smtp: refused"}},
		{"panic", func(ports.Mail) error { panic("smtp: boom") },
			[]string{"level=ERROR", `msg="usher: mailing panicked"`, "kind=reset", "smtp: boom"}},
		{"panic with the token", func(m ports.Mail) error { panic(m) },
			[]string{`msg="usher: mailing panicked"`, "king@camelot.bt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMail, func(w *world) { w.post.send = c.send })
			for range 2 * 4 { // more than there are workers
				if got := w.do(t, forgot("king@camelot.bt")); got != accepted {
					t.Fatalf("got\n%s\nwant\n%s", got, accepted)
				}
			}
			mails := w.mails(t)
			if len(mails) != 8 {
				t.Fatalf("the mailer was given %d mails, want 8", len(mails))
			}
			for _, want := range c.want {
				if !strings.Contains(w.log.String(), want) {
					t.Errorf("log %q lacks %q", w.log, want)
				}
			}
			if strings.Contains(w.log.String(), mails[0].Token) {
				t.Errorf("the token is in the log %q", w.log)
			}
		})
	}
}

// A signer that cannot tell is an outage, and no bad token.
func TestSignerOutage(t *testing.T) {
	run(t, []exchange{
		{"reset", send("reset-password", `{"token":"x","password":"lady of the lake"}`), outage},
		{"verify", send("verify", `{"token":"x"}`), outage},
	}, withMail, func(w *world) { w.signer.err = errors.New("keys: unreachable") })
}
