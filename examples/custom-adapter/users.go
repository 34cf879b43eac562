package boltstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.etcd.io/bbolt"
)

func (s *store[T, U]) Create(ctx context.Context, u U) error {
	kept := core.Clone(u)
	user := kept.AuthUser()
	id, ok := core.UUIDs.Parse(cmp.Or(user.ID, core.UUIDs.New()))
	if !ok {
		return core.ErrInvalidValue
	}
	user.ID, user.Revision = id, 1
	data, err := encoded(kept)
	if err != nil {
		return err
	}
	err = write(ctx, s.db, func(tx *bbolt.Tx) error {
		if in(tx, idsByEmail).Get([]byte(user.EmailKey)) != nil {
			return core.ErrEmailTaken
		}
		if in(tx, usersByID).Get([]byte(id)) != nil {
			return core.ErrInvalidValue
		}
		return keepUser(tx, *user, data)
	})
	if err == nil {
		u.AuthUser().ID, u.AuthUser().Revision = id, 1
	}
	return err
}

// encoded returns what is kept of u, whose times it cuts.
func encoded(u core.AnyUser) ([]byte, error) {
	user := u.AuthUser()
	user.CreatedAt, user.UpdatedAt = cut(user.CreatedAt), cut(user.UpdatedAt)
	data, err := json.Marshal(u)
	if err != nil || core.Storable(user) != nil {
		return nil, core.ErrInvalidValue
	}
	return data, nil
}

func keepUser(tx *bbolt.Tx, user core.User, data []byte) error {
	return errors.Join(
		in(tx, usersByID).Put([]byte(user.ID), data),
		in(tx, idsByEmail).Put([]byte(user.EmailKey), []byte(user.ID)))
}

func (s *store[T, U]) ByID(ctx context.Context, id string) (U, error) {
	return read(ctx, s.db, func(tx *bbolt.Tx) (U, error) { return s.user(tx, id) })
}

func (s *store[T, U]) ByEmail(ctx context.Context, key string) (U, error) {
	return read(ctx, s.db, func(tx *bbolt.Tx) (U, error) {
		return s.user(tx, string(in(tx, idsByEmail).Get([]byte(key))))
	})
}

// user returns the user of that id, however it is spelled. It outlives tx, for
// JSON copies what it decodes.
func (s *store[T, U]) user(tx *bbolt.Tx, id string) (U, error) {
	id, _ = core.UUIDs.Parse(id)
	data := in(tx, usersByID).Get([]byte(id))
	if data == nil {
		return nil, core.ErrUserNotFound
	}
	u := new(T)
	return u, json.Unmarshal(data, u)
}

// List returns users in the order of their ids.
func (s *store[T, U]) List(ctx context.Context, q ports.UserQuery) (page ports.UserPage[U], err error) {
	after, ok := core.UUIDs.Parse(q.After)
	if q.Limit < 1 || !ok && q.After != "" {
		return page, core.ErrInvalidValue
	}
	return read(ctx, s.db, func(tx *bbolt.Tx) (page ports.UserPage[U], err error) {
		c := in(tx, usersByID).Cursor()
		for k, data := c.Seek(key(after, "")); k != nil; k, data = c.Next() {
			if len(page.Users) == q.Limit {
				page.Next = page.Users[q.Limit-1].AuthUser().ID
				break
			}
			u := new(T)
			if err := json.Unmarshal(data, u); err != nil {
				return page, err
			}
			page.Users = append(page.Users, u)
		}
		return page, nil
	})
}

// errStale says that somebody else wrote the user since it was read.
var errStale = errors.New("boltstore: user was written since")

func (s *store[T, U]) Update(ctx context.Context, id string, change func(U) error) (U, error) {
	for n := range time.Duration(100) {
		u, err := s.ByID(ctx, id)
		if err != nil {
			return nil, err
		}
		was := *u.AuthUser()
		if err := change(u); err != nil {
			return nil, err
		}
		u.AuthUser().ID, u.AuthUser().Revision = was.ID, was.Revision+1
		data, err := encoded(u)
		if err != nil {
			return nil, err
		}
		now := *u.AuthUser()
		err = write(ctx, s.db, func(tx *bbolt.Tx) error { return s.replace(tx, was, now, data) })
		if err == nil {
			return u, nil
		}
		if err != errStale {
			return nil, err
		}
		select { // before the next attempt, the longer the more there were
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(rand.N(min(n+1, 20) * time.Millisecond)):
		}
	}
	return nil, core.ErrConflict
}

// replace writes the user as it is now in place of the one that was read, if
// that is still there.
func (s *store[T, U]) replace(tx *bbolt.Tx, was, now core.User, data []byte) error {
	kept, err := s.user(tx, was.ID)
	if err != nil {
		return err
	}
	if kept.AuthUser().Revision != was.Revision {
		return errStale
	}
	owner := in(tx, idsByEmail).Get([]byte(now.EmailKey))
	if owner != nil && string(owner) != was.ID {
		return core.ErrEmailTaken
	}
	if err := in(tx, idsByEmail).Delete([]byte(was.EmailKey)); err != nil {
		return err
	}
	return keepUser(tx, now, data)
}

func (s *store[T, U]) Delete(ctx context.Context, id string) error {
	return write(ctx, s.db, func(tx *bbolt.Tx) error {
		u, err := s.user(tx, id)
		if err != nil {
			return err
		}
		list, err := tokensOf(tx, key(u.AuthUser().ID, ""))
		return errors.Join(err, drop(tx, list...),
			in(tx, idsByEmail).Delete([]byte(u.AuthUser().EmailKey)),
			in(tx, usersByID).Delete([]byte(u.AuthUser().ID)))
	})
}
