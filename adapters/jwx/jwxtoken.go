// Package jwxtoken makes sessions of signed tokens, and the tokens of mails:
// JSON Web Tokens (RFC 7519) that FastAPI Users accepts and whose tokens it
// accepts.
//
//	strategy, err := jwxtoken.New(jwxtoken.Config{Secret: secret, Lifetime: time.Hour})
//	strategy, err := jwxtoken.New(jwxtoken.Config{Keys: []jwxtoken.Key{{ID: "2026", Private: key}}, Lifetime: time.Hour})
//	signer, err := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{secret}})
//
// Nothing is stored, so a session cannot be ended before it expires, save by
// raising the epoch of its user, which ends all of them.
package jwxtoken

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// maxToken is the longest token, in bytes, that is made or read.
const maxToken = 8 << 10

// maxEpoch is the largest integer that every JSON parser keeps exact.
const maxEpoch = 1 << 53

// Strategy implements [ports.Strategy] without keeping anything. It is safe
// for concurrent use.
type Strategy struct {
	keys     ring
	jwks     []byte
	audience []byte // of new tokens, in JSON
	accepted []string
	lifetime time.Duration // zero means no expiry
	now      func() time.Time
}

var _ ports.Strategy = (*Strategy)(nil)

// New returns a Strategy, or a *core.ConfigError that names every field that
// is wrong and tells nothing of the keys. It signs something with each key
// that can, to see that this works.
func New(cfg Config) (*Strategy, error) {
	cfg.setDefaults()
	keys, problems := cfg.ring()
	if problems = append(problems, cfg.problems()...); problems != nil {
		return nil, &core.ConfigError{Of: "jwxtoken.Config", Problems: problems}
	}
	jwks, err := keys.jwks()
	if err != nil {
		return nil, fmt.Errorf("jwxtoken: %w", err)
	}
	return &Strategy{
		keys:     keys,
		jwks:     jwks,
		audience: appendList(nil, cfg.Audience),
		accepted: cfg.Audience,
		lifetime: cfg.Lifetime,
		now:      cfg.Now,
	}, nil
}

// Issue implements [ports.Strategy]. The token holds the user's id, the
// audience, the expiry and, unless it is 0, the epoch, and nothing else of g.
// It expires after the lifetime of the configuration, or at g.Expires where
// that is earlier, cut to the second.
//
// It fails for an id that is empty, not UTF-8 or some kilobytes long, and for
// an epoch below 0 or above 2^53.
func (s *Strategy) Issue(ctx context.Context, g ports.Grant) (token string, expires time.Time, err error) {
	if err := ctx.Err(); err != nil {
		return "", time.Time{}, err
	}
	switch {
	case g.UserID == "" || !utf8.ValidString(g.UserID):
		return "", time.Time{}, errors.New("jwxtoken: user id is empty or not UTF-8")
	case g.Epoch < 0 || g.Epoch > maxEpoch:
		return "", time.Time{}, fmt.Errorf("jwxtoken: epoch %d is out of range", g.Epoch)
	}
	expires = s.expiry(g.Expires)
	if token, err = s.keys[0].seal(s.claims(g, expires)); err != nil {
		return "", time.Time{}, err
	}
	return token, expires, nil
}

// expiry returns when a new token expires, if it is to expire at asked: zero
// means never.
func (s *Strategy) expiry(asked time.Time) time.Time {
	expires := asked
	if s.lifetime != 0 {
		expires = s.now().Add(s.lifetime)
		if !asked.IsZero() && asked.Before(expires) {
			expires = asked
		}
	}
	if expires.IsZero() {
		return expires
	}
	return time.Unix(min(expires.Unix(), maxDate), 0).UTC()
}

// claims returns the payload of a new token, in the order of FastAPI Users.
func (s *Strategy) claims(g ports.Grant, expires time.Time) []byte {
	out := append(appendString([]byte(`{"sub":`), g.UserID), `,"aud":`...)
	out = append(out, s.audience...)
	if !expires.IsZero() {
		out = strconv.AppendInt(append(out, `,"exp":`...), expires.Unix(), 10)
	}
	if g.Epoch != 0 {
		out = strconv.AppendInt(append(out, `,"epoch":`...), g.Epoch, 10)
	}
	return append(out, '}')
}

// Verify implements [ports.Strategy]. It accepts what [Strategy.Issue] makes,
// and what FastAPI Users makes with one of the keys and the same audience.
func (s *Strategy) Verify(ctx context.Context, token string) (ports.Grant, error) {
	if err := ctx.Err(); err != nil {
		return ports.Grant{}, err
	}
	if g, ok := s.read(token); ok {
		return g, nil
	}
	return ports.Grant{}, core.ErrInvalidToken
}

// End implements [ports.Strategy]. It returns core.ErrNotRevocable for a token
// that Verify accepts.
func (s *Strategy) End(ctx context.Context, token string) error {
	_, err := s.Verify(ctx, token)
	switch {
	case err == nil:
		return core.ErrNotRevocable
	case errors.Is(err, core.ErrInvalidToken):
		return nil
	}
	return err
}
