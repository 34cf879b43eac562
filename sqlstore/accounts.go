package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// accounts implements ports.AccountStore.
type accounts[T any, U core.UserPtr[T]] struct {
	*users[T, U]
	insertAccount, one, oneForUpdate, all, joined, relink, write, remove, touch string // statements
}

var _ ports.AccountStore[*core.User] = (*accounts[core.User, *core.User])(nil)

// accountColumns are those of an account.
const accountColumns = "provider, subject, user_id, email, data, created_at, updated_at, revision"

// readingAccounts returns the columns of an account for a SELECT.
func (s *store) readingAccounts() string {
	list := strings.Split(accountColumns, ", ")
	for i, c := range list {
		list[i] = s.d.read(s.accounts+"."+c, strings.HasSuffix(c, "_at"))
	}
	return strings.Join(list, ", ")
}

func newAccounts[T any, U core.UserPtr[T]](u *users[T, U]) *accounts[T, U] {
	s := u.store
	bind := func(query string) string {
		return s.d.bind(strings.NewReplacer("{accounts}", s.accounts, "{users}", s.users).Replace(query))
	}
	const ofKey = " WHERE {accounts}.provider = ? AND {accounts}.subject = ?"
	selecting := "SELECT " + s.readingAccounts() + " FROM {accounts}"
	return &accounts[T, U]{
		users:         u,
		insertAccount: bind("INSERT INTO {accounts} (" + accountColumns + ") VALUES (?, ?, ?, ?, ?, ?, ?, 1)"),
		one:           bind(selecting + ofKey),
		oneForUpdate:  bind(selecting + ofKey + s.d.forUpdate),
		all:           bind(selecting + " WHERE {accounts}.user_id = ? ORDER BY {accounts}.created_at, {accounts}.provider, {accounts}.subject"),
		joined: bind("SELECT " + s.reading() + ", " + s.readingAccounts() +
			" FROM {accounts} JOIN {users} ON {users}.id = {accounts}.user_id" + ofKey),
		relink: bind("UPDATE {accounts} SET email = ?, data = ?, updated_at = ?, revision = revision + 1" +
			" WHERE provider = ? AND subject = ? AND user_id = ?"),
		write: bind("UPDATE {accounts} SET email = ?, data = ?, updated_at = ?, revision = revision + 1" +
			" WHERE provider = ? AND subject = ? AND user_id = ? AND revision = ?"),
		remove: bind("DELETE FROM {accounts} WHERE provider = ? AND subject = ? AND user_id = ?"),
		touch:  bind("UPDATE {users} SET revision = revision + 1 WHERE id = ? AND revision = ?"),
	}
}

// CreateWith implements [ports.AccountStore].
func (s *accounts[T, U]) CreateWith(ctx context.Context, u U, a ports.Account) error {
	const op = "create user with account"
	if err := storableAccount(a); err != nil {
		return err
	}
	id, values, err := s.prepare(ctx, op, u)
	if err != nil {
		return err
	}
	given := id
	for attempt := 0; ; attempt++ {
		failed := s.writeError
		err := s.together(ctx, func(in *store) (err error) {
			if id, err = in.insertOnce(ctx, given, values); err != nil {
				return err
			}
			failed = s.accountError
			_, err = in.exec(ctx, s.insertAccount, s.accountArgs(a, id)...)
			return err
		})
		switch {
		case err == nil:
			u.AuthUser().ID, u.AuthUser().Revision = id, 1
			return nil
		case given != "" || attempt == attempts || !s.isIDTaken(err):
			return failed(ctx, op, err)
		}
	}
}

// accountArgs returns what is bound to insertAccount.
func (s *store) accountArgs(a ports.Account, userID string) []any {
	return []any{a.Provider, a.Subject, userID, a.Email, dataOf(a), s.d.spell(a.CreatedAt), s.d.spell(a.UpdatedAt)}
}

// dataOf returns what is bound for an account's Data.
func dataOf(a ports.Account) any {
	if len(a.Data) == 0 {
		return nil
	}
	return a.Data
}

// together calls f with a store in a transaction of its own: all that f writes
// happens or nothing. Within a transaction of the caller's it takes back what f
// wrote where f fails. A statement that fails ends f.
func (s *store) together(ctx context.Context, f func(in *store) error) error {
	in := *s
	in.inTx, in.d.savepoints = true, false
	if s.inTx {
		return s.within(ctx, func() error { return f(&in) })
	}
	return s.retry(ctx, func() error {
		tx, err := s.db.(interface {
			BeginTx(ctx context.Context, opts *sql.TxOptions) (*sql.Tx, error)
		}).BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		in.db = tx
		if err := f(&in); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// ByAccount implements [ports.AccountStore].
func (s *accounts[T, U]) ByAccount(ctx context.Context, provider, subject string) (U, ports.Account, error) {
	const op = "find user of account"
	if err := ctx.Err(); err != nil {
		return nil, ports.Account{}, s.readError(ctx, op, err)
	}
	if !isAccount(provider, subject) {
		return nil, ports.Account{}, core.ErrAccountNotFound
	}
	var u U
	var a ports.Account
	err := s.retry(ctx, func() error {
		u, a = new(T), ports.Account{}
		row := reflect.ValueOf(u).Elem()
		err := s.db.QueryRowContext(ctx, s.joined, provider, subject).Scan(append(s.dest(row), accountDest(&a)...)...)
		s.cutTimes(row)
		return err
	})
	switch {
	case err == nil:
		return u, a, nil
	case errors.Is(err, sql.ErrNoRows):
		return nil, ports.Account{}, core.ErrAccountNotFound
	default:
		return nil, ports.Account{}, s.readError(ctx, op, err)
	}
}

// AccountsOf implements [ports.AccountStore].
func (s *accounts[T, U]) AccountsOf(ctx context.Context, userID string) ([]ports.Account, error) {
	id, ok := s.cfg.IDs.Parse(userID)
	found, err := readAll(ctx, s.store, accountDest, ok, s.all, id)
	if err != nil {
		return nil, s.readError(ctx, "list accounts", err)
	}
	return found, nil
}

// Link implements [ports.AccountStore].
func (s *accounts[T, U]) Link(ctx context.Context, a ports.Account, allow func(U) error) error {
	const op = "link account"
	if err := storableAccount(a); err != nil {
		return err
	}
	return s.alter(ctx, op, a.UserID, func(u U) (func(in *store) error, error) {
		if allow != nil {
			if err := allow(core.Clone(u)); err != nil {
				return nil, err
			}
		}
		id := u.AuthUser().ID
		return func(in *store) error {
			rows, err := in.exec(ctx, s.relink, a.Email, dataOf(a), s.d.spell(a.UpdatedAt), a.Provider, a.Subject, id)
			if err == nil && rows == 0 {
				_, err = in.exec(ctx, s.insertAccount, s.accountArgs(a, id)...)
			}
			return err
		}, nil
	})
}

// errWritten says that somebody else wrote the user since it was read.
var errWritten = errors.New("sqlstore: the user was written meanwhile")

// alter changes the set of a user's accounts. Plan is given the user as it was
// read, and returns what writes the change; that takes effect only if nobody
// wrote the user since, else alter starts again.
func (s *accounts[T, U]) alter(ctx context.Context, op, userID string, plan func(u U) (func(in *store) error, error)) error {
	query, tries := s.byID, attempts
	if s.inTx {
		query, tries = s.byIDForUpdate, 1
	}
	for n := range tries {
		if err := wait(ctx, n); err != nil {
			return s.readError(ctx, op, err)
		}
		u, err := s.find(ctx, query, userID)
		if err != nil {
			return err
		}
		id, revision := u.AuthUser().ID, u.AuthUser().Revision
		write, err := plan(u)
		if err != nil {
			return err
		}
		err = s.together(ctx, func(in *store) error {
			rows, err := in.exec(ctx, s.touch, id, revision)
			if err == nil && rows == 0 {
				err = errWritten
			}
			if err != nil {
				return err
			}
			return write(in)
		})
		if err == nil {
			return nil
		}
		if !errors.Is(err, errWritten) {
			return s.accountError(ctx, op, err)
		}
	}
	return core.ErrConflict
}

// UpdateAccount implements [ports.AccountStore].
func (s *accounts[T, U]) UpdateAccount(ctx context.Context, provider, subject string, change func(*ports.Account) error) (ports.Account, error) {
	const op = "update account"
	query, tries := s.one, attempts
	if s.inTx {
		query, tries = s.oneForUpdate, 1
	}
	for n := range tries {
		if err := wait(ctx, n); err != nil {
			return ports.Account{}, s.readError(ctx, op, err)
		}
		found, err := readAll(ctx, s.store, accountDest, isAccount(provider, subject), query, provider, subject)
		if err != nil {
			return ports.Account{}, s.readError(ctx, op, err)
		}
		if len(found) == 0 {
			return ports.Account{}, core.ErrAccountNotFound
		}
		next, changed := found[0], found[0]
		if err := change(&changed); err != nil {
			return ports.Account{}, err
		}
		next.Email, next.Data, next.UpdatedAt = changed.Email, changed.Data, cut(changed.UpdatedAt)
		if err := storableAccount(next); err != nil {
			return ports.Account{}, err
		}
		rows, err := s.exec(ctx, s.write, next.Email, dataOf(next), s.d.spell(next.UpdatedAt), provider, subject, next.UserID, next.Revision)
		if err != nil {
			return ports.Account{}, s.accountError(ctx, op, err)
		}
		if rows > 0 {
			next.Revision++
			return next, nil
		}
	}
	return ports.Account{}, core.ErrConflict
}

// Unlink implements [ports.AccountStore].
func (s *accounts[T, U]) Unlink(ctx context.Context, userID, provider, subject string, allow func(U, []ports.Account) error) error {
	const op = "unlink account"
	err := s.alter(ctx, op, userID, func(u U) (func(in *store) error, error) {
		id := u.AuthUser().ID
		all, err := s.AccountsOf(ctx, id)
		if err != nil {
			return nil, err
		}
		left := slices.DeleteFunc(slices.Clone(all), func(a ports.Account) bool { return a.Provider == provider && a.Subject == subject })
		if len(left) == len(all) {
			return nil, core.ErrAccountNotFound
		}
		if err := allow(u, left); err != nil {
			return nil, err
		}
		return func(in *store) error {
			_, err := in.exec(ctx, s.remove, provider, subject, id)
			return err
		}, nil
	})
	if err == core.ErrUserNotFound {
		return core.ErrAccountNotFound
	}
	return err
}

// isAccount reports whether an account can have that key.
func isAccount(provider, subject string) bool {
	return provider != "" && subject != "" && storable(provider) == nil && storable(subject) == nil
}

// storableAccount returns core.ErrInvalidValue for an account that could not be
// kept as it is.
func storableAccount(a ports.Account) error {
	if err := core.StorableAccount(a); err != nil {
		return err
	}
	for _, at := range []any{a.CreatedAt, a.UpdatedAt} {
		if storable(at) != nil {
			return core.ErrInvalidValue
		}
	}
	return nil
}

// accountDest returns where the columns of an account are to be scanned to
// fill a.
func accountDest(a *ports.Account) []any {
	return []any{
		&a.Provider, &a.Subject, &a.UserID, &a.Email, &a.Data, (*Time)(&a.CreatedAt), (*Time)(&a.UpdatedAt), &a.Revision,
	}
}

// accountError is the error of op where err kept an account from being
// written. Its key is all that is unique there, and its user all that it refers
// to.
func (s *store) accountError(ctx context.Context, op string, err error) error {
	switch {
	case isDuplicate(err):
		return core.ErrAccountTaken
	case isOrphan(err):
		return core.ErrUserNotFound
	default:
		return s.valueError(ctx, op, err)
	}
}
