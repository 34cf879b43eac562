package run

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

type limiters = [2]ports.Limiter

func localLimiters(t testing.TB) limiters {
	l, err := core.NewLocalLimiter(core.LocalLimiterConfig{})
	require.NoError(t, err)
	return limiters{l, l}
}

func TestLocalLimiter(t *testing.T) {
	engine.Memory(t)
	conformance.TestLimiter(t, localLimiters, conformance.Subject{Adapter: "core", Engine: "memory"})
}

// alteredLimiter is a limiter whose method is replaced.
type alteredLimiter func(ctx context.Context, key string, limit ports.Limit) (time.Duration, error)

func (f alteredLimiter) Allow(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
	return f(ctx, key, limit)
}

// alterLimiter returns a maker of limiters that edit has broken.
func alterLimiter(edit func(l ports.Limiter) alteredLimiter) func(testing.TB) limiters {
	return func(t testing.TB) limiters {
		l := edit(localLimiters(t)[0])
		return limiters{l, l}
	}
}

// window is a limiter that counts in windows which begin with the first event.
type window struct {
	mu     sync.Mutex
	counts map[string]int
	began  map[string]time.Time
	// looks makes it look, and count some time later.
	looks bool
}

func (w *window) Allow(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	w.mu.Lock()
	if time.Since(w.began[key]) > limit.Per {
		w.began[key], w.counts[key] = time.Now(), 0
	}
	full := w.counts[key] >= limit.Events
	left := limit.Per - time.Since(w.began[key])
	if w.looks {
		w.mu.Unlock()
		time.Sleep(time.Millisecond)
		w.mu.Lock()
	}
	defer w.mu.Unlock()
	if full {
		return min(left, limit.Per/time.Duration(limit.Events)), nil
	}
	w.counts[key]++
	return 0, nil
}

func windows(looks bool) func(testing.TB) limiters {
	return func(testing.TB) limiters {
		w := &window{counts: map[string]int{}, began: map[string]time.Time{}, looks: looks}
		return limiters{w, w}
	}
}

func TestLimiterMutants(t *testing.T) {
	runMutants(t, "Limiter", conformance.LimiterCases(), localLimiters, []mutant[limiters]{
		{"looks first, and counts later", "OT-05", windows(true)},
		{"counts for each process", "OT-05", func(t testing.TB) limiters {
			return limiters{localLimiters(t)[0], localLimiters(t)[0]}
		}},
		{"folds keys", "LM-01", alterLimiter(func(l ports.Limiter) alteredLimiter {
			return func(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
				return l.Allow(ctx, strings.ToLower(strings.TrimSpace(key)), limit)
			}
		})},
		{"tells to wait for all events", "LM-02", alterLimiter(func(l ports.Limiter) alteredLimiter {
			return func(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
				wait, err := l.Allow(ctx, key, limit)
				if wait > 0 {
					wait += limit.Per
				}
				return wait, err
			}
		})},
		{"makes those wait longer who come too early", "LM-03", func(testing.TB) limiters {
			var mu sync.Mutex
			refused := map[string]time.Duration{}
			l := alterLimiter(func(l ports.Limiter) alteredLimiter {
				return func(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
					wait, err := l.Allow(ctx, key, limit)
					mu.Lock()
					defer mu.Unlock()
					if wait > 0 {
						refused[key] += time.Minute
						wait += refused[key] - time.Minute
					}
					return wait, err
				}
			})
			return l(t)
		}},
		{"has no room before the window ends", "LM-04", windows(false)},
		{"counts what was cancelled", "CX-01", alterLimiter(func(l ports.Limiter) alteredLimiter {
			return func(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
				wait, err := l.Allow(context.WithoutCancel(ctx), key, limit)
				return wait, errors.Join(err, ctx.Err())
			}
		})},
	})
}
