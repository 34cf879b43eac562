package sqlxstore

import (
	"fmt"

	"github.com/gousher/usher/sqlstore"
)

// dialect is one of sqlstore's, and the types of the columns that [Migrate]
// adds.
type dialect struct {
	sqlstore.Dialect
	types [forms]string
}

// postgres keeps documents as jsonb, for queries of one's own. A jsonb gives
// back another text than it got, though, so a json.RawMessage is a json.
func postgres() dialect {
	return dialect{sqlstore.Postgres(), [forms]string{
		text: "text", integer: "bigint", float: "double precision", boolean: "boolean", bytes: "bytea",
		instant: "timestamptz", document: "jsonb", raw: "json",
	}}
}

// mysql has types for any length: a TEXT is of 64 KiB there, and a DATETIME to
// the second. MySQL's JSON gives back another text than it got.
func mysql() dialect {
	return dialect{sqlstore.MySQL(), [forms]string{
		text: "longtext", integer: "bigint", float: "double", boolean: "boolean", bytes: "longblob",
		instant: "datetime(6)", document: "longtext", raw: "longtext",
	}}
}

// sqlite keeps documents as text: a column of any other type turns the JSON
// text 1 into the number 1.
func sqlite() dialect {
	return dialect{sqlstore.SQLite(), [forms]string{
		text: "text", integer: "integer", float: "real", boolean: "boolean", bytes: "blob",
		instant: "text", document: "text", raw: "text",
	}}
}

// dialectOf returns the dialect of that name or, where it is "", that of the
// driver, or says what is wrong.
func dialectOf(driver, name string) (d dialect, problem string) {
	switch name {
	case "postgres":
		return postgres(), ""
	case "mysql":
		return mysql(), ""
	case "sqlite":
		return sqlite(), ""
	case "":
	default:
		return dialect{}, fmt.Sprintf("Dialect %q is none of postgres, mysql and sqlite", name)
	}
	// The placeholders that sqlx knows for a driver do not tell MySQL from
	// SQLite, nor PostgreSQL from CockroachDB and others.
	switch driver {
	case "postgres", "pgx", "pgx/v5", "pg", "pq-timeouts", "cloudsqlpostgres", "cloudsql-postgres", "nrpostgres", "nrpgx", "nrpgx5":
		return postgres(), ""
	case "mysql", "cloudsql-mysql", "nrmysql":
		return mysql(), ""
	case "sqlite", "sqlite3", "nrsqlite3":
		return sqlite(), ""
	case "":
		return dialect{}, "Dialect is missing: db does not tell its driver"
	default:
		return dialect{}, fmt.Sprintf("Dialect is missing: the driver %q is not known", driver)
	}
}
