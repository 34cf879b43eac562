package bunstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gousher/usher/core"
)

// readError is the error of op where the engine returned err and nothing was
// written. Whatever a driver makes of a context that ended, the caller gets
// the error of the context.
func readError(ctx context.Context, op string, err error) error {
	if ended := ctx.Err(); ended != nil {
		err = ended
	} else if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		err = context.DeadlineExceeded // a driver's timer may be the faster one
	}
	return fmt.Errorf("bunstore: %s: %w", op, err)
}

// writeError is the error of op where err kept a user from being written.
func writeError(ctx context.Context, op string, err error) error {
	if isEmailTaken(err) {
		return core.ErrEmailTaken
	}
	return valueError(ctx, op, err)
}

// tokenError is the error of op where err kept a token from being written. The
// key of a token is all that is unique there, and its user all that it refers
// to.
func tokenError(ctx context.Context, op string, err error) error {
	state, code := sqlState(err), sqliteCode(err)
	switch {
	case state == "23505" || code == sqlitePrimaryKey || code == sqliteUnique:
		return core.ErrTokenTaken
	case state == "23503" || code == sqliteForeignKey:
		return core.ErrUserNotFound
	default:
		return valueError(ctx, op, err)
	}
}

// valueError is the error of op where err kept values from being written.
func valueError(ctx context.Context, op string, err error) error {
	switch {
	case errors.Is(err, core.ErrInvalidValue):
		return fmt.Errorf("bunstore: %s: %w", op, err)
	case isRefused(err):
		return fmt.Errorf("bunstore: %s: %w: %w", op, core.ErrInvalidValue, err)
	default:
		return readError(ctx, op, err)
	}
}

// PostgreSQL names a constraint in its errors, in whatever language they are;
// SQLite names the columns.
const (
	keyConstraint = "users_email_key_key"
	keyColumn     = "users.email_key"
)

// isEmailTaken tells that another user has the e-mail key.
func isEmailTaken(err error) bool {
	if sqlState(err) == "23505" {
		if e, ok := errors.AsType[fields](err); ok {
			return e.Field('n') == keyConstraint
		}
		return strings.Contains(err.Error(), keyConstraint)
	}
	if sqliteCode(err) != sqliteUnique {
		return false
	}
	_, columns, _ := strings.Cut(err.Error(), sqliteUniqueText)
	columns, _, _ = strings.Cut(columns, " (")
	return columns == keyColumn
}

// isRefused tells that the engine cannot keep one of the values.
func isRefused(err error) bool {
	switch sqlState(err) {
	case "22001", "22003", // too long, out of range
		"22007", "22008", // not a date, date out of range
		"22021", "22P02", "22P05", // not of the encoding or the form of the type
		"23505", "23514", // another user has it, a CHECK forbids it
		"54000": // too long for an index
		return true
	}
	switch sqliteCode(err) {
	case sqliteTooBig, sqliteCheck, sqlitePrimaryKey, sqliteUnique:
		return true
	}
	return false
}

// transient tells that a statement did nothing because of what others were
// doing, and may be run again.
func transient(err error) bool {
	switch sqlState(err) {
	case "40001", "40P01": // not serializable, deadlock
		return true
	}
	switch sqliteCode(err) & 0xff { // the other bits say why
	case sqliteBusy, sqliteLocked:
		return true
	}
	return false
}

// fields is an error of PostgreSQL that gives the fields of the answer, as
// pgdriver's does. Those of pgx and lib/pq have a method SQLState.
type fields interface {
	error
	Field(name byte) string
}

// sqlState returns the SQLSTATE of an error of PostgreSQL, or "".
func sqlState(err error) string {
	if e, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err); ok {
		return e.SQLState()
	}
	if e, ok := errors.AsType[fields](err); ok {
		return e.Field('C')
	}
	return ""
}

// The result codes of SQLite that matter; see https://sqlite.org/rescode.html.
const (
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteTooBig     = 18
	sqliteCheck      = 275
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067

	sqliteUniqueText = "UNIQUE constraint failed: "
)

// sqliteCode returns the extended result code of an error of SQLite, or 0. The
// errors of mattn/go-sqlite3 have no method for it: they are known by text.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[interface {
		error
		Code() int
	}](err); ok {
		return e.Code()
	}
	switch text := err.Error(); {
	case text == "database is locked":
		return sqliteBusy
	case strings.HasPrefix(text, "database table is locked"):
		return sqliteLocked
	case strings.HasPrefix(text, sqliteUniqueText):
		return sqliteUnique
	case strings.HasPrefix(text, "CHECK constraint failed: "):
		return sqliteCheck
	case text == "FOREIGN KEY constraint failed":
		return sqliteForeignKey
	}
	return 0
}
