package run

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
	"testing"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/uptrace/bun/dialect"
)

// alterTx returns a maker of bunstore on SQLite whose transactions edit has
// broken.
func alterTx(edit func(tx *conformance.Tx, outside stores)) func(testing.TB) conformance.Transactional {
	return func(t testing.TB) conformance.Transactional {
		s := sqlAdapters[0].open(t, engine.SQLite(t)).transactional(t, core.UUIDs)
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
		t.Cleanup(func() { pool.Close() })
		return onBun(pool, dialect.PG, tableNames{}).transactional(t, core.UUIDs)
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
		return sqlAdapters[0].open(t, engine.SQLite(t)).transactional(t, core.UUIDs)
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
