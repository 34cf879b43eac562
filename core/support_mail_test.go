package core_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// signer writes claims as they are. Its tokens are as good as its word.
type signer struct {
	now func() time.Time

	mu     sync.Mutex
	signed []ports.Claims
	// during runs within each call of Sign. What it returns is an outage.
	during func(ports.Claims) error
}

var _ ports.Signer = (*signer)(nil)

const signedMark = "signed:"

func (s *signer) Sign(_ context.Context, c ports.Claims) (string, error) {
	s.mu.Lock()
	s.signed = append(s.signed, c)
	during := s.during
	s.mu.Unlock()
	if during != nil {
		if err := during(c); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(c)
	return signedMark + string(text), err
}

func (s *signer) Verify(ctx context.Context, token, audience string) (ports.Claims, error) {
	if err := ctx.Err(); err != nil {
		return ports.Claims{}, err
	}
	text, ok := strings.CutPrefix(token, signedMark)
	var c ports.Claims
	if !ok || json.Unmarshal([]byte(text), &c) != nil || c.Audience != audience ||
		!c.Expires.IsZero() && !s.now().Before(c.Expires) {
		return ports.Claims{}, core.ErrInvalidToken
	}
	return c, nil
}

// mailer keeps the mails that it was handed.
type mailer struct {
	mu    sync.Mutex
	mails []ports.Mail
	// during runs within each call, before the mail is kept. What it returns
	// is returned, and the mail is not kept.
	during func(context.Context, ports.Mail) error
}

var _ ports.Mailer = (*mailer)(nil)

func (m *mailer) Send(ctx context.Context, mail ports.Mail) error {
	m.mu.Lock()
	during := m.during
	m.mu.Unlock()
	if during != nil {
		if err := during(ctx, mail); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, mail)
	return nil
}

// sent returns the mails that were handed over.
func (m *mailer) sent() []ports.Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]ports.Mail{}, m.mails...)
}

// office is a site that sends mails.
type office struct {
	*site
	signer *signer
	mailer *mailer
}

func newOffice(t *testing.T, tweaks ...func(*core.Config[*Member])) *office {
	t.Helper()
	o := &office{signer: &signer{}, mailer: &mailer{}}
	o.signer.now = func() time.Time { return o.now }
	mail := func(c *core.Config[*Member]) { c.Mail.Signer, c.Mail.Mailer = o.signer, o.mailer }
	o.site = newSite(t, append([]func(*core.Config[*Member]){mail}, tweaks...)...)
	return o
}

// two are the calls that send mails.
func (o *office) two() map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{"verify": o.RequestVerify, "reset": o.ForgotPassword}
}

// mail returns the token of the one mail that call sends to address.
func (o *office) mail(call func(context.Context, string) error, address string) string {
	o.t.Helper()
	before := len(o.mailer.sent())
	must(o.t, call(o.t.Context(), address))
	must(o.t, o.Drain(o.t.Context()))
	mails := o.mailer.sent()
	if len(mails) != before+1 {
		o.t.Fatalf("got %d mails, want one", len(mails)-before)
	}
	return mails[before].Token
}

// forge returns a good token that says c.
func (o *office) forge(c ports.Claims) string {
	o.t.Helper()
	token, err := o.signer.Sign(o.t.Context(), c)
	must(o.t, err)
	return token
}

// lives tells whether the session of token goes on.
func (o *office) lives(token string) bool {
	o.t.Helper()
	s, err := o.auth.Authenticate(o.t.Context(), request(token, ""), policy{Optional: true, AllowInactive: true})
	must(o.t, err)
	return s.OK
}
