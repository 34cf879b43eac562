// Package session makes sessions that a store keeps: a random token for the
// client, and its digest, with what it stands for, in a
// [ports.TokenStore]. They can be listed and ended one by one.
//
//	backend, err := session.Backend("db", stores, session.Config{}, core.Bearer{})
package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// Config sets up sessions. Its zero value ends them an hour after they were
// last used and a day after the login, as NIST SP 800-63B has it for AAL2.
type Config struct {
	// Lifetime is how long a session lives at most. Zero means 24 hours; less
	// than zero means for ever.
	Lifetime time.Duration
	// Idle is how long it lives without being used. Zero means an hour, or
	// Lifetime where that is less; less than zero means that idle sessions
	// live on. Use is noted to the tenth of it.
	Idle time.Duration
	// Purpose is the purpose of the tokens in the store. Empty means
	// "session".
	Purpose string
	// Plain adopts the sessions that another system keeps in the clear. It is
	// for the time of a migration.
	Plain ports.LegacyTokens
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Strategy makes sessions. It implements [ports.Strategy] and
// [ports.Restamper].
type Strategy struct {
	tokens ports.TokenStore
	cfg    Config
}

var (
	_ ports.Strategy  = (*Strategy)(nil)
	_ ports.Restamper = (*Strategy)(nil)
)

// New returns a strategy that keeps its sessions in tokens, or a
// *core.ConfigError.
func New(tokens ports.TokenStore, cfg Config) (*Strategy, error) {
	var problems []string
	if tokens == nil {
		problems = append(problems, "tokens is missing")
	}
	if cfg.Lifetime == 0 {
		cfg.Lifetime = 24 * time.Hour
	}
	if cfg.Idle == 0 {
		cfg.Idle = time.Hour
		if cfg.Lifetime > 0 {
			cfg.Idle = min(cfg.Idle, cfg.Lifetime)
		}
	}
	if cfg.Lifetime > 0 && cfg.Idle > cfg.Lifetime {
		problems = append(problems, "Config.Idle is above Config.Lifetime")
	}
	if cfg.Lifetime > 0 && cfg.Lifetime < time.Second || cfg.Idle > 0 && cfg.Idle < time.Second {
		problems = append(problems, "Config.Lifetime or Config.Idle is below a second")
	}
	if problems != nil {
		return nil, &core.ConfigError{Of: "session", Problems: problems}
	}
	if cfg.Purpose == "" {
		cfg.Purpose = "session"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Strategy{tokens: tokens, cfg: cfg}, nil
}

// secretBytes is the length of a token before it is encoded.
const secretBytes = 32

// Issue implements [ports.Strategy]. The token is 43 characters of URL-safe
// base64 that hold 256 random bits. The expiry that it returns is that of a
// session that is never idle.
func (s *Strategy) Issue(ctx context.Context, g ports.Grant) (string, time.Time, error) {
	if err := ctx.Err(); err != nil {
		return "", time.Time{}, err
	}
	var secret [secretBytes]byte
	rand.Read(secret[:])
	token := base64.RawURLEncoding.EncodeToString(secret[:])
	now := s.now()
	end := g.Expires.UTC().Truncate(time.Microsecond)
	if s.cfg.Lifetime > 0 && (end.IsZero() || end.After(now.Add(s.cfg.Lifetime))) {
		end = now.Add(s.cfg.Lifetime)
	}
	data, err := encode(g, end)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("session: %w", err)
	}
	err = s.tokens.Put(ctx, ports.Token{
		Purpose: s.cfg.Purpose, Digest: digest(token), UserID: g.UserID, Family: g.Family, Epoch: g.Epoch,
		CreatedAt: now, ExpiresAt: s.until(now, end), Data: data,
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return token, end, nil
}

// Verify implements [ports.Strategy]. It notes that the session is in use.
func (s *Strategy) Verify(ctx context.Context, token string) (ports.Grant, error) {
	if err := ctx.Err(); err != nil {
		return ports.Grant{}, err
	}
	if !wellFormed(token) {
		return ports.Grant{}, core.ErrInvalidToken
	}
	d := digest(token)
	t, err := s.tokens.Get(ctx, s.cfg.Purpose, d)
	err = s.adopt(ctx, token, d, err, func() (err error) {
		t, err = s.tokens.Get(ctx, s.cfg.Purpose, d)
		return err
	})
	return s.accept(ctx, t, err)
}

// adopt adopts a token of another system where err says that it was not found
// among ours, and then calls again, which looks for it once more: it may be
// there also where there was nothing left to adopt, because another call was
// faster.
func (s *Strategy) adopt(ctx context.Context, token, digest string, err error, again func() error) error {
	if s.cfg.Plain == nil || !errors.Is(err, core.ErrTokenNotFound) {
		return err
	}
	if _, err := s.cfg.Plain.Adopt(ctx, token, digest); err != nil && !errors.Is(err, core.ErrTokenNotFound) {
		return err
	}
	return again()
}

// accept judges what a store returned, and extends the session.
func (s *Strategy) accept(ctx context.Context, t ports.Token, err error) (ports.Grant, error) {
	now := s.now()
	switch {
	case errors.Is(err, core.ErrTokenNotFound):
		return ports.Grant{}, core.ErrInvalidToken
	case err != nil:
		return ports.Grant{}, err
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return ports.Grant{}, core.ErrInvalidToken
	}
	g, err := decode(t)
	if err != nil {
		return ports.Grant{}, fmt.Errorf("session: %w", err)
	}
	if s.cfg.Lifetime > 0 {
		if end := t.CreatedAt.Add(s.cfg.Lifetime); g.Expires.IsZero() || g.Expires.After(end) {
			g.Expires = end
		}
	}
	if !g.Expires.IsZero() && !now.Before(g.Expires) {
		return ports.Grant{}, core.ErrInvalidToken
	}
	idle := s.cfg.Idle > 0 && !t.ExpiresAt.IsZero()
	if until := s.until(now, g.Expires); idle && until.Sub(t.ExpiresAt) >= s.cfg.Idle/10 {
		if err := s.tokens.Extend(ctx, t.Purpose, t.Digest, until); err != nil {
			return ports.Grant{}, err
		}
	}
	return g, nil
}

// End implements [ports.Strategy].
func (s *Strategy) End(ctx context.Context, token string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !wellFormed(token) {
		return nil
	}
	d := digest(token)
	take := func() error {
		_, err := s.tokens.Take(ctx, s.cfg.Purpose, d)
		return err
	}
	err := s.adopt(ctx, token, d, take(), take)
	if errors.Is(err, core.ErrTokenNotFound) {
		return nil
	}
	return err
}

// Restamp implements [ports.Restamper].
func (s *Strategy) Restamp(ctx context.Context, token string, epoch int64) error {
	if _, err := s.Verify(ctx, token); err != nil {
		return err
	}
	err := s.tokens.Restamp(ctx, s.cfg.Purpose, digest(token), epoch)
	if errors.Is(err, core.ErrTokenNotFound) {
		return core.ErrInvalidToken
	}
	return err
}

// now is the time as stores keep it.
func (s *Strategy) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// until is when a session that is used now ends if it is not used again.
func (s *Strategy) until(now, end time.Time) time.Time {
	if s.cfg.Idle < 0 {
		return end
	}
	until := now.Add(s.cfg.Idle)
	if !end.IsZero() && until.After(end) {
		return end
	}
	return until
}

// digest is what stands for token in the store.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// wellFormed reports whether token can be one of ours: everything else is
// refused without asking the store.
func wellFormed(token string) bool {
	if len(token) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return false
	}
	secret, err := base64.RawURLEncoding.Strict().DecodeString(token)
	return err == nil && len(secret) == secretBytes // it skips line breaks
}
