package core

import (
	"context"
	"errors"
)

// maxEmailBytes bounds what is ever looked up as an address: far beyond the
// longest one there can be.
const maxEmailBytes = 4096

// Authenticate returns the user with that address and password, or
// [ErrInvalidCredentials]. It does the same work, one look-up and one
// verification, whether or not there is such a user; only a hash of another
// cost than new ones have takes another time. The user may be inactive
// or unverified: [Authenticator.Login] decides whether that gets in.
//
// A hash that is weaker than new ones is replaced, unless the password was
// changed in the meantime. The user is returned as it was when its password
// was verified, with the session epoch of that moment.
//
// It returns a *[BusyError] where too many passwords are being verified.
func (m *Manager[U]) Authenticate(ctx context.Context, email, password string) (U, error) {
	var none U
	if len(password) > maxPasswordBytes || len(email) > maxEmailBytes {
		return none, ErrInvalidCredentials
	}
	if err := m.gate.reserve(m.cfg.Hasher.Cost("")); err != nil {
		return none, err // in a flood, before the store is asked
	}
	u, err := m.lookUp(ctx, email)
	found := err == nil
	if !found && !errors.Is(err, ErrUserNotFound) {
		return none, err
	}
	hash := m.decoy
	if found {
		if hash = u.AuthUser().HashedPassword; m.cfg.Hasher.Cost(hash) == 0 {
			found, hash = false, m.decoy
		}
	}
	newHash, failed := "", error(nil)
	ok, err := m.verify(ctx, password, hash, func() { newHash, failed = m.cfg.Hasher.Hash(password) })
	switch {
	case err != nil:
		return none, err
	case !found || !ok:
		return none, ErrInvalidCredentials
	case newHash != "" || failed != nil:
		m.upgrade(ctx, u.AuthUser(), newHash, failed)
	}
	return u, nil
}

// lookUp finds a user who has a place in the gate, and gives that back.
func (m *Manager[U]) lookUp(ctx context.Context, email string) (U, error) {
	defer m.gate.release()
	return m.users.ByEmail(ctx, m.cfg.Emails.Key(email))
}

// errSuperseded ends an upgrade that somebody else's write has made pointless.
var errSuperseded = errors.New("usher: superseded")

// upgrade replaces the hash of user, as read, by a new one of the same
// password, unless making it failed. A login does not fail because its
// upgrade did.
func (m *Manager[U]) upgrade(ctx context.Context, user *User, hash string, err error) {
	if err == nil {
		_, err = m.users.Update(ctx, user.ID, func(u U) error {
			if u.AuthUser().HashedPassword != user.HashedPassword {
				return errSuperseded
			}
			u.AuthUser().HashedPassword = hash
			u.AuthUser().UpdatedAt = m.now()
			return nil
		})
	}
	if err == nil || errors.Is(err, errSuperseded) || errors.Is(err, ErrUserNotFound) || ctx.Err() != nil {
		return
	}
	m.cfg.Log.WarnContext(ctx, "usher: hash not upgraded", "user", user.ID, "error", err)
}
