package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
)

// Put implements [ports.OnceStore]. The token is noted among those of its user
// first: what is noted and not there is passed over.
func (s *store) Put(ctx context.Context, t ports.Token) error {
	if err := storable(t.Purpose, t.Digest, t.UserID, t.Family); err != nil || t.Purpose == "" || t.Digest == "" {
		return core.ErrInvalidValue
	}
	_, err := within(ctx, s, "put token", func() (struct{}, error) {
		life := life(t.ExpiresAt, time.Now())
		if err := s.note(ctx, t, life); err != nil {
			return struct{}{}, err
		}
		kept, err := put.once(ctx, s.rdb, []string{s.tokenKey(t.Purpose, t.Digest)}, encode(t), life).Bool()
		if err == nil && !kept {
			err = core.ErrTokenTaken
		}
		return struct{}{}, err
	})
	return err
}

// note notes that the token's user has it.
func (s *store) note(ctx context.Context, t ports.Token, life int64) error {
	return note.again(ctx, s.rdb, []string{s.userKey(t.Purpose, t.UserID)}, t.Digest, life).Err()
}

// Take implements [ports.OnceStore].
func (s *store) Take(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return within(ctx, s, "take token", func() (ports.Token, error) {
		if !isKey(purpose, digest) {
			return ports.Token{}, core.ErrTokenNotFound
		}
		value, err := take.once(ctx, s.rdb, []string{s.tokenKey(purpose, digest)}).Text()
		t, err := read(purpose, digest, value, err)
		if err == nil {
			// The note is of no use now, and does no harm if it stays.
			_ = s.rdb.ZRem(ctx, s.userKey(purpose, t.UserID), digest).Err()
		}
		return t, err
	})
}

// Get implements [ports.TokenStore].
func (s *store) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return within(ctx, s, "get token", func() (ports.Token, error) {
		if !isKey(purpose, digest) {
			return ports.Token{}, core.ErrTokenNotFound
		}
		value, err := s.rdb.Get(ctx, s.tokenKey(purpose, digest)).Result()
		return read(purpose, digest, value, err)
	})
}

// read returns the token that a command found.
func read(purpose, digest, value string, err error) (ports.Token, error) {
	if errors.Is(err, redis.Nil) {
		return ports.Token{}, core.ErrTokenNotFound
	}
	if err != nil {
		return ports.Token{}, err
	}
	t, err := decode(value)
	t.Purpose, t.Digest = purpose, digest
	return t, err
}

// isKey reports whether there can be a token of that purpose and digest.
func isKey(purpose, digest string) bool {
	return purpose != "" && digest != "" && storable(purpose, digest) == nil
}

// Extend implements [ports.TokenStore].
func (s *store) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	_, err := within(ctx, s, "extend token", func() (struct{}, error) {
		if until.IsZero() || !isKey(purpose, digest) {
			return struct{}{}, nil
		}
		life := life(until, time.Now())
		rest, err := extend.again(ctx, s.rdb, []string{s.tokenKey(purpose, digest)}, expiry(until), life).Text()
		if err != nil {
			return struct{}{}, found(err)
		}
		t, err := decodeRest(rest)
		if err != nil {
			return struct{}{}, err
		}
		t.Purpose, t.Digest = purpose, digest
		return struct{}{}, s.note(ctx, t, life)
	})
	return err
}

// found is err, unless it says that there was nothing.
func found(err error) error {
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// Restamp implements [ports.TokenStore].
func (s *store) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	_, err := within(ctx, s, "restamp token", func() (struct{}, error) {
		if !isKey(purpose, digest) {
			return struct{}{}, core.ErrTokenNotFound
		}
		there, err := restamp.again(ctx, s.rdb, []string{s.tokenKey(purpose, digest)}, sortable(epoch)).Bool()
		if err == nil && !there {
			err = core.ErrTokenNotFound
		}
		return struct{}{}, err
	})
	return err
}
