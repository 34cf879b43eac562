package sqlstore

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

// tokens implements ports.TokenStore and ports.SessionUsers.
type tokens[T any, U core.UserPtr[T]] struct {
	*store
	// The statements, most of them named after their method.
	put, take, get, takeUnaltered, extend, restamp, listUser, endUser, endOthers, purge, userByToken string
}

var (
	_ ports.TokenStore               = (*tokens[core.User, *core.User])(nil)
	_ ports.SessionUsers[*core.User] = (*tokens[core.User, *core.User])(nil)
)

// The statements on tokens are written for the names in braces.
const (
	// allColumns are those of a token, tokenColumns in number.
	allColumns   = "purpose, digest, user_id, family, epoch, created_at, expires_at, data"
	tokenColumns = 8

	ofKey  = " WHERE purpose = ? AND digest = ?"
	ofUser = " WHERE user_id = ? AND purpose = ?"

	// putToken looks for the user because SQLite may be set not to.
	putToken = "INSERT INTO {tokens} ({columns}) SELECT ?, ?, id, ?, ?, ?, ?, ? FROM {users} WHERE id = ?"
)

// bind returns a statement as the engine wants it.
func (s *store) bind(query string) string {
	return s.d.bind(strings.NewReplacer("{tokens}", s.tokens, "{users}", s.users, "{columns}", allColumns).Replace(query))
}

// readingTokens returns the columns of a token, each after prefix, for a
// SELECT.
func (s *store) readingTokens(prefix string) string {
	list := strings.Split(allColumns, ", ")
	for i, c := range list {
		list[i] = s.d.read(prefix+c, strings.HasSuffix(c, "_at"))
	}
	return strings.Join(list, ", ")
}

func newTokens[T any, U core.UserPtr[T]](s *store) *tokens[T, U] {
	selecting := "SELECT " + s.readingTokens("") + " FROM {tokens}"
	get := s.bind(selecting + ofKey)
	if s.inTx && s.d.take == "" {
		get += s.d.forUpdate
	}
	return &tokens[T, U]{
		store: s, put: s.bind(putToken), take: s.bind(s.d.take), get: get,
		// What can change of a token is compared: it is removed as it was read.
		takeUnaltered: s.bind("DELETE FROM {tokens}" + ofKey + " AND epoch = ? AND (expires_at = ? OR expires_at IS NULL AND ? IS NULL)"),
		extend:        s.bind("UPDATE {tokens} SET expires_at = ?" + ofKey + " AND expires_at < ?"),
		restamp:       s.bind("UPDATE {tokens} SET epoch = CASE WHEN epoch < ? THEN ? ELSE epoch END" + ofKey),
		listUser:      s.bind(selecting + ofUser + " ORDER BY {tokens}.created_at DESC, digest"),
		endUser:       s.bind("DELETE FROM {tokens}" + ofUser),
		endOthers:     s.bind("DELETE FROM {tokens}" + ofUser + " AND family <> ?"),
		purge:         s.bind(s.d.purge),
		userByToken: s.bind("SELECT " + s.reading() + ", " + s.readingTokens("{tokens}.") +
			" FROM {tokens} JOIN {users} ON {users}.id = {tokens}.user_id WHERE {tokens}.purpose = ? AND {tokens}.digest = ?"),
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
	var ok bool
	t.UserID, ok = s.cfg.IDs.Parse(t.UserID)
	rows, err := s.writeTokens(ctx, ok, s.put, s.putArgs(t)...)
	switch {
	case err != nil:
		return s.tokenError(ctx, op, err)
	case rows == 0:
		return core.ErrUserNotFound
	default:
		return nil
	}
}

// putArgs returns what is bound to putToken.
func (s *store) putArgs(t ports.Token) []any {
	var data any
	if len(t.Data) > 0 {
		data = t.Data
	}
	return []any{t.Purpose, t.Digest, t.Family, t.Epoch, s.d.spell(t.CreatedAt), s.spellEnd(t.ExpiresAt), data, t.UserID}
}

// spellEnd returns how the expiry at is bound.
func (s *store) spellEnd(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return s.d.spell(at)
}

// Take implements [ports.OnceStore].
func (s *tokens[T, U]) Take(ctx context.Context, purpose, digest string) (ports.Token, error) {
	const op = "take token"
	if s.take != "" {
		return s.one(ctx, op, s.take, purpose, digest)
	}
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return ports.Token{}, s.readError(ctx, op, err)
		}
		t, err := s.one(ctx, op, s.get, purpose, digest)
		if err != nil {
			return t, err
		}
		end := s.spellEnd(t.ExpiresAt)
		rows, err := s.exec(ctx, s.takeUnaltered, purpose, digest, t.Epoch, end, end)
		if err != nil {
			return ports.Token{}, s.readError(ctx, op, err)
		}
		if rows > 0 {
			return t, nil
		}
	}
	return ports.Token{}, core.ErrConflict
}

// Get implements [ports.TokenStore].
func (s *tokens[T, U]) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return s.one(ctx, "get token", s.get, purpose, digest)
}

// one returns the token that query finds or removes.
func (s *tokens[T, U]) one(ctx context.Context, op, query, purpose, digest string) (ports.Token, error) {
	found, err := readAll(ctx, s.store, tokenDest, isKey(purpose, digest), query, purpose, digest)
	switch {
	case err != nil:
		return ports.Token{}, s.readError(ctx, op, err)
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
		return fmt.Errorf("sqlstore: %s: %w", op, err)
	}
	at := s.d.spell(until)
	if _, err := s.writeTokens(ctx, isKey(purpose, digest), s.extend, at, purpose, digest, at); err != nil {
		return s.readError(ctx, op, err)
	}
	return nil
}

// Restamp implements [ports.TokenStore].
func (s *tokens[T, U]) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	const op = "restamp token"
	rows, err := s.writeTokens(ctx, isKey(purpose, digest), s.restamp, epoch, epoch, purpose, digest)
	switch {
	case err != nil:
		return s.readError(ctx, op, err)
	case rows == 0 && s.d.changedRows:
		_, err := s.one(ctx, op, s.get, purpose, digest)
		return err
	case rows == 0:
		return core.ErrTokenNotFound
	default:
		return nil
	}
}

// ListUser implements [ports.TokenStore].
func (s *tokens[T, U]) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	id, ok := s.cfg.IDs.Parse(userID)
	found, err := readAll(ctx, s.store, tokenDest, ok && storable(purpose) == nil, s.listUser, id, purpose)
	if err != nil {
		return nil, s.readError(ctx, "list tokens", err)
	}
	return found, nil
}

// EndUser implements [ports.TokenStore].
func (s *tokens[T, U]) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	id, ok := s.cfg.IDs.Parse(userID)
	query, args := s.endUser, []any{id, purpose}
	if exceptFamily != "" && storable(exceptFamily) == nil {
		query, args = s.endOthers, append(args, exceptFamily)
	}
	if _, err := s.writeTokens(ctx, ok && storable(purpose) == nil, query, args...); err != nil {
		return s.readError(ctx, "end tokens", err)
	}
	return nil
}

// Purge implements [ports.TokenStore].
func (s *tokens[T, U]) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	const op = "purge tokens"
	if err := storable(before); err != nil {
		return 0, fmt.Errorf("sqlstore: %s: %w", op, err)
	}
	// SQLite takes a limit below zero for none.
	rows, err := s.writeTokens(ctx, limit > 0, s.purge, s.d.spell(before), int64(limit))
	if err != nil {
		return 0, s.readError(ctx, op, err)
	}
	return int(rows), nil
}

// UserByToken implements [ports.SessionUsers].
func (s *tokens[T, U]) UserByToken(ctx context.Context, purpose, digest string) (U, ports.Token, error) {
	const op = "find user of token"
	if err := ctx.Err(); err != nil {
		return nil, ports.Token{}, s.readError(ctx, op, err)
	}
	if !isKey(purpose, digest) {
		return nil, ports.Token{}, core.ErrTokenNotFound
	}
	var u U
	var t ports.Token
	err := s.retry(ctx, func() error {
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
		return nil, ports.Token{}, s.readError(ctx, op, err)
	}
}

// isKey reports whether a token can have that purpose and digest.
func isKey(purpose, digest string) bool {
	return purpose != "" && digest != "" && storable(purpose) == nil && storable(digest) == nil
}

// writeTokens returns how many rows query wrote, none where there can be none.
func (s *store) writeTokens(ctx context.Context, possible bool, query string, args ...any) (int64, error) {
	if err := ctx.Err(); err != nil || !possible {
		return 0, err
	}
	return s.exec(ctx, query, args...)
}
