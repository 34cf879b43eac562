package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// users implements ports.UserStore. Every call is made of single statements,
// each of which the engine runs wholly or not at all.
type users[T any, U core.UserPtr[T]] struct {
	db  conn
	ids core.IDs
	*mapping
	byID, byEmail string // the statements that read
}

var _ ports.UserStore[*core.User] = (*users[core.User, *core.User])(nil)

func newUsers[T any, U core.UserPtr[T]](db conn, ids core.IDs, m *mapping) *users[T, U] {
	// The quoted names are qualified: SQLite takes "nickname" for a text
	// where there is no such column.
	selectBy := func(column string) string {
		return "SELECT " + m.names("users.") + " FROM users WHERE " + column + " = " + m.engine.placeholder(1)
	}
	return &users[T, U]{db: db, ids: ids, mapping: m, byID: selectBy("id"), byEmail: selectBy("email_key")}
}

// Create implements [ports.UserStore].
func (s *users[T, U]) Create(ctx context.Context, u U) error {
	const op = "create user"
	row := *u
	user := U(&row).AuthUser()
	if user.ID == "" {
		user.ID = s.ids.New()
	}
	id, ok := s.ids.Parse(user.ID)
	if !ok {
		return core.ErrInvalidValue
	}
	user.ID, user.Revision = id, 1
	if err := core.Storable(user); err != nil {
		return err
	}
	values, err := s.values(reflect.ValueOf(&row).Elem())
	if err != nil {
		return writeError(ctx, op, err)
	}
	st := s.statement("INSERT INTO users (" + s.names("") + ") VALUES (")
	for i, v := range values {
		st.text(comma(i)).value(v)
	}
	if _, err := st.text(")").run(ctx, s.db); err != nil {
		return writeError(ctx, op, err)
	}
	u.AuthUser().ID, u.AuthUser().Revision = user.ID, user.Revision
	return nil
}

// ByID implements [ports.UserStore].
func (s *users[T, U]) ByID(ctx context.Context, id string) (U, error) {
	id, ok := s.ids.Parse(id)
	return s.find(ctx, s.byID, id, ok)
}

// ByEmail implements [ports.UserStore].
func (s *users[T, U]) ByEmail(ctx context.Context, key string) (U, error) {
	return s.find(ctx, s.byEmail, key, key != "" && storable(key) == nil)
}

// find returns the user that query finds by value, unless value cannot be
// that of a user.
func (s *users[T, U]) find(ctx context.Context, query, value string, possible bool) (U, error) {
	const op = "find user"
	if err := ctx.Err(); err != nil {
		return nil, readError(ctx, op, err)
	}
	if !possible {
		return nil, core.ErrUserNotFound
	}
	var u U
	err := retry(ctx, func() error {
		u = new(T)
		row := reflect.ValueOf(u).Elem()
		err := s.db.QueryRowContext(ctx, query, value).Scan(s.dest(row)...)
		s.cutTimes(row)
		return err
	})
	switch {
	case err == nil:
		return u, nil
	case errors.Is(err, sql.ErrNoRows):
		return nil, core.ErrUserNotFound
	default:
		return nil, readError(ctx, op, err)
	}
}

// attempts is how often Update tries to be the only writer.
const attempts = 100

// Update implements [ports.UserStore].
func (s *users[T, U]) Update(ctx context.Context, id string, change func(U) error) (U, error) {
	const op = "update user"
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return nil, readError(ctx, op, err)
		}
		u, err := s.ByID(ctx, id)
		if err != nil {
			return nil, err
		}
		row := reflect.ValueOf(u).Elem()
		read, err := s.values(row)
		if err != nil {
			return nil, readError(ctx, op, err)
		}
		id, revision := u.AuthUser().ID, u.AuthUser().Revision
		if err := change(u); err != nil {
			return nil, err
		}
		user := u.AuthUser()
		user.ID, user.Revision = id, revision
		if err := core.Storable(user); err != nil {
			return nil, err
		}
		written, err := s.write(ctx, user, row, read)
		if err != nil {
			return nil, writeError(ctx, op, err)
		}
		if written {
			return u, nil
		}
	}
	return nil, core.ErrConflict
}

// write writes what differs in row, whose core.User is user, from the values
// that were read, and reports false where somebody else wrote the user since.
func (s *users[T, U]) write(ctx context.Context, user *core.User, row reflect.Value, read []any) (bool, error) {
	values, err := s.values(row)
	if err != nil {
		return false, err
	}
	st := s.statement("UPDATE users SET ")
	altered := 0
	for i, v := range values {
		if !same(read[i], v) {
			st.text(comma(altered)).text(string(s.columns[i].SQLName)).text(" = ").value(v)
			altered++
		}
	}
	s.cutTimes(row)
	if altered == 0 {
		return true, nil
	}
	st.text(", revision = ").value(user.Revision + 1)
	st.text(" WHERE id = ").value(user.ID).text(" AND revision = ").value(user.Revision)
	rows, err := st.run(ctx, s.db)
	if err != nil || rows == 0 {
		return false, err
	}
	user.Revision++
	return true, nil
}

// Delete implements [ports.UserStore].
func (s *users[T, U]) Delete(ctx context.Context, id string) error {
	const op = "delete user"
	if err := ctx.Err(); err != nil {
		return readError(ctx, op, err)
	}
	id, ok := s.ids.Parse(id)
	if !ok {
		return core.ErrUserNotFound
	}
	rows, err := s.statement("DELETE FROM users WHERE id = ").value(id).run(ctx, s.db)
	switch {
	case err != nil:
		return readError(ctx, op, err)
	case rows == 0:
		return core.ErrUserNotFound
	default:
		return nil
	}
}

// statement is an SQL text in the making and the values bound to it.
type statement struct {
	*mapping
	sql  strings.Builder
	args []any
	err  error
}

func (m *mapping) statement(text string) *statement {
	st := &statement{mapping: m}
	return st.text(text)
}

func (st *statement) text(text string) *statement {
	st.sql.WriteString(text)
	return st
}

// value binds v, one of the values of a mapping. No value is ever part of the
// text: drivers that bind by writing values there take a $1 in a literal for
// a placeholder.
func (st *statement) value(v any) *statement {
	if err := storable(v); err != nil {
		st.err = err
	}
	if at, ok := v.(time.Time); ok {
		v = spell(at)
	}
	st.args = append(st.args, v)
	return st.text(st.engine.placeholder(len(st.args)))
}

// run returns how many rows the statement wrote.
func (st *statement) run(ctx context.Context, db conn) (rows int64, err error) {
	if st.err != nil {
		return 0, st.err
	}
	return exec(ctx, db, st.sql.String(), st.args)
}

// exec returns how many rows query wrote.
func exec(ctx context.Context, db conn, query string, args []any) (rows int64, err error) {
	err = retry(ctx, func() error {
		result, err := db.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		rows, err = result.RowsAffected()
		return err
	})
	return rows, err
}

// comma stands before the i-th of a list.
func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}
