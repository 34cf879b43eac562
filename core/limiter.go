package core

import (
	"context"
	"sync"
	"time"

	"github.com/gousher/usher/ports"
)

// LocalLimiter is a [ports.Limiter] in the memory of the process. It keeps a
// bounded number of keys, however many there are.
type LocalLimiter struct {
	cfg LocalLimiterConfig

	mu sync.Mutex
	// full is, for each key, when its limit has room for all events again:
	// what the generic cell rate algorithm (ITU-T I.371) calls the
	// theoretical arrival time of the next event.
	full map[string]time.Time
	// swept is when keys were last looked through for those to be forgotten.
	swept time.Time
}

// LocalLimiterConfig sets up a [LocalLimiter].
type LocalLimiterConfig struct {
	// Keys is how many keys are kept. Zero means 100,000, of some 100 bytes
	// each. Beyond that, keys whose limits have the most room are forgotten.
	Keys int
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

var _ ports.Limiter = (*LocalLimiter)(nil)

// NewLocalLimiter returns a limiter that has counted nothing, or a
// *[ConfigError].
func NewLocalLimiter(cfg LocalLimiterConfig) (*LocalLimiter, error) {
	if cfg.Keys < 0 {
		return nil, &ConfigError{Of: "core.LocalLimiterConfig", Problems: []string{"Keys is negative"}}
	}
	if cfg.Keys == 0 {
		cfg.Keys = 100_000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &LocalLimiter{cfg: cfg, full: map[string]time.Time{}}, nil
}

// Allow implements [ports.Limiter]. Its error is the context's.
func (l *LocalLimiter) Allow(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	now := l.cfg.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	full, known := l.full[key]
	if !known || full.Before(now) {
		full = now
	}
	full = full.Add(limit.Per / time.Duration(limit.Events))
	if wait := full.Sub(now) - limit.Per; wait > 0 {
		return wait, nil
	}
	if !known && len(l.full) >= l.cfg.Keys {
		l.makeRoom(now)
	}
	l.full[key] = full
	return 0, nil
}

// makeRoom forgets at least one key: all whose limits have room for all events
// or, where there is none, of a few keys the one whose limit has the most. To
// look through all of them is worth it only when time has passed.
func (l *LocalLimiter) makeRoom(now time.Time) {
	if now.Sub(l.swept) >= time.Second {
		l.swept = now
		for key, full := range l.full {
			if !full.After(now) {
				delete(l.full, key)
			}
		}
		if len(l.full) < l.cfg.Keys {
			return
		}
	}
	const few = 8 // in the random order of maps
	oldest, n := "", 0
	for key, full := range l.full {
		if n == 0 || full.Before(l.full[oldest]) {
			oldest = key
		}
		if n++; n == few {
			break
		}
	}
	delete(l.full, oldest)
}
