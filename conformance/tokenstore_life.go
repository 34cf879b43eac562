package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// tokenStoreLife are the cases of expiry and of what ends a token's life.
func tokenStoreLife() []Case[stores] {
	return []Case[stores]{
		{
			ID: "EX-01", Name: "Extend/later only",
			Rule: "Extend moves the token's expiry to until, if that is later: it never shortens a life",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				want, other := put(t, s, token(ann, "digest")), put(t, s, token(ann, "other"))
				later := want.ExpiresAt.Add(time.Hour + time.Microsecond)
				must(t, s.Tokens.Extend(t.Context(), purpose, "digest", later))
				want.ExpiresAt = later
				wantToken(t, get(t, s, "digest"), want)
				for _, earlier := range []time.Time{later.Add(-time.Microsecond), when, {}} {
					must(t, s.Tokens.Extend(t.Context(), purpose, "digest", earlier))
					wantToken(t, get(t, s, "digest"), want)
				}
				wantToken(t, get(t, s, "other"), other)
			},
		},
		{
			ID: "EX-02", Name: "Extend/what has no end or is gone",
			Rule: "a token that was removed, and one that never expires, it leaves alone without an error",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				forever := token(ann, "forever")
				forever.ExpiresAt = time.Time{}
				put(t, s, forever)
				must(t, s.Tokens.Extend(t.Context(), purpose, "forever", when.Add(time.Hour)))
				wantToken(t, get(t, s, "forever"), forever)
				put(t, s, token(ann, "gone"))
				_, err := s.Tokens.Take(t.Context(), purpose, "gone")
				must(t, err)
				must(t, s.Tokens.Extend(t.Context(), purpose, "gone", when.Add(time.Hour)))
				must(t, s.Tokens.Extend(t.Context(), purpose, "never", when.Add(time.Hour)))
				must(t, s.Tokens.Extend(t.Context(), "reset", "forever", when.Add(time.Hour)))
				wantGone(t, s, purpose, "gone")
				wantGone(t, s, purpose, "never")
				wantGone(t, s, "reset", "forever")
			},
		},
		{
			ID: "EX-03", Name: "Extend/race with the end",
			Rule: "Extend never gives a life to a token that was removed",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				for round := range 16 {
					d := fmt.Sprint("digest", round)
					tok := put(t, s, token(ann, d))
					errs := race(t, 16, func(i int) error {
						switch {
						case i == 7:
							_, err := s.Tokens.Take(t.Context(), purpose, d)
							return err
						case i%2 == 0:
							return s.Tokens.Extend(t.Context(), purpose, d, tok.ExpiresAt.Add(time.Duration(i+1)*time.Hour))
						default:
							if err := s.Tokens.Restamp(t.Context(), purpose, d, int64(i)); !errors.Is(err, core.ErrTokenNotFound) {
								return err
							}
							return nil
						}
					})
					for i, err := range errs {
						must(t, err, "call ", i)
					}
					wantGone(t, s, purpose, d)
				}
			},
		},
		{
			ID: "RS-01", Name: "Restamp/upwards",
			Rule: "Restamp sets the token's epoch, if the new one is greater, or returns core.ErrTokenNotFound",
			Run: func(t testing.TB, s stores) {
				want := put(t, s, token(owner(t, s, "ann"), "digest"))
				must(t, s.Tokens.Restamp(t.Context(), purpose, "digest", 5))
				want.Epoch = 5
				wantToken(t, get(t, s, "digest"), want)
				must(t, s.Tokens.Restamp(t.Context(), purpose, "digest", 5))
				must(t, s.Tokens.Restamp(t.Context(), purpose, "digest", 2))
				wantToken(t, get(t, s, "digest"), want)
				for _, key := range [][2]string{{purpose, "never"}, {"reset", "digest"}, {purpose, ""}, {purpose, "\x00"}} {
					wantErr(t, "Restamp", s.Tokens.Restamp(t.Context(), key[0], key[1], 9), core.ErrTokenNotFound)
				}
			},
		},
		{
			ID: "PU-01", Name: "Purge/expired only",
			Rule: "Purge removes tokens that expired before the given time, at most limit of them, and returns how many",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				soon := time.Now().UTC().Truncate(time.Microsecond).Add(time.Hour)
				for i := range 5 {
					tok := token(ann, fmt.Sprint("old", i))
					tok.ExpiresAt = soon.Add(time.Duration(i) * time.Minute)
					put(t, s, tok)
				}
				edge, forever := token(ann, "edge"), token(ann, "forever")
				edge.ExpiresAt, forever.ExpiresAt = soon.Add(time.Hour), time.Time{}
				put(t, s, edge)
				put(t, s, forever)
				for _, want := range []int{3, 2, 0} {
					n, err := s.Tokens.Purge(t.Context(), edge.ExpiresAt, 3)
					must(t, err)
					require.Equal(t, want, n)
				}
				wantToken(t, get(t, s, "edge"), edge)
				wantToken(t, get(t, s, "forever"), forever)
				n, err := s.Tokens.Purge(t.Context(), edge.ExpiresAt.Add(time.Microsecond), 3)
				must(t, err)
				require.Equal(t, 1, n)
			},
		},
		{
			ID: "PU-02", Name: "Purge/in parallel",
			Rule: "concurrent calls share the work and do not fail one another",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				soon := time.Now().UTC().Truncate(time.Microsecond).Add(time.Hour)
				for i := range 40 {
					tok := token(ann, fmt.Sprint("old", i))
					tok.ExpiresAt = soon
					put(t, s, tok)
				}
				live := put(t, s, token(ann, "live"))
				var removed atomic.Int64
				for i, err := range race(t, 4, func(int) error {
					for {
						n, err := s.Tokens.Purge(t.Context(), soon.Add(time.Second), 7)
						if removed.Add(int64(n)); err != nil || n == 0 {
							return err
						}
					}
				}) {
					must(t, err, "worker ", i)
				}
				must(t, purgeRest(t, s, soon, &removed))
				require.EqualValues(t, 40, removed.Load())
				wantToken(t, get(t, s, "live"), live)
			},
		},
		{
			ID: "CX-01", Name: "Every/context ended",
			Rule: "when the context has ended, a method returns its error and does nothing",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				want := put(t, s, token(ann, "digest"))
				for name, end := range map[string]struct {
					of   func() (context.Context, context.CancelFunc)
					want error
				}{
					"cancelled": {func() (context.Context, context.CancelFunc) {
						ctx, cancel := context.WithCancel(t.Context())
						cancel()
						return ctx, cancel
					}, context.Canceled},
					"late": {func() (context.Context, context.CancelFunc) {
						return context.WithDeadline(t.Context(), time.Unix(1, 0))
					}, context.DeadlineExceeded},
				} {
					ctx, cancel := end.of()
					wantErr(t, name+" Put", s.Tokens.Put(ctx, token(ann, "other")), end.want)
					_, err := s.Tokens.Take(ctx, purpose, "digest")
					wantErr(t, name+" Take", err, end.want)
					_, err = s.Tokens.Get(ctx, purpose, "digest")
					wantErr(t, name+" Get", err, end.want)
					wantErr(t, name+" Extend", s.Tokens.Extend(ctx, purpose, "digest", want.ExpiresAt.Add(time.Hour)), end.want)
					wantErr(t, name+" Restamp", s.Tokens.Restamp(ctx, purpose, "digest", 9), end.want)
					_, err = s.Tokens.ListUser(ctx, purpose, ann)
					wantErr(t, name+" ListUser", err, end.want)
					wantErr(t, name+" EndUser", s.Tokens.EndUser(ctx, purpose, ann, ""), end.want)
					_, err = s.Tokens.Purge(ctx, when.Add(24*365*100*time.Hour), 10)
					wantErr(t, name+" Purge", err, end.want)
					cancel()
				}
				wantGone(t, s, purpose, "other")
				wantToken(t, get(t, s, "digest"), want)
			},
		},
		{
			ID: "CX-03", Name: "Every/ended at any time",
			Rule: "when the context ends, a method returns its error, and what it was asked to do has happened wholly or not at all",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				for round := range interruptions {
					tok := token(ann, fmt.Sprint("digest", round))
					do := func(what string, f func(ctx context.Context) error) error {
						_, err := interrupted(t, round, func(ctx context.Context) (any, error) { return nil, f(ctx) })
						wantNilOrEnded(t, what, err)
						return err
					}
					failed := do("Put", func(ctx context.Context) error { return s.Tokens.Put(ctx, tok) })
					if _, err := s.Tokens.Get(t.Context(), purpose, tok.Digest); err != nil {
						wantErr(t, "Get", err, core.ErrTokenNotFound)
						require.Error(t, failed, "Put reported success and the token is not there")
						// An engine may do a moment later what it was asked to.
						if err := s.Tokens.Put(t.Context(), tok); !errors.Is(err, core.ErrTokenTaken) {
							must(t, err, "Put again")
						}
					}
					wantToken(t, get(t, s, tok.Digest), tok)
					later := tok.ExpiresAt.Add(time.Hour)
					failed = do("Extend", func(ctx context.Context) error { return s.Tokens.Extend(ctx, purpose, tok.Digest, later) })
					got := get(t, s, tok.Digest)
					require.True(t, failed != nil || got.ExpiresAt.Equal(later), "Extend reported success and wrote nothing")
					failed = do("Restamp", func(ctx context.Context) error { return s.Tokens.Restamp(ctx, purpose, tok.Digest, 9) })
					got = get(t, s, tok.Digest)
					require.True(t, failed != nil || got.Epoch == 9, "Restamp reported success and wrote nothing")
					wantWhole := func(got ports.Token) {
						want := tok
						if got.ExpiresAt.Equal(later) {
							want.ExpiresAt = later
						}
						if got.Epoch == 9 {
							want.Epoch = 9
						}
						wantToken(t, got, want)
					}
					wantWhole(got)
					for what, read := range map[string]func(ctx context.Context) error{
						"Get":      func(ctx context.Context) error { _, err := s.Tokens.Get(ctx, purpose, tok.Digest); return err },
						"ListUser": func(ctx context.Context) error { _, err := s.Tokens.ListUser(ctx, purpose, ann); return err },
						"EndUser":  func(ctx context.Context) error { return s.Tokens.EndUser(ctx, "nothing", ann, "") },
						"Purge":    func(ctx context.Context) error { _, err := s.Tokens.Purge(ctx, when, 1); return err },
					} {
						_ = do(what, read)
					}
					var taken ports.Token
					failed = do("Take", func(ctx context.Context) (err error) {
						taken, err = s.Tokens.Take(ctx, purpose, tok.Digest)
						return err
					})
					if failed == nil {
						wantWhole(taken)
						wantGone(t, s, purpose, tok.Digest)
					} else if got, err := s.Tokens.Get(t.Context(), purpose, tok.Digest); err == nil {
						wantWhole(got)
					}
				}
			},
		},
	}
}

// purgeRest removes what parallel workers may have left to one another.
func purgeRest(t testing.TB, s stores, soon time.Time, removed *atomic.Int64) error {
	for {
		n, err := s.Tokens.Purge(t.Context(), soon.Add(time.Second), 7)
		if removed.Add(int64(n)); err != nil || n == 0 {
			return err
		}
	}
}

// tokenStoreUser are the cases of a user's tokens.
func tokenStoreUser() []Case[stores] {
	return []Case[stores]{
		{
			ID: "SE-01", Name: "ListUser/order and bounds",
			Rule: "ListUser returns the user's tokens of that purpose, the newest first, and then by digest",
			Run: func(t testing.TB, s stores) {
				ann, bob := owner(t, s, "ann"), owner(t, s, "bob")
				for i, d := range []string{"b", "a", "d", "c"} {
					tok := token(ann, d)
					tok.CreatedAt = when.Add(time.Duration(i/2) * time.Microsecond)
					put(t, s, tok)
				}
				put(t, s, token(bob, "of-bob"))
				other := token(ann, "e")
				other.Purpose = "reset"
				put(t, s, other)
				list, err := s.Tokens.ListUser(t.Context(), purpose, ann)
				must(t, err)
				digests := ""
				for _, tok := range list {
					digests += tok.Digest
				}
				require.Equal(t, "cdab", digests)
				wantToken(t, list[0], get(t, s, "c"))
				for _, nobody := range []string{"", "nobody", core.UUIDs.New(), "\x00", "%"} {
					list, err = s.Tokens.ListUser(t.Context(), purpose, nobody)
					must(t, err)
					require.Empty(t, list, "%q", nobody)
				}
			},
		},
		{
			ID: "SE-02", Name: "EndUser/whose",
			Rule: "EndUser removes the user's tokens of that purpose, save those of the family exceptFamily; \"\" spares none",
			Run: func(t testing.TB, s stores) {
				ann, bob := owner(t, s, "ann"), owner(t, s, "bob")
				kept := put(t, s, token(ann, "kept"))
				put(t, s, token(ann, "ended"))
				bare := token(ann, "bare")
				bare.Family = ""
				put(t, s, bare)
				ofBob := put(t, s, token(bob, "of-bob"))
				reset := token(ann, "kept")
				reset.Purpose = "reset"
				put(t, s, reset)
				for _, nobody := range []string{"", "nobody", "%", "\x00"} {
					must(t, s.Tokens.EndUser(t.Context(), purpose, nobody, ""))
				}
				get(t, s, "ended")
				must(t, s.Tokens.EndUser(t.Context(), purpose, ann, kept.Family))
				wantToken(t, get(t, s, "kept"), kept)
				wantGone(t, s, purpose, "ended")
				wantGone(t, s, purpose, "bare")
				put(t, s, bare)
				must(t, s.Tokens.EndUser(t.Context(), purpose, ann, ""))
				wantGone(t, s, purpose, "kept")
				wantGone(t, s, purpose, "bare")
				wantToken(t, get(t, s, "of-bob"), ofBob)
				got, err := s.Tokens.Get(t.Context(), "reset", "kept")
				must(t, err)
				wantToken(t, got, reset)
				must(t, s.Tokens.EndUser(t.Context(), purpose, ann, ""), "EndUser again")
			},
		},
		{
			ID: "SE-03", Name: "EndUser/race with use",
			Rule: "a token that was removed does not come back",
			Run: func(t testing.TB, s stores) {
				ann := owner(t, s, "ann")
				for round := range 8 {
					digests := make([]string, 8)
					for i := range digests {
						digests[i] = fmt.Sprint(round, "-", i)
						put(t, s, token(ann, digests[i]))
					}
					for i, err := range race(t, 17, func(i int) error {
						switch d := digests[i%8]; {
						case i == 8:
							return s.Tokens.EndUser(t.Context(), purpose, ann, "")
						case i%3 == 0:
							if err := s.Tokens.Restamp(t.Context(), purpose, d, 7); !errors.Is(err, core.ErrTokenNotFound) {
								return err
							}
							return nil
						default:
							return s.Tokens.Extend(t.Context(), purpose, d, when.Add(24*365*80*time.Hour))
						}
					}) {
						must(t, err, "call ", i)
					}
					list, err := s.Tokens.ListUser(t.Context(), purpose, ann)
					must(t, err)
					require.Empty(t, list)
				}
			},
		},
	}
}

// SessionUsersCases returns the cases of [TestSessionUsers].
func SessionUsersCases() []Case[ports.Stores[*Member]] {
	return append([]Case[stores]{
		{
			ID: "SU-01", Name: "UserByToken/both",
			Rule: "UserByToken returns the token and its user",
			Run: func(t testing.TB, s stores) {
				require.True(t, any(s.Joined) == any(s.Tokens), "Joined is not the same value as Tokens")
				ann, bob := created(t, s.Users, "ann@e.com"), created(t, s.Users, "bob@e.com")
				for _, m := range []*Member{ann, bob} {
					want := put(t, s, token(m.ID, "of-"+m.Email))
					u, tok, err := s.Joined.UserByToken(t.Context(), purpose, want.Digest)
					must(t, err)
					wantSame(t, u, m)
					wantToken(t, tok, want)
				}
			},
		},
		{
			ID: "SU-02", Name: "UserByToken/neither",
			Rule: "core.ErrTokenNotFound where either is missing",
			Run: func(t testing.TB, s stores) {
				put(t, s, token(created(t, s.Users, "ann@e.com").ID, "digest"))
				for _, key := range [][2]string{{purpose, "never"}, {"reset", "digest"}, {purpose, "Digest"}, {purpose, ""}, {"", "digest"}, {purpose, "\x00"}, {purpose, "%"}} {
					_, _, err := s.Joined.UserByToken(t.Context(), key[0], key[1])
					wantErr(t, fmt.Sprintf("UserByToken %q", key), err, core.ErrTokenNotFound)
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, _, err := s.Joined.UserByToken(ctx, purpose, "digest")
				wantErr(t, "UserByToken", err, context.Canceled)
			},
		},
	}, TogetherCases()...)
}

// TogetherCases returns the cases of [TestTogether].
func TogetherCases() []Case[ports.Stores[*Member]] {
	return []Case[stores]{
		{
			ID: "CR-08", Name: "Delete/all that hangs on the user",
			Rule: "Delete removes the user and all that hangs on it",
			Run: func(t testing.TB, s stores) {
				ann, bob := created(t, s.Users, "ann@e.com"), created(t, s.Users, "bob@e.com")
				put(t, s, token(ann.ID, "digest"))
				reset := token(ann.ID, "reset")
				reset.Purpose = "reset"
				put(t, s, reset)
				ofBob := put(t, s, token(bob.ID, "of-bob"))
				must(t, s.Users.Delete(t.Context(), ann.ID))
				wantGone(t, s, purpose, "digest")
				wantGone(t, s, "reset", "reset")
				list, err := s.Tokens.ListUser(t.Context(), purpose, ann.ID)
				must(t, err)
				require.Empty(t, list)
				if s.Joined != nil {
					_, _, err = s.Joined.UserByToken(t.Context(), purpose, "digest")
					wantErr(t, "UserByToken", err, core.ErrTokenNotFound)
				}
				wantToken(t, get(t, s, "of-bob"), ofBob)
			},
		},
		{
			ID: "SU-03", Name: "Put/for nobody",
			Rule: "a store that keeps users as well returns core.ErrUserNotFound from Put for a user who is not there",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				must(t, s.Users.Delete(t.Context(), ann.ID))
				for _, id := range []string{ann.ID, core.UUIDs.New(), "nobody", ""} {
					wantErr(t, "Put", s.Tokens.Put(t.Context(), token(id, "digest")), core.ErrUserNotFound)
				}
				wantGone(t, s, purpose, "digest")
			},
		},
	}
}
