package sqlstore

import (
	"context"
	"math/rand/v2"
	"time"
)

// patience is how long a statement that others keep from running is tried
// again.
const patience = 5 * time.Second

// retry calls f, a statement, as retry does; within a transaction of the
// caller once.
func (s *store) retry(ctx context.Context, f func() error) error {
	if s.inTx {
		return f()
	}
	return retry(ctx, f)
}

// retry calls f again while its error says that nothing was done because
// others were at work, until the context ends or patience is used up.
func retry(ctx context.Context, f func() error) error {
	start := time.Now()
	for n := 1; ; n++ {
		err := f()
		if err == nil || !transient(err) || time.Since(start) > patience {
			return err
		}
		if err := wait(ctx, n); err != nil {
			return err
		}
	}
}

// wait returns after a random while, the longer the more attempts there were,
// at once where there was none, or with the error of the context.
func wait(ctx context.Context, attempts int) error {
	if attempts == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(rand.N(time.Millisecond << min(attempts, 5)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
