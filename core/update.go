package core

import (
	"context"
)

// Change is what to alter of a user. What is nil stays as it is.
type Change[U AnyUser] struct {
	// Email is the new address. An address with another key than the old one
	// unverifies the user.
	Email *string
	// Password is the new password. It ends all sessions of the user.
	Password *string
	// IsActive, IsSuperuser and IsVerified are set by [Manager.Update] only.
	// Deactivating a user ends all sessions.
	IsActive, IsSuperuser, IsVerified *bool
	// Apply sets the fields that are the application's own. It may run
	// several times, on fresh copies; what it does to core.User is undone.
	// Where it returns an error nothing changes, and the error is returned.
	Apply func(u U) error
	// Fields names what was asked for, for the AfterUpdate hook. Nil means
	// the names of the fields above that are not nil, save Apply.
	Fields []string
}

// UpdateSelf changes the user as the user itself may: IsActive, IsSuperuser
// and IsVerified are ignored. u is the user as authenticated. It returns
// [ErrUnauthenticated] where the sessions of u were ended since.
//
// It returns a *[PasswordError] (before anything else), an *[EmailError],
// [ErrEmailTaken], [ErrUserNotFound], [ErrInvalidValue], [ErrConflict] or a
// *[BusyError], and has then changed nothing. An empty change asks no store: it
// returns a copy of u.
func (m *Manager[U]) UpdateSelf(ctx context.Context, u U, c Change[U]) (U, error) {
	c.IsActive, c.IsSuperuser, c.IsVerified = nil, nil, nil
	epoch := u.AuthUser().SessionEpoch
	return m.update(ctx, u, c, func(now *User) error {
		if now.SessionEpoch != epoch || !now.IsActive {
			return ErrUnauthenticated
		}
		return nil
	})
}

// Update changes the user without asking who does it; u is any reading of the
// user. It returns what [Manager.UpdateSelf] returns, save ErrUnauthenticated.
func (m *Manager[U]) Update(ctx context.Context, u U, c Change[U]) (U, error) {
	return m.update(ctx, u, c, func(*User) error { return nil })
}

// EndSessions ends all sessions of the user: it logs out everywhere. It
// returns [ErrUserNotFound] or [ErrConflict].
func (m *Manager[U]) EndSessions(ctx context.Context, u U) (U, error) {
	return m.users.Update(ctx, u.AuthUser().ID, func(u U) error {
		u.AuthUser().SessionEpoch++
		u.AuthUser().UpdatedAt = m.now()
		return nil
	})
}

func (m *Manager[U]) update(ctx context.Context, u U, c Change[U], allow func(*User) error) (U, error) {
	var none U
	if err := allow(u.AuthUser()); err != nil {
		return none, err
	}
	edit, err := m.prepare(ctx, u, c)
	if err != nil {
		return none, err
	}
	if c.empty() {
		u = Clone(u)
	} else {
		u, err = m.users.Update(ctx, u.AuthUser().ID, func(u U) error {
			if err := allow(u.AuthUser()); err != nil {
				return err
			}
			return edit(u)
		})
		if err != nil {
			return none, err
		}
	}
	if hook := m.cfg.Hooks.AfterUpdate; hook != nil {
		hook(context.WithoutCancel(ctx), u, c.fields())
	}
	return u, nil
}

// prepare does what must not run inside a store's Update: it asks the policy,
// parses and hashes. What it returns applies c to a reading of the user.
func (m *Manager[U]) prepare(ctx context.Context, u U, c Change[U]) (func(U) error, error) {
	if c.Password != nil {
		if err := m.validatePassword(ctx, *c.Password, u); err != nil {
			return nil, err
		}
	}
	var email, key, hash string
	var err error
	if c.Email != nil {
		if email, err = m.cfg.Emails.Parse(*c.Email); err != nil {
			return nil, err
		}
		key = m.cfg.Emails.Key(email)
	}
	if c.Password != nil {
		if hash, err = m.hash(ctx, *c.Password); err != nil {
			return nil, err
		}
	}
	return func(u U) error {
		user := u.AuthUser()
		if c.Apply != nil {
			kept := *user
			err := c.Apply(u)
			*user = kept
			if err != nil {
				return err
			}
		}
		if c.Email != nil {
			user.IsVerified = user.IsVerified && user.EmailKey == key
			user.Email, user.EmailKey = email, key
		}
		if c.Password != nil {
			user.HashedPassword = hash
			user.SessionEpoch++
		}
		c.setFlags(user)
		user.UpdatedAt = m.now()
		return nil
	}, nil
}

func (c *Change[U]) setFlags(user *User) {
	if c.IsActive != nil {
		if user.IsActive && !*c.IsActive {
			user.SessionEpoch++
		}
		user.IsActive = *c.IsActive
	}
	if c.IsSuperuser != nil {
		user.IsSuperuser = *c.IsSuperuser
	}
	if c.IsVerified != nil {
		user.IsVerified = *c.IsVerified
	}
}

func (c *Change[U]) empty() bool {
	return c.Email == nil && c.Password == nil && c.IsActive == nil &&
		c.IsSuperuser == nil && c.IsVerified == nil && c.Apply == nil
}

func (c *Change[U]) fields() []string {
	if c.Fields != nil {
		return c.Fields
	}
	names := []string{}
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"password", c.Password != nil},
		{"email", c.Email != nil},
		{"is_active", c.IsActive != nil},
		{"is_superuser", c.IsSuperuser != nil},
		{"is_verified", c.IsVerified != nil},
	} {
		if field.set {
			names = append(names, field.name)
		}
	}
	return names
}
