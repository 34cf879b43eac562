package run

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// wrapping is a connector whose connections are wrapped.
type wrapping struct {
	driver driver.Driver
	dsn    string
	wrap   func(c sqlConn) driver.Conn
}

// wrapped returns a connector to a database.
func wrapped(t testing.TB, dsn string, wrap func(c sqlConn) driver.Conn) driver.Connector {
	t.Helper()
	plain, err := sql.Open(sqlxDrivers[kindOf(dsn)], dsn)
	require.NoError(t, err)
	defer plain.Close()
	return &wrapping{plain.Driver(), dsn, wrap}
}

func (w *wrapping) Driver() driver.Driver { return w.driver }

func (w *wrapping) Connect(context.Context) (driver.Conn, error) {
	c, err := w.driver.Open(w.dsn)
	if err != nil {
		return nil, err
	}
	all, ok := c.(sqlConn)
	if !ok {
		return nil, errors.Join(errors.New("the driver's connection lacks a method"), c.Close())
	}
	return w.wrap(all), nil
}

type sqlConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
}

// rewritingConn alters the text of every statement before the database sees
// it.
type rewritingConn struct {
	sqlConn
	rewrite func(query string) string
}

func (c *rewritingConn) Prepare(query string) (driver.Stmt, error) {
	return c.sqlConn.Prepare(c.rewrite(query))
}

func (c *rewritingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	return c.sqlConn.ExecContext(ctx, c.rewrite(query), args)
}

func (c *rewritingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.sqlConn.QueryContext(ctx, c.rewrite(query), args)
}

// rewrite is a replacement in the text of statements that must occur.
type rewrite struct {
	old, with string
	occurred  *atomic.Bool
}

func (r rewrite) apply(query string) string {
	altered := strings.ReplaceAll(query, r.old, r.with)
	if altered != query {
		r.occurred.Store(true)
	}
	return altered
}

// newRewrite returns a replacement for the mutant of that name.
func newRewrite(t *testing.T, name, old, with string) rewrite {
	r := rewrite{old, with, new(atomic.Bool)}
	t.Cleanup(func() {
		if !r.occurred.Load() {
			t.Errorf("mutant %q: no statement has the text %q", name, old)
		}
	})
	return r
}

// sqlMutant is a bunstore on SQLite in whose statements old is replaced.
func sqlMutant(t *testing.T, name, kills, old, with string) mutant[users] {
	r := newRewrite(t, name, old, with)
	return mutant[users]{"SQL: " + name, kills, func(t testing.TB) users {
		return bunUsers(t, r.open(t), bunstore.Config{})
	}}
}

// open returns a new SQLite database that sees the rewritten statements.
func (r rewrite) open(t testing.TB) *bun.DB {
	pool := sql.OpenDB(wrapped(t, engine.SQLite(t), func(c sqlConn) driver.Conn { return &rewritingConn{c, r.apply} }))
	pool.SetMaxOpenConns(poolSize)
	db := bun.NewDB(pool, sqlitedialect.New())
	t.Cleanup(func() { db.Close() })
	return db
}

// sqlMutants alter the SQL that bunstore sends to SQLite.
func sqlMutants(t *testing.T) []mutant[users] {
	const key = "email_key       text     NOT NULL COLLATE BINARY"
	return []mutant[users]{
		sqlMutant(t, "no unique index", "ID-01", "UNIQUE (email_key)", "CHECK (email_key <> '')"),
		sqlMutant(t, "INSERT OR REPLACE", "ID-01", `INSERT INTO "users"`, `INSERT OR REPLACE INTO "users"`),
		sqlMutant(t, "INSERT OR IGNORE", "ID-02", `INSERT INTO "users"`, `INSERT OR IGNORE INTO "users"`),
		sqlMutant(t, "a collation that folds case", "ID-03", key, "email_key text NOT NULL COLLATE NOCASE"),
		sqlMutant(t, "a collation that trims", "ID-03", key, "email_key text NOT NULL COLLATE RTRIM"),
		sqlMutant(t, "finds by pattern", "CR-03", "WHERE email_key = ", "WHERE email_key LIKE "),
		sqlMutant(t, "does not compare the revision", "CR-05", " AND revision = ?", " AND ? > 0"),
		sqlMutant(t, "does not raise the revision", "UP-02", ", revision = ?", ", revision = ? - 1"),
		sqlMutant(t, "updates by the revision alone", "UP-02", " WHERE id = ? AND revision = ?", " WHERE ? <> '' AND revision = ?"),
		sqlMutant(t, "deletes everybody", "CR-09", `DELETE FROM "users" WHERE id = ?`, `DELETE FROM "users" WHERE ? <> ''`),
	}
}
