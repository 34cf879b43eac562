package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// Postbox is a mailer, what came out at its other end, and a way to break it.
type Postbox struct {
	ports.Mailer
	// Sent returns the messages that were handed over so far.
	Sent func() []ports.Mail
	// Break makes every further Send fail.
	Break func()
}

// TestMailer checks an implementation of [ports.Mailer].
func TestMailer(t *testing.T, open func(t testing.TB) Postbox, of ...Subject) {
	run(t, "Mailer", MailerCases(), of, open)
}

func mail(n int) ports.Mail {
	return ports.Mail{
		Kind: []string{"verify", "reset"}[n%2], Email: fmt.Sprintf("ann+%d@bücher.example", n), UserID: fmt.Sprint(n),
		Token: fmt.Sprintf("eyJ.token-%d.sig_-", n), At: when.Truncate(time.Second), Expires: when.Truncate(time.Second).Add(time.Hour),
	}
}

// MailerCases returns the cases of [TestMailer]. Of a message's times, At is
// compared.
func MailerCases() []Case[Postbox] {
	sent := func(p Postbox) []string {
		var out []string
		for _, m := range p.Sent() {
			out = append(out, fmt.Sprint(m.Kind, m.Email, m.UserID, m.Token, m.At.Unix()))
		}
		slices.Sort(out)
		return out
	}
	return []Case[Postbox]{
		{
			ID: "MA-01", Name: "Send/hands over",
			Rule: "Send hands the message over, once",
			Run: func(t testing.TB, p Postbox) {
				want := make([]string, 32)
				for i := range want {
					m := mail(i)
					want[i] = fmt.Sprint(m.Kind, m.Email, m.UserID, m.Token, m.At.Unix())
				}
				slices.Sort(want)
				for i, err := range race(t, len(want), func(i int) error { return p.Send(t.Context(), mail(i)) }) {
					must(t, err, "message ", i)
				}
				require.Equal(t, want, sent(p))
			},
		},
		{
			ID: "MA-02", Name: "Send/keeps the token out of errors",
			Rule: "Send must not put the token into its error",
			Run: func(t testing.TB, p Postbox) {
				must(t, p.Send(t.Context(), mail(1)))
				p.Break()
				m := mail(2)
				err := p.Send(t.Context(), m)
				if err == nil {
					t.Fatal("Send of a broken mailer: got no error")
				}
				require.False(t, strings.Contains(err.Error(), m.Token), "the error holds the token")
			},
		},
		{
			ID: "MA-03", Name: "Send/cancelled before",
			Rule: "when the context has ended, Send returns its error and hands nothing over",
			Run: func(t testing.TB, p Postbox) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				wantErr(t, "Send", p.Send(ctx, mail(1)), context.Canceled)
				require.Empty(t, sent(p))
			},
		},
	}
}
