package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// accounts implements ports.AccountStore.
type accounts[U core.AnyUser] struct{ *users[U] }

var _ ports.AccountStore[*core.User] = (*accounts[*core.User])(nil)

// CreateWith implements [ports.AccountStore].
func (s *accounts[U]) CreateWith(ctx context.Context, u U, a ports.Account) error {
	if err := core.StorableAccount(a); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.accounts[keyOf(a)]; taken {
		return core.ErrAccountTaken
	}
	if err := s.create(ctx, u); err != nil {
		return err
	}
	a.UserID, a.Revision = u.AuthUser().ID, 1
	s.accounts[keyOf(a)] = copiedAccount(a)
	return nil
}

// ByAccount implements [ports.AccountStore].
func (s *accounts[U]) ByAccount(ctx context.Context, provider, subject string) (U, ports.Account, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var none U
	a, err := s.account(ctx, provider, subject)
	if err != nil {
		return none, a, err
	}
	u, err := s.find(ctx, a.UserID)
	return u, a, err
}

// account returns a copy of the account. s.mu is held.
func (s *data[U]) account(ctx context.Context, provider, subject string) (ports.Account, error) {
	if err := ctx.Err(); err != nil {
		return ports.Account{}, err
	}
	a, ok := s.accounts[accountKey{provider, subject}]
	if !ok {
		return a, core.ErrAccountNotFound
	}
	return copiedAccount(a), nil
}

// AccountsOf implements [ports.AccountStore].
func (s *accounts[U]) AccountsOf(ctx context.Context, userID string) ([]ports.Account, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	id, _ := s.ids.Parse(userID)
	list := []ports.Account{}
	for _, a := range s.accounts {
		if a.UserID == id {
			list = append(list, copiedAccount(a))
		}
	}
	slices.SortFunc(list, func(a, b ports.Account) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.Provider, b.Provider), strings.Compare(a.Subject, b.Subject))
	})
	return list, nil
}

// Link implements [ports.AccountStore].
func (s *accounts[U]) Link(ctx context.Context, a ports.Account, allow func(U) error) error {
	if err := core.StorableAccount(a); err != nil {
		return err
	}
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return err
		}
		u, err := s.ByID(ctx, a.UserID)
		if err != nil {
			return err
		}
		read := *u.AuthUser()
		if allow != nil {
			if err := allow(u); err != nil {
				return err
			}
		}
		written, err := s.settle(ctx, read, func() error {
			kept, there := s.accounts[keyOf(a)]
			switch {
			case there && kept.UserID != read.ID:
				return core.ErrAccountTaken
			case there:
				kept.Email, kept.Data, kept.UpdatedAt = a.Email, a.Data, a.UpdatedAt
			default:
				kept = a
				kept.UserID, kept.Revision = read.ID, 0
			}
			kept.Revision++
			s.accounts[keyOf(a)] = copiedAccount(kept)
			return nil
		})
		if written || err != nil {
			return err
		}
	}
	return core.ErrConflict
}

// settle calls f, and raises the revision of the user that was read, or
// reports false where somebody else wrote the user since. s.mu is held while f
// runs.
func (s *accounts[U]) settle(ctx context.Context, read core.User, f func() error) (bool, error) {
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
	if err := f(); err != nil {
		return false, err
	}
	kept.AuthUser().Revision++
	return true, nil
}

// UpdateAccount implements [ports.AccountStore].
func (s *accounts[U]) UpdateAccount(ctx context.Context, provider, subject string, change func(*ports.Account) error) (ports.Account, error) {
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return ports.Account{}, err
		}
		_, read, err := s.ByAccount(ctx, provider, subject)
		if err != nil {
			return ports.Account{}, err
		}
		a := copiedAccount(read)
		if err := change(&a); err != nil {
			return ports.Account{}, err
		}
		next := read
		next.Email, next.Data, next.UpdatedAt, next.Revision = a.Email, a.Data, a.UpdatedAt, read.Revision+1
		if err := core.StorableAccount(next); err != nil {
			return ports.Account{}, err
		}
		if s.replaceAccount(read, next) {
			return copiedAccount(next), nil
		}
	}
	return ports.Account{}, core.ErrConflict
}

// replaceAccount puts next in the place of what was read, and reports false
// where somebody else did so first.
func (s *accounts[U]) replaceAccount(read, next ports.Account) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, ok := s.accounts[keyOf(read)]
	if !ok || kept.UserID != read.UserID || kept.Revision != read.Revision {
		return false
	}
	s.accounts[keyOf(read)] = copiedAccount(next)
	return true
}

// Unlink implements [ports.AccountStore].
func (s *accounts[U]) Unlink(ctx context.Context, userID, provider, subject string, allow func(U, []ports.Account) error) error {
	key := accountKey{provider, subject}
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return err
		}
		u, left, err := s.without(ctx, userID, key)
		if err != nil {
			return err
		}
		read := *u.AuthUser()
		if err := allow(u, left); err != nil {
			return err
		}
		written, err := s.settle(ctx, read, func() error {
			delete(s.accounts, key)
			return nil
		})
		if err == core.ErrUserNotFound {
			return core.ErrAccountNotFound
		}
		if written || err != nil {
			return err
		}
	}
	return core.ErrConflict
}

// without returns the user and its accounts save the one of that key, which
// the user has.
func (s *accounts[U]) without(ctx context.Context, userID string, key accountKey) (U, []ports.Account, error) {
	u, err := s.ByID(ctx, userID)
	if err == core.ErrUserNotFound {
		err = core.ErrAccountNotFound
	}
	if err != nil {
		return u, nil, err
	}
	all, err := s.AccountsOf(ctx, userID)
	if err != nil {
		return u, nil, err
	}
	left := slices.DeleteFunc(slices.Clone(all), func(a ports.Account) bool { return keyOf(a) == key })
	if len(left) == len(all) {
		return u, nil, core.ErrAccountNotFound
	}
	return u, left, nil
}

func keyOf(a ports.Account) accountKey { return accountKey{a.Provider, a.Subject} }

func copiedAccount(a ports.Account) ports.Account {
	a.Data = bytes.Clone(a.Data)
	a.CreatedAt, a.UpdatedAt = cut(a.CreatedAt), cut(a.UpdatedAt)
	return a
}
