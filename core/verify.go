package core

import (
	"context"
	"errors"

	"github.com/gousher/usher/ports"
)

// The audiences of mail tokens are those of FastAPI Users, so that tokens
// under way while a system changes over stay good.
const (
	audienceVerify = "fastapi-users:verify"
	audienceReset  = "fastapi-users:reset"

	kindVerify = "verify"
	kindReset  = "reset"
)

// RequestVerify sends a token to the user with that address that verifies it.
// It does the same work, and returns nil, where there is no such user or the
// user is inactive or verified already. It returns a *[BusyError] while the
// queue of mails is full, or a *[LimitError].
func (m *Manager[U]) RequestVerify(ctx context.Context, email string) error {
	u, user, err := m.recipient(ctx, email)
	if err != nil {
		return err
	}
	to := user
	if to != nil && to.IsVerified {
		to = nil
	}
	claims := ports.Claims{Audience: audienceVerify}
	claims.Subject, claims.Values = addressee(user, "email", func(u *User) string { return u.Email })
	return m.post(ctx, kindVerify, to, claims, func(ctx context.Context) {
		if hook := m.cfg.Hooks.AfterRequestVerify; hook != nil {
			hook(ctx, u)
		}
	})
}

// Verify verifies the user to whom token was sent, and returns the user. It
// returns [ErrInvalidToken], also where the user has another address by now,
// or [ErrAlreadyVerified]. Of any number of concurrent calls with one token,
// one verifies the user. An inactive user can be verified.
func (m *Manager[U]) Verify(ctx context.Context, token string) (U, error) {
	var none U
	claims, err := m.claims(ctx, token, audienceVerify)
	if err != nil {
		return none, err
	}
	key := m.cfg.Emails.Key(claims.Value("email"))
	u, err := m.users.ByEmail(ctx, key)
	switch {
	case errors.Is(err, ErrUserNotFound):
		return none, ErrInvalidToken
	case err != nil:
		return none, err
	case u.AuthUser().ID != claims.Subject:
		return none, ErrInvalidToken
	case u.AuthUser().IsVerified:
		return none, ErrAlreadyVerified
	}
	u, err = m.users.Update(ctx, claims.Subject, func(u U) error {
		switch user := u.AuthUser(); {
		case user.EmailKey != key:
			return ErrInvalidToken
		case user.IsVerified:
			return ErrAlreadyVerified
		default:
			user.IsVerified = true
			user.UpdatedAt = m.now()
			return nil
		}
	})
	if errors.Is(err, ErrUserNotFound) {
		return none, ErrInvalidToken
	}
	if err != nil {
		return none, err
	}
	if hook := m.cfg.Hooks.AfterVerify; hook != nil {
		hook(context.WithoutCancel(ctx), u)
	}
	return u, nil
}

// errNoMail is what is returned where a mail is asked for and Config.Mail is
// empty.
var errNoMail = errors.New("usher: core.Config: Mail is missing")

// recipient returns the user with that address who may get a mail; user is
// nil where there is none.
func (m *Manager[U]) recipient(ctx context.Context, email string) (u U, user *User, err error) {
	var none U
	if !m.Mails() {
		return none, nil, errNoMail
	}
	key := m.cfg.Emails.Key(email)
	if err := m.limits.both(ctx, countMail, key, m.limits.Mail); err != nil {
		return none, nil, err
	}
	u, err = m.users.ByEmail(ctx, key)
	switch {
	case errors.Is(err, ErrUserNotFound):
		return none, nil, nil
	case err != nil:
		return none, nil, err
	case !u.AuthUser().IsActive:
		return none, nil, nil
	}
	return u, u.AuthUser(), nil
}

// addressee returns the subject and the claim of a token for user, or of one
// of the same length for nobody.
func addressee(user *User, claim string, value func(*User) string) (string, []ports.Claim) {
	if user == nil {
		user = &User{ID: UUIDs.New(), Email: "nobody@example.com", HashedPassword: "!"}
	}
	return user.ID, []ports.Claim{{Name: claim, Value: value(user)}}
}

// claims reads a mail token.
func (m *Manager[U]) claims(ctx context.Context, token, audience string) (ports.Claims, error) {
	if !m.Mails() {
		return ports.Claims{}, errNoMail
	}
	return m.cfg.Mail.Signer.Verify(ctx, token, audience)
}
