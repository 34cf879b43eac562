package conformance

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// Legacy is a [ports.LegacyTokens], the stores that it adopts sessions into,
// and the other system's side of it.
type Legacy struct {
	Stores ports.Stores[*Member]
	Plain  ports.LegacyTokens
	// Plant keeps a session as the other system does: token, in the clear, of
	// that user, which ends at the given time, to the second.
	Plant func(t testing.TB, token, userID string, expires time.Time)
	// Left returns the tokens that are still kept in the clear.
	Left func(t testing.TB) []string
}

// TestLegacyTokens checks an implementation of [ports.LegacyTokens], which
// adopts tokens of the purpose "session". Open returns fresh, empty ones.
func TestLegacyTokens(t *testing.T, open func(t testing.TB) Legacy, of ...Subject) {
	run(t, "LegacyTokens", LegacyTokensCases(), of, open)
}

// plain is a token as FastAPI Users makes them.
const plain = "Abcdefghijklmnopqrstuvwxyz_0123456789-ABCDE"

// planted keeps a session of a new user that has an hour to live.
func planted(t testing.TB, l Legacy) (userID string, expires time.Time) {
	t.Helper()
	userID, expires = owner(t, l.Stores, "ann"), time.Now().UTC().Truncate(time.Second).Add(time.Hour)
	l.Plant(t, plain, userID, expires)
	return userID, expires
}

// wantAdopted checks that the token is kept under its digest and no other way.
func wantAdopted(t testing.TB, l Legacy, got ports.Token, userID string, expires time.Time) {
	t.Helper()
	require.Equal(t, []any{purpose, "digest", userID, int64(0)}, []any{got.Purpose, got.Digest, got.UserID, got.Epoch})
	require.NotEmpty(t, got.Family, "an adopted session cannot be told from others")
	require.WithinDuration(t, expires, got.ExpiresAt, 2*time.Second)
	wantToken(t, get(t, l.Stores, "digest"), got)
	require.Empty(t, l.Left(t), "tokens that are still in the clear")
}

// LegacyTokensCases returns the cases of [TestLegacyTokens].
func LegacyTokensCases() []Case[Legacy] {
	return []Case[Legacy]{
		{
			ID: "LG-01", Name: "Adopt/moves",
			Rule: "Adopt keeps the token under digest alone: it writes the digest, erases the plain value and keeps the expiry",
			Run: func(t testing.TB, l Legacy) {
				ann, expires := planted(t, l)
				got, err := l.Plain.Adopt(t.Context(), plain, "digest")
				must(t, err, "Adopt")
				wantAdopted(t, l, got, ann, expires)
				_, err = l.Plain.Adopt(t.Context(), plain, "digest")
				wantErr(t, "Adopt again", err, core.ErrTokenNotFound)
				_, err = l.Plain.Adopt(t.Context(), plain, "other")
				wantErr(t, "Adopt under another digest", err, core.ErrTokenNotFound)
				wantGone(t, l.Stores, purpose, "other")
			},
		},
		{
			ID: "LG-02", Name: "Adopt/race",
			Rule: "of concurrent calls for one token one returns it at least; the others may return core.ErrTokenNotFound, and find the token under its digest then",
			Run: func(t testing.TB, l Legacy) {
				ann, expires := planted(t, l)
				adopted := make(chan ports.Token, crowd)
				for i, err := range race(t, crowd, func(int) error {
					got, err := l.Plain.Adopt(t.Context(), plain, "digest")
					if err == nil {
						adopted <- got
						return nil
					}
					wantErr(t, "Adopt", err, core.ErrTokenNotFound)
					_, err = l.Stores.Tokens.Get(t.Context(), purpose, "digest")
					return err
				}) {
					must(t, err, "call ", i)
				}
				close(adopted)
				require.NotEmpty(t, adopted, "calls that returned the token")
				for got := range adopted {
					wantAdopted(t, l, got, ann, expires)
				}
			},
		},
		{
			ID: "LG-03", Name: "Adopt/what was not kept",
			Rule: "core.ErrTokenNotFound for what the other system did not keep",
			Run: func(t testing.TB, l Legacy) {
				planted(t, l)
				for _, other := range []string{
					"", " ", strings.ToLower(plain), strings.ToUpper(plain), plain + " ", " " + plain, plain[1:], plain + "x",
					strings.Replace(plain, "_", "%", 1), strings.Replace(plain, "A", "Á", 1), plain + "\x00", "\x00", "\xff", "' OR '1'='1", "%", "*",
				} {
					_, err := l.Plain.Adopt(t.Context(), other, "digest")
					wantErr(t, "Adopt", err, core.ErrTokenNotFound)
					wantGone(t, l.Stores, purpose, "digest")
				}
				require.Equal(t, []string{plain}, l.Left(t))
			},
		},
		{
			ID: "LG-04", Name: "Adopt/digests are no tokens",
			Rule: "rows that have a digest are none of it",
			Run: func(t testing.TB, l Legacy) {
				ours := put(t, l.Stores, token(owner(t, l.Stores, "ann"), "digest"))
				_, err := l.Plain.Adopt(t.Context(), "digest", "other")
				wantErr(t, "Adopt of a digest", err, core.ErrTokenNotFound)
				wantToken(t, get(t, l.Stores, "digest"), ours)
				wantGone(t, l.Stores, purpose, "other")
			},
		},
		{
			ID: "LG-05", Name: "Adopt/context ended",
			Rule: "when the context has ended, a method returns its error and does nothing",
			Run: func(t testing.TB, l Legacy) {
				planted(t, l)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err := l.Plain.Adopt(ctx, plain, "digest")
				wantErr(t, "Adopt", err, context.Canceled)
				wantGone(t, l.Stores, purpose, "digest")
				require.Equal(t, []string{plain}, l.Left(t))
			},
		},
	}
}
