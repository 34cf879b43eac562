package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strconv"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/uptrace/bun/dialect"
)

// engine is all that differs between the databases, save their error codes.
type engine struct {
	// name is the folder of the schema.
	name string
	// placeholder spells the n-th value that is bound to a statement,
	// counted from 1.
	placeholder func(n int) string
	// idType is the type of the column id.
	idType func(core.IDs) string
	// columnType is the type of the column that is added for a field to which
	// bun gives the type t.
	columnType func(t string) string
	// columns is a query for the names and types of the columns of users.
	columns string
	// purge removes tokens that expired before a time, up to a number of
	// them. It passes over those that others are removing.
	purge string
	// exclusively calls f on a connection with a transaction that no other of
	// its kind runs beside, and commits unless f fails.
	exclusively func(ctx context.Context, db *sql.DB, f func(conn) error) error
}

// conn runs statements: a *sql.DB, *sql.Conn or *sql.Tx.
type conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func engineOf(name dialect.Name) (engine, bool) {
	switch name {
	case dialect.PG:
		return postgres(), true
	case dialect.SQLite:
		return sqlite(), true
	default:
		return engine{}, false
	}
}

// bind returns query with each ? replaced by a placeholder.
func (e engine) bind(query string) string {
	parts := strings.Split(query, "?")
	for i := range parts[1:] {
		parts[i] += e.placeholder(i + 1)
	}
	return strings.Join(parts, "")
}

func postgres() engine {
	return engine{
		name:        "postgres",
		placeholder: func(n int) string { return "$" + strconv.Itoa(n) },
		idType: func(ids core.IDs) string {
			if ids == core.TextIDs {
				return `text COLLATE "C"`
			}
			return "uuid"
		},
		columnType: func(t string) string { return t },
		columns: `SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
			WHERE attrelid = to_regclass('users') AND attnum > 0 AND NOT attisdropped`,
		// An array is computed once: a plain IN with a limit may be computed
		// anew for each row.
		purge: `DELETE FROM tokens WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED))`,
		exclusively: lockPostgres,
	}
}

func sqlite() engine {
	return engine{
		name:        "sqlite",
		placeholder: func(int) string { return "?" },
		idType:      func(core.IDs) string { return "text" },
		columnType: func(t string) string {
			// A column of any other type than text turns the JSON text 1 into
			// the number 1, which bun does not read as JSON.
			if isJSON(t) {
				return "TEXT"
			}
			return t
		},
		columns: `SELECT name, type FROM pragma_table_info('users')`,
		purge: `DELETE FROM tokens WHERE rowid IN (
			SELECT rowid FROM tokens WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
		exclusively: lockSQLite,
	}
}

func isJSON(sqlType string) bool {
	return strings.EqualFold(sqlType, "json") || strings.EqualFold(sqlType, "jsonb")
}

// migrationLock is the key of the advisory lock that migrations hold.
const migrationLock = 0x75736865720001

// lockPostgres asks for READ COMMITTED: at any higher level the transaction
// would see the database as it was before it got the lock.
func lockPostgres(ctx context.Context, db *sql.DB, f func(conn) error) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	// A limit that suits queries may be too short for a wait in turn.
	for _, query := range []string{"SET LOCAL statement_timeout = 0", "SELECT pg_advisory_xact_lock(" + strconv.Itoa(migrationLock) + ")"} {
		if _, err := tx.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// lockSQLite begins by hand: database/sql would begin a transaction that gets
// its lock only at the first write, and fails there if another was faster.
func lockSQLite(ctx context.Context, db *sql.DB, f func(conn) error) error {
	var c *sql.Conn
	err := retry(ctx, func() (err error) { c, err = db.Conn(ctx); return err })
	if err != nil {
		return err
	}
	defer c.Close()
	run := func(ctx context.Context, command string) error {
		return retry(ctx, func() error { _, err := c.ExecContext(ctx, command); return err })
	}
	if err := run(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err = f(c); err == nil {
		err = run(ctx, "COMMIT")
	}
	if err != nil && run(context.WithoutCancel(ctx), "ROLLBACK") != nil {
		// Nobody may get a connection in an unknown state.
		_ = c.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}
