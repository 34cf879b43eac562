package run

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// rewriting is a connector that alters the text of every statement before
// the database sees it.
type rewriting struct {
	driver  driver.Driver
	dsn     string
	rewrite func(query string) string
}

func (r *rewriting) Driver() driver.Driver { return r.driver }

func (r *rewriting) Connect(context.Context) (driver.Conn, error) {
	c, err := r.driver.Open(r.dsn)
	if err != nil {
		return nil, err
	}
	all, ok := c.(sqlConn)
	if !ok {
		return nil, errors.Join(errors.New("the driver's connection lacks a method"), c.Close())
	}
	return &rewritingConn{all, r.rewrite}, nil
}

type sqlConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
}

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

// rewritten returns a maker of SQLite stores in whose statements old is
// replaced.
func rewritten(old, with string) func(testing.TB) users {
	return func(t testing.TB) users {
		plain, err := sql.Open("sqlite", ":memory:")
		require.NoError(t, err)
		defer plain.Close()
		pool := sql.OpenDB(&rewriting{plain.Driver(), engine.SQLite(t), func(query string) string {
			return strings.ReplaceAll(query, old, with)
		}})
		pool.SetMaxOpenConns(poolSize)
		db := bun.NewDB(pool, sqlitedialect.New())
		t.Cleanup(func() { db.Close() })
		return bunUsers(t, db, bunstore.Config{})
	}
}

// sqlMutants alter the SQL that bunstore sends to SQLite.
func sqlMutants() []mutant[users] {
	return []mutant[users]{
		{"SQL: no unique index", "ID-01", rewritten("UNIQUE (email_key)", "CHECK (email_key <> '')")},
		{"SQL: INSERT OR REPLACE", "ID-01", rewritten("INSERT INTO users", "INSERT OR REPLACE INTO users")},
		{"SQL: INSERT OR IGNORE", "ID-02", rewritten("INSERT INTO users", "INSERT OR IGNORE INTO users")},
		{"SQL: a collation that folds case", "ID-03", rewritten("email_key       text    NOT NULL COLLATE BINARY", "email_key text NOT NULL COLLATE NOCASE")},
		{"SQL: a collation that trims", "ID-03", rewritten("email_key       text    NOT NULL COLLATE BINARY", "email_key text NOT NULL COLLATE RTRIM")},
		{"SQL: finds by pattern", "CR-03", rewritten("WHERE email_key = ", "WHERE email_key LIKE ")},
		{"SQL: does not compare the revision", "CR-05", rewritten(" AND revision = ?", " AND ? > 0")},
		{"SQL: does not raise the revision", "UP-02", rewritten(", revision = ?", ", revision = ? - 1")},
		{"SQL: updates by the revision alone", "UP-02", rewritten(" WHERE id = ? AND revision = ?", " WHERE ? <> '' AND revision = ?")},
		{"SQL: deletes everybody", "CR-09", rewritten("DELETE FROM users WHERE id = ?", "DELETE FROM users WHERE ? <> ''")},
	}
}
