package core

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// holder is a call that stays in the gate until it is told to leave.
type holder struct {
	entered bool
	done    bool
	err     error
	leave   chan struct{}
	cancel  context.CancelFunc
}

// hold calls g.do in a goroutine of its own and returns once that is in the
// gate, in the queue or done.
func hold(t *testing.T, g *gate, cost int64) *holder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	h := &holder{leave: make(chan struct{}), cancel: cancel}
	go func() {
		h.err = g.do(ctx, cost, func() error {
			h.entered = true
			<-h.leave
			return nil
		})
		h.done = true
	}()
	synctest.Wait()
	return h
}

func wantEntered(t *testing.T, holders []*holder, want ...bool) {
	t.Helper()
	synctest.Wait()
	var got []bool
	for _, h := range holders {
		got = append(got, h.entered)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("entered: got %v, want %v", got, want)
	}
}

// wantIdle checks that nothing is held or queued.
func wantIdle(t *testing.T, g *gate) {
	t.Helper()
	synctest.Wait()
	if g.used != 0 || len(g.queue) != 0 {
		t.Errorf("got %d bytes used and %d calls queued, want none", g.used, len(g.queue))
	}
}

func wantBusy(t *testing.T, err error, want time.Duration) {
	t.Helper()
	var busy *BusyError
	if !errors.As(err, &busy) {
		t.Fatalf("got error %v, want a *BusyError", err)
	}
	if busy.RetryAfter < want || busy.RetryAfter > 2*want || busy.RetryAfter%time.Second != 0 {
		t.Errorf("RetryAfter: got %v, want whole seconds from %v to %v", busy.RetryAfter, want, 2*want)
	}
}

// As many places are kept as there are in the queue and, for calls of that
// cost, beside those that are let in.
func TestGateReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{budget: 10, limit: 2, wait: time.Second}
		reserved := func() (n int) {
			for g.reserve(4) == nil {
				n++
			}
			for range n {
				g.release()
			}
			return n
		}
		wantReserved := func(when string, want int) {
			t.Helper()
			if got := reserved(); got != want {
				t.Errorf("%s: got %d places, want %d", when, got, want)
			}
		}
		wantReserved("empty", 4)
		holders := []*holder{hold(t, g, 4)}
		wantReserved("one in the gate", 3)
		holders = append(holders, hold(t, g, 4), hold(t, g, 4))
		wantReserved("two in the gate, one in the queue", 1)
		wantBusy(t, func() error { holders = append(holders, hold(t, g, 4)); return g.reserve(4) }(), time.Second)
		for _, h := range holders {
			close(h.leave)
		}
		wantIdle(t, g)
		wantReserved("empty again", 4)
		if err := g.reserve(25); err != nil {
			t.Errorf("more than the budget: got %v, want none", err)
		}
	})
}

// Those who were refused at once do not come back at once.
func TestGateSpreads(t *testing.T) {
	g := &gate{wait: 2 * time.Second}
	seen := map[time.Duration]bool{}
	for range 1000 {
		var busy *BusyError
		errors.As(g.busy(), &busy)
		seen[busy.RetryAfter] = true
	}
	if len(seen) != 3 || !seen[2*time.Second] || !seen[3*time.Second] || !seen[4*time.Second] {
		t.Errorf("got %v, want 2, 3 and 4 seconds", seen)
	}
}

// Each case lets calls of these costs arrive one after the other at a gate of
// 10 bytes, and then leave in the same order.
func TestGateAdmission(t *testing.T) {
	tests := []struct {
		name  string
		costs []int64
		// entered says who has entered after all arrived, and then each time
		// that the next one has left.
		entered [][]bool
	}{
		{"all fit", []int64{3, 3, 4}, [][]bool{{true, true, true}}},
		{"one too many", []int64{4, 4, 4}, [][]bool{{true, true, false}, {true, true, true}}},
		{"more than the budget runs alone", []int64{1, 25, 1}, [][]bool{{true, false, false}, {true, true, false}, {true, true, true}}},
		{"more than the budget at once", []int64{25}, [][]bool{{true}}},
		{"a small one does not overtake a large one", []int64{6, 6, 1, 1}, [][]bool{{true, false, false, false}, {true, true, true, true}}},
		{"first come, first served", []int64{10, 10, 10}, [][]bool{{true, false, false}, {true, true, false}, {true, true, true}}},
		{"several at once", []int64{10, 5, 5, 5}, [][]bool{{true, false, false, false}, {true, true, true, false}, {true, true, true, true}}},
		{"no cost counts as one byte", []int64{9, 0, 0}, [][]bool{{true, true, false}, {true, true, true}}},
		{"a negative cost counts as one byte", []int64{9, -5, -5}, [][]bool{{true, true, false}, {true, true, true}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gate{budget: 10, limit: 10, wait: time.Second}
				var holders []*holder
				for _, cost := range test.costs {
					holders = append(holders, hold(t, g, cost))
				}
				wantEntered(t, holders, test.entered[0]...)
				for i, want := range test.entered[1:] {
					close(holders[i].leave)
					wantEntered(t, holders, want...)
				}
				for _, h := range holders[len(test.entered)-1:] {
					close(h.leave)
				}
				wantIdle(t, g)
				for i, h := range holders {
					if h.err != nil || !h.done {
						t.Errorf("call %d: got error %v, done %v, want none and true", i, h.err, h.done)
					}
				}
			})
		})
	}
}

func TestGateQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{budget: 1, limit: 2, wait: time.Minute}
		holders := []*holder{hold(t, g, 1), hold(t, g, 1), hold(t, g, 1)}
		began := time.Now()
		refused := hold(t, g, 1)
		wantBusy(t, refused.err, time.Minute)
		if refused.entered || time.Since(began) != 0 {
			t.Errorf("got entered %v after %v, want false at once", refused.entered, time.Since(began))
		}
		for _, h := range holders {
			close(h.leave)
		}
		wantIdle(t, g)
	})
}

func TestGateWait(t *testing.T) {
	for _, test := range []struct {
		name       string
		wait, want time.Duration
	}{
		{"less than a second", 10 * time.Millisecond, time.Second},
		{"a second and a bit", 1400 * time.Millisecond, time.Second},
		{"a second and a half", 1500 * time.Millisecond, 2 * time.Second},
		{"minutes", 90 * time.Second, 90 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gate{budget: 1, limit: 2, wait: test.wait}
				first := hold(t, g, 1)
				began := time.Now()
				err := g.do(t.Context(), 1, func() error { t.Error("ran"); return nil })
				wantBusy(t, err, test.want)
				if waited := time.Since(began); waited != test.wait {
					t.Errorf("waited: got %v, want %v", waited, test.wait)
				}
				if len(g.queue) != 0 {
					t.Errorf("got %d calls queued, want none", len(g.queue))
				}
				close(first.leave)
				wantIdle(t, g)
			})
		})
	}
}

func TestGateCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{budget: 10, limit: 10, wait: time.Minute}
		holders := []*holder{hold(t, g, 5), hold(t, g, 9), hold(t, g, 5), hold(t, g, 5)}
		wantEntered(t, holders, true, false, false, false)
		holders[3].cancel() // the last leaves the queue
		wantEntered(t, holders, true, false, false, false)
		holders[1].cancel() // the first leaves it: the one behind fits
		wantEntered(t, holders, true, false, true, false)
		for _, i := range []int{1, 3} {
			if !errors.Is(holders[i].err, context.Canceled) {
				t.Errorf("call %d: got error %v, want %v", i, holders[i].err, context.Canceled)
			}
		}
		close(holders[0].leave)
		close(holders[2].leave)
		wantIdle(t, g)

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := g.do(ctx, 1, func() error { t.Error("ran"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("context over beforehand: got error %v, want %v", err, context.Canceled)
		}
		wantIdle(t, g)
	})
}

// A call may be admitted at the moment at which it gives up.
func TestGateAbandonedWhenAdmitted(t *testing.T) {
	g := &gate{budget: 10, limit: 10, wait: time.Minute, used: 10}
	first, second := &waiter{cost: 10, ready: make(chan struct{})}, &waiter{cost: 4, ready: make(chan struct{})}
	g.queue = []*waiter{first, second}
	g.leave(10)
	g.abandon(first)
	select {
	case <-second.ready:
	default:
		t.Error("the one behind was not admitted")
	}
	if g.used != 4 || len(g.queue) != 0 {
		t.Errorf("got %d bytes used and %d calls queued, want 4 and none", g.used, len(g.queue))
	}
}

func TestGateGivesBack(t *testing.T) {
	g := &gate{budget: 10, limit: 10, wait: time.Minute}
	want := errors.New("hasher")
	if err := g.do(t.Context(), 4, func() error { return want }); err != want {
		t.Errorf("got error %v, want %v", err, want)
	}
	func() {
		defer func() { _ = recover() }()
		_ = g.do(t.Context(), 4, func() error { panic("hasher") })
	}()
	if g.used != 0 {
		t.Errorf("after an error and a panic: got %d bytes used, want none", g.used)
	}
}
