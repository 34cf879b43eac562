package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// alteredSigner is a signer with its methods replaced.
type alteredSigner struct {
	ports.Signer
	sign   func(ctx context.Context, c ports.Claims) (string, error)
	verify func(ctx context.Context, token, audience string) (ports.Claims, error)
}

func (a *alteredSigner) Sign(ctx context.Context, c ports.Claims) (string, error) {
	if a.sign != nil {
		return a.sign(ctx, c)
	}
	return a.Signer.Sign(ctx, c)
}

func (a *alteredSigner) Verify(ctx context.Context, token, audience string) (ports.Claims, error) {
	if a.verify != nil {
		return a.verify(ctx, token, audience)
	}
	return a.Signer.Verify(ctx, token, audience)
}

func timedSigner(t testing.TB) conformance.TimedSigner {
	clock := conformance.NewClock()
	return conformance.TimedSigner{Signer: newSigner(t, clock), Clock: clock}
}

func alterSigner(edit func(a *alteredSigner, clock *conformance.Clock)) func(testing.TB) conformance.TimedSigner {
	return func(t testing.TB) conformance.TimedSigner {
		s := timedSigner(t)
		a := &alteredSigner{Signer: s.Signer}
		edit(a, s.Clock)
		s.Signer = a
		return s
	}
}

func TestSignerMutants(t *testing.T) {
	runMutants(t, "Signer", conformance.SignerCases(), timedSigner, []mutant[conformance.TimedSigner]{
		{"loses a claim", "SG-01", alterSigner(func(a *alteredSigner, _ *conformance.Clock) {
			a.sign = func(ctx context.Context, c ports.Claims) (string, error) {
				c.Values = c.Values[:min(len(c.Values), 1)]
				return a.Signer.Sign(ctx, c)
			}
		})},
		{"gives every token an end", "SG-01", alterSigner(func(a *alteredSigner, clock *conformance.Clock) {
			a.sign = func(ctx context.Context, c ports.Claims) (string, error) {
				if c.Expires.IsZero() {
					c.Expires = clock.Now().Add(time.Hour)
				}
				return a.Signer.Sign(ctx, c)
			}
		})},
		{"trims the audience", "SG-02", alterSigner(func(a *alteredSigner, _ *conformance.Clock) {
			a.verify = func(ctx context.Context, token, audience string) (ports.Claims, error) {
				return a.Signer.Verify(ctx, token, strings.TrimSpace(audience))
			}
		})},
		{"takes no audience for any", "SG-02", alterSigner(func(a *alteredSigner, _ *conformance.Clock) {
			a.verify = func(ctx context.Context, token, audience string) (ports.Claims, error) {
				if audience == "" {
					audience = "usher:test"
				}
				return a.Signer.Verify(ctx, token, audience)
			}
		})},
		{"trims what it is given", "SG-03", alterSigner(func(a *alteredSigner, _ *conformance.Clock) {
			a.verify = func(ctx context.Context, token, audience string) (ports.Claims, error) {
				return a.Signer.Verify(ctx, strings.TrimSpace(token), audience)
			}
		})},
		{"accepts a token at its expiry", "SG-04", alterSigner(func(a *alteredSigner, clock *conformance.Clock) {
			a.verify = func(ctx context.Context, token, audience string) (ports.Claims, error) {
				now := clock.Now()
				clock.Set(now.Add(-time.Microsecond))
				defer clock.Set(now)
				return a.Signer.Verify(ctx, token, audience)
			}
		})},
		{"tells why a token is invalid", "SG-05", alterSigner(func(a *alteredSigner, _ *conformance.Clock) {
			a.verify = func(ctx context.Context, token, audience string) (ports.Claims, error) {
				c, err := a.Signer.Verify(ctx, token, audience)
				if errors.Is(err, core.ErrInvalidToken) {
					err = fmt.Errorf("%w: not for %s", err, audience)
				}
				return c, err
			}
		})},
		{"takes a cancelled call for an invalid token", "SG-06", alterSigner(func(a *alteredSigner, _ *conformance.Clock) {
			a.verify = func(ctx context.Context, token, audience string) (ports.Claims, error) {
				if ctx.Err() != nil {
					return ports.Claims{}, core.ErrInvalidToken
				}
				return a.Signer.Verify(ctx, token, audience)
			}
		})},
	})
}

// drawer is a mailer that keeps what it is handed, with faults that can be
// switched on.
type drawer struct {
	drops, doubles, talks, late bool

	mu     sync.Mutex
	mails  []ports.Mail
	broken bool
}

func (d *drawer) Send(ctx context.Context, m ports.Mail) error {
	if err := ctx.Err(); err != nil && !d.late {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.broken && d.talks:
		return fmt.Errorf("drawer: %v does not fit", m)
	case d.broken:
		return errors.New("drawer: stuck")
	}
	if !d.drops || len(d.mails)%8 != 7 {
		d.mails = append(d.mails, m)
	}
	if d.doubles {
		d.mails = append(d.mails, m)
	}
	return ctx.Err()
}

func (d *drawer) postbox() conformance.Postbox {
	return conformance.Postbox{
		Mailer: d,
		Sent:   func() []ports.Mail { d.mu.Lock(); defer d.mu.Unlock(); return slices.Clone(d.mails) },
		Break:  func() { d.mu.Lock(); defer d.mu.Unlock(); d.broken = true },
	}
}

func TestMailerMutants(t *testing.T) {
	with := func(faults func(d *drawer)) func(testing.TB) conformance.Postbox {
		return func(testing.TB) conformance.Postbox {
			d := &drawer{}
			faults(d)
			return d.postbox()
		}
	}
	runMutants(t, "Mailer", conformance.MailerCases(), with(func(*drawer) {}), []mutant[conformance.Postbox]{
		{"loses messages", "MA-01", with(func(d *drawer) { d.drops = true })},
		{"sends twice", "MA-01", with(func(d *drawer) { d.doubles = true })},
		{"puts the message into its error", "MA-02", with(func(d *drawer) { d.talks = true })},
		{"sends after the context ended", "MA-03", with(func(d *drawer) { d.late = true })},
	})
}
