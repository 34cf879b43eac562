package redisstore

import (
	"context"
	"time"

	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
)

// limiter implements ports.Limiter.
type limiter struct{ *store }

// NewLimiter returns a limiter that all processes share which use the same
// Redis with the same prefix. It goes by the clock of Redis, to the
// microsecond, and forgets a key when its limit has room for all events again.
// It returns a *core.ConfigError. See [New] for rdb.
func NewLimiter(rdb redis.UniversalClient, cfg Config) (ports.Limiter, error) {
	s, err := open("redisstore.NewLimiter", rdb, cfg, nil)
	if err != nil {
		return nil, err
	}
	return limiter{s}, nil
}

// Allow implements [ports.Limiter]. An event whose answer is lost may have
// been counted.
func (l limiter) Allow(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
	step := limit.Per.Microseconds() / int64(limit.Events)
	return within(ctx, l.store, "count event", func() (time.Duration, error) {
		wait, err := allow.once(ctx, l.rdb, []string{l.prefix + "limit:" + key}, step, limit.Events).Int64()
		return time.Duration(wait) * time.Microsecond, err
	})
}
