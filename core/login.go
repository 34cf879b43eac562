package core

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gousher/usher/ports"
)

// Entry is a way in: through which backend, by what means, on which call.
type Entry struct {
	// Backend names the backend that makes the session.
	Backend string
	// Methods are the RFC 8176 names of what the user proved.
	Methods []string
	// Verified asks for a verified user.
	Verified bool
	// Request is the call, and Out what goes back to the caller.
	Request ports.Request
	Out     ports.Header
}

// Issued is a session that was made.
type Issued struct {
	// Token is the session's token. Where Sent is false the delivery returns
	// it in the body of its answer.
	Token string
	Sent  bool
	// Expires is when the token stops being accepted; zero means never.
	Expires time.Time
}

// Login makes a session for u, who has just proved to be u by e.Methods.
// Every way in ends here. The session carries the epoch of u as read: if it
// was raised since, the session is worth nothing.
//
// It returns [ErrInactive], [ErrUnverified], [ErrInvalidCredentials] for a user
// who is gone, or [ErrForbidden] where the backend's tokens are ambient and the
// call is cross-site: a foreign page must not log its visitor in. Any other
// error is an outage, or a backend that does not exist.
func (a *Authenticator[U]) Login(ctx context.Context, u U, e Entry) (Issued, error) {
	b, err := a.entrance(e)
	if err != nil {
		return Issued{}, err
	}
	user := u.AuthUser()
	switch {
	case !user.IsActive:
		return Issued{}, ErrInactive
	case e.Verified && !user.IsVerified:
		return Issued{}, ErrUnverified
	}
	token, expires, err := b.Strategy.Issue(ctx, ports.Grant{
		UserID: user.ID, Epoch: user.SessionEpoch, Methods: e.Methods, At: a.users.now(),
		Peer: e.Request.Peer, UserAgent: e.Request.UserAgent, Family: rand.Text(),
	})
	if errors.Is(err, ErrUserNotFound) { // deleted since
		return Issued{}, ErrInvalidCredentials
	}
	if err != nil {
		return Issued{}, fmt.Errorf("usher: backend %s: %w", b.Name, err)
	}
	issued := Issued{Token: token, Expires: expires, Sent: b.Transport.Send(e.Out, token, expires)}
	if hook := a.users.cfg.Hooks.AfterLogin; hook != nil {
		hook(context.WithoutCancel(ctx), u, e.Request, e.Out)
	}
	return issued, nil
}

// entrance returns the backend of e, or ErrForbidden where nobody may come in
// that way.
func (a *Authenticator[U]) entrance(e Entry) (Backend[U], error) {
	b, ok := a.Backend(e.Backend)
	if !ok {
		return b, fmt.Errorf("usher: there is no backend %q", e.Backend)
	}
	if e.Request.CrossSite && b.Transport.Ambient() {
		return b, ErrForbidden
	}
	return b, nil
}

// LoginWithPassword authenticates by e-mail and password and logs in. It
// returns what [Manager.Authenticate] and [Authenticator.Login] return, or a
// *[LimitError].
func (a *Authenticator[U]) LoginWithPassword(ctx context.Context, email, password string, e Entry) (Issued, error) {
	if _, err := a.entrance(e); err != nil {
		return Issued{}, err
	}
	if err := a.limit(ctx, email, e); err != nil {
		return Issued{}, err
	}
	u, err := a.users.Authenticate(ctx, email, password)
	if err != nil {
		return Issued{}, err
	}
	e.Methods = []string{"pwd"}
	return a.Login(ctx, u, e)
}

// limit counts a try to log in, and returns a *LimitError where there were too
// many of the peer, or of the address and the peer is none of its user's.
func (a *Authenticator[U]) limit(ctx context.Context, email string, e Entry) error {
	limits := a.users.limits
	if len(email) > maxEmailBytes {
		return limits.peer(ctx, countLogin, limits.Login)
	}
	key := a.users.cfg.Emails.Key(email)
	err := limits.both(ctx, countLogin, key, limits.Login)
	if _, exceeded := errors.AsType[*LimitError](err); !exceeded {
		return err
	}
	if known, failed := a.knows(ctx, key, e.Request.Peer); failed != nil || !known {
		return cmp.Or(failed, err)
	}
	return limits.count(ctx, countKnown+":", key+" "+network(e.Request.Peer), limits.Login.Address)
}

// knows tells whether the user with that key has a session from peer.
func (a *Authenticator[U]) knows(ctx context.Context, key string, peer netip.Addr) (bool, error) {
	if !peer.IsValid() || !slices.ContainsFunc(a.backends, func(b Backend[U]) bool { return b.Knows != nil }) {
		return false, nil
	}
	u, err := a.users.users.ByEmail(ctx, key)
	if errors.Is(err, ErrUserNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, b := range a.backends {
		if b.Knows == nil {
			continue
		}
		if known, err := b.Knows(ctx, u, peer); known || err != nil {
			return known, err
		}
	}
	return false, nil
}

// Logout ends the session s at the backend that knows it, and tells the
// caller through out to drop the token of the backend named via, which is the
// one whose logout was called. A token that its strategy cannot end lives on
// until it expires or the user's epoch is raised; that is no error. It returns
// [ErrUnauthenticated] for a session without a backend; any other error is an
// outage.
func (a *Authenticator[U]) Logout(ctx context.Context, s Session[U], via string, out ports.Header) error {
	b, ok := a.Backend(s.Backend)
	if !ok {
		return ErrUnauthenticated
	}
	if err := b.Strategy.End(ctx, s.Token); err != nil && !errors.Is(err, ErrNotRevocable) {
		return fmt.Errorf("usher: backend %s: %w", b.Name, err)
	}
	if b, ok = a.Backend(via); ok {
		b.Transport.Forget(out)
	}
	return nil
}
