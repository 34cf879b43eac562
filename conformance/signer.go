package conformance

import (
	"context"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// TimedSigner is a signer and the clock that it goes by.
type TimedSigner struct {
	ports.Signer
	Clock *Clock
}

// TestSigner checks an implementation of [ports.Signer]. Open returns one that
// goes by clock.Now.
func TestSigner(t *testing.T, open func(t testing.TB, clock *Clock) ports.Signer, of ...Subject) {
	run(t, "Signer", SignerCases(), of, func(t testing.TB) TimedSigner {
		clock := NewClock()
		return TimedSigner{open(t, clock), clock}
	})
}

const audience = "usher:test"

func (s TimedSigner) claims(subject string) ports.Claims {
	return ports.Claims{
		Subject: subject, Audience: audience, Expires: s.Clock.Now().Add(time.Hour),
		Values: []ports.Claim{{Name: "email", Value: "ann@example.com"}, {Name: "password_fgpt", Value: "ünï \"<&>\u2028"}},
	}
}

func sign(t testing.TB, s TimedSigner, c ports.Claims) string {
	t.Helper()
	token, err := s.Sign(t.Context(), c)
	must(t, err, "Sign")
	return token
}

// SignerCases returns the cases of [TestSigner].
func SignerCases() []Case[TimedSigner] {
	return []Case[TimedSigner]{
		{
			ID: "SG-01", Name: "Verify/round trip",
			Rule: "Verify returns what token says",
			Run: func(t testing.TB, s TimedSigner) {
				bare := ports.Claims{Subject: "42", Audience: audience, Expires: s.Clock.Now().Add(time.Second)}
				forever := s.claims(core.UUIDs.New())
				forever.Expires = time.Time{}
				for _, want := range []ports.Claims{s.claims("42"), bare, forever} {
					got, err := s.Verify(t.Context(), sign(t, s, want), audience)
					must(t, err, "Verify")
					require.True(t, got.Expires.Equal(want.Expires), "got %v, want %v", got.Expires, want.Expires)
					got.Expires = want.Expires
					if len(got.Values) == 0 {
						got.Values = want.Values
					}
					require.Equal(t, want, got)
				}
			},
		},
		{
			ID: "SG-02", Name: "Verify/another audience",
			Rule: "core.ErrInvalidToken for a token that was not signed for that audience",
			Run: func(t testing.TB, s TimedSigner) {
				token := sign(t, s, s.claims("42"))
				for _, other := range []string{"", "usher:other", "usher:tes", "usher:test ", "USHER:TEST"} {
					_, err := s.Verify(t.Context(), token, other)
					wantErr(t, "Verify for "+other, err, core.ErrInvalidToken)
				}
			},
		},
		{
			ID: "SG-03", Name: "Verify/what was not signed",
			Rule: "core.ErrInvalidToken for a token that was not signed by one of the signer's keys or that was altered",
			Run: func(t testing.TB, s TimedSigner) {
				for _, forged := range forgeries(sign(t, s, s.claims("42"))) {
					_, err := s.Verify(t.Context(), forged, audience)
					wantErr(t, "Verify of a token that was not signed", err, core.ErrInvalidToken)
				}
			},
		},
		{
			ID: "SG-04", Name: "Verify/expiry",
			Rule: "a token is expired at the very instant of its expiry",
			Run: func(t testing.TB, s TimedSigner) {
				c := s.claims("42")
				token := sign(t, s, c)
				s.Clock.Set(c.Expires.Add(-time.Microsecond))
				_, err := s.Verify(t.Context(), token, audience)
				must(t, err, "Verify just before the expiry")
				s.Clock.Set(c.Expires)
				_, err = s.Verify(t.Context(), token, audience)
				wantErr(t, "Verify at the expiry", err, core.ErrInvalidToken)
			},
		},
		{
			ID: "SG-05", Name: "Verify/tells nothing",
			Rule: "Verify tells nothing more about why a token is invalid",
			Run: func(t testing.TB, s TimedSigner) {
				c := s.claims("42")
				token := sign(t, s, c)
				texts := map[string]bool{}
				add := func(token, audience string) {
					_, err := s.Verify(t.Context(), token, audience)
					wantErr(t, "Verify", err, core.ErrInvalidToken)
					texts[err.Error()] = true
				}
				add("", audience)
				add(token+"x", audience)
				add(token, "usher:other")
				s.Clock.Set(c.Expires)
				add(token, audience)
				require.Len(t, texts, 1)
			},
		},
		{
			ID: "SG-06", Name: "Every/cancelled before",
			Rule: "when the context has ended, a method returns its error",
			Run: func(t testing.TB, s TimedSigner) {
				token := sign(t, s, s.claims("42"))
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err := s.Sign(ctx, s.claims("42"))
				wantErr(t, "Sign", err, context.Canceled)
				_, err = s.Verify(ctx, token, audience)
				wantErr(t, "Verify", err, context.Canceled)
			},
		},
	}
}
