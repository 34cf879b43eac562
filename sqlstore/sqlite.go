package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/gousher/usher/core"
)

func sqlite() Dialect {
	return Dialect{
		name:        "sqlite",
		quote:       `"`,
		placeholder: questionMark,
		timeForm:    zonedForm,
		idType:      sqliteID,
		newID: func(ids core.IDs) string {
			if ids == core.IntIDs {
				return "integer NOT NULL PRIMARY KEY AUTOINCREMENT" // no id is used twice
			}
			return sqliteID(ids) + " NOT NULL PRIMARY KEY"
		},
		columnsOf: func(_, table string) (string, []any) {
			return `SELECT name, type FROM pragma_table_info(?)`, []any{table}
		},
		take: "DELETE FROM {tokens} WHERE purpose = ? AND digest = ? RETURNING {columns}",
		purge: `DELETE FROM {tokens} WHERE rowid IN (
			SELECT rowid FROM {tokens} WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
		// A column that may not be null needs a default, and keeps it.
		takenOver: func(now string) map[string]string {
			return map[string]string{
				"email_key": "text NOT NULL DEFAULT '' COLLATE BINARY", "session_epoch": "integer NOT NULL DEFAULT 0", "revision": "integer NOT NULL DEFAULT 1",
				"created_at": "datetime NOT NULL DEFAULT '" + now + "'", "updated_at": "datetime NOT NULL DEFAULT '" + now + "'",
			}
		},
		takenIDs:    map[core.IDs]string{core.UUIDs: "char(36)"},
		exclusively: lockSQLite,
	}
}

func sqliteID(ids core.IDs) string {
	if ids == core.IntIDs {
		return "integer"
	}
	return "text COLLATE BINARY"
}

// lockSQLite begins by hand: database/sql would begin a transaction that gets
// its lock only at the first write, and fails there if another was faster.
func lockSQLite(ctx context.Context, db *sql.DB, f func(DB) error) error {
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
