package run

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// bunInTx returns bunstore outside and within transactions of db.
func bunInTx(t testing.TB, db *bun.DB, cfg bunstore.Config) conformance.Transactional {
	t.Helper()
	return conformance.Transactional{
		Outside: bunStores(t, db, cfg),
		Begin: func(t testing.TB) conformance.Tx {
			t.Helper()
			tx, err := db.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			inside, err := bunstore.New[member](tx, cfg)
			require.NoError(t, err)
			t.Cleanup(func() { _ = tx.Rollback() }) // a case that fails leaves it open
			return conformance.Tx{Stores: inside, Commit: tx.Commit, Rollback: tx.Rollback}
		},
	}
}

func TestBunInTx(t *testing.T) {
	for _, on := range sqlEngines {
		for _, form := range forms {
			t.Run(on.name+"/"+form.name, func(t *testing.T) {
				conformance.TestInTx(t, func(t testing.TB) conformance.Transactional {
					return bunInTx(t, openDB(t, on.fresh(t)), bunstore.Config{IDs: form.ids})
				})
			})
		}
	}
}

// alterTx returns a maker of bunstore on SQLite whose transactions edit has
// broken.
func alterTx(edit func(tx *conformance.Tx, outside stores)) func(testing.TB) conformance.Transactional {
	return func(t testing.TB) conformance.Transactional {
		s := bunInTx(t, openDB(t, engine.SQLite(t)), bunstore.Config{})
		begin := s.Begin
		s.Begin = func(t testing.TB) conformance.Tx {
			tx := begin(t)
			edit(&tx, s.Outside)
			return tx
		}
		return s
	}
}

// postgresRewritten returns a maker of bunstore on PostgreSQL that sees
// statements as rewrite has them.
func postgresRewritten(rewrite func(query string) string) func(testing.TB) conformance.Transactional {
	return func(t testing.TB) conformance.Transactional {
		pool := sql.OpenDB(wrapped(t, engine.Postgres(t), func(c sqlConn) driver.Conn { return &rewritingConn{c, rewrite} }))
		pool.SetMaxOpenConns(poolSize)
		db := bun.NewDB(pool, pgdialect.New())
		t.Cleanup(func() { db.Close() })
		return bunInTx(t, db, bunstore.Config{})
	}
}

// committing commits after each user who is created.
type committing struct {
	users
	commit func() error
}

func (c committing) Create(ctx context.Context, m *member) error {
	if err := c.users.Create(ctx, m); err != nil {
		return err
	}
	return c.commit()
}

// ending commits once a user is deleted.
type ending struct {
	users
	commit func() error
}

func (e ending) Delete(ctx context.Context, id string) error {
	if err := e.users.Delete(ctx, id); err != nil {
		return err
	}
	return e.commit()
}

// giving rolls back where a user cannot be created.
type giving struct {
	users
	rollback func() error
}

func (g giving) Create(ctx context.Context, m *member) error {
	err := g.users.Create(ctx, m)
	if err != nil {
		_ = g.rollback()
	}
	return err
}

// deaf does not look at the context.
type deaf struct{ users }

func (d deaf) Create(ctx context.Context, m *member) error {
	return d.users.Create(context.WithoutCancel(ctx), m)
}

func TestInTxMutants(t *testing.T) {
	original := func(t testing.TB) conformance.Transactional {
		return bunInTx(t, openDB(t, engine.SQLite(t)), bunstore.Config{})
	}
	runMutants(t, "stores in the caller's transaction", conformance.InTxCases(), original, []mutant[conformance.Transactional]{
		{"shows users before they are committed", "TX-01", alterTx(func(tx *conformance.Tx, outside stores) {
			commit, committed := tx.Commit, false
			tx.Users = committing{tx.Users, func() error { committed = true; return commit() }}
			tx.Commit = func() error {
				if committed {
					return nil
				}
				return commit()
			}
		})},
		{"commits a deletion", "TX-02", alterTx(func(tx *conformance.Tx, _ stores) {
			tx.Users = ending{tx.Users, tx.Commit}
			tx.Rollback = func() error { return nil } // there is nothing left to roll back
		})},
		{"rolls back what it refuses", "TX-03", alterTx(func(tx *conformance.Tx, _ stores) { tx.Users = giving{tx.Users, tx.Rollback} })},
		{"SQL: sets no savepoint", "TX-03", postgresRewritten(func(query string) string {
			if strings.Contains(query, "SAVEPOINT") {
				return "SELECT 1"
			}
			return query
		})},
		{"reads outside of the transaction", "TX-04", alterTx(func(tx *conformance.Tx, outside stores) { tx.Joined = outside.Joined })},
		{"SQL: neither locks nor compares", "TX-05", postgresRewritten(func(query string) string {
			query = strings.ReplaceAll(query, " FOR UPDATE", "")
			before, _, found := strings.Cut(query, " AND revision = ")
			if found && strings.HasPrefix(query, "UPDATE") {
				_, placeholder, _ := strings.Cut(query, " AND revision = ")
				return before + " AND " + placeholder + " > 0"
			}
			return query
		})},
		{"does not look at the context", "TX-06", alterTx(func(tx *conformance.Tx, _ stores) { tx.Users = deaf{tx.Users} })},
	})
}
