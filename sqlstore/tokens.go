package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// tokens implements ports.TokenStore and ports.SessionUsers. Every call is one
// statement, which the engine runs wholly or not at all.
type tokens[T any, U core.UserPtr[T]] struct {
	db  conn
	ids core.IDs
	*mapping
	// The statements, each named after its method.
	put, take, get, extend, restamp, listUser, endUser, endOthers, purge, userByToken string
}

var (
	_ ports.TokenStore               = (*tokens[core.User, *core.User])(nil)
	_ ports.SessionUsers[*core.User] = (*tokens[core.User, *core.User])(nil)
)

func newTokens[T any, U core.UserPtr[T]](db conn, ids core.IDs, m *mapping) *tokens[T, U] {
	const (
		columns = "purpose, digest, user_id, family, epoch, created_at, expires_at, data"
		one     = " WHERE purpose = ? AND digest = ?"
		ofUser  = " WHERE user_id = ? AND purpose = ?"
	)
	bind := m.engine.bind
	return &tokens[T, U]{
		db: db, ids: ids, mapping: m,
		// The user is looked for here because SQLite may be set not to.
		put:       bind("INSERT INTO tokens (" + columns + ") SELECT ?, ?, id, ?, ?, ?, ?, ? FROM users WHERE id = ?"),
		take:      bind("DELETE FROM tokens" + one + " RETURNING " + columns),
		get:       bind("SELECT " + columns + " FROM tokens" + one),
		extend:    bind("UPDATE tokens SET expires_at = ?" + one + " AND expires_at < ?"),
		restamp:   bind("UPDATE tokens SET epoch = CASE WHEN epoch < ? THEN ? ELSE epoch END" + one),
		listUser:  bind("SELECT " + columns + " FROM tokens" + ofUser + " ORDER BY created_at DESC, digest"),
		endUser:   bind("DELETE FROM tokens" + ofUser),
		endOthers: bind("DELETE FROM tokens" + ofUser + " AND family <> ?"),
		purge:     bind(m.engine.purge),
		userByToken: "SELECT " + m.names("users.") + ", tokens." + strings.ReplaceAll(columns, ", ", ", tokens.") +
			" FROM tokens JOIN users ON users.id = tokens.user_id" +
			bind(" WHERE tokens.purpose = ? AND tokens.digest = ?"),
	}
}

// Put implements [ports.OnceStore]. It returns core.ErrUserNotFound where
// there is no user with the token's UserID.
func (s *tokens[T, U]) Put(ctx context.Context, t ports.Token) error {
	const op = "put token"
	for _, v := range []any{t.Purpose, t.Digest, t.UserID, t.Family, t.CreatedAt, t.ExpiresAt} {
		if storable(v) != nil {
			return core.ErrInvalidValue
		}
	}
	if t.Purpose == "" || t.Digest == "" {
		return core.ErrInvalidValue
	}
	var expires, data any
	if !t.ExpiresAt.IsZero() {
		expires = spell(t.ExpiresAt)
	}
	if len(t.Data) > 0 {
		data = t.Data
	}
	id, ok := s.ids.Parse(t.UserID)
	rows, err := s.write(ctx, ok, s.put, t.Purpose, t.Digest, t.Family, t.Epoch, spell(t.CreatedAt), expires, data, id)
	switch {
	case err != nil:
		return tokenError(ctx, op, err)
	case rows == 0:
		return core.ErrUserNotFound
	default:
		return nil
	}
}

// Take implements [ports.OnceStore].
func (s *tokens[T, U]) Take(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return s.one(ctx, "take token", s.take, purpose, digest)
}

// Get implements [ports.TokenStore].
func (s *tokens[T, U]) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return s.one(ctx, "get token", s.get, purpose, digest)
}

// one returns the token that query finds or removes.
func (s *tokens[T, U]) one(ctx context.Context, op, query, purpose, digest string) (ports.Token, error) {
	found, err := s.read(ctx, isKey(purpose, digest), query, purpose, digest)
	switch {
	case err != nil:
		return ports.Token{}, readError(ctx, op, err)
	case len(found) == 0:
		return ports.Token{}, core.ErrTokenNotFound
	default:
		return found[0], nil
	}
}

// Extend implements [ports.TokenStore].
func (s *tokens[T, U]) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	const op = "extend token"
	if err := storable(until); err != nil {
		return fmt.Errorf("bunstore: %s: %w", op, err)
	}
	at := spell(until)
	if _, err := s.write(ctx, isKey(purpose, digest), s.extend, at, purpose, digest, at); err != nil {
		return readError(ctx, op, err)
	}
	return nil
}

// Restamp implements [ports.TokenStore].
func (s *tokens[T, U]) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	rows, err := s.write(ctx, isKey(purpose, digest), s.restamp, epoch, epoch, purpose, digest)
	switch {
	case err != nil:
		return readError(ctx, "restamp token", err)
	case rows == 0:
		return core.ErrTokenNotFound
	default:
		return nil
	}
}

// ListUser implements [ports.TokenStore].
func (s *tokens[T, U]) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	id, ok := s.ids.Parse(userID)
	found, err := s.read(ctx, ok && storable(purpose) == nil, s.listUser, id, purpose)
	if err != nil {
		return nil, readError(ctx, "list tokens", err)
	}
	return found, nil
}

// EndUser implements [ports.TokenStore].
func (s *tokens[T, U]) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	id, ok := s.ids.Parse(userID)
	query, args := s.endUser, []any{id, purpose}
	if exceptFamily != "" && storable(exceptFamily) == nil {
		query, args = s.endOthers, append(args, exceptFamily)
	}
	if _, err := s.write(ctx, ok && storable(purpose) == nil, query, args...); err != nil {
		return readError(ctx, "end tokens", err)
	}
	return nil
}

// Purge implements [ports.TokenStore].
func (s *tokens[T, U]) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	const op = "purge tokens"
	if err := storable(before); err != nil {
		return 0, fmt.Errorf("bunstore: %s: %w", op, err)
	}
	// SQLite takes a limit below zero for none.
	rows, err := s.write(ctx, limit > 0, s.purge, spell(before), int64(limit))
	if err != nil {
		return 0, readError(ctx, op, err)
	}
	return int(rows), nil
}

// UserByToken implements [ports.SessionUsers].
func (s *tokens[T, U]) UserByToken(ctx context.Context, purpose, digest string) (U, ports.Token, error) {
	const op = "find user of token"
	if err := ctx.Err(); err != nil {
		return nil, ports.Token{}, readError(ctx, op, err)
	}
	if !isKey(purpose, digest) {
		return nil, ports.Token{}, core.ErrTokenNotFound
	}
	var u U
	var t ports.Token
	err := retry(ctx, func() error {
		u = new(T)
		row := reflect.ValueOf(u).Elem()
		err := s.db.QueryRowContext(ctx, s.userByToken, purpose, digest).Scan(append(s.dest(row), tokenDest(&t)...)...)
		s.cutTimes(row)
		return err
	})
	switch {
	case err == nil:
		return u, t, nil
	case errors.Is(err, sql.ErrNoRows):
		return nil, ports.Token{}, core.ErrTokenNotFound
	default:
		return nil, ports.Token{}, readError(ctx, op, err)
	}
}

// isKey reports whether a token can have that purpose and digest.
func isKey(purpose, digest string) bool {
	return purpose != "" && digest != "" && storable(purpose) == nil && storable(digest) == nil
}

// write returns how many rows query wrote, none where there can be none.
func (s *tokens[T, U]) write(ctx context.Context, possible bool, query string, args ...any) (int64, error) {
	if err := ctx.Err(); err != nil || !possible {
		return 0, err
	}
	return exec(ctx, s.db, query, args)
}

// read returns the tokens that query finds or removes, none where there can
// be none.
func (s *tokens[T, U]) read(ctx context.Context, possible bool, query string, args ...any) ([]ports.Token, error) {
	if err := ctx.Err(); err != nil || !possible {
		return nil, err
	}
	var found []ports.Token
	err := retry(ctx, func() (err error) {
		found, err = scanTokens(s.db.QueryContext(ctx, query, args...))
		return err
	})
	return found, err
}
