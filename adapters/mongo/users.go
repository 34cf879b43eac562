package mongostore

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// users implements ports.UserStore and ports.UserLister.
type users[T any, U core.UserPtr[T]] struct{ *store }

var (
	_ ports.UserStore[*core.User]  = (*users[core.User, *core.User])(nil)
	_ ports.UserLister[*core.User] = (*users[core.User, *core.User])(nil)
)

// Create implements [ports.UserStore].
func (s *users[T, U]) Create(ctx context.Context, u U) error {
	id, doc, err := s.prepare(ctx, u)
	if err != nil {
		return err
	}
	if err := s.insert(ctx, id, u.AuthUser().ID != "", doc); err != nil {
		return userError(ctx, "create user", err)
	}
	u.AuthUser().ID, u.AuthUser().Revision = id, 1
	return nil
}

// prepare returns the id and the document of a new user.
func (s *users[T, U]) prepare(ctx context.Context, u U) (string, bson.D, error) {
	if err := ctx.Err(); err != nil {
		return "", nil, err
	}
	row := *u
	user := U(&row).AuthUser()
	if user.ID == "" {
		user.ID = s.ids.make()
	}
	id, ok := s.ids.parse(user.ID)
	if !ok {
		return "", nil, core.ErrInvalidValue
	}
	user.ID, user.Revision = id, 1
	if err := core.Storable(user); err != nil {
		return "", nil, err
	}
	fields, err := encode(U(&row))
	return id, append(by(idField, s.ids.value(id)), fields...), userError(ctx, "create user", err)
}

// insert keeps the document of a new user, whose id the application may have
// given.
func (s *store) insert(ctx context.Context, id string, given bool, doc bson.D) error {
	if given {
		if err := s.clear(ctx, id); err != nil {
			return err
		}
	}
	_, err := s.users.InsertOne(ctx, doc)
	if err != nil && given && isDuplicate(err) && s.has(ctx, id) == nil {
		return core.ErrInvalidValue
	}
	return err
}

// clear makes sure that nothing is left, under an id that the application
// chose, of somebody who had it before: a Delete that was cut off removed the
// user, and may not have removed the tokens.
func (s *store) clear(ctx context.Context, id string) error {
	switch err := s.has(ctx, id); {
	case err == nil:
		return core.ErrInvalidValue
	case errors.Is(err, mongo.ErrNoDocuments):
		return s.endAll(ctx, id)
	default:
		return err
	}
}

// has returns nil where there is a user with that id, or mongo.ErrNoDocuments.
func (s *store) has(ctx context.Context, id string) error {
	return s.users.FindOne(ctx, by(idField, s.ids.value(id)), onlyID()).Err()
}

// onlyID asks for no more of a document than whether it is there.
func onlyID() *options.FindOneOptionsBuilder { return options.FindOne().SetProjection(by(idField, 1)) }

// ByID implements [ports.UserStore].
func (s *users[T, U]) ByID(ctx context.Context, id string) (U, error) {
	id, ok := s.ids.parse(id)
	if !ok {
		return nil, none(ctx)
	}
	return s.find(ctx, by(idField, s.ids.value(id)))
}

// ByEmail implements [ports.UserStore].
func (s *users[T, U]) ByEmail(ctx context.Context, key string) (U, error) {
	if key == "" || !storable(key) {
		return nil, none(ctx)
	}
	return s.find(ctx, by(keyField, key))
}

// cut brings a time to what is kept of it.
func cut(at time.Time) time.Time { return time.UnixMicro(at.UnixMicro()).UTC() }

// storable reports whether all texts are what a store keeps.
func storable(texts ...string) bool {
	for _, text := range texts {
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			return false
		}
	}
	return true
}

// none says that there is no such user, unless the context has ended.
func none(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return core.ErrUserNotFound
}

// find returns the user that a filter finds.
func (s *users[T, U]) find(ctx context.Context, filter bson.D) (U, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	u, _, err := s.load(ctx, filter)
	return u, userError(ctx, "find user", err)
}

// load returns the user that a filter finds, and the document, or
// mongo.ErrNoDocuments.
func (s *users[T, U]) load(ctx context.Context, filter bson.D) (U, bson.Raw, error) {
	doc, err := s.users.FindOne(ctx, filter).Raw()
	if err != nil {
		return nil, nil, err
	}
	u, err := decode[T, U](doc, s.ids)
	return u, doc, err
}

// Delete implements [ports.UserStore]. Tokens and accounts go after the user: cut
// off in between, they are nobody's.
func (s *users[T, U]) Delete(ctx context.Context, id string) error {
	const op = "delete user"
	id, ok := s.ids.parse(id)
	if !ok {
		return none(ctx)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r, err := s.users.DeleteOne(ctx, by(idField, s.ids.value(id)))
	switch {
	case err != nil:
		return userError(ctx, op, err)
	case r.DeletedCount == 0:
		return core.ErrUserNotFound
	default:
		return userError(ctx, op, errors.Join(s.endAll(ctx, id), s.dropAll(ctx, id)))
	}
}
