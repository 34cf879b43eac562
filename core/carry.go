package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/gousher/usher/ports"
)

// Carry lets s go on after the user ended all sessions by changing the
// password through it; u is what [Manager.UpdateSelf] returned for s.User. It
// does nothing for a session that goes on anyway, that was ended, or whose
// strategy is no [ports.Restamper], such as one of JWTs: there the user logs
// in again. An error is an outage; the change stands.
func (a *Authenticator[U]) Carry(ctx context.Context, s Session[U], u U) error {
	epoch := u.AuthUser().SessionEpoch
	b, ok := a.Backend(s.Backend)
	if !ok || epoch == s.Grant.Epoch {
		return nil
	}
	r, ok := b.Strategy.(ports.Restamper)
	if !ok {
		return nil
	}
	if err := r.Restamp(ctx, s.Token, epoch); err != nil && !errors.Is(err, ErrInvalidToken) {
		return fmt.Errorf("usher: backend %s: %w", b.Name, err)
	}
	return nil
}
