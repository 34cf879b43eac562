package conformance

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// Link is what lies between a store and its engine, with faults that can be
// switched on, one at a time.
type Link interface {
	// Cut ends all connections and lets none be made.
	Cut()
	// Stall lets nothing through and tells nobody.
	Stall()
	// Mute lets through what is sent, and no answers: the engine does what it
	// is asked, and nobody hears of it.
	Mute()
	// Mend ends the fault. Connections that it was on need not work.
	Mend()
}

// Faulty is stores, and the link to their engine.
type Faulty struct {
	// Stores has Tokens, and Users where they lie together.
	Stores ports.Stores[*Member]
	Link   Link
}

// TestFaults checks how stores bear an engine that cannot be reached, does not
// answer, or does what it is asked and does not say so. Open returns fresh,
// empty stores and the link to their engine, which is well.
func TestFaults(t *testing.T, open func(t testing.TB) Faulty, of ...Subject) {
	run(t, "Faults", FaultCases(), of, open)
}

const (
	// deadline is what calls get that are to run into it.
	deadline = 300 * time.Millisecond
	// promptly is how late a call may return after its context ended, on a
	// busy machine.
	promptly = 3 * time.Second
	// recovery is how long stores may take until they work again by
	// themselves once the link is mended.
	recovery = 5 * time.Second
)

// call is a method with arguments, and what it returns where all is well.
type call struct {
	name string
	do   func(ctx context.Context) error
	well error
}

// calls returns a call of every method of the stores.
func calls(t testing.TB, s stores) []call {
	t.Helper()
	ann := owner(t, s, "ann")
	put(t, s, token(ann, "digest"))
	n := 0
	all := []call{
		{"Put", func(ctx context.Context) error {
			n++
			return s.Tokens.Put(ctx, token(ann, fmt.Sprint("put", n)))
		}, nil},
		{"Take", func(ctx context.Context) error {
			_, err := s.Tokens.Take(ctx, "nothing", "digest")
			return err
		}, core.ErrTokenNotFound},
		{"Get", func(ctx context.Context) error { _, err := s.Tokens.Get(ctx, purpose, "digest"); return err }, nil},
		{"Extend", func(ctx context.Context) error {
			return s.Tokens.Extend(ctx, purpose, "digest", when.Add(24*365*60*time.Hour))
		}, nil},
		{"Restamp", func(ctx context.Context) error { return s.Tokens.Restamp(ctx, purpose, "digest", 7) }, nil},
		{"ListUser", func(ctx context.Context) error { _, err := s.Tokens.ListUser(ctx, purpose, ann); return err }, nil},
		{"EndUser", func(ctx context.Context) error { return s.Tokens.EndUser(ctx, "nothing", ann, "") }, nil},
		{"Purge", func(ctx context.Context) error { _, err := s.Tokens.Purge(ctx, when, 1); return err }, nil},
	}
	if s.Users == nil {
		return all
	}
	nobody := created(t, s.Users, "bob@e.com").ID
	must(t, s.Users.Delete(t.Context(), nobody))
	all = append(all,
		call{"Create", func(ctx context.Context) error {
			n++
			return s.Users.Create(ctx, member(fmt.Sprintf("%d@e.com", n)))
		}, nil},
		call{"ByID", func(ctx context.Context) error { _, err := s.Users.ByID(ctx, ann); return err }, nil},
		call{"ByEmail", func(ctx context.Context) error { _, err := s.Users.ByEmail(ctx, "ann@e.com"); return err }, nil},
		call{"Update", func(ctx context.Context) error {
			_, err := s.Users.Update(ctx, ann, func(m *Member) error { m.Score++; return nil })
			return err
		}, nil},
		call{"Delete", func(ctx context.Context) error { return s.Users.Delete(ctx, nobody) }, core.ErrUserNotFound},
	)
	if s.Joined != nil {
		all = append(all, call{"UserByToken", func(ctx context.Context) error {
			_, _, err := s.Joined.UserByToken(ctx, purpose, "digest")
			return err
		}, nil})
	}
	if s.Accounts == nil {
		return all
	}
	linked(t, s, ann, "1")
	return append(all,
		call{"CreateWith", func(ctx context.Context) error {
			n++
			return s.Accounts.CreateWith(ctx, member(fmt.Sprintf("%d@e.com", n)), account("", fmt.Sprint("new", n)))
		}, nil},
		call{"ByAccount", func(ctx context.Context) error { _, _, err := s.Accounts.ByAccount(ctx, "google", "1"); return err }, nil},
		call{"AccountsOf", func(ctx context.Context) error { _, err := s.Accounts.AccountsOf(ctx, ann); return err }, nil},
		call{"Link", func(ctx context.Context) error { return s.Accounts.Link(ctx, account(ann, "1"), nil) }, nil},
		call{"UpdateAccount", func(ctx context.Context) error {
			_, err := s.Accounts.UpdateAccount(ctx, "google", "1", func(a *ports.Account) error { a.Email += "x"; return nil })
			return err
		}, nil},
		call{"Unlink", func(ctx context.Context) error {
			return s.Accounts.Unlink(ctx, ann, "google", "2", func(*Member, []ports.Account) error { return nil })
		}, core.ErrAccountNotFound},
	)
}

// wantOutage checks that err is what callers answer with "unavailable".
func wantOutage(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: got no error, want an outage", what)
	}
	for _, domain := range []error{
		core.ErrUserNotFound, core.ErrEmailTaken, core.ErrTokenNotFound, core.ErrTokenTaken, core.ErrInvalidValue,
		core.ErrConflict, core.ErrInvalidToken, core.ErrInvalidCredentials, core.ErrAccountNotFound, core.ErrAccountTaken, context.Canceled,
	} {
		if errors.Is(err, domain) {
			t.Errorf("%s: got %v, want an outage", what, err)
		}
	}
}

// wantWell checks that every call works again within the recovery.
func wantWell(t testing.TB, all []call) {
	t.Helper()
	for _, c := range all {
		_, err := settled(t, func(ctx context.Context) (struct{}, error) { return struct{}{}, c.do(ctx) }, c.well)
		require.Equal(t, c.well != nil, err != nil, "%s: got %v", c.name, err)
	}
}

// FaultCases returns the cases of [TestFaults].
func FaultCases() []Case[Faulty] {
	return []Case[Faulty]{
		{
			ID: "FT-01", Name: "Every/engine out of reach",
			Rule: "anything else is an outage: never \"not found\" and never \"taken\"; the stores work again by themselves",
			Run: func(t testing.TB, s Faulty) {
				all := calls(t, s.Stores)
				s.Link.Cut()
				for _, c := range all {
					ctx, cancel := context.WithTimeout(t.Context(), deadline)
					began := time.Now()
					wantOutage(t, c.name, c.do(ctx))
					require.Less(t, time.Since(began)-deadline, promptly, "%s returned late", c.name)
					cancel()
				}
				s.Link.Mend()
				wantWell(t, all)
			},
		},
		{
			ID: "FT-02", Name: "Every/engine that does not answer",
			Rule: "when the context ends, a method returns promptly with the context's error; the stores work again by themselves",
			Run: func(t testing.TB, s Faulty) {
				all := calls(t, s.Stores)
				s.Link.Stall()
				for _, c := range all {
					ctx, cancel := context.WithTimeout(t.Context(), deadline)
					began := time.Now()
					wantErr(t, c.name, c.do(ctx), context.DeadlineExceeded)
					require.Less(t, time.Since(began)-deadline, promptly, "%s returned late", c.name)
					cancel()
				}
				s.Link.Mend()
				wantWell(t, all)
			},
		},
		{
			ID: "FT-03", Name: "Put/answers that are lost",
			Rule: "what a method was asked to do has then happened wholly or not at all, and once",
			Run: func(t testing.TB, s Faulty) {
				ann := owner(t, s.Stores, "ann")
				for i := range 4 {
					tok := token(ann, fmt.Sprint("digest", i))
					s.Link.Mute()
					ctx, cancel := context.WithTimeout(t.Context(), deadline)
					wantOutage(t, "Put", s.Stores.Tokens.Put(ctx, tok))
					cancel()
					s.Link.Mend()
					got, err := settled(t, func(ctx context.Context) (ports.Token, error) {
						return s.Stores.Tokens.Get(ctx, purpose, tok.Digest)
					}, core.ErrTokenNotFound)
					if err == nil {
						wantToken(t, got, tok)
						wantErr(t, "Put again", s.Stores.Tokens.Put(t.Context(), tok), core.ErrTokenTaken)
					} else {
						must(t, s.Stores.Tokens.Put(t.Context(), tok), "Put again")
					}
				}
			},
		},
		{
			ID: "FT-04", Name: "Take/answers that are lost",
			Rule: "of any number of calls for one token, one gets it",
			Run: func(t testing.TB, s Faulty) {
				ann := owner(t, s.Stores, "ann")
				for i := range 4 {
					tok := put(t, s.Stores, token(ann, fmt.Sprint("digest", i)))
					s.Link.Mute()
					ctx, cancel := context.WithTimeout(t.Context(), deadline)
					_, err := s.Stores.Tokens.Take(ctx, purpose, tok.Digest)
					wantOutage(t, "Take", err)
					cancel()
					s.Link.Mend()
					got, err := settled(t, func(ctx context.Context) (ports.Token, error) {
						return s.Stores.Tokens.Take(ctx, purpose, tok.Digest)
					}, core.ErrTokenNotFound)
					if err == nil {
						wantToken(t, got, tok)
					}
					_, err = s.Stores.Tokens.Take(t.Context(), purpose, tok.Digest)
					wantErr(t, "Take once more", err, core.ErrTokenNotFound)
				}
			},
		},
		{
			ID: "FT-05", Name: "Every/faults under load",
			Rule: "what was acknowledged is kept, and nothing happens twice",
			Run: func(t testing.TB, s Faulty) {
				tokensUnderLoad(t, s)
				if s.Stores.Users != nil {
					usersUnderLoad(t, s)
				}
			},
		},
	}
}

// settled calls f until it returns no error or that one: once the link is
// mended, connections may have to be made anew.
func settled[T any](t testing.TB, f func(ctx context.Context) (T, error), or error) (T, error) {
	t.Helper()
	end := time.Now().Add(recovery)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), recovery)
		got, err := f(ctx)
		cancel()
		if err == nil || or != nil && errors.Is(err, or) {
			return got, err
		}
		if time.Now().After(end) {
			t.Fatalf("got %v, %v after the link was mended", err, recovery)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// flapping breaks the link in one way after the other, each of them twice,
// while callers call do over and over, n being how often they have.
func flapping(t testing.TB, link Link, callers int, do func(caller, n int)) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 2 {
			for _, fault := range []func(){link.Cut, link.Mute, link.Stall} {
				time.Sleep(100 * time.Millisecond)
				fault()
				time.Sleep(150 * time.Millisecond)
				link.Mend()
			}
		}
	}()
	race(t, callers, func(caller int) error {
		for n := 0; ; n++ {
			select {
			case <-ended:
				return nil
			case <-time.After(20 * time.Millisecond):
				do(caller, n)
			}
		}
	})
}

// usersUnderLoad lets some callers create users and count one of them up.
func usersUnderLoad(t testing.TB, s Faulty) {
	t.Helper()
	counted := created(t, s.Stores.Users, "counted@e.com")
	var mu sync.Mutex
	var least, most int64
	acknowledged := map[string]bool{} // by the key of a user who was to be created
	flapping(t, s.Link, 8, func(caller, n int) {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		key := fmt.Sprintf("%d.%d@e.com", caller, n)
		_, counting := s.Stores.Users.Update(ctx, counted.ID, func(m *Member) error { m.Score++; return nil })
		creating := s.Stores.Users.Create(ctx, member(key))
		mu.Lock()
		defer mu.Unlock()
		if counting == nil {
			least++
		}
		most++
		if errors.Is(creating, core.ErrEmailTaken) {
			t.Errorf("Create took its own user for another")
		}
		acknowledged[key] = creating == nil
	})
	got, err := settled(t, func(ctx context.Context) (*Member, error) { return s.Stores.Users.ByID(ctx, counted.ID) }, nil)
	must(t, err)
	if got.Score < least || got.Score > most {
		t.Errorf("counted to %d, want %d that were acknowledged and at most %d that were tried", got.Score, least, most)
	}
	require.Equal(t, got.Score+1, got.Revision)
	require.NotZero(t, least, "no update went through")
	require.NotEqual(t, least, most, "no update failed")
	for key, sure := range acknowledged {
		m, err := settled(t, func(ctx context.Context) (*Member, error) { return s.Stores.Users.ByEmail(ctx, key) }, core.ErrUserNotFound)
		switch {
		case err == nil:
			want := member(key)
			want.ID, want.Revision = m.ID, 1
			wantSame(t, m, want)
			wantSame(t, byID(t, s.Stores.Users, m.ID), want)
		case sure:
			t.Errorf("%s: was created and is gone", key)
		}
	}
}

// tokensUnderLoad lets some callers put and take tokens of their own.
func tokensUnderLoad(t testing.TB, s Faulty) {
	t.Helper()
	ann := owner(t, s.Stores, "ann")
	var mu sync.Mutex
	kept, failed := 0, 0
	taken := map[string]bool{} // by digest
	flapping(t, s.Link, 8, func(caller, n int) {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		digest := fmt.Sprint(caller, ".", n)
		putting := s.Stores.Tokens.Put(ctx, token(ann, digest))
		taking := core.ErrInvalidToken // nothing to take
		if putting == nil {
			_, taking = s.Stores.Tokens.Take(ctx, purpose, digest)
		}
		mu.Lock()
		defer mu.Unlock()
		if errors.Is(putting, core.ErrTokenTaken) {
			t.Errorf("Put took its own token for another")
		}
		if errors.Is(taking, core.ErrTokenNotFound) {
			t.Errorf("Take lost a token that was there")
		}
		if putting == nil {
			kept++
		} else {
			failed++
		}
		taken[digest] = taking == nil
	})
	for digest, sure := range taken {
		_, err := settled(t, func(ctx context.Context) (ports.Token, error) {
			return s.Stores.Tokens.Take(ctx, purpose, digest)
		}, core.ErrTokenNotFound)
		if err == nil && sure {
			t.Errorf("token %s was taken twice", digest)
		}
	}
	require.NotZero(t, kept, "no token went through")
	require.NotZero(t, failed, "no token failed")
}
