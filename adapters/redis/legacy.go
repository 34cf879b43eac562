package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
)

// LegacyConfig says how FastAPI Users keeps its sessions, with its
// RedisStrategy, in the same Redis.
type LegacyConfig struct {
	// Prefix is the strategy's key_prefix. Empty means "fastapi_users_token:".
	Prefix string
	// Purpose is that of the tokens which they become. Empty means "session".
	Purpose string
}

// legacy implements ports.LegacyTokens.
type legacy struct {
	*store
	from LegacyConfig
}

// NewLegacy returns the sessions that FastAPI Users keeps in Redis, one key
// each, whose name is the token in the clear. Those that are adopted become
// tokens of a store with the same cfg, with epoch 0: a user's sessions end when
// the epoch is raised for the first time. It returns a *core.ConfigError. See
// [New] for rdb.
func NewLegacy(rdb redis.UniversalClient, cfg Config, from LegacyConfig) (ports.LegacyTokens, error) {
	if from.Prefix == "" {
		from.Prefix = "fastapi_users_token:"
	}
	if from.Purpose == "" {
		from.Purpose = "session"
	}
	var problems []string
	ours := cfg.Prefix
	if ours == "" {
		ours = defaultPrefix
	}
	if strings.HasPrefix(ours, from.Prefix) || strings.HasPrefix(from.Prefix, ours) {
		problems = append(problems, "LegacyConfig.Prefix and Config.Prefix begin alike: their keys cannot be told apart")
	}
	if storable(from.Purpose) != nil {
		problems = append(problems, "LegacyConfig.Purpose is no text")
	}
	s, err := open("redisstore.NewLegacy", rdb, cfg, problems)
	if err != nil {
		return nil, err
	}
	return &legacy{s, from}, nil
}

// Adopt implements [ports.LegacyTokens]. The two keys are in two slots: the
// new one is written before the old one is erased, so that no session is lost
// between them. That it was adopted is noted beside the new key until the
// session expires: if the old one could not be erased, it is of no use to
// anybody, and the next who uses it erases it.
func (s *legacy) Adopt(ctx context.Context, token, digest string) (ports.Token, error) {
	return within(ctx, s.store, "adopt token", func() (ports.Token, error) {
		if token == "" || storable(token) != nil || !isKey(s.from.Purpose, digest) {
			return ports.Token{}, core.ErrTokenNotFound
		}
		plain := s.from.Prefix + token
		t, err := s.peek(ctx, plain)
		if err != nil {
			return ports.Token{}, err
		}
		t.Purpose, t.Digest, t.Family = s.from.Purpose, digest, rand.Text()
		adopted, err := s.move(ctx, t)
		if err != nil {
			return ports.Token{}, err
		}
		if err := s.rdb.Del(ctx, plain).Err(); err != nil {
			return ports.Token{}, err
		}
		if !adopted { // by another, now or before
			return ports.Token{}, core.ErrTokenNotFound
		}
		return t, nil
	})
}

// peek returns what the other system keeps.
func (s *legacy) peek(ctx context.Context, plain string) (ports.Token, error) {
	found, err := peek.again(ctx, s.rdb, []string{plain}).Slice()
	if err != nil {
		return ports.Token{}, err
	}
	if len(found) != 2 {
		return ports.Token{}, errors.New("a script returned something else")
	}
	userID, _ := found[0].(string)
	left, _ := found[1].(int64)
	if userID == "" || storable(userID) != nil {
		return ports.Token{}, core.ErrTokenNotFound
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	t := ports.Token{UserID: userID, CreatedAt: now}
	if left >= 0 { // less says that it never expires
		t.ExpiresAt = now.Add(time.Duration(left) * time.Millisecond)
	}
	return t, nil
}

// move keeps t, unless it was adopted before.
func (s *legacy) move(ctx context.Context, t ports.Token) (bool, error) {
	life := life(t.ExpiresAt, time.Now())
	if err := s.note(ctx, t, life); err != nil {
		return false, err
	}
	keys := []string{s.tokenKey(t.Purpose, t.Digest), s.adoptedKey(t.Purpose, t.Digest)}
	return adopt.once(ctx, s.rdb, keys, encode(t), life).Bool()
}
