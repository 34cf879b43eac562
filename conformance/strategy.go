package conformance

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// Clock is a clock that a case sets. It starts at a whole second.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands still.
func NewClock() *Clock { return &Clock{now: when.Truncate(time.Second)} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set makes the clock show at.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = at
}

// TimedStrategy is a strategy and the clock that it goes by.
type TimedStrategy struct {
	ports.Strategy
	Clock *Clock
}

// TestStrategy checks an implementation of [ports.Strategy]. Open returns one
// that goes by clock.Now and whose tokens live for a year at most.
func TestStrategy(t *testing.T, open func(t testing.TB, clock *Clock) ports.Strategy, of ...Subject) {
	run(t, "Strategy", StrategyCases(), of, func(t testing.TB) TimedStrategy {
		clock := NewClock()
		return TimedStrategy{open(t, clock), clock}
	})
}

func issue(t testing.TB, s TimedStrategy, g ports.Grant) (string, time.Time) {
	t.Helper()
	token, expires, err := s.Issue(t.Context(), g)
	must(t, err, "Issue")
	require.NotEmpty(t, token)
	return token, expires
}

func (s TimedStrategy) grant(id string, epoch int64) ports.Grant {
	return ports.Grant{UserID: id, Epoch: epoch, Methods: []string{"pwd"}, At: s.Clock.Now(), Family: "family"}
}

// forgeries returns texts that are not token, most of them nearly so.
func forgeries(token string) []string {
	forged := []string{"", " ", "x", "a.b.c", "..", "\x00", "\xff", token + "x", token + "\n", " " + token, token[1:], token[:len(token)-1], token + token}
	for i := range token {
		other := "A"
		if token[i] == 'A' {
			other = "B"
		}
		forged = append(forged, token[:i]+other+token[i+1:])
	}
	return forged
}

// StrategyCases returns the cases of [TestStrategy].
func StrategyCases() []Case[TimedStrategy] {
	return []Case[TimedStrategy]{
		{
			ID: "ST-01", Name: "Verify/round trip",
			Rule: "Verify returns the grant that token stands for",
			Run: func(t testing.TB, s TimedStrategy) {
				for _, g := range []ports.Grant{
					s.grant(core.UUIDs.New(), 0), s.grant("42", 1), s.grant("ünï \"quoted\" <&>", 1<<53-1),
				} {
					token, expires := issue(t, s, g)
					got, err := s.Verify(t.Context(), token)
					must(t, err, "Verify")
					require.Equal(t, g.UserID, got.UserID)
					require.Equal(t, g.Epoch, got.Epoch)
					require.True(t, got.Expires.Equal(expires), "got %v, want %v", got.Expires, expires)
				}
			},
		},
		{
			ID: "ST-02", Name: "Verify/what was not issued",
			Rule: "core.ErrInvalidToken for a token that this strategy did not issue or that was altered",
			Run: func(t testing.TB, s TimedStrategy) {
				token, _ := issue(t, s, s.grant("42", 0))
				for _, f := range forgeries(token) {
					_, err := s.Verify(t.Context(), f)
					wantErr(t, "Verify of a token that was not issued", err, core.ErrInvalidToken)
				}
			},
		},
		{
			ID: "ST-03", Name: "Verify/expiry",
			Rule: "a token is expired at the very instant of its expiry",
			Run: func(t testing.TB, s TimedStrategy) {
				token, expires := issue(t, s, s.grant("42", 0))
				require.True(t, expires.After(s.Clock.Now()), "the token expires at %v, before it was made", expires)
				s.Clock.Set(expires.Add(-time.Microsecond))
				_, err := s.Verify(t.Context(), token)
				must(t, err, "Verify just before the expiry")
				s.Clock.Set(expires)
				_, err = s.Verify(t.Context(), token)
				wantErr(t, "Verify at the expiry", err, core.ErrInvalidToken)
				s.Clock.Set(expires.Add(365 * 24 * time.Hour))
				_, err = s.Verify(t.Context(), token)
				wantErr(t, "Verify a year later", err, core.ErrInvalidToken)
			},
		},
		{
			ID: "ST-04", Name: "Issue/shorter life",
			Rule: "a strategy may shorten the life that g.Expires asks for, never lengthen it",
			Run: func(t testing.TB, s TimedStrategy) {
				g := s.grant("42", 0)
				g.Expires = s.Clock.Now().Add(2 * time.Second)
				token, expires := issue(t, s, g)
				require.False(t, expires.IsZero() || expires.After(g.Expires), "expires %v, want %v or before", expires, g.Expires)
				s.Clock.Set(g.Expires)
				_, err := s.Verify(t.Context(), token)
				wantErr(t, "Verify", err, core.ErrInvalidToken)
			},
		},
		{
			ID: "ST-05", Name: "Issue/distinct",
			Rule: "no two calls that differ in UserID or Epoch return the same token",
			Run: func(t testing.TB, s TimedStrategy) {
				seen := map[string]bool{}
				for _, g := range []ports.Grant{s.grant("1", 0), s.grant("2", 0), s.grant("1", 2), s.grant("12", 0), s.grant("1", 1)} {
					token, _ := issue(t, s, g)
					require.False(t, seen[token], "two grants have one token")
					seen[token] = true
				}
			},
		},
		{
			ID: "ST-06", Name: "End/worthless or not revocable",
			Rule: "End makes token worthless, or returns core.ErrNotRevocable; ending one that is not accepted is no error",
			Run: func(t testing.TB, s TimedStrategy) {
				token, expires := issue(t, s, s.grant("42", 0))
				other, _ := issue(t, s, s.grant("43", 0))
				ended := s.End(t.Context(), token)
				_, err := s.Verify(t.Context(), token)
				if ended == nil {
					wantErr(t, "Verify after End", err, core.ErrInvalidToken)
					must(t, s.End(t.Context(), token), "End again")
				} else {
					wantErr(t, "End", ended, core.ErrNotRevocable)
					must(t, err, "Verify of a token that cannot be ended")
				}
				_, err = s.Verify(t.Context(), other)
				must(t, err, "Verify of another token")
				must(t, s.End(t.Context(), "never issued"), "End of what was not issued")
				s.Clock.Set(expires)
				must(t, s.End(t.Context(), other), "End of an expired token")
			},
		},
		{
			ID: "ST-07", Name: "Verify/tells nothing",
			Rule: "Verify tells nothing more about why a token is invalid",
			Run: func(t testing.TB, s TimedStrategy) {
				token, expires := issue(t, s, s.grant("42", 0))
				texts := map[string]bool{}
				add := func(token string) {
					_, err := s.Verify(t.Context(), token)
					wantErr(t, "Verify", err, core.ErrInvalidToken)
					texts[err.Error()] = true
				}
				add("")
				add("x.y.z")
				add(token + "x")
				s.Clock.Set(expires)
				add(token)
				require.Len(t, texts, 1)
			},
		},
		{
			ID: "ST-08", Name: "Every/cancelled before",
			Rule: "when the context has ended, a method returns its error",
			Run: func(t testing.TB, s TimedStrategy) {
				token, _ := issue(t, s, s.grant("42", 0))
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, _, err := s.Issue(ctx, s.grant("42", 0))
				wantErr(t, "Issue", err, context.Canceled)
				_, err = s.Verify(ctx, token)
				wantErr(t, "Verify", err, context.Canceled)
				wantErr(t, "End", s.End(ctx, token), context.Canceled)
				_, err = s.Verify(t.Context(), token)
				must(t, err, "Verify afterwards")
			},
		},
	}
}
