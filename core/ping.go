package core

import (
	"context"
	"errors"
	"fmt"
)

// Ping asks the store of users for one who is not there, and every backend
// that has a Ping. It returns nil, or what keeps one of them from answering: an
// outage.
func (a *Authenticator[U]) Ping(ctx context.Context) error {
	if _, err := a.users.ByEmail(ctx, "nobody@ping.invalid"); err != nil && !errors.Is(err, ErrUserNotFound) {
		return fmt.Errorf("usher: users: %w", err)
	}
	for i := range a.backends {
		b := &a.backends[i]
		if b.Ping == nil {
			continue
		}
		if err := b.Ping(ctx); err != nil {
			return fmt.Errorf("usher: backend %s: %w", b.Name, err)
		}
	}
	return nil
}
