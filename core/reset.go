package core

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/gousher/usher/ports"
)

// ForgotPassword sends a token to the user with that address that sets a new
// password. It does the same work, and returns nil, where there is no such
// user or the user is inactive. It returns a *[BusyError] while the queue of
// mails is full, or a *[LimitError].
func (m *Manager[U]) ForgotPassword(ctx context.Context, email string) error {
	u, user, err := m.recipient(ctx, email)
	if err != nil {
		return err
	}
	claims := ports.Claims{Audience: audienceReset}
	claims.Subject, claims.Values = addressee(user, "password_fgpt", fingerprint)
	return m.post(ctx, kindReset, user, claims, func(ctx context.Context) {
		if hook := m.cfg.Hooks.AfterForgotPassword; hook != nil {
			hook(ctx, u)
		}
	})
}

// ResetPassword sets the password of the user to whom token was sent, and
// ends all sessions of the user. It returns [ErrInvalidToken], also for a
// user who is inactive or gone and for a token that was used or whose user
// has another password or another address by now; or, only for a good token,
// a *[PasswordError]; the token can be used again then. Of any number of
// concurrent calls with one token, one sets the password.
//
// Where the user is not verified, nobody has shown before that the address is
// theirs, and whoever made the user may be another than who reads its mail: so
// its accounts at identity providers are unlinked, too, once there is an [OAuth]
// for m.
func (m *Manager[U]) ResetPassword(ctx context.Context, token, password string) error {
	claims, err := m.claims(ctx, token, audienceReset)
	if err != nil {
		return err
	}
	u, err := m.users.ByID(ctx, claims.Subject)
	if errors.Is(err, ErrUserNotFound) {
		return ErrInvalidToken
	}
	if err != nil {
		return err
	}
	old := *u.AuthUser()
	if good, err := m.matches(ctx, claims.Value("password_fgpt"), &old); err != nil {
		return err
	} else if !good || !old.IsActive {
		return ErrInvalidToken
	}
	if err := m.validatePassword(ctx, password, u); err != nil {
		return err
	}
	hash, err := m.hash(ctx, password)
	if err != nil {
		return err
	}
	if !old.IsVerified {
		if _, err := m.unlinkAll(ctx, old.ID); err != nil {
			return err
		}
	}
	u, err = m.users.Update(ctx, old.ID, func(u U) error {
		user := u.AuthUser()
		if user.HashedPassword != old.HashedPassword || user.EmailKey != old.EmailKey || !user.IsActive {
			return ErrInvalidToken
		}
		user.HashedPassword = hash
		user.SessionEpoch++
		user.UpdatedAt = m.now()
		return nil
	})
	if errors.Is(err, ErrUserNotFound) {
		return ErrInvalidToken
	}
	if err != nil {
		return err
	}
	if !old.IsVerified {
		if err := m.lockOut(ctx, old.ID); err != nil {
			return err
		}
	}
	if hook := m.cfg.Hooks.AfterResetPassword; hook != nil {
		hook(context.WithoutCancel(ctx), u)
	}
	return nil
}

// lockOut unlinks what was linked while the password was set, and ends the
// sessions that came of it, until there are none: a session of before is no
// good by now.
func (m *Manager[U]) lockOut(ctx context.Context, userID string) error {
	for range 10 {
		some, err := m.unlinkAll(ctx, userID)
		if err != nil || !some {
			return err
		}
		_, err = m.users.Update(ctx, userID, func(u U) error {
			u.AuthUser().SessionEpoch++
			u.AuthUser().UpdatedAt = m.now()
			return nil
		})
		if errors.Is(err, ErrUserNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return ErrConflict
}

// unlinkAll takes the user's accounts at identity providers away, and reports
// whether there were any.
func (m *Manager[U]) unlinkAll(ctx context.Context, userID string) (some bool, err error) {
	if !m.linked.Load() {
		return false, nil
	}
	list, err := m.cfg.Stores.Accounts.AccountsOf(ctx, userID)
	always := func(U, []ports.Account) error { return nil }
	for _, a := range list {
		if err := m.cfg.Stores.Accounts.Unlink(ctx, userID, a.Provider, a.Subject, always); err != nil && !errors.Is(err, ErrAccountNotFound) {
			return true, err
		}
	}
	return len(list) > 0, err
}

// fingerprint ties a reset token to the password that it replaces and to the
// address that it goes to. The hash holds a salt of its own, so nothing can be
// learnt from its digest.
func fingerprint(u *User) string {
	sum := sha256.Sum256([]byte("usher password fingerprint\x00" + u.HashedPassword + "\x00" + u.EmailKey))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// matches tells whether fgpt is the fingerprint of u: one of ours, or one of
// FastAPI Users, which is a password hash of the hash.
func (m *Manager[U]) matches(ctx context.Context, fgpt string, u *User) (bool, error) {
	if !strings.HasPrefix(fgpt, "$") {
		return subtle.ConstantTimeCompare([]byte(fgpt), []byte(fingerprint(u))) == 1, nil
	}
	if m.cfg.Hasher.Cost(fgpt) == 0 {
		return false, nil
	}
	return m.verify(ctx, u.HashedPassword, fgpt, func() {})
}
