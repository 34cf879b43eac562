package core

import (
	"cmp"
	"context"
)

// Register keeps a new user with the e-mail address and the additional fields
// of u, and returns it. The user is active, and neither a superuser nor
// verified, whatever u says: this is the function for what strangers send.
// u itself is not changed.
//
// It returns a *[PasswordError], an *[EmailError], [ErrEmailTaken],
// [ErrInvalidValue], a *[BusyError] or a *[LimitError]. A free and a taken
// address cost the same work.
func (m *Manager[U]) Register(ctx context.Context, u U, password string) (U, error) {
	u = Clone(u)
	user := u.AuthUser()
	if err := m.limits.both(ctx, countRegister, m.cfg.Emails.Key(user.Email), m.limits.Register); err != nil {
		var none U
		return none, err
	}
	user.IsActive, user.IsSuperuser, user.IsVerified = true, false, false
	user.ID = ""
	return m.create(ctx, u, password)
}

// Create keeps a new user as u says, with its IsActive, IsSuperuser,
// IsVerified and ID: this is the function for the application itself. It
// returns what [Manager.Register] returns.
func (m *Manager[U]) Create(ctx context.Context, u U, password string) (U, error) {
	return m.create(ctx, Clone(u), password)
}

// create owns u.
func (m *Manager[U]) create(ctx context.Context, u U, password string) (U, error) {
	var none U
	user := u.AuthUser()
	shown, invalid := m.cfg.Emails.Parse(user.Email)
	if invalid == nil {
		user.Email, user.EmailKey = shown, m.cfg.Emails.Key(shown)
	}
	err := m.validatePassword(ctx, password, u)
	if err = cmp.Or(err, invalid); err != nil {
		return none, err
	}
	if user.HashedPassword, err = m.hash(ctx, password); err != nil {
		return none, err
	}
	user.SessionEpoch, user.Revision = 0, 0
	user.CreatedAt = m.now()
	user.UpdatedAt = user.CreatedAt
	if err := m.users.Create(ctx, u); err != nil {
		return none, err
	}
	if hook := m.cfg.Hooks.AfterRegister; hook != nil {
		hook(context.WithoutCancel(ctx), u)
	}
	return u, nil
}
