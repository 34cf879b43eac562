package conformance

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// Case is one rule of a port. S is what it is checked on.
type Case[S any] struct {
	// ID stands for the rule in reports.
	ID string
	// Name is "Method/situation".
	Name string
	// Rule is the sentence of the port that the case checks.
	Rule string
	// Run checks the rule on s, which is fresh and empty.
	Run func(t testing.TB, s S)
}

// race calls f from n goroutines at once and returns what each returned.
func race(t testing.TB, n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		late := lateness(t)
		done.Go(func() {
			<-start
			if late > 0 {
				time.Sleep(late)
			}
			errs[i] = f(i)
		})
	}
	close(start)
	done.Wait()
	return errs
}

// meeting returns a function that returns once n goroutines have called it,
// or after three seconds.
func meeting(n int) func() {
	var mu sync.Mutex
	complete := make(chan struct{})
	return func() {
		mu.Lock()
		if n--; n == 0 {
			close(complete)
		}
		mu.Unlock()
		select {
		case <-complete:
		case <-time.After(3 * time.Second):
		}
	}
}

// wantOne checks that one of errs is nil and all others are want, and returns
// the index of the one.
func wantOne(t testing.TB, errs []error, want error) int {
	t.Helper()
	winner, winners := -1, 0
	for i, err := range errs {
		switch {
		case err == nil:
			winner, winners = i, winners+1
		case !errors.Is(err, want):
			t.Errorf("call %d: got error %v, want nil or %v", i, err, want)
		}
	}
	if winners != 1 {
		t.Fatalf("got %d calls that succeeded, want 1", winners)
	}
	return winner
}

// wantErr checks that err is want.
func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// must ends the case where err is not nil.
func must(t testing.TB, err error, what ...any) {
	t.Helper()
	if err != nil {
		t.Fatalf("%sgot error %v, want none", fmt.Sprint(append(what, ": ")...), err)
	}
}
