package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strconv"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// users implements ports.UserStore.
type users[T any, U core.UserPtr[T]] struct {
	*store
	byID, byEmail, byIDForUpdate, remove string // statements
	first, next                          string // pages
}

var _ ports.UserStore[*core.User] = (*users[core.User, *core.User])(nil)

func newUsers[T any, U core.UserPtr[T]](s *store) *users[T, U] {
	where := func(column string) string {
		return s.d.bind("SELECT " + s.reading() + " FROM " + s.users + " WHERE " + column + " = ?")
	}
	return &users[T, U]{
		store: s, byID: where("id"), byEmail: where("email_key"), byIDForUpdate: where("id") + s.d.forUpdate,
		remove: s.d.bind("DELETE FROM " + s.users + " WHERE id = ?"),
		first:  s.d.bind("SELECT " + s.reading() + " FROM " + s.users + " ORDER BY " + s.users + ".id LIMIT ?"),
		next:   s.d.bind("SELECT " + s.reading() + " FROM " + s.users + " WHERE " + s.users + ".id > ? ORDER BY " + s.users + ".id LIMIT ?"),
	}
}

// reading returns the columns of users for a SELECT. Their names are
// qualified: SQLite takes "nickname" for a text where there is no such column.
func (s *store) reading() string {
	list := ""
	for i, c := range s.columns {
		list += comma(i) + s.d.read(s.users+"."+s.d.quoted(c.Name), c.isTime)
	}
	return list
}

// Create implements [ports.UserStore].
func (s *users[T, U]) Create(ctx context.Context, u U) error {
	const op = "create user"
	id, values, err := s.prepare(ctx, op, u)
	if err != nil {
		return err
	}
	id, err = s.insert(ctx, id, values)
	if err != nil {
		return s.writeError(ctx, op, err)
	}
	u.AuthUser().ID, u.AuthUser().Revision = id, 1
	return nil
}

// prepare returns the values of a new user, and its id, or "" where the engine
// is to give one.
func (s *users[T, U]) prepare(ctx context.Context, op string, u U) (id string, values []any, err error) {
	row := *u
	user := U(&row).AuthUser()
	if user.ID == "" {
		user.ID = s.cfg.IDs.New()
	}
	id, ok := s.cfg.IDs.Parse(user.ID)
	if assigned := user.ID == ""; !ok && !assigned {
		return "", nil, core.ErrInvalidValue
	}
	user.ID, user.Revision = id, 1
	if err := core.Storable(user); err != nil {
		return "", nil, err
	}
	values, err = s.values(reflect.ValueOf(&row).Elem())
	if err != nil {
		return "", nil, s.writeError(ctx, op, err)
	}
	return id, values, nil
}

// insert keeps values under id, or under one of the engine's where id is "",
// and returns the id.
func (s *store) insert(ctx context.Context, id string, values []any) (string, error) {
	for attempt := 0; ; attempt++ {
		given, err := s.insertOnce(ctx, id, values)
		// The application may have given that number to another user by hand;
		// the engine's counter is one further now.
		if err == nil || id != "" || attempt == attempts || !s.isIDTaken(err) {
			return given, err
		}
	}
}

// insertOnce does what insert does, and fails where the engine's id is taken.
func (s *store) insertOnce(ctx context.Context, id string, values []any) (string, error) {
	st := s.statement("INSERT INTO " + s.users + " (")
	n := 0
	for _, c := range s.columns {
		if id != "" || c.Name != "id" {
			st.text(comma(n) + s.d.quoted(c.Name))
			n++
		}
	}
	st.text(") VALUES (")
	n = 0
	for i, c := range s.columns {
		if id != "" || c.Name != "id" {
			st.text(comma(n)).value(values[i])
			n++
		}
	}
	st.text(")")
	if id != "" {
		_, err := st.run(ctx)
		return id, err
	}
	given, err := st.runForID(ctx)
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(given, 10), nil
}

// ByID implements [ports.UserStore].
func (s *users[T, U]) ByID(ctx context.Context, id string) (U, error) {
	return s.find(ctx, s.byID, id)
}

// find returns the user that query finds by id.
func (s *users[T, U]) find(ctx context.Context, query, id string) (U, error) {
	id, ok := s.cfg.IDs.Parse(id)
	return s.findBy(ctx, query, id, ok)
}

// ByEmail implements [ports.UserStore].
func (s *users[T, U]) ByEmail(ctx context.Context, key string) (U, error) {
	return s.findBy(ctx, s.byEmail, key, key != "" && storable(key) == nil)
}

// findBy returns the user that query finds by value, unless value cannot be
// that of a user.
func (s *users[T, U]) findBy(ctx context.Context, query, value string, possible bool) (U, error) {
	const op = "find user"
	if err := ctx.Err(); err != nil {
		return nil, s.readError(ctx, op, err)
	}
	if !possible {
		return nil, core.ErrUserNotFound
	}
	var u U
	err := s.retry(ctx, func() error {
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
		return nil, s.readError(ctx, op, err)
	}
}

// attempts is how often Update tries to be the only writer.
const attempts = 100

// Update implements [ports.UserStore]. In a transaction of the caller it locks
// the row, where the engine can, and tries once.
func (s *users[T, U]) Update(ctx context.Context, id string, change func(U) error) (U, error) {
	const op = "update user"
	query, tries := s.byID, attempts
	if s.inTx {
		query, tries = s.byIDForUpdate, 1
	}
	for n := range tries {
		if err := wait(ctx, n); err != nil {
			return nil, s.readError(ctx, op, err)
		}
		u, err := s.find(ctx, query, id)
		if err != nil {
			return nil, err
		}
		row := reflect.ValueOf(u).Elem()
		read, err := s.values(row)
		if err != nil {
			return nil, s.readError(ctx, op, err)
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
			return nil, s.writeError(ctx, op, err)
		}
		if written {
			return u, nil
		}
	}
	return nil, core.ErrConflict
}

// write writes what differs in row, whose core.User is user, from the values
// that were read, and reports false where somebody else wrote the user since.
func (s *store) write(ctx context.Context, user *core.User, row reflect.Value, read []any) (bool, error) {
	values, err := s.values(row)
	if err != nil {
		return false, err
	}
	st := s.statement("UPDATE " + s.users + " SET ")
	altered := 0
	for i, v := range values {
		if !same(read[i], v) {
			st.text(comma(altered) + s.d.quoted(s.columns[i].Name) + " = ").value(v)
			altered++
		}
	}
	s.cutTimes(row)
	if altered == 0 {
		return true, nil
	}
	st.text(", revision = ").value(user.Revision + 1)
	st.text(" WHERE id = ").value(user.ID).text(" AND revision = ").value(user.Revision)
	rows, err := st.run(ctx)
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
		return s.readError(ctx, op, err)
	}
	id, ok := s.cfg.IDs.Parse(id)
	if !ok {
		return core.ErrUserNotFound
	}
	rows, err := s.exec(ctx, s.remove, id)
	switch {
	case err != nil:
		return s.readError(ctx, op, err)
	case rows == 0:
		return core.ErrUserNotFound
	default:
		return nil
	}
}
