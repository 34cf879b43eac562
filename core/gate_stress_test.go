package core

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Calls of random costs arrive, run, wait and give up at random times.
func TestGateStress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const budget, calls = 20, 2000
		g := &gate{budget: budget, limit: 50, wait: 40 * time.Millisecond}
		random := rand.New(rand.NewPCG(1, 2))
		var mu sync.Mutex
		var used int64
		outcomes := map[string]int{}
		var all sync.WaitGroup
		for range calls {
			cost, run := random.Int64N(30), time.Duration(random.IntN(20))*time.Millisecond
			arrive, patience := time.Duration(random.IntN(8000))*time.Millisecond, time.Duration(1+random.IntN(60))*time.Millisecond
			all.Go(func() {
				<-time.After(arrive)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				err := g.do(ctx, cost, func() error {
					taken := max(1, min(cost, budget))
					mu.Lock()
					if used += taken; used > budget {
						t.Errorf("used: got %d bytes, want at most %d", used, budget)
					}
					mu.Unlock()
					<-time.After(run)
					mu.Lock()
					used -= taken
					mu.Unlock()
					return nil
				})
				mu.Lock()
				defer mu.Unlock()
				var busy *BusyError
				switch {
				case err == nil:
					outcomes["ran"]++
				case errors.As(err, &busy):
					outcomes["busy"]++
				case errors.Is(err, context.DeadlineExceeded):
					outcomes["gave up"]++
				default:
					t.Errorf("got error %v", err)
				}
			})
		}
		all.Wait()
		wantIdle(t, g)
		for _, outcome := range []string{"ran", "busy", "gave up"} {
			if outcomes[outcome] < calls/50 {
				t.Errorf("%s: got %d calls of %v, want more for the test to mean something", outcome, outcomes[outcome], outcomes)
			}
		}
	})
}
