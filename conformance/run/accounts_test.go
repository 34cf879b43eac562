package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// accounted is a store of accounts with methods in its methods' places.
type accounted struct {
	ports.AccountStore[*member]
	createWith func(ctx context.Context, u *member, a ports.Account) error
	byAccount  func(ctx context.Context, provider, subject string) (*member, ports.Account, error)
	accountsOf func(ctx context.Context, userID string) ([]ports.Account, error)
	link       func(ctx context.Context, a ports.Account, allow func(*member) error) error
	update     func(ctx context.Context, provider, subject string, change func(*ports.Account) error) (ports.Account, error)
	unlink     func(ctx context.Context, userID, provider, subject string, allow func(*member, []ports.Account) error) error
}

func (s accounted) CreateWith(ctx context.Context, u *member, a ports.Account) error {
	if s.createWith != nil {
		return s.createWith(ctx, u, a)
	}
	return s.AccountStore.CreateWith(ctx, u, a)
}

func (s accounted) ByAccount(ctx context.Context, provider, subject string) (*member, ports.Account, error) {
	if s.byAccount != nil {
		return s.byAccount(ctx, provider, subject)
	}
	return s.AccountStore.ByAccount(ctx, provider, subject)
}

func (s accounted) AccountsOf(ctx context.Context, userID string) ([]ports.Account, error) {
	if s.accountsOf != nil {
		return s.accountsOf(ctx, userID)
	}
	return s.AccountStore.AccountsOf(ctx, userID)
}

func (s accounted) Link(ctx context.Context, a ports.Account, allow func(*member) error) error {
	if s.link != nil {
		return s.link(ctx, a, allow)
	}
	return s.AccountStore.Link(ctx, a, allow)
}

func (s accounted) UpdateAccount(ctx context.Context, provider, subject string, change func(*ports.Account) error) (ports.Account, error) {
	if s.update != nil {
		return s.update(ctx, provider, subject, change)
	}
	return s.AccountStore.UpdateAccount(ctx, provider, subject, change)
}

func (s accounted) Unlink(ctx context.Context, userID, provider, subject string, allow func(*member, []ports.Account) error) error {
	if s.unlink != nil {
		return s.unlink(ctx, userID, provider, subject, allow)
	}
	return s.AccountStore.Unlink(ctx, userID, provider, subject, allow)
}

// alterAccounts returns stores in memory whose accounts have some methods in
// other ways. Next are the stores as they were.
func alterAccounts(alter func(next stores) accounted) func(testing.TB) stores {
	return func(t testing.TB) stores {
		s := memoryStores(t)
		altered := alter(s)
		altered.AccountStore = s.Accounts
		s.Accounts = altered
		return s
	}
}

// sqlAccounts is a bunstore on SQLite in whose statements old is replaced.
func sqlAccounts(t *testing.T, name, kills, old, with string) mutant[stores] {
	r := newRewrite(t, name, old, with)
	return mutant[stores]{"SQL: " + name, kills, func(t testing.TB) stores {
		return bunStores(t, r.open(t), bunstore.Config{})
	}}
}

// breath is long enough for others to get in between.
const breath = time.Millisecond

func always(*member, []ports.Account) error { return nil }

// createdAccounts are mutants of CreateWith and ByAccount.
func createdAccounts() []mutant[stores] {
	// inTwo creates a user and links the account; undo tells for which errors
	// the user is removed again.
	inTwo := func(next stores, pause time.Duration, undo func(err error) bool) func(context.Context, *member, ports.Account) error {
		return func(ctx context.Context, u *member, a ports.Account) error {
			if err := core.StorableAccount(a); err != nil {
				return err
			}
			mine := core.Clone(u)
			if err := next.Users.Create(ctx, mine); err != nil {
				return err
			}
			time.Sleep(pause)
			a.UserID = mine.ID
			if err := next.Accounts.Link(ctx, a, nil); err != nil {
				if undo(err) {
					return errors.Join(err, next.Users.Delete(context.WithoutCancel(ctx), mine.ID))
				}
				return err
			}
			u.ID, u.Revision = mine.ID, 1
			return nil
		}
	}
	return []mutant[stores]{
		{"does not tell the id", "AC-01", alterAccounts(func(next stores) accounted {
			return accounted{createWith: func(ctx context.Context, u *member, a ports.Account) error {
				return next.Accounts.CreateWith(ctx, core.Clone(u), a)
			}}
		})},
		{"keeps the user whose account is taken", "AC-02", alterAccounts(func(next stores) accounted {
			return accounted{createWith: inTwo(next, 0, func(error) bool { return false })}
		})},
		{"looks for the account, then creates in two steps", "AC-03", alterAccounts(func(next stores) accounted {
			create := inTwo(next, breath, func(error) bool { return false })
			return accounted{createWith: func(ctx context.Context, u *member, a ports.Account) error {
				if _, _, err := next.Accounts.ByAccount(ctx, a.Provider, a.Subject); err == nil {
					return core.ErrAccountTaken
				}
				return create(ctx, u, a)
			}}
		})},
		{"looks for the address, then creates under another key", "AC-03b", alterAccounts(func(next stores) accounted {
			return accounted{createWith: func(ctx context.Context, u *member, a ports.Account) error {
				if _, err := next.Users.ByEmail(ctx, u.EmailKey); err == nil {
					return core.ErrEmailTaken
				}
				time.Sleep(breath)
				err := next.Accounts.CreateWith(ctx, u, a)
				if err == core.ErrEmailTaken {
					u.EmailKey += "\u200b" + a.Subject
					err = next.Accounts.CreateWith(ctx, u, a)
				}
				return err
			}}
		})},
		{"folds the case of subjects", "AC-04", alterAccounts(func(next stores) accounted {
			return accounted{byAccount: func(ctx context.Context, provider, subject string) (*member, ports.Account, error) {
				u, a, err := next.Accounts.ByAccount(ctx, provider, subject)
				if err == core.ErrAccountNotFound {
					return next.Accounts.ByAccount(ctx, strings.ToLower(provider), subject)
				}
				return u, a, err
			}}
		})},
		{"keeps 65,535 bytes", "AC-05", alterAccounts(func(next stores) accounted {
			return accounted{link: func(ctx context.Context, a ports.Account, allow func(*member) error) error {
				a.Data = a.Data[:min(len(a.Data), 1<<16-1)]
				return next.Accounts.Link(ctx, a, allow)
			}}
		})},
		{"keeps the user when the context ends between the steps", "AC-17", alterAccounts(func(next stores) accounted {
			return accounted{createWith: inTwo(next, breath/5, func(err error) bool { return errors.Is(err, core.ErrAccountTaken) })}
		})},
	}
}

// linkedAccounts are mutants of Link and Unlink.
func linkedAccounts() []mutant[stores] {
	return []mutant[stores]{
		{"leaves a linked account as it is", "AC-06", alterAccounts(func(next stores) accounted {
			return accounted{link: func(ctx context.Context, a ports.Account, allow func(*member) error) error {
				if _, kept, err := next.Accounts.ByAccount(ctx, a.Provider, a.Subject); err == nil && kept.UserID == a.UserID {
					return nil
				}
				return next.Accounts.Link(ctx, a, allow)
			}}
		})},
		{"gives the account to whoever comes last", "AC-07", alterAccounts(func(next stores) accounted {
			return accounted{link: func(ctx context.Context, a ports.Account, allow func(*member) error) error {
				err := next.Accounts.Link(ctx, a, allow)
				if err == core.ErrAccountTaken {
					_, kept, _ := next.Accounts.ByAccount(ctx, a.Provider, a.Subject)
					if err := next.Accounts.Unlink(ctx, kept.UserID, a.Provider, a.Subject, always); err != nil {
						return err
					}
					return next.Accounts.Link(ctx, a, allow)
				}
				return err
			}}
		})},
		{"looks whether it is taken, then takes it", "AC-07b", alterAccounts(func(next stores) accounted {
			return accounted{link: func(ctx context.Context, a ports.Account, allow func(*member) error) error {
				if _, kept, err := next.Accounts.ByAccount(ctx, a.Provider, a.Subject); err == nil && kept.UserID != a.UserID {
					return core.ErrAccountTaken
				}
				time.Sleep(breath)
				if err := next.Accounts.Link(ctx, a, allow); err != core.ErrAccountTaken {
					return err
				}
				return nil
			}}
		})},
		{"asks allow before, and not again", "AC-08", alterAccounts(func(next stores) accounted {
			return accounted{link: func(ctx context.Context, a ports.Account, allow func(*member) error) error {
				if allow != nil {
					u, err := next.Users.ByID(ctx, a.UserID)
					if err != nil {
						return err
					}
					if err := allow(u); err != nil {
						return err
					}
				}
				return next.Accounts.Link(ctx, a, nil)
			}}
		})},
		{"orders by the key alone", "AC-09", alterAccounts(func(next stores) accounted {
			return accounted{accountsOf: func(ctx context.Context, userID string) ([]ports.Account, error) {
				all, err := next.Accounts.AccountsOf(ctx, userID)
				slices.SortFunc(all, func(a, b ports.Account) int { return strings.Compare(a.Subject, b.Subject) })
				return all, err
			}}
		})},
		{"asks allow before it unlinks", "ID-10", alterAccounts(func(next stores) accounted {
			return accounted{unlink: func(ctx context.Context, userID, provider, subject string, allow func(*member, []ports.Account) error) error {
				var asked error
				err := next.Accounts.Unlink(ctx, userID, provider, subject, func(u *member, left []ports.Account) error {
					asked = allow(u, left)
					return errors.New("only asking")
				})
				if asked != nil || errors.Is(err, core.ErrAccountNotFound) || ctx.Err() != nil {
					return errors.Join(asked, ctx.Err(), justNotFound(err))
				}
				return next.Accounts.Unlink(ctx, userID, provider, subject, always)
			}}
		})},
		{"tells allow of all accounts", "AC-11", alterAccounts(func(next stores) accounted {
			return accounted{unlink: func(ctx context.Context, userID, provider, subject string, allow func(*member, []ports.Account) error) error {
				return next.Accounts.Unlink(ctx, userID, provider, subject, func(u *member, _ []ports.Account) error {
					all, err := next.Accounts.AccountsOf(ctx, userID)
					if err != nil {
						return err
					}
					return allow(u, all)
				})
			}}
		})},
		{"unlinks from whoever has it", "AC-11b", alterAccounts(func(next stores) accounted {
			return accounted{unlink: func(ctx context.Context, userID, provider, subject string, allow func(*member, []ports.Account) error) error {
				if _, kept, err := next.Accounts.ByAccount(ctx, provider, subject); err == nil {
					userID = kept.UserID
				}
				return next.Accounts.Unlink(ctx, userID, provider, subject, allow)
			}}
		})},
	}
}

// justNotFound is err where it says that there is no account.
func justNotFound(err error) error {
	if errors.Is(err, core.ErrAccountNotFound) {
		return err
	}
	return nil
}

// updatedAccounts are mutants of UpdateAccount, and of what holds for every
// method.
func updatedAccounts() []mutant[stores] {
	return []mutant[stores]{
		{"reads, changes, and writes whatever happened", "AC-10", alterAccounts(func(next stores) accounted {
			return accounted{update: func(ctx context.Context, provider, subject string, change func(*ports.Account) error) (ports.Account, error) {
				_, a, err := next.Accounts.ByAccount(ctx, provider, subject)
				if err != nil {
					return a, err
				}
				if err := change(&a); err != nil {
					return a, err
				}
				time.Sleep(breath)
				return next.Accounts.UpdateAccount(ctx, provider, subject, func(kept *ports.Account) error {
					kept.Email, kept.Data, kept.UpdatedAt = a.Email, a.Data, a.UpdatedAt
					return nil
				})
			}}
		})},
		{"returns what change made of it", "AC-10b", alterAccounts(func(next stores) accounted {
			return accounted{update: func(ctx context.Context, provider, subject string, change func(*ports.Account) error) (ports.Account, error) {
				var made ports.Account
				a, err := next.Accounts.UpdateAccount(ctx, provider, subject, func(a *ports.Account) error {
					err := change(a)
					made = *a
					return err
				})
				made.Revision = a.Revision
				return made, err
			}}
		})},
		{"keeps the accounts of who is gone", "AC-13", func(t testing.TB) stores {
			s := memoryStores(t)
			g := &ghosts{users: s.Users, all: s.Accounts, kept: map[string]bool{}}
			s.Users, s.Accounts = g, accounted{AccountStore: s.Accounts, link: g.link}
			return s
		}},
		{"names accounts that have no name", "AC-14", alterAccounts(func(next stores) accounted {
			return accounted{link: func(ctx context.Context, a ports.Account, allow func(*member) error) error {
				if a.Subject == "" {
					a.Subject = "none"
				}
				return next.Accounts.Link(ctx, a, allow)
			}}
		})},
		{"returns what it keeps", "AC-15", alterAccounts(func(next stores) accounted {
			var mu sync.Mutex
			kept := map[string]ports.Account{}
			return accounted{byAccount: func(ctx context.Context, provider, subject string) (*member, ports.Account, error) {
				u, a, err := next.Accounts.ByAccount(ctx, provider, subject)
				mu.Lock()
				defer mu.Unlock()
				if err == nil && kept[subject].Revision != a.Revision {
					kept[subject] = a
				}
				if err == nil {
					a = kept[subject]
				}
				return u, a, err
			}}
		})},
		{"goes on after the context ended", "AC-16", alterAccounts(func(next stores) accounted {
			return accounted{accountsOf: func(ctx context.Context, userID string) ([]ports.Account, error) {
				return next.Accounts.AccountsOf(context.WithoutCancel(ctx), userID)
			}}
		})},
	}
}

// ghosts is users whose accounts stay taken when they are deleted.
type ghosts struct {
	users
	all  ports.AccountStore[*member]
	mu   sync.Mutex
	kept map[string]bool // by subject
}

func (g *ghosts) Delete(ctx context.Context, id string) error {
	all, err := g.all.AccountsOf(ctx, id)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range all {
		g.kept[a.Subject] = true
	}
	return g.users.Delete(ctx, id)
}

func (g *ghosts) link(ctx context.Context, a ports.Account, allow func(*member) error) error {
	g.mu.Lock()
	gone := g.kept[a.Subject]
	g.mu.Unlock()
	if gone {
		return core.ErrAccountTaken
	}
	return g.all.Link(ctx, a, allow)
}

func TestAccountStoreMutants(t *testing.T) {
	runMutants(t, "AccountStore", conformance.AccountStoreCases(), memoryStores, slices.Concat(
		createdAccounts(), linkedAccounts(), updatedAccounts(), []mutant[stores]{
			sqlAccounts(t, "folds the case of keys", "AC-04", "subject    text     NOT NULL COLLATE BINARY", "subject text NOT NULL COLLATE NOCASE"),
			sqlAccounts(t, "trims keys", "AC-04", "provider   text     NOT NULL COLLATE BINARY", "provider text NOT NULL COLLATE RTRIM"),
			sqlAccounts(t, "replaces the account of another", "AC-07", `INSERT INTO "accounts"`, `INSERT OR REPLACE INTO "accounts"`),
			sqlAccounts(t, "updates the account of another", "AC-07", "WHERE provider = ? AND subject = ? AND user_id = ?", "WHERE provider = ? AND subject = ? AND user_id <> ?"),
			sqlAccounts(t, "does not compare the user's revision", "ID-10", "revision = revision + 1 WHERE id = ? AND revision = ?", "revision = revision + 1 WHERE id = ? AND ? > 0"),
			sqlAccounts(t, "does not raise the user's revision", "AC-12", "revision = revision + 1 WHERE id", "revision = revision + 0 WHERE id"),
			sqlAccounts(t, "does not compare the account's revision", "AC-10", "AND user_id = ? AND revision = ?", "AND user_id = ? AND ? > 0"),
			sqlAccounts(t, "unlinks the others", "AC-11", `DELETE FROM "accounts" WHERE provider = ? AND subject = ? AND user_id = ?`, `DELETE FROM "accounts" WHERE provider = ? AND subject <> ? AND user_id = ?`),
			sqlAccounts(t, "lists the accounts of others", "AC-09", `WHERE "accounts".user_id = ? ORDER`, `WHERE "accounts".user_id <> ? ORDER`),
		}))
}

func TestAccountsInTxMutants(t *testing.T) {
	original := func(t testing.TB) conformance.Transactional {
		return sqlAdapters[0].open(t, engine.SQLite(t)).transactional(t, core.UUIDs)
	}
	runMutants(t, "stores of accounts in the caller's transaction", conformance.AccountsInTxCases(), original, []mutant[conformance.Transactional]{
		{"commits a link", "TX-07", alterTx(func(tx *conformance.Tx, _ stores) {
			next, commit := tx.Accounts, tx.Commit
			tx.Accounts = accounted{AccountStore: next, unlink: func(ctx context.Context, userID, provider, subject string, allow func(*member, []ports.Account) error) error {
				return errors.Join(next.Unlink(ctx, userID, provider, subject, allow), commit())
			}}
			tx.Rollback = func() error { return nil } // there is nothing left to roll back
		})},
		{"SQL: takes nothing back", "TX-08", postgresRewritten(func(query string) string {
			if strings.Contains(query, "SAVEPOINT") {
				return "SELECT 1"
			}
			return query
		})},
	})
}
