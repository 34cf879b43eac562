package memory

import (
	"context"
	"maps"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// users implements ports.UserStore.
type users[U core.AnyUser] struct{ *data[U] }

var _ ports.UserStore[*core.User] = (*users[*core.User])(nil)

// Create implements [ports.UserStore].
func (s *users[U]) Create(ctx context.Context, u U) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.create(ctx, u)
}

// create keeps a new user. s.mu is held.
func (s *users[U]) create(ctx context.Context, u U) error {
	kept := core.Clone(u)
	user := kept.AuthUser()
	if err := core.Storable(user); err != nil {
		return err
	}
	cutTimes(user)
	if err := ctx.Err(); err != nil {
		return err
	}
	id, ok := s.newID(user.ID)
	if !ok {
		return core.ErrInvalidValue
	}
	user.ID, user.Revision = id, 1
	if _, taken := s.byKey[user.EmailKey]; taken {
		return core.ErrEmailTaken
	}
	if s.has(id) {
		return core.ErrInvalidValue
	}
	s.byID[id], s.byKey[user.EmailKey] = kept, id
	u.AuthUser().ID, u.AuthUser().Revision = id, 1
	return nil
}

// newID returns id as the store spells it, or a new one for "". s.mu is held.
func (s *data[U]) newID(id string) (string, bool) {
	if id == "" {
		id = s.ids.New()
	}
	for id == "" {
		s.last++
		if next := strconv.FormatInt(s.last, 10); !s.has(next) {
			return next, true
		}
	}
	return s.ids.Parse(id)
}

func (s *data[U]) has(id string) bool { _, ok := s.byID[id]; return ok }

// ByID implements [ports.UserStore].
func (s *users[U]) ByID(ctx context.Context, id string) (U, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.find(ctx, id)
}

// ByEmail implements [ports.UserStore].
func (s *users[U]) ByEmail(ctx context.Context, key string) (U, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.find(ctx, s.byKey[key])
}

// find returns a copy of the user. s.mu is held.
func (s *data[U]) find(ctx context.Context, id string) (U, error) {
	var none U
	if err := ctx.Err(); err != nil {
		return none, err
	}
	id, _ = s.ids.Parse(id)
	kept, ok := s.byID[id]
	if !ok {
		return none, core.ErrUserNotFound
	}
	return core.Clone(kept), nil
}

// attempts is how often Update tries to be the only writer.
const attempts = 100

// Update implements [ports.UserStore].
func (s *users[U]) Update(ctx context.Context, id string, change func(U) error) (U, error) {
	var none U
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return none, err
		}
		u, err := s.ByID(ctx, id)
		if err != nil {
			return none, err
		}
		read := *u.AuthUser()
		if err := change(u); err != nil {
			return none, err
		}
		u.AuthUser().ID, u.AuthUser().Revision = read.ID, read.Revision+1
		written, err := s.replace(ctx, read, u)
		if err != nil {
			return none, err
		}
		if written {
			return u, nil
		}
	}
	return none, core.ErrConflict
}

// replace puts u in the place of what was read, and reports false where
// somebody else did so first.
func (s *users[U]) replace(ctx context.Context, read core.User, u U) (bool, error) {
	user := u.AuthUser()
	if err := core.Storable(user); err != nil {
		return false, err
	}
	cutTimes(user)

	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	kept, ok := s.byID[read.ID]
	if !ok {
		return false, core.ErrUserNotFound
	}
	if kept.AuthUser().Revision != read.Revision {
		return false, nil
	}
	if owner, taken := s.byKey[user.EmailKey]; taken && owner != read.ID {
		return false, core.ErrEmailTaken
	}
	delete(s.byKey, read.EmailKey)
	s.byID[read.ID], s.byKey[user.EmailKey] = core.Clone(u), read.ID
	return true, nil
}

// Delete implements [ports.UserStore].
func (s *users[U]) Delete(ctx context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	delete(s.byID, u.AuthUser().ID)
	delete(s.byKey, u.AuthUser().EmailKey)
	s.removeTokens(func(t ports.Token) bool { return t.UserID == u.AuthUser().ID })
	maps.DeleteFunc(s.accounts, func(_ accountKey, a ports.Account) bool { return a.UserID == u.AuthUser().ID })
	return nil
}

// cutTimes brings the times of u to what every engine can keep.
func cutTimes(u *core.User) {
	u.CreatedAt, u.UpdatedAt = cut(u.CreatedAt), cut(u.UpdatedAt)
}

func cut(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// wait holds the n-th attempt back for a random while, the longer the more
// attempts failed.
func wait(ctx context.Context, n int) error {
	if n == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(rand.N(time.Duration(min(n, 20)) * 100 * time.Microsecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
