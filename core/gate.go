package core

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Hashing bounds the work that hashing passwords makes. Each hash takes the
// bytes that ports.PasswordHasher.Cost tells for as long as it runs; calls
// beyond Memory wait in a queue, first come, first served.
type Hashing struct {
	// Memory is the bytes that all hashes together may take at a time. A hash
	// that takes more runs alone. Zero means the cost of one new hash for
	// every core that the program may use.
	Memory int64
	// Queue is how many calls may wait. Zero means 64. One more gets a
	// *BusyError, and costs the store nothing.
	Queue int
	// Wait is how long a call waits before it gets a *BusyError. Zero means
	// two seconds.
	Wait time.Duration
}

// gate is a semaphore weighted by memory, with a bounded queue.
type gate struct {
	budget int64
	limit  int
	wait   time.Duration

	mu     sync.Mutex
	used   int64
	queue  []*waiter // in order of arrival
	coming int       // reserved places
}

type waiter struct {
	cost  int64
	ready chan struct{} // closed once the cost is taken
}

// do runs f while it holds cost bytes of the budget. It returns a *BusyError
// or the context's error where f did not run.
func (g *gate) do(ctx context.Context, cost int64, f func() error) error {
	cost = max(1, min(cost, g.budget))
	if err := g.enter(ctx, cost); err != nil {
		return err
	}
	defer g.leave(cost)
	return f()
}

func (g *gate) enter(ctx context.Context, cost int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g.mu.Lock()
	if len(g.queue) == 0 && g.used+cost <= g.budget {
		g.used += cost
		g.mu.Unlock()
		return nil
	}
	if len(g.queue) >= g.limit {
		g.mu.Unlock()
		return g.busy()
	}
	w := &waiter{cost: cost, ready: make(chan struct{})}
	g.queue = append(g.queue, w)
	g.mu.Unlock()

	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
		g.abandon(w)
		return ctx.Err()
	case <-timer.C:
		g.abandon(w)
		return g.busy()
	}
}

func (g *gate) leave(cost int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used -= cost
	g.admit()
}

// abandon takes w out of the queue, or gives back what it was just admitted
// to.
func (g *gate) abandon(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, q := range g.queue {
		if q == w {
			g.queue = append(g.queue[:i], g.queue[i+1:]...)
			g.admit()
			return
		}
	}
	g.used -= w.cost
	g.admit()
}

// admit lets the first in the queue in as long as there is room. g.mu is held.
func (g *gate) admit() {
	for len(g.queue) > 0 && g.used+g.queue[0].cost <= g.budget {
		w := g.queue[0]
		g.queue = g.queue[1:]
		g.used += w.cost
		close(w.ready)
	}
}

// reserve keeps a place for a call that will ask for cost, and returns a
// *BusyError where there is none. It is there so that calls which would be
// turned away anyway do no other work before. The call gives the place back by
// release when that work is done, and then enters as any other.
func (g *gate) reserve(cost int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	room := g.limit + int((g.budget-g.used)/max(1, min(cost, g.budget)))
	if len(g.queue)+g.coming >= room {
		return g.busy()
	}
	g.coming++
	return nil
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.coming--
}

// busy tells callers to come back after the time that a call waits, or up to
// twice of it: they would all come back at once otherwise.
func (g *gate) busy() error {
	wait := max(time.Second, g.wait.Round(time.Second))
	return &BusyError{RetryAfter: wait + time.Second*rand.N(wait/time.Second+1)}
}
