package redisstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
)

// batch is how many commands are sent together, and page how many keys a
// server looks at for one answer to SCAN.
const (
	batch = 256
	page  = 1000
)

// ListUser implements [ports.TokenStore].
func (s *store) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	return within(ctx, s, "list tokens", func() ([]ports.Token, error) {
		list, err := s.ofUser(ctx, purpose, userID)
		slices.SortFunc(list, func(a, b ports.Token) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Digest, b.Digest))
		})
		return list, err
	})
}

// ofUser returns the tokens that are noted for a user and are there.
func (s *store) ofUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	list := []ports.Token{}
	if purpose == "" || storable(purpose, userID) != nil {
		return list, nil
	}
	noted, err := s.rdb.ZRange(ctx, s.userKey(purpose, userID), 0, -1).Result()
	if err != nil {
		return nil, err
	}
	for digests := range slices.Chunk(noted, batch) {
		values := make([]*redis.StringCmd, len(digests))
		_, _ = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, digest := range digests {
				values[i] = p.Get(ctx, s.tokenKey(purpose, digest))
			}
			return nil
		}) // each command has its error
		for i, digest := range digests {
			value, err := values[i].Result()
			switch t, err := read(purpose, digest, value, err); {
			case errors.Is(err, core.ErrTokenNotFound):
			case err != nil:
				return nil, err
			case t.UserID == userID:
				list = append(list, t)
			}
		}
	}
	return list, nil
}

// EndUser implements [ports.TokenStore].
func (s *store) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	_, err := within(ctx, s, "end tokens", func() (struct{}, error) {
		list, err := s.ofUser(ctx, purpose, userID)
		if err != nil {
			return struct{}{}, err
		}
		list = slices.DeleteFunc(list, func(t ports.Token) bool { return exceptFamily != "" && t.Family == exceptFamily })
		for tokens := range slices.Chunk(list, batch) {
			if err := s.end(ctx, userID, tokens); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	return err
}

// end removes tokens of a user's, and what is noted of them.
func (s *store) end(ctx context.Context, userID string, tokens []ports.Token) error {
	_, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, t := range tokens {
			p.Eval(ctx, endScript, []string{s.tokenKey(t.Purpose, t.Digest)}, encode(t)[fixed:])
		}
		return nil
	})
	if err != nil {
		return err
	}
	digests := make([]any, len(tokens))
	for i, t := range tokens {
		digests[i] = t.Digest
	}
	return s.rdb.ZRem(ctx, s.userKey(tokens[0].Purpose, userID), digests...).Err()
}

// Purge implements [ports.TokenStore]. It looks through every key of every
// server, so that callers who are many do the same work many times; each token
// is removed, and counted, by one of them.
func (s *store) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	return within(ctx, s, "purge tokens", func() (int, error) {
		var mu sync.Mutex // servers are looked through at the same time
		removed := 0
		err := s.eachMaster(ctx, func(ctx context.Context, master redis.Cmdable) error {
			for cursor, more := uint64(0), true; more; more = cursor != 0 {
				keys, next, err := master.Scan(ctx, cursor, s.prefix+"token:*", page).Result()
				if err != nil {
					return err
				}
				cursor = next
				mu.Lock()
				n, err := s.purge(ctx, keys, sortable(before.UnixMicro()), limit-removed)
				removed += n
				full := removed >= limit
				mu.Unlock()
				if err != nil || full {
					return err
				}
			}
			return nil
		})
		return removed, err
	})
}

// purge removes at most limit of the tokens that expired before a time.
func (s *store) purge(ctx context.Context, keys []string, before string, limit int) (removed int, err error) {
	expired, err := s.expired(ctx, keys, before)
	if err != nil {
		return 0, err
	}
	for len(expired) > 0 && removed < limit {
		some := expired[:min(len(expired), batch, limit-removed)]
		expired = expired[len(some):]
		results, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, key := range some {
				p.Eval(ctx, purgeScript, []string{key}, before)
			}
			return nil
		})
		for _, result := range results {
			if n, err := result.(*redis.Cmd).Int(); err == nil {
				removed += n
			}
		}
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// expired returns those of the keys whose tokens expired before a time, as far
// as can be told without changing anything.
func (s *store) expired(ctx context.Context, keys []string, before string) (expired []string, err error) {
	for some := range slices.Chunk(keys, batch) {
		expiries := make([]*redis.StringCmd, len(some))
		if _, err := s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, key := range some {
				expiries[i] = p.GetRange(ctx, key, 1, digits)
			}
			return nil
		}); err != nil {
			return nil, err
		}
		for i, key := range some {
			if kept := expiries[i].Val(); kept != "" && kept < before {
				expired = append(expired, key)
			}
		}
	}
	return expired, nil
}
