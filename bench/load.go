package main

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ask is a request, the status that is expected of its answer, and what the
// answer is to hold.
type ask struct {
	request []byte
	status  int
	holds   []byte
	// token is that of a call of gRPC, which is made in the place of the
	// request.
	token string
}

// send sends a and returns an error where the answer is not the one expected.
func (a *ask) send(c *client) error {
	do := func() (reply, error) { return c.do(a.request) }
	if a.token != "" {
		do = func() (reply, error) { return c.call(a.token) }
	}
	r, err := do()
	if err != nil {
		return err
	}
	if !a.met(r) {
		return fmt.Errorf("got %d %.200q, want %d with %q", r.status, r.body, a.status, a.holds)
	}
	return nil
}

// met reports whether r is the answer that a expects.
func (a *ask) met(r reply) bool { return r.status == a.status && bytes.Contains(r.body, a.holds) }

// clientsOf returns so many clients of a server.
func clientsOf(addr string, n int) []*client {
	all := make([]*client, n)
	for i := range all {
		all[i] = &client{addr: addr}
	}
	return all
}

// closedLoop sends what next returns through clients, each of which waits for
// one answer before it sends the next request, and returns the latencies. The
// first answer that is not as expected ends it.
func closedLoop(clients []*client, length time.Duration, next func(client, n int) *ask) ([]time.Duration, error) {
	end := time.Now().Add(length)
	var wg sync.WaitGroup
	var failed atomic.Pointer[error]
	all := make([][]time.Duration, len(clients))
	for i, c := range clients {
		wg.Go(func() {
			took := make([]time.Duration, 0, 1<<14)
			for n := 0; failed.Load() == nil; n++ {
				start := time.Now()
				if start.After(end) {
					break
				}
				if err := next(i, n).send(c); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
				took = append(took, time.Since(start))
			}
			all[i] = took
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return slices.Concat(all...), nil
}

// openLoop sends what next returns at a fixed rate, whether or not answers
// come, and returns the latencies, counted from when each was to be sent, and
// how many were not answered as expected.
func openLoop(addr string, perSecond int, length time.Duration, next func(n int) *ask) (took []time.Duration, lost int) {
	every := time.Second / time.Duration(perSecond)
	total := int(length / every)
	idle := make(chan *client, total)
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for n := range total {
		planned := start.Add(time.Duration(n) * every)
		time.Sleep(time.Until(planned))
		wg.Go(func() {
			var c *client
			select {
			case c = <-idle:
			default:
				c = &client{addr: addr}
			}
			err := next(n).send(c)
			latency := time.Since(planned)
			idle <- c
			mu.Lock()
			defer mu.Unlock()
			took = append(took, latency)
			if err != nil {
				lost++
			}
		})
	}
	wg.Wait()
	close(idle)
	for c := range idle {
		c.close()
	}
	return took, lost
}

// percentile returns the p-th of a list, which it sorts.
func percentile(list []time.Duration, p float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(float64(len(list))*p/100))]
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	if n := len(list); n%2 == 0 {
		return (list[n/2-1] + list[n/2]) / 2
	}
	return list[len(list)/2]
}
