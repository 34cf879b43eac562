package session

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// Backend returns a backend with sessions in stores.Tokens. Where those lie
// beside the users, a token and its user are found in one statement:
// stores.Joined is used if it is the same value as stores.Tokens.
func Backend[U core.AnyUser](name string, stores ports.Stores[U], cfg Config, transport ports.Transport) (core.Backend[U], error) {
	s, err := New(stores.Tokens, cfg)
	if err != nil {
		return core.Backend[U]{}, err
	}
	b := core.Backend[U]{Name: name, Strategy: s, Transport: transport, Ping: s.ping}
	b.Knows = func(ctx context.Context, u U, peer netip.Addr) (bool, error) {
		list, err := s.List(ctx, u)
		from := func(at Session) bool { return core.SameNetwork(at.Peer, peer) }
		return slices.ContainsFunc(list, from), err
	}
	if stores.Joined != nil && any(stores.Joined) == any(stores.Tokens) {
		b.Resolve = joined(s, stores.Joined)
	}
	return b, nil
}

// ping asks the store for a session that is not there.
func (s *Strategy) ping(ctx context.Context) error {
	_, err := s.tokens.Get(ctx, s.cfg.Purpose, digest(rand.Text()))
	if errors.Is(err, core.ErrTokenNotFound) {
		return nil
	}
	return err
}

// joined finds the session and the user of a token together.
func joined[U core.AnyUser](s *Strategy, users ports.SessionUsers[U]) func(context.Context, string) (U, ports.Grant, error) {
	return func(ctx context.Context, token string) (U, ports.Grant, error) {
		var none U
		if err := ctx.Err(); err != nil {
			return none, ports.Grant{}, err
		}
		if !wellFormed(token) {
			return none, ports.Grant{}, core.ErrInvalidToken
		}
		d := digest(token)
		u, t, err := users.UserByToken(ctx, s.cfg.Purpose, d)
		err = s.adopt(ctx, token, d, err, func() (err error) {
			u, t, err = users.UserByToken(ctx, s.cfg.Purpose, d)
			return err
		})
		g, err := s.accept(ctx, t, err)
		if err != nil {
			return none, g, err
		}
		return u, g, nil
	}
}
