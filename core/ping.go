package core

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
)

// Ping asks the store of users and every backend's strategy for what is not
// there. It returns nil, or what keeps one of them from answering: an outage.
// Strategies that keep nothing, such as those of JWTs, have nothing to ask.
func (a *Authenticator[U]) Ping(ctx context.Context) error {
	if _, err := a.users.ByEmail(ctx, "nobody@ping.invalid"); err != nil && !errors.Is(err, ErrUserNotFound) {
		return fmt.Errorf("usher: users: %w", err)
	}
	for i := range a.backends {
		b := &a.backends[i]
		if _, err := b.Strategy.Verify(ctx, rand.Text()); err != nil && !errors.Is(err, ErrInvalidToken) {
			return fmt.Errorf("usher: backend %s: %w", b.Name, err)
		}
	}
	return nil
}
