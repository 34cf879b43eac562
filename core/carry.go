package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/gousher/usher/ports"
)

// Carry lets s go on after the user ended all sessions by changing the
// password through it; u is what [Manager.UpdateSelf] returned for s.User. A
// session whose strategy is a [ports.Restamper] keeps its token. One of
// another strategy, such as one of JWTs, whose transport is ambient gets
// another token through out, which ends when the old one would have. With
// another transport, as with bearer tokens, the user logs in again.
//
// Carry does nothing for a session that goes on anyway or that was ended. An
// error is an outage; the change stands.
func (a *Authenticator[U]) Carry(ctx context.Context, s Session[U], u U, out ports.Header) error {
	epoch := u.AuthUser().SessionEpoch
	b, ok := a.Backend(s.Backend)
	if !ok || epoch == s.Grant.Epoch {
		return nil
	}
	var err error
	if r, ok := b.Strategy.(ports.Restamper); ok {
		if err = r.Restamp(ctx, s.Token, epoch); errors.Is(err, ErrInvalidToken) {
			return nil
		}
	} else if b.Transport.Ambient() {
		err = a.resend(ctx, b, s.Grant, epoch, out)
	}
	if err != nil {
		return fmt.Errorf("usher: backend %s: %w", b.Name, err)
	}
	return nil
}

// resend gives the caller another token of b for the same grant.
func (a *Authenticator[U]) resend(ctx context.Context, b Backend[U], g ports.Grant, epoch int64, out ports.Header) error {
	g.Epoch = epoch
	token, expires, err := b.Strategy.Issue(ctx, g)
	if err == nil {
		b.Transport.Send(out, token, expires)
	}
	return err
}
