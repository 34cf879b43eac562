package authtest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/gousher/usher/ports"
)

// Mailbox is a [ports.Mailer] that keeps what it is given. Its zero value is
// empty and ready to use. It is safe for concurrent use.
type Mailbox struct {
	mu    sync.Mutex
	mails []ports.Mail
	err   error
}

var _ ports.Mailer = (*Mailbox)(nil)

// Send implements [ports.Mailer].
func (b *Mailbox) Send(ctx context.Context, m ports.Mail) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return b.err
	}
	b.mails = append(b.mails, m)
	return nil
}

// Fail lets mails fail with err from now on, and arrive again where it is nil.
func (b *Mailbox) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// Mails returns the mails that arrived, in their order.
func (b *Mailbox) Mails() []ports.Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

// Drainer is a *core.Manager.
type Drainer interface {
	Drain(ctx context.Context) error
}

// Token waits until m has sent all mails that are under way, and returns the
// token of the last mail of that kind, "verify" or "reset", to that address.
// It fails the test where there is none.
func (b *Mailbox) Token(t testing.TB, m Drainer, kind, email string) string {
	t.Helper()
	if err := m.Drain(t.Context()); err != nil {
		t.Fatalf("authtest: mails are under way: %v", err)
	}
	for _, mail := range slices.Backward(b.Mails()) {
		if mail.Kind == kind && mail.Email == email {
			return mail.Token
		}
	}
	t.Fatalf("authtest: no mail of kind %q to %q", kind, email)
	return ""
}
