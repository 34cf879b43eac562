package core_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// store keeps members in a map: the smallest store that keeps its contract.
type store struct {
	mu    sync.Mutex
	users map[string]*Member
	calls []string
	// at runs at the start of each method, and of each attempt of Update,
	// with the method's name, and before an attempt writes, with
	// "Update/write". Nothing is locked. What it returns is an outage.
	at func(ctx context.Context, point string) error
}

var _ ports.UserStore[*Member] = (*store)(nil)

func newStore() *store { return &store{users: map[string]*Member{}} }

func (s *store) reach(ctx context.Context, point string) error {
	s.mu.Lock()
	s.calls = append(s.calls, point)
	at := s.at
	s.mu.Unlock()
	if at != nil {
		if err := at(ctx, point); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *store) Create(ctx context.Context, u *Member) error {
	if err := s.reach(ctx, "Create"); err != nil {
		return err
	}
	if err := core.Storable(&u.User); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owner(u.EmailKey) != nil {
		return core.ErrEmailTaken
	}
	if u.ID == "" {
		u.ID = fmt.Sprint("member-", len(s.users)+1)
	}
	u.Revision = 1
	s.users[u.ID] = core.Clone(u)
	return nil
}

// owner returns the user with that key, or nil. s.mu is held.
func (s *store) owner(key string) *Member {
	for _, u := range s.users {
		if u.EmailKey == key {
			return u
		}
	}
	return nil
}

func (s *store) ByID(ctx context.Context, id string) (*Member, error) {
	if err := s.reach(ctx, "ByID"); err != nil {
		return nil, err
	}
	return s.read(id)
}

func (s *store) read(id string) (*Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u, ok := s.users[id]; ok {
		return core.Clone(u), nil
	}
	return nil, core.ErrUserNotFound
}

func (s *store) ByEmail(ctx context.Context, key string) (*Member, error) {
	if err := s.reach(ctx, "ByEmail"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.owner(key); u != nil {
		return core.Clone(u), nil
	}
	return nil, core.ErrUserNotFound
}

func (s *store) Update(ctx context.Context, id string, change func(*Member) error) (*Member, error) {
	for range 100 {
		if err := s.reach(ctx, "Update"); err != nil {
			return nil, err
		}
		u, err := s.read(id)
		if err != nil {
			return nil, err
		}
		revision := u.Revision
		if err := change(u); err != nil {
			return nil, err
		}
		u.ID, u.Revision = id, revision+1
		if err := s.reach(ctx, "Update/write"); err != nil {
			return nil, err
		}
		switch written, err := s.replace(u); {
		case err != nil:
			return nil, err
		case written:
			return u, nil
		}
	}
	return nil, core.ErrConflict
}

// replace puts u in the place of its previous revision, if that is still there.
func (s *store) replace(u *Member) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.users[u.ID]
	if !ok {
		return false, core.ErrUserNotFound
	}
	if kept.Revision != u.Revision-1 {
		return false, nil
	}
	if owner := s.owner(u.EmailKey); owner != nil && owner.ID != u.ID {
		return false, core.ErrEmailTaken
	}
	s.users[u.ID] = core.Clone(u)
	return true, nil
}

func (s *store) Delete(ctx context.Context, id string) error {
	if err := s.reach(ctx, "Delete"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.users[id]; !ok {
		return core.ErrUserNotFound
	}
	delete(s.users, id)
	return nil
}
