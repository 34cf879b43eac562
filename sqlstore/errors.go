package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gousher/usher/core"
)

// readError is the error of op where the engine returned err and nothing was
// written. Whatever a driver makes of a context that ended, the caller gets
// the error of the context.
func (s *store) readError(ctx context.Context, op string, err error) error {
	if ended := ctx.Err(); ended != nil {
		err = ended
	} else if at, ok := ctx.Deadline(); ok && !time.Now().Before(at) {
		err = context.DeadlineExceeded // a driver's timer may be the faster one
	} else if s.inTx && transient(err) {
		err = fmt.Errorf("%w: %w", core.ErrConflict, err)
	}
	return fmt.Errorf("sqlstore: %s: %w", op, err)
}

// writeError is the error of op where err kept a user from being written.
func (s *store) writeError(ctx context.Context, op string, err error) error {
	if s.isEmailTaken(err) {
		return core.ErrEmailTaken
	}
	return s.valueError(ctx, op, err)
}

// tokenError is the error of op where err kept a token from being written. The
// key of a token is all that is unique there, and its user all that it refers
// to.
func (s *store) tokenError(ctx context.Context, op string, err error) error {
	switch {
	case isDuplicate(err):
		return core.ErrTokenTaken
	case isOrphan(err):
		return core.ErrUserNotFound
	default:
		return s.valueError(ctx, op, err)
	}
}

// valueError is the error of op where err kept values from being written.
func (s *store) valueError(ctx context.Context, op string, err error) error {
	switch {
	case errors.Is(err, core.ErrInvalidValue):
		return fmt.Errorf("sqlstore: %s: %w", op, err)
	case isDuplicate(err), isRefused(err):
		return fmt.Errorf("sqlstore: %s: %w: %w", op, core.ErrInvalidValue, err)
	default:
		return s.readError(ctx, op, err)
	}
}

// isEmailTaken tells that another user has the e-mail key.
func (s *store) isEmailTaken(err error) bool {
	return s.violates(err, s.cfg.Users+"_email_key_key", "email_key")
}

// isIDTaken tells that another user has the id.
func (s *store) isIDTaken(err error) bool {
	return s.violates(err, s.cfg.Users+"_pkey", "id")
}

// violates tells that err is for the unique constraint of that name, which is
// on that column of users. PostgreSQL and MySQL name a constraint in their
// errors, in whatever language they are, SQLite names the columns.
func (s *store) violates(err error, constraint, column string) bool {
	switch {
	case !isDuplicate(err):
		return false
	case sqlState(err) != "":
		if e, ok := errors.AsType[fields](err); ok {
			return e.Field('n') == constraint
		}
		return strings.Contains(err.Error(), constraint) // quoted as the language has it
	case mysqlNumber(err) != 0:
		// MySQL puts the table before the name, and the last quotes enclose it.
		parts := strings.Split(mysqlText(err), "'")
		key := parts[max(0, len(parts)-2)]
		return key == constraint || key == s.cfg.Users+"."+constraint
	default:
		_, columns, _ := strings.Cut(err.Error(), sqliteUniqueText)
		columns, _, _ = strings.Cut(columns, " (")
		return columns == s.cfg.Users+"."+column
	}
}

// isDuplicate tells that the value of a unique constraint is there already.
func isDuplicate(err error) bool {
	if sqlState(err) == "23505" || mysqlNumber(err) == mysqlDuplicate {
		return true
	}
	code := sqliteCode(err)
	return code == sqliteUnique || code == sqlitePrimaryKey
}

// isOrphan tells that the row that another refers to is not there.
func isOrphan(err error) bool {
	return sqlState(err) == "23503" || sqliteCode(err) == sqliteForeignKey || mysqlNumber(err) == mysqlForeignKey
}

// isRefused tells that the engine cannot keep one of the values.
func isRefused(err error) bool {
	switch sqlState(err) {
	case "22001", "22003", // too long, out of range
		"22007", "22008", // not a date, date out of range
		"22021", "22P02", "22P05", // not of the encoding or the form of the type
		"23514", // a CHECK forbids it
		"54000": // too long for an index
		return true
	}
	switch sqliteCode(err) {
	case sqliteTooBig, sqliteCheck:
		return true
	}
	switch mysqlNumber(err) {
	case 1264, 1690, 1406, // out of range, too long
		1292, 1366, 3140, // not of the form of the type, not JSON
		3819, 4025: // a CHECK forbids it: MySQL, MariaDB
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
	switch mysqlNumber(err) {
	case 1205, 1213, 1020: // lock wait timeout, deadlock, MariaDB's snapshot is too old
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
	if err == nil {
		return 0
	}
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

// The numbers of MySQL's errors that say what a user must be told.
const (
	mysqlDuplicate  = 1062
	mysqlForeignKey = 1452
)

// mysqlNumber returns the number of an error of MySQL or MariaDB, or 0. The
// errors of go-sql-driver/mysql have it in a field: it is taken from their
// text, "Error 1062 (23000): ...".
func mysqlNumber(err error) int {
	number, _, ok := strings.Cut(strings.TrimPrefix(mysqlText(err), mysqlPrefix), " (")
	n, bad := strconv.Atoi(number)
	if !ok || bad != nil {
		return 0
	}
	return n
}

const mysqlPrefix = "Error "

// mysqlText returns the text of the error within err that begins as MySQL's
// do, or "".
func mysqlText(err error) string {
	for ; err != nil; err = errors.Unwrap(err) {
		if text := err.Error(); strings.HasPrefix(text, mysqlPrefix) {
			return text
		}
	}
	return ""
}
