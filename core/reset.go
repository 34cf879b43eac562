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
	claims.Subject, claims.Values = addressee(user, "password_fgpt", func(u *User) string { return fingerprint(u.HashedPassword) })
	return m.post(ctx, kindReset, user, claims, func(ctx context.Context) {
		if hook := m.cfg.Hooks.AfterForgotPassword; hook != nil {
			hook(ctx, u)
		}
	})
}

// ResetPassword sets the password of the user to whom token was sent, and
// ends all sessions of the user. It returns [ErrInvalidToken], also for a
// user who is inactive or gone and for a token that was used or whose user
// has another password by now; or, only for a good token, a *[PasswordError];
// the token can be used again then. Of any number of concurrent calls with
// one token, one sets the password.
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
	old := u.AuthUser().HashedPassword
	if good, err := m.matches(ctx, claims.Value("password_fgpt"), old); err != nil {
		return err
	} else if !good || !u.AuthUser().IsActive {
		return ErrInvalidToken
	}
	if err := m.validatePassword(ctx, password, u); err != nil {
		return err
	}
	hash, err := m.hash(ctx, password)
	if err != nil {
		return err
	}
	u, err = m.users.Update(ctx, u.AuthUser().ID, func(u U) error {
		user := u.AuthUser()
		if user.HashedPassword != old || !user.IsActive {
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
	if hook := m.cfg.Hooks.AfterResetPassword; hook != nil {
		hook(context.WithoutCancel(ctx), u)
	}
	return nil
}

// fingerprint ties a reset token to the password that it replaces. The hash
// holds a salt of its own, so nothing can be learnt from its digest.
func fingerprint(hash string) string {
	sum := sha256.Sum256([]byte("usher password fingerprint\x00" + hash))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// matches tells whether fgpt is the fingerprint of hash: one of ours, or one
// of FastAPI Users, which is a password hash of the hash.
func (m *Manager[U]) matches(ctx context.Context, fgpt, hash string) (bool, error) {
	if !strings.HasPrefix(fgpt, "$") {
		return subtle.ConstantTimeCompare([]byte(fgpt), []byte(fingerprint(hash))) == 1, nil
	}
	if m.cfg.Hasher.Cost(fgpt) == 0 {
		return false, nil
	}
	return m.verify(ctx, hash, fgpt, func() {})
}
