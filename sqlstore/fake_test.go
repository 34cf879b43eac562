package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

type Member struct {
	core.User
	Nickname string    `db:"nickname"`
	Motto    *string   `db:"motto"`
	Tags     []string  `db:"tags"`
	LastSeen time.Time `db:"last_seen"`
}

// userColumns are the columns of core.User.
var userColumns = []string{
	"id", "email", "email_key", "hashed_password", "is_active", "is_superuser", "is_verified",
	"session_epoch", "revision", "created_at", "updated_at",
}

// when is a time that every engine keeps.
var when = time.Date(2026, 5, 17, 11, 42, 13, 987654000, time.UTC)

// columnsFor returns a column for each field of T that has a db tag: texts,
// numbers, bools and times as they are, all else as JSON.
func columnsFor[T any]() []Column {
	var columns []Column
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if name := f.Tag.Get("db"); name != "" {
			columns = append(columns, Column{
				Name: name, Index: f.Index, Type: "text",
				Value: func(row reflect.Value) (any, error) { return bound(row.FieldByIndex(f.Index)) },
				Scan:  func(row reflect.Value, src any) error { return scanned(row.FieldByIndex(f.Index), src) },
			})
		}
	}
	return columns
}

func bound(field reflect.Value) (any, error) {
	if field.Kind() == reflect.Slice && field.Type().Elem().Kind() != reflect.Uint8 {
		text, err := json.Marshal(field.Interface())
		return string(text), err
	}
	return driver.DefaultParameterConverter.ConvertValue(field.Interface())
}

func scanned(field reflect.Value, src any) error {
	switch to := field.Addr().Interface().(type) {
	case *time.Time:
		return (*Time)(to).Scan(src)
	case *[]string:
		return json.Unmarshal(src.([]byte), to)
	case **string:
		if src == nil {
			*to = nil
		}
	case **time.Time:
		*to = new(time.Time)
		return (*Time)(*to).Scan(src)
	case sql.Scanner:
		return to.Scan(src)
	default:
		field.Set(reflect.ValueOf(src).Convert(field.Type()))
	}
	return nil
}

// answer is what an engine says to a statement.
type answer struct {
	rows     [][]driver.Value
	affected int64
	err      error
	late     error // after the rows
}

// engineFake is a database that answers as it is told and notes what it was
// asked, in one line each.
type engineFake struct {
	answer func(query string, args []any) answer

	mu    sync.Mutex
	asked []string
	args  [][]any
}

// openFake returns a database on an engine that answers as answer says.
func openFake(t testing.TB, answer func(query string, args []any) answer) (*sql.DB, *engineFake) {
	t.Helper()
	e := &engineFake{answer: answer}
	db := sql.OpenDB(e)
	t.Cleanup(func() { db.Close() })
	return db, e
}

func (e *engineFake) ask(query string, named []driver.NamedValue) answer {
	args := make([]any, len(named))
	for i, arg := range named {
		args[i] = arg.Value
	}
	query = strings.Join(strings.Fields(query), " ")
	e.mu.Lock()
	e.asked, e.args = append(e.asked, query), append(e.args, args)
	e.mu.Unlock()
	return e.answer(query, args)
}

func (e *engineFake) Connect(context.Context) (driver.Conn, error) { return fakeConn{e}, nil }
func (e *engineFake) Driver() driver.Driver                        { return nil }

type fakeConn struct{ *engineFake }

func (c fakeConn) Prepare(string) (driver.Stmt, error) { return nil, driver.ErrSkip }
func (c fakeConn) Close() error                        { return nil }
func (c fakeConn) Begin() (driver.Tx, error)           { return nil, driver.ErrSkip }

func (c fakeConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return fakeTx{c}, c.ask("BEGIN", nil).err
}

func (c fakeConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	a := c.ask(query, args)
	return driver.RowsAffected(a.affected), a.err
}

func (c fakeConn) QueryContext(_ context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	a := c.ask(query, args)
	rows := &fakeRows{rows: a.rows, late: a.late}
	if len(a.rows) > 0 {
		rows.columns = make([]string, len(a.rows[0]))
	}
	return rows, a.err
}

type fakeTx struct{ c fakeConn }

func (tx fakeTx) Commit() error   { return tx.c.ask("COMMIT", nil).err }
func (tx fakeTx) Rollback() error { return tx.c.ask("ROLLBACK", nil).err }

type fakeRows struct {
	columns []string
	rows    [][]driver.Value
	late    error
}

func (r *fakeRows) Columns() []string { return r.columns }
func (r *fakeRows) Close() error      { return nil }

func (r *fakeRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		return cmp.Or(r.late, io.EOF)
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}

// codeError is an error as modernc.org/sqlite makes them.
type codeError struct {
	code int
	text string
}

func (e *codeError) Error() string { return e.text }
func (e *codeError) Code() int     { return e.code }

// stateError is an error as pgx and lib/pq make them.
type stateError struct{ state, text string }

func (e *stateError) Error() string    { return e.text }
func (e *stateError) SQLState() string { return e.state }

// fieldsError is an error as pgdriver makes them.
type fieldsError struct{ state, constraint string }

func (e *fieldsError) Error() string { return e.state }

func (e *fieldsError) Field(name byte) string {
	return map[byte]string{'C': e.state, 'n': e.constraint}[name]
}
