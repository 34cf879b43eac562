package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gousher/usher/ports"
)

// expired is a store with sessions that have expired.
type expired struct {
	ports.TokenStore
	left  int
	err   error
	asked []time.Time
}

func (s *expired) Purge(_ context.Context, before time.Time, limit int) (int, error) {
	s.asked = append(s.asked, before)
	if s.err != nil {
		return 0, s.err
	}
	n := min(s.left, limit)
	s.left -= n
	return n, nil
}

// Each time as many batches are removed as there are, and an outage ends
// nothing but the batch.
func TestPurge(t *testing.T) {
	noon := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name  string
		left  int
		err   error
		calls int // at the start, and the same at the tick, for there is nothing left
	}{
		{"nothing", 0, nil, 1},
		{"less than a batch", purgeBatch - 1, nil, 1},
		{"a batch and a half", purgeBatch * 3 / 2, nil, 2},
		{"outage", 5, errors.New("db: down"), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := &expired{left: tt.left, err: tt.err}
			ctx, stop := context.WithCancel(t.Context())
			ticks, ended := make(chan time.Time), make(chan struct{})
			go func() {
				purge(ctx, store, ticks)
				close(ended)
			}()
			ticks <- noon
			stop()
			<-ended
			if got, want := len(store.asked), tt.calls+1; got != want {
				t.Errorf("got %d calls, want %d", got, want)
			}
			if got := store.asked[len(store.asked)-1]; got != noon {
				t.Errorf("got time %v, want %v", got, noon)
			}
			if tt.err == nil && store.left != 0 {
				t.Errorf("%d are left", store.left)
			}
		})
	}
}
