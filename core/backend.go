package core

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/gousher/usher/ports"
)

// Backend is one way for users to be known: a strategy, which makes tokens,
// and a transport, which carries them.
type Backend[U AnyUser] struct {
	// Name tells backends apart, in routes and in documents. It is unique
	// among the backends of an Authenticator, also after everything that
	// cannot stand in an identifier is taken out of it.
	Name string
	// Strategy and Transport are required.
	Strategy  ports.Strategy
	Transport ports.Transport
	// Resolve returns the user and the grant that token stands for, or
	// ErrInvalidToken. Nil means Strategy.Verify and then a look-up by id;
	// set it where one statement does both.
	Resolve func(ctx context.Context, token string) (U, ports.Grant, error)
	// Knows tells whether u has a session at present that began at a peer
	// within the same network: see Limits.Login. Nil means that nobody knows.
	Knows func(ctx context.Context, u U, peer netip.Addr) (bool, error)
	// Ping returns nil where what keeps the sessions answers, or an outage.
	// Nil means that nothing keeps them.
	Ping func(ctx context.Context) error
}

// identifier is name without what an identifier cannot hold.
func identifier(name string) string {
	id := strings.Map(func(r rune) rune {
		if r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, name)
	return strings.TrimLeft(id, "0123456789")
}

// resolve returns the user that token stands for, or ErrInvalidToken: also
// for a user who is gone or whose sessions were ended.
func (b *Backend[U]) resolve(ctx context.Context, users *Manager[U], token string) (U, ports.Grant, error) {
	var none, u U
	var grant ports.Grant
	var err error
	if b.Resolve != nil {
		u, grant, err = b.Resolve(ctx, token)
	} else if grant, err = b.Strategy.Verify(ctx, token); err == nil {
		u, err = users.ByID(ctx, grant.UserID)
	}
	switch {
	case errors.Is(err, ErrInvalidToken), errors.Is(err, ErrUserNotFound):
		return none, ports.Grant{}, ErrInvalidToken
	case err != nil:
		return none, ports.Grant{}, fmt.Errorf("usher: backend %s: %w", b.Name, err)
	case u.AuthUser().SessionEpoch != grant.Epoch:
		return none, ports.Grant{}, ErrInvalidToken
	}
	return u, grant, nil
}

func (b *Backend[U]) problems(i int) []string {
	var out []string
	name := fmt.Sprintf("backends[%d]", i)
	if identifier(b.Name) == "" {
		out = append(out, fmt.Sprintf("%s.Name %q holds no ASCII letter or underscore", name, b.Name))
	}
	if b.Strategy == nil {
		out = append(out, name+".Strategy is missing")
	}
	if b.Transport == nil {
		out = append(out, name+".Transport is missing")
	}
	return out
}
