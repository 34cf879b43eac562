package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/gousher/usher/core"
)

// Dialect is all that differs between the databases, save their error codes.
// Make one with [Postgres], [MySQL] or [SQLite].
type Dialect struct {
	// name is the folder of the schema.
	name string
	// quote stands around names.
	quote string
	// schemas says that tables are in a schema or database that can be named.
	schemas bool
	// placeholder spells the n-th value that is bound to a statement, counted
	// from 1.
	placeholder func(n int) string
	// timeForm is how times are bound: drivers differ in what they make of
	// one. Where an engine keeps it as text, it sorts by time.
	timeForm string
	// readTime makes an expression for a time one that drivers return as it
	// is kept. Nil where they do so anyway.
	readTime func(expression string) string
	// idType is the type of a column for ids of users, newID that of the
	// column in which they are made.
	idType, newID func(core.IDs) string
	// columnsOf returns a query for the names and types of the columns of a
	// table, and what is bound to it. The schema may be "".
	columnsOf func(schema, table string) (query string, args []any)
	// returningID says that an INSERT returns the id that the engine gave by a
	// RETURNING clause; other drivers know it.
	returningID bool
	// take removes a token and returns it, in one statement. It is "" where
	// there is no such statement.
	take string
	// forUpdate ends a SELECT that locks its rows for the transaction.
	forUpdate string
	// purge removes tokens that expired before a time, up to a number of
	// them. It passes over those that others are removing where it can.
	purge string
	// changedRows says that rows which an UPDATE leaves as they were may not
	// count among those it wrote.
	changedRows bool
	// savepoints says that a statement which fails spoils the transaction
	// that it is in, unless a savepoint was set before.
	savepoints bool
	// takenOver returns the types of the columns that [TakeOver] adds to the
	// table of users, where now is the time. It is nil where a change of the
	// schema that was begun cannot be taken back.
	takenOver func(now string) map[string]string
	// notNull says that a column can be made one that may not be null.
	notNull bool
	// takenIDs are the types, in lower case, that the column of ids may have
	// beside idType, as SQLAlchemy makes it.
	takenIDs map[core.IDs]string
	// timeType is the type of times in the schema, for values that stand
	// where the engine knows of no column. Empty means that it need not know.
	timeType string
	// exclusively calls f on a connection that no other of its kind works
	// beside, in a transaction where the engine has such for schemas.
	exclusively func(ctx context.Context, db *sql.DB, f func(DB) error) error
	// check returns what keeps the database from doing what it promises, as
	// far as it is an affair of its settings. It may be nil.
	check func(ctx context.Context, db DB) error
}

// table returns a table's name, quoted.
func (d *Dialect) table(schema, name string) string {
	if schema == "" {
		return d.quoted(name)
	}
	return d.quoted(schema) + "." + d.quoted(name)
}

// quoted returns a name, quoted.
func (d *Dialect) quoted(name string) string {
	return d.quote + strings.ReplaceAll(name, d.quote, d.quote+d.quote) + d.quote
}

// bind returns query with each ? replaced by a placeholder.
func (d *Dialect) bind(query string) string {
	parts := strings.Split(query, "?")
	for i := range parts[1:] {
		parts[i] += d.placeholder(i + 1)
	}
	return strings.Join(parts, "")
}

// spell returns how t is bound.
func (d *Dialect) spell(t time.Time) string { return cut(t).Format(d.timeForm) }

// timeCast returns an expression that has the type of times.
func (d *Dialect) timeCast(expression string) string {
	if d.timeType == "" {
		return expression
	}
	return "CAST(" + expression + " AS " + d.timeType + ")"
}

// read returns the expression for a column that is read.
func (d *Dialect) read(expression string, isTime bool) string {
	if isTime && d.readTime != nil {
		return d.readTime(expression)
	}
	return expression
}

// The forms of times, which are in UTC.
const (
	zonedForm = "2006-01-02 15:04:05.999999-07:00"
	plainForm = "2006-01-02 15:04:05.999999"
)

func questionMark(int) string { return "?" }

// Postgres is the dialect of PostgreSQL 11 and newer.
func Postgres() Dialect { return postgres() }

// MySQL is the dialect of MySQL 8.0.13 and of MariaDB 10.5, and newer.
func MySQL() Dialect { return mysql() }

// SQLite is the dialect of SQLite 3.35 and newer.
func SQLite() Dialect { return sqlite() }
