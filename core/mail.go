package core

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gousher/usher/ports"
)

// Mailing sets up the mails that carry tokens. Its zero value sends none:
// Signer and Mailer come together.
type Mailing struct {
	// Signer signs the tokens.
	Signer ports.Signer
	// Mailer sends them.
	Mailer ports.Mailer
	// VerifyLifetime and ResetLifetime are how long tokens are good for, to
	// the second. Zero means one hour; less than a second or more than 24
	// hours is refused.
	VerifyLifetime, ResetLifetime time.Duration
	// Queue is how many mails may wait for a worker. Zero means 1,000. While
	// it is full, calls that would send a mail get a *BusyError, whether or
	// not there is a user to send it to.
	Queue int
	// Workers is how many mails are handed to Mailer at a time. Zero means 4.
	Workers int
	// Timeout bounds the work on one mail. Zero means 10 seconds.
	Timeout time.Duration
}

func (c *Mailing) setDefaults() {
	defaults := func(d *time.Duration, zero time.Duration) {
		if *d == 0 {
			*d = zero
		}
	}
	defaults(&c.VerifyLifetime, time.Hour)
	defaults(&c.ResetLifetime, time.Hour)
	defaults(&c.Timeout, 10*time.Second)
	if c.Queue == 0 {
		c.Queue = 1000
	}
	if c.Workers == 0 {
		c.Workers = 4
	}
}

func (c *Mailing) problems() []string {
	var out []string
	if (c.Signer == nil) != (c.Mailer == nil) {
		out = append(out, "Mail.Signer and Mail.Mailer come together, and one is missing")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"VerifyLifetime", c.VerifyLifetime}, {"ResetLifetime", c.ResetLifetime}} {
		if d.value != 0 && d.value < time.Second || d.value > 24*time.Hour {
			out = append(out, fmt.Sprintf("Mail.%s is %v, want 1s to 24h", d.name, d.value))
		}
	}
	if c.Queue < 0 || c.Workers < 0 || c.Timeout < 0 {
		out = append(out, "Mail.Queue, Mail.Workers or Mail.Timeout is negative")
	}
	return out
}

// Mails says whether the manager can send mails: whether Config.Mail has what
// it needs.
func (m *Manager[U]) Mails() bool { return m.cfg.Mail.Mailer != nil }

// Drain returns once no mail is queued or under way any more, or with the
// context's error. Call it before the program ends.
func (m *Manager[U]) Drain(ctx context.Context) error { return m.outbox.drain(ctx) }

// post queues a mail with a token that says claims. To is nil where there is
// nobody to send it to: the same work is done, and thrown away.
func (m *Manager[U]) post(ctx context.Context, kind string, to *User, claims ports.Claims, after func(context.Context)) error {
	at := m.now()
	lifetime := m.cfg.Mail.ResetLifetime
	if kind == kindVerify {
		lifetime = m.cfg.Mail.VerifyLifetime
	}
	claims.Expires = at.Add(lifetime).Truncate(time.Second)
	ctx = context.WithoutCancel(ctx)
	return m.outbox.add(func() {
		var token string
		ctx, cancel := context.WithTimeout(ctx, m.cfg.Mail.Timeout)
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				m.cfg.Log.ErrorContext(ctx, "usher: mailing panicked", "kind", kind, "panic", without(token, p))
			}
		}()
		token, err := m.cfg.Mail.Signer.Sign(ctx, claims)
		if err == nil && to != nil {
			err = m.cfg.Mail.Mailer.Send(ctx, ports.Mail{
				Kind: kind, Email: to.Email, UserID: to.ID, Token: token, At: at, Expires: claims.Expires,
			})
		}
		switch {
		case err != nil:
			m.cfg.Log.ErrorContext(ctx, "usher: mail not sent", "kind", kind, "error", without(token, err))
		case to != nil && after != nil:
			after(ctx)
		}
	})
}

// without is the text of v, which a mailer made, without the token that the
// mailer was given.
func without(token string, v any) string {
	text := fmt.Sprint(v)
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, "[token]")
}

// outbox is a queue of bounded length and the workers that empty it. They
// start when there is work and end when there is none.
type outbox struct {
	limit, workers int

	mu      sync.Mutex
	queue   []func()
	running int
	idle    chan struct{} // closed when running falls to 0; nil while it is
}

func (o *outbox) add(job func()) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.running < o.workers {
		if o.running++; o.idle == nil {
			o.idle = make(chan struct{})
		}
		go o.work(job)
		return nil
	}
	if len(o.queue) >= o.limit {
		return &BusyError{RetryAfter: time.Second}
	}
	o.queue = append(o.queue, job)
	return nil
}

func (o *outbox) work(job func()) {
	for job != nil {
		job()
		job = o.next()
	}
}

// next returns the next job, or nil where the worker is to end.
func (o *outbox) next() func() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) > 0 {
		job := o.queue[0]
		o.queue = o.queue[1:]
		return job
	}
	if o.running--; o.running == 0 {
		close(o.idle)
		o.idle = nil
	}
	return nil
}

func (o *outbox) drain(ctx context.Context) error {
	o.mu.Lock()
	idle := o.idle
	o.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
