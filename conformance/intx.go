package conformance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// Tx is stores within a transaction of the caller's.
type Tx struct {
	ports.Stores[*Member]
	Commit, Rollback func() error
}

// Transactional is stores outside of any transaction, and what begins one on
// their database.
type Transactional struct {
	Outside ports.Stores[*Member]
	Begin   func(t testing.TB) Tx
}

// TestInTx checks stores that work within the caller's transaction, of users
// and of tokens. Open returns fresh, empty ones.
func TestInTx(t *testing.T, open func(t testing.TB) Transactional, of ...Subject) {
	run(t, "InTx", InTxCases(), of, open)
}

// nicknamed changes a nickname.
func nicknamed(name string) func(m *Member) error {
	return func(m *Member) error { m.Nickname = name; return nil }
}

// wroteAll does one of each kind of write, on a user and a token who are
// there and two who are not.
func wroteAll(t testing.TB, tx Tx, ann *Member, bob *Member) (created *Member) {
	t.Helper()
	created = member("new@e.com")
	must(t, tx.Users.Create(t.Context(), created), "Create")
	must(t, tx.Tokens.Put(t.Context(), token(created.ID, "new")), "Put")
	_, err := tx.Users.Update(t.Context(), ann.ID, nicknamed("changed"))
	must(t, err, "Update")
	_, err = tx.Tokens.Take(t.Context(), purpose, "old")
	must(t, err, "Take")
	must(t, tx.Users.Delete(t.Context(), bob.ID), "Delete")
	return created
}

// wantBefore checks that the stores are as before wroteAll, wantAfter that
// they are as after it.
func wantBefore(t testing.TB, s stores, ann, bob *Member) {
	t.Helper()
	wantNone(t, s.Users, "", "new@e.com")
	wantGone(t, s, purpose, "new")
	wantSame(t, byID(t, s.Users, ann.ID), ann)
	wantSame(t, byID(t, s.Users, bob.ID), bob)
	get(t, s, "old")
}

func wantAfter(t testing.TB, s stores, ann, bob, created *Member) {
	t.Helper()
	wantSame(t, byID(t, s.Users, created.ID), created)
	get(t, s, "new")
	require.Equal(t, "changed", byID(t, s.Users, ann.ID).Nickname)
	wantNone(t, s.Users, bob.ID, "bob@e.com")
	wantGone(t, s, purpose, "old")
}

// peopled keeps two users and a token of the first.
func peopled(t testing.TB, s stores) (ann, bob *Member) {
	t.Helper()
	ann, bob = created(t, s.Users, "ann@e.com"), created(t, s.Users, "bob@e.com")
	put(t, s, token(ann.ID, "old"))
	return ann, bob
}

// InTxCases returns the cases of [TestInTx].
func InTxCases() []Case[Transactional] {
	return []Case[Transactional]{
		{
			ID: "TX-01", Name: "Every/commit",
			Rule: "what is written in the caller's transaction is there once it is committed, and seen by nobody before",
			Run: func(t testing.TB, s Transactional) {
				ann, bob := peopled(t, s.Outside)
				tx := s.Begin(t)
				created := wroteAll(t, tx, ann, bob)
				wantBefore(t, s.Outside, ann, bob)
				must(t, tx.Commit(), "Commit")
				wantAfter(t, s.Outside, ann, bob, created)
			},
		},
		{
			ID: "TX-02", Name: "Every/rollback",
			Rule: "a store never commits the caller's transaction: it leaves nothing that was rolled back",
			Run: func(t testing.TB, s Transactional) {
				ann, bob := peopled(t, s.Outside)
				tx := s.Begin(t)
				wroteAll(t, tx, ann, bob)
				must(t, tx.Rollback(), "Rollback")
				wantBefore(t, s.Outside, ann, bob)
			},
		},
		{
			ID: "TX-03", Name: "Every/refused writes",
			Rule: "a write that a domain error refuses leaves the caller's transaction as it was, and never rolls it back",
			Run: func(t testing.TB, s Transactional) {
				ann, bob := peopled(t, s.Outside)
				tx := s.Begin(t)
				first := created(t, tx.Users, "first@e.com")
				wantErr(t, "Create of a taken key", tx.Users.Create(t.Context(), member("ann@e.com")), core.ErrEmailTaken)
				taken := member("other@e.com")
				taken.ID = ann.ID
				wantErr(t, "Create of a taken id", tx.Users.Create(t.Context(), taken), core.ErrInvalidValue)
				_, err := tx.Users.Update(t.Context(), bob.ID, func(m *Member) error { m.EmailKey = "ann@e.com"; return nil })
				wantErr(t, "Update to a taken key", err, core.ErrEmailTaken)
				refused := errors.New("refused")
				_, err = tx.Users.Update(t.Context(), bob.ID, func(m *Member) error { m.Nickname = "x"; return refused })
				require.Equal(t, refused, err)
				wantErr(t, "Put of a taken token", tx.Tokens.Put(t.Context(), token(ann.ID, "old")), core.ErrTokenTaken)
				wantErr(t, "Put for nobody", tx.Tokens.Put(t.Context(), token("nobody", "new")), core.ErrUserNotFound)
				_, err = tx.Tokens.Take(t.Context(), purpose, "never")
				wantErr(t, "Take of nothing", err, core.ErrTokenNotFound)
				last := created(t, tx.Users, "last@e.com")
				must(t, tx.Commit(), "Commit")
				wantSame(t, byID(t, s.Outside.Users, first.ID), first)
				wantSame(t, byID(t, s.Outside.Users, last.ID), last)
				wantSame(t, byID(t, s.Outside.Users, bob.ID), bob)
				get(t, s.Outside, "old")
			},
		},
		{
			ID: "TX-04", Name: "Every/reads its own writes",
			Rule: "within the caller's transaction a store reads what was written there",
			Run: func(t testing.TB, s Transactional) {
				ann, bob := peopled(t, s.Outside)
				tx := s.Begin(t)
				created := wroteAll(t, tx, ann, bob)
				wantAfter(t, tx.Stores, ann, bob, created)
				found, err := tx.Users.ByEmail(t.Context(), "new@e.com")
				must(t, err, "ByEmail")
				wantSame(t, found, created)
				list, err := tx.Tokens.ListUser(t.Context(), purpose, created.ID)
				must(t, err, "ListUser")
				require.Len(t, list, 1)
				u, _, err := tx.Joined.UserByToken(t.Context(), purpose, "new")
				must(t, err, "UserByToken")
				wantSame(t, u, created)
				must(t, tx.Rollback(), "Rollback")
			},
		},
		{
			ID: "TX-05", Name: "Update/race of transactions",
			Rule: "of updates of one user in concurrent transactions that are committed none is lost; core.ErrConflict asks the caller to run the transaction anew",
			Run: func(t testing.TB, s Transactional) {
				id := created(t, s.Outside.Users, "ann@e.com").ID
				for i, err := range race(t, 8, func(int) error { return countedUp(t, s, id) }) {
					must(t, err, "caller ", i)
				}
				got := byID(t, s.Outside.Users, id)
				require.EqualValues(t, 8, got.Score)
				require.EqualValues(t, 9, got.Revision)
			},
		},
		{
			ID: "TX-06", Name: "Every/context ended",
			Rule: "when the context has ended, a method returns its error, also within a transaction",
			Run: func(t testing.TB, s Transactional) {
				ann, bob := peopled(t, s.Outside)
				tx := s.Begin(t)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				wantErr(t, "Create", tx.Users.Create(ctx, member("new@e.com")), context.Canceled)
				_, err := tx.Users.Update(ctx, ann.ID, nicknamed("x"))
				wantErr(t, "Update", err, context.Canceled)
				wantErr(t, "Put", tx.Tokens.Put(ctx, token(ann.ID, "new")), context.Canceled)
				_, err = tx.Tokens.Take(ctx, purpose, "old")
				wantErr(t, "Take", err, context.Canceled)
				_ = tx.Rollback() // some drivers have done so
				wantBefore(t, s.Outside, ann, bob)
			},
		},
	}
}

// countedUp raises the user's score in a transaction, and again while others
// are in the way.
func countedUp(t testing.TB, s Transactional, id string) error {
	for range 100 {
		tx := s.Begin(t)
		_, err := tx.Users.Update(t.Context(), id, func(m *Member) error { m.Score++; return nil })
		if err == nil {
			time.Sleep(time.Millisecond) // others are to come in between, if they can
			return tx.Commit()
		}
		if !errors.Is(err, core.ErrConflict) {
			return err
		}
		_ = tx.Rollback() // the engine may have done so
	}
	return core.ErrConflict
}

// TestAccountsInTx checks that stores of accounts work within the caller's
// transaction. Open returns fresh, empty ones.
func TestAccountsInTx(t *testing.T, open func(t testing.TB) Transactional, of ...Subject) {
	run(t, "AccountsInTx", AccountsInTxCases(), of, open)
}

// AccountsInTxCases returns the cases of [TestAccountsInTx].
func AccountsInTxCases() []Case[Transactional] {
	// write does one of each kind of write to the accounts "1" and "2" of ann.
	write := func(t testing.TB, tx Tx, ann *Member) (bob *Member) {
		bob = member("bob@e.com")
		must(t, tx.Accounts.CreateWith(t.Context(), bob, account("", "new")), "CreateWith")
		must(t, tx.Accounts.Link(t.Context(), account(ann.ID, "3"), nil), "Link")
		_, err := tx.Accounts.UpdateAccount(t.Context(), "google", "1", func(a *ports.Account) error { a.Email = ""; return nil })
		must(t, err, "UpdateAccount")
		must(t, tx.Accounts.Unlink(t.Context(), ann.ID, "google", "2", func(*Member, []ports.Account) error { return nil }), "Unlink")
		return bob
	}
	return []Case[Transactional]{
		{
			ID: "TX-07", Name: "Every/commit and rollback",
			Rule: "what is written in the caller's transaction is there once it is committed, and never after it was rolled back",
			Run: func(t testing.TB, s Transactional) {
				ann := created(t, s.Outside.Users, "ann@e.com")
				first, second := linked(t, s.Outside, ann.ID, "1"), linked(t, s.Outside, ann.ID, "2")
				tx := s.Begin(t)
				write(t, tx, ann)
				wantAccount(t, s.Outside, second)
				must(t, tx.Rollback(), "Rollback")
				wantAccount(t, s.Outside, first)
				wantAccount(t, s.Outside, second)
				wantNoAccount(t, s.Outside, "3")
				wantNoAccount(t, s.Outside, "new")
				tx = s.Begin(t)
				bob := write(t, tx, ann)
				must(t, tx.Commit(), "Commit")
				require.Equal(t, []string{"1", "3"}, subjects(t, s.Outside, ann.ID))
				require.Equal(t, []string{"new"}, subjects(t, s.Outside, bob.ID))
			},
		},
		{
			ID: "TX-08", Name: "Every/refused writes",
			Rule: "a write that a domain error refuses leaves the caller's transaction as it was, and never rolls it back",
			Run: func(t testing.TB, s Transactional) {
				ann, bob := created(t, s.Outside.Users, "ann@e.com"), created(t, s.Outside.Users, "bob@e.com")
				linked(t, s.Outside, ann.ID, "1")
				tx := s.Begin(t)
				must(t, tx.Accounts.Link(t.Context(), account(bob.ID, "2"), nil), "Link")
				wantErr(t, "Link", tx.Accounts.Link(t.Context(), account(bob.ID, "1"), nil), core.ErrAccountTaken)
				wantErr(t, "CreateWith", tx.Accounts.CreateWith(t.Context(), member("new@e.com"), account("", "1")), core.ErrAccountTaken)
				wantErr(t, "CreateWith", tx.Accounts.CreateWith(t.Context(), member("ann@e.com"), account("", "4")), core.ErrEmailTaken)
				wantNone(t, tx.Users, "", "new@e.com")
				must(t, tx.Accounts.Link(t.Context(), account(bob.ID, "3"), nil), "Link")
				must(t, tx.Commit(), "Commit")
				require.Equal(t, []string{"2", "3"}, subjects(t, s.Outside, bob.ID))
				require.Equal(t, []string{"1"}, subjects(t, s.Outside, ann.ID))
				require.Equal(t, int64(3), byID(t, s.Outside.Users, bob.ID).Revision)
				wantNone(t, s.Outside.Users, "", "new@e.com")
			},
		},
	}
}
