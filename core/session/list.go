package session

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/gousher/usher/core"
)

// Session is one of a user's sessions, for showing it to the user.
type Session struct {
	// ID names the session. It is not its token and lets nobody in.
	ID string
	// At is when the user logged in, Methods how (RFC 8176).
	At      time.Time
	Methods []string
	// Expires is when it ends if it is not used again; zero means never.
	Expires time.Time
	// Peer and UserAgent are those of the login.
	Peer      netip.Addr
	UserAgent string
}

// List returns the sessions of a user that have not ended, the newest first.
// The user's current epoch tells those that a change of the password or a
// logout everywhere has ended.
func (s *Strategy) List(ctx context.Context, u core.AnyUser) ([]Session, error) {
	user := u.AuthUser()
	tokens, err := s.tokens.ListUser(ctx, s.cfg.Purpose, user.ID)
	if err != nil {
		return nil, err
	}
	now := s.now()
	sessions := []Session{}
	for _, t := range tokens {
		g, err := decode(t)
		if err != nil || t.Epoch != user.SessionEpoch || !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt) {
			continue
		}
		sessions = append(sessions, Session{
			ID: t.Family, At: g.At, Methods: g.Methods, Expires: t.ExpiresAt, Peer: g.Peer, UserAgent: g.UserAgent,
		})
	}
	return sessions, nil
}

// EndOne ends the session of the user with that ID, or returns
// core.ErrTokenNotFound.
func (s *Strategy) EndOne(ctx context.Context, u core.AnyUser, id string) error {
	tokens, err := s.tokens.ListUser(ctx, s.cfg.Purpose, u.AuthUser().ID)
	if err != nil {
		return err
	}
	found := core.ErrTokenNotFound
	for _, t := range tokens {
		if t.Family != id || id == "" {
			continue
		}
		if _, err := s.tokens.Take(ctx, s.cfg.Purpose, t.Digest); err == nil {
			found = nil
		} else if !errors.Is(err, core.ErrTokenNotFound) {
			return err
		}
	}
	return found
}

// EndOthers ends all sessions of the user but the one with that ID.
// [core.Manager.EndSessions] ends them of every kind, JWTs as well.
func (s *Strategy) EndOthers(ctx context.Context, u core.AnyUser, id string) error {
	return s.tokens.EndUser(ctx, s.cfg.Purpose, u.AuthUser().ID, id)
}

// Purge removes at most limit sessions that have expired from the store and
// returns how many it removed. Expired sessions are refused all the same;
// purging saves space. Call it from time to time until it returns less than
// limit.
func (s *Strategy) Purge(ctx context.Context, limit int) (int, error) {
	return s.tokens.Purge(ctx, s.now(), limit)
}
