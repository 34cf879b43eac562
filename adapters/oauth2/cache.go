package oauthclient

import (
	"context"
	"sync"
	"time"
)

// cache keeps what was fetched last. However many ask, one fetches.
type cache[T any] struct {
	fetch func(context.Context) (T, error)
	now   func() time.Time

	mu     sync.Mutex
	last   fetched[T]
	flight *flight[T]
}

type fetched[T any] struct {
	value T
	at    time.Time // when the fetch began; zero: never
}

// flight is a fetch that is under way.
type flight[T any] struct {
	done   chan struct{}
	result fetched[T]
	err    error
}

// get returns what was fetched less than age ago, if need be by fetching it. A
// fetch goes on when its caller gives up, for the others who wait for it.
func (c *cache[T]) get(ctx context.Context, age time.Duration) (fetched[T], error) {
	c.mu.Lock()
	if !c.last.at.IsZero() && c.now().Sub(c.last.at) < age {
		defer c.mu.Unlock()
		return c.last, nil
	}
	f := c.flight
	if f == nil {
		f = &flight[T]{done: make(chan struct{})}
		c.flight = f
		go c.fly(context.WithoutCancel(ctx), f)
	}
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
		return fetched[T]{}, ctx.Err()
	}
}

func (c *cache[T]) fly(ctx context.Context, f *flight[T]) {
	f.result.at = c.now()
	f.result.value, f.err = c.fetch(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.err == nil {
		c.last = f.result
	}
	c.flight = nil
	close(f.done)
}
