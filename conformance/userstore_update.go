package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/stretchr/testify/require"
)

// userStoreUpdate are the cases of compare-and-swap.
func userStoreUpdate() []Case[users] {
	return []Case[users]{
		{
			ID: "CR-05", Name: "Update/no lost update",
			Rule: "the write takes effect only if nobody else wrote the user since it was read",
			Run: func(t testing.TB, s users) {
				id := created(t, s, "a@e.com").ID
				all := meeting(16)
				for i, err := range race(t, 16, func(int) error {
					var first sync.Once
					for range 4 {
						if _, err := s.Update(t.Context(), id, func(m *Member) error {
							first.Do(all)
							m.Score++
							return nil
						}); err != nil {
							return err
						}
					}
					return nil
				}) {
					must(t, err, "caller ", i)
				}
				got := byID(t, s, id)
				require.EqualValues(t, 64, got.Score)
				require.EqualValues(t, 65, got.Revision)
			},
		},
		{
			ID: "CR-06", Name: "Update/different fields",
			Rule: "concurrent updates of different fields all take effect",
			Run: func(t testing.TB, s users) {
				id := created(t, s, "a@e.com").ID
				edits := []func(m *Member) error{
					func(m *Member) error { m.Nickname = "Ann"; return nil },
					func(m *Member) error { m.IsActive = false; return nil },
					func(m *Member) error { m.HashedPassword = "new"; return nil },
					func(m *Member) error { m.Tags = []string{"x"}; return nil },
					func(m *Member) error { m.EmailKey = "b@e.com"; return nil },
					func(m *Member) error { m.SessionEpoch++; return nil },
				}
				for i, err := range race(t, len(edits), func(i int) error { _, err := s.Update(t.Context(), id, edits[i]); return err }) {
					must(t, err, "edit ", i)
				}
				want := member("b@e.com")
				want.ID, want.Email, want.Revision = id, "a@e.com", 7
				want.Nickname, want.HashedPassword, want.Tags, want.SessionEpoch = "Ann", "new", []string{"x"}, 1
				want.IsActive = false
				wantSame(t, byID(t, s, id), want)
			},
		},
		{
			ID: "UP-01", Name: "Update/change refuses",
			Rule: "Update returns the error of change unwrapped and then writes nothing",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				refused := errors.New("refused")
				_, err := s.Update(t.Context(), m.ID, func(m *Member) error {
					m.Nickname, m.EmailKey = "x", "b@e.com"
					return refused
				})
				if err != refused {
					t.Fatalf("got error %v, want the one of change itself", err)
				}
				wantSame(t, byID(t, s, m.ID), m)
			},
		},
		{
			ID: "UP-02", Name: "Update/id and revision",
			Rule: "what change does to the id and the revision is ignored; the revision rises by one",
			Run: func(t testing.TB, s users) {
				m, other := created(t, s, "a@e.com"), created(t, s, "b@e.com")
				got, err := s.Update(t.Context(), m.ID, func(m *Member) error {
					m.ID, m.Revision, m.Nickname = other.ID, 41, "Ann"
					return nil
				})
				must(t, err)
				want := core.Clone(m)
				want.Revision, want.Nickname = 2, "Ann"
				wantSame(t, got, want)
				wantSame(t, byID(t, s, m.ID), want)
				wantSame(t, byID(t, s, other.ID), other)
			},
		},
		{
			ID: "UP-03", Name: "Update/starts again",
			Rule: "change may run several times, each time on a fresh copy",
			Run: func(t testing.TB, s users) {
				id := created(t, s, "a@e.com").ID
				var runs int
				got, err := s.Update(t.Context(), id, func(m *Member) error {
					if runs++; runs == 1 {
						must(t, inOther(func() error {
							_, err := s.Update(t.Context(), id, func(m *Member) error { m.Score = 5; return nil })
							return err
						}))
					}
					m.Nickname += "x"
					m.Score++
					return nil
				})
				must(t, err)
				require.Equal(t, 2, runs)
				require.Equal(t, "x", got.Nickname)
				require.EqualValues(t, 6, got.Score)
				wantSame(t, byID(t, s, id), got)
			},
		},
		{
			ID: "UP-04", Name: "Update/gives up",
			Rule: "Update starts again at most 100 times and then returns core.ErrConflict",
			Run: func(t testing.TB, s users) {
				id := created(t, s, "a@e.com").ID
				var runs int64
				_, err := s.Update(t.Context(), id, func(m *Member) error {
					runs++
					must(t, inOther(func() error {
						_, err := s.Update(t.Context(), id, func(m *Member) error { m.Score++; return nil })
						return err
					}))
					m.Nickname = "x"
					return nil
				})
				wantErr(t, "Update", err, core.ErrConflict)
				require.LessOrEqual(t, runs, int64(100))
				got := byID(t, s, id)
				require.Equal(t, runs, got.Score)
				require.Empty(t, got.Nickname)
			},
		},
		{
			ID: "UP-05", Name: "Update/holds nothing",
			Rule: "no lock is held while change runs",
			Run: func(t testing.TB, s users) {
				id, other := created(t, s, "a@e.com").ID, created(t, s, "b@e.com").ID
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				release := make(chan struct{})
				var inside, done sync.WaitGroup
				inside.Add(crowd)
				for range crowd {
					var once sync.Once
					done.Go(func() {
						_, err := s.Update(ctx, id, func(m *Member) error {
							once.Do(inside.Done)
							<-release
							return errors.New("refused")
						})
						once.Do(inside.Done)
						if err == nil {
							t.Error("Update: got no error, want the one of change")
						}
					})
				}
				free := make(chan error, 1)
				go func() {
					inside.Wait()
					_, err := s.Update(ctx, id, func(m *Member) error { m.Nickname = "Ann"; return nil })
					if err == nil {
						err = s.Delete(ctx, other)
					}
					free <- err
				}()
				select {
				case err := <-free:
					close(release)
					done.Wait()
					must(t, err, "Update and Delete beside others")
				case <-ctx.Done():
					close(release)
					done.Wait()
					t.Fatal("Update and Delete did not return while other updates ran their change")
				}
				require.Equal(t, "Ann", byID(t, s, id).Nickname)
			},
		},
		{
			ID: "UP-06", Name: "Update/text that cannot be kept",
			Rule: "core.ErrInvalidValue as Create does",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				for name, spoil := range map[string]func(m *Member){
					"NUL in the key":  func(m *Member) { m.EmailKey = "b\x00@e.com" },
					"NUL in the hash": func(m *Member) { m.HashedPassword = "\x00" },
					"broken UTF-8":    func(m *Member) { m.Email = "\xff" },
					"no key":          func(m *Member) { m.EmailKey = "" },
				} {
					_, err := s.Update(t.Context(), m.ID, func(m *Member) error { spoil(m); return nil })
					wantErr(t, name, err, core.ErrInvalidValue)
				}
				wantSame(t, byID(t, s, m.ID), m)
			},
		},
		{
			ID: "UP-07", Name: "Update/keeps its own key",
			Rule: "core.ErrEmailTaken is for the key of another user",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				got, err := s.Update(t.Context(), m.ID, func(m *Member) error { m.Email, m.EmailKey = "A@E.com", "a@e.com"; return nil })
				must(t, err)
				require.Equal(t, "A@E.com", got.Email)
				found, err := s.ByEmail(t.Context(), "a@e.com")
				must(t, err)
				require.Equal(t, m.ID, found.ID)
			},
		},
		{
			ID: "CX-02b", Name: "Update/deadline during change",
			Rule: "when the context ends, Update returns its error, and nothing is written",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
				defer cancel()
				_, err := s.Update(ctx, m.ID, func(m *Member) error {
					m.Nickname = "x"
					<-ctx.Done()
					return nil
				})
				wantErr(t, "Update", err, context.DeadlineExceeded)
				wantSame(t, byID(t, s, m.ID), m)
			},
		},
		{
			ID: "CX-01b", Name: "Update/cancelled during change",
			Rule: "when the context ends, Update returns its error, and nothing is written",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				_, err := s.Update(ctx, m.ID, func(m *Member) error {
					m.Nickname = "x"
					cancel()
					return nil
				})
				wantErr(t, "Update", err, context.Canceled)
				wantSame(t, byID(t, s, m.ID), m)
			},
		},
	}
}

// userStoreDelete are the cases of Delete.
func userStoreDelete() []Case[users] {
	return []Case[users]{
		{
			ID: "CR-09", Name: "Delete/once",
			Rule: "of concurrent calls for one user one succeeds, the others return core.ErrUserNotFound",
			Run: func(t testing.TB, s users) {
				m, other := created(t, s, "a@e.com"), created(t, s, "b@e.com")
				wantOne(t, race(t, 16, func(int) error { return s.Delete(t.Context(), m.ID) }), core.ErrUserNotFound)
				wantNone(t, s, m.ID, "a@e.com")
				wantErr(t, "Delete again", s.Delete(t.Context(), m.ID), core.ErrUserNotFound)
				wantSame(t, byID(t, s, other.ID), other)
			},
		},
		{
			ID: "CR-09b", Name: "Update/never revives",
			Rule: "Update returns core.ErrUserNotFound where there is no such user any more",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				var once sync.Once
				_, err := s.Update(t.Context(), m.ID, func(u *Member) error {
					once.Do(func() { must(t, inOther(func() error { return s.Delete(t.Context(), m.ID) })) })
					u.Nickname = "x"
					return nil
				})
				wantErr(t, "Update", err, core.ErrUserNotFound)
				wantNone(t, s, m.ID, "a@e.com")
			},
		},
	}
}

// userStoreContext are the cases of contexts that end at any time.
func userStoreContext() []Case[users] {
	return []Case[users]{{
		ID: "CX-01c", Name: "Create/cancelled at any time",
		Rule: "when the context ends, what a method was asked to do has happened wholly or not at all",
		Run: func(t testing.TB, s users) {
			var there atomic.Int64
			for i := range 32 {
				ctx, cancel := context.WithCancel(t.Context())
				m := member(fmt.Sprintf("%d@e.com", i))
				m.Nickname, m.Tags = "whole", []string{"whole"}
				errs := race(t, 2, func(who int) error {
					if who == 0 {
						cancel()
						return nil
					}
					return s.Create(ctx, m)
				})
				cancel()
				if errs[1] != nil {
					wantErr(t, "Create", errs[1], context.Canceled)
				}
				got, err := s.ByEmail(t.Context(), m.EmailKey)
				if err != nil {
					wantErr(t, "ByEmail", err, core.ErrUserNotFound)
					require.Error(t, errs[1], "Create reported success and the user is not there")
					continue
				}
				there.Add(1)
				want := core.Clone(m)
				want.ID, want.Revision = got.ID, 1
				wantSame(t, got, want)
			}
			t.Logf("%d of 32 were kept", there.Load())
		},
	}, {
		ID: "CX-03", Name: "Every/ended at any time",
		Rule: "when the context ends, a method returns its error, and what it was asked to do has happened wholly or not at all",
		Run: func(t testing.TB, s users) {
			for round := range interruptions {
				m := created(t, s, fmt.Sprintf("%d@e.com", round))
				_, err := interrupted(t, round, func(ctx context.Context) (*Member, error) { return s.ByID(ctx, m.ID) })
				wantNilOrEnded(t, "ByID", err)
				_, err = interrupted(t, round, func(ctx context.Context) (*Member, error) { return s.ByEmail(ctx, m.EmailKey) })
				wantNilOrEnded(t, "ByEmail", err)
				_, failed := interrupted(t, round, func(ctx context.Context) (*Member, error) {
					return s.Update(ctx, m.ID, func(m *Member) error {
						m.Nickname, m.EmailKey, m.Tags = "whole", "new."+m.EmailKey, []string{"whole"}
						return nil
					})
				})
				wantNilOrEnded(t, "Update", failed)
				after := core.Clone(m)
				after.Nickname, after.EmailKey, after.Tags, after.Revision = "whole", "new."+m.EmailKey, []string{"whole"}, 2
				// An engine may do a moment later what it was asked to.
				wantWhole := func(got *Member) {
					if want := m; got.Revision == want.Revision {
						wantSame(t, got, want)
					} else {
						wantSame(t, got, after)
					}
				}
				got := byID(t, s, m.ID)
				wantWhole(got)
				require.True(t, failed != nil || got.Revision == 2, "Update reported success and wrote nothing")
				_, failed = interrupted(t, round, func(ctx context.Context) (*Member, error) { return nil, s.Delete(ctx, m.ID) })
				wantNilOrEnded(t, "Delete", failed)
				if got, err := s.ByID(t.Context(), m.ID); err == nil {
					require.Error(t, failed, "Delete reported success and the user is there")
					wantWhole(got)
				} else {
					wantNone(t, s, m.ID, m.EmailKey)
					wantNone(t, s, m.ID, after.EmailKey)
				}
			}
		},
	}}
}

// interruptions is how many calls of a kind are interrupted.
const interruptions = 24

// interrupted calls f with a context that ends while f runs, earlier or later
// from round to round, by a cancellation or by its deadline.
func interrupted[T any](t testing.TB, round int, f func(ctx context.Context) (T, error)) (T, error) {
	t.Helper()
	after := time.Duration(round) * 50 * time.Microsecond
	ctx, cancel := context.WithTimeout(t.Context(), after)
	if round%2 == 0 {
		ctx, cancel = context.WithCancel(t.Context())
		timer := time.AfterFunc(after, cancel)
		defer timer.Stop()
	}
	defer cancel()
	return f(ctx)
}

// wantNilOrEnded checks that err, if there is one, is that of a context that
// ended.
func wantNilOrEnded(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s: got %v, want the error of the context", what, err)
	}
}

// settle reads until what it reads agrees, and fails with problem where it never
// does: a server may do between two reads what it was asked to before the
// context of that ended.
func settle(t testing.TB, problem string, agrees func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Second); !agrees(); time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(end), problem)
	}
}

// inOther runs f in a goroutine of its own, as another caller would.
func inOther(f func() error) error {
	done := make(chan error)
	go func() { done <- f() }()
	return <-done
}
