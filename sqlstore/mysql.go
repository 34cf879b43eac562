package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/gousher/usher/core"
)

// mysql keeps keys as VARBINARY: the binary collations of MySQL and MariaDB
// take trailing blanks for nothing, save those that only one of them has.
func mysql() Dialect {
	return Dialect{
		name:        "mysql",
		quote:       "`",
		schemas:     true,
		placeholder: questionMark,
		timeForm:    plainForm,
		// What a driver makes of a DATETIME depends on the settings of the
		// connection. Of a text they all make the same.
		readTime: func(expression string) string { return "CAST(" + expression + " AS CHAR)" },
		idType:   mysqlID,
		newID: func(ids core.IDs) string {
			if ids == core.IntIDs {
				return "bigint NOT NULL AUTO_INCREMENT PRIMARY KEY"
			}
			return mysqlID(ids) + " NOT NULL PRIMARY KEY"
		},
		columnsOf: func(schema, table string) (string, []any) {
			return `SELECT column_name, column_type FROM information_schema.columns
				WHERE table_schema = COALESCE(NULLIF(?, ''), DATABASE()) AND table_name = ?`, []any{schema, table}
		},
		forUpdate:   " FOR UPDATE",
		purge:       "DELETE FROM {tokens} WHERE expires_at < ? ORDER BY expires_at LIMIT ?",
		changedRows: true,
		exclusively: lockMySQL,
		check:       checkMySQL,
	}
}

func mysqlID(ids core.IDs) string {
	switch ids {
	case core.IntIDs:
		return "bigint"
	case core.TextIDs:
		return "varbinary(255)"
	default:
		return "char(36) CHARACTER SET ascii COLLATE ascii_bin"
	}
}

// lockMySQL holds a lock of the server's that has the database's name. MySQL
// has no transactions for schemas: f must be one that can be called again
// where it was cut off.
func lockMySQL(ctx context.Context, db *sql.DB, f func(DB) error) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	const name = "CONCAT('usher.', LEFT(SHA1(DATABASE()), 40))"
	for got := int64(0); got != 1; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var answer sql.NullInt64
		// Waiting in short turns lets the context end the wait with any driver.
		if err := c.QueryRowContext(ctx, "SELECT GET_LOCK("+name+", 1)").Scan(&answer); err != nil {
			return err
		}
		if !answer.Valid {
			return errors.New("the server gives no lock")
		}
		got = answer.Int64
	}
	err = f(c)
	if _, failed := c.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+name+")"); err == nil {
		err = failed
	}
	return err
}

// checkMySQL refuses a server that would cut what does not fit, and say so in
// a warning that nobody reads.
func checkMySQL(ctx context.Context, db DB) error {
	var mode string
	if err := db.QueryRowContext(ctx, "SELECT @@SESSION.sql_mode").Scan(&mode); err != nil {
		return err
	}
	if !strings.Contains(mode, "STRICT_TRANS_TABLES") && !strings.Contains(mode, "STRICT_ALL_TABLES") {
		return fmt.Errorf("sql_mode is %q: without STRICT_TRANS_TABLES the server cuts values that are too long", mode)
	}
	return nil
}
