package run

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
)

// recorder is a testing.TB that notes failures in the place of failing.
type recorder struct {
	testing.TB
	ctx context.Context

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, text)
}

func (r *recorder) Context() context.Context       { return r.ctx }
func (r *recorder) Helper()                        {}
func (r *recorder) Log(...any)                     {}
func (r *recorder) Logf(string, ...any)            {}
func (r *recorder) Fail()                          { r.note("failed") }
func (r *recorder) Error(args ...any)              { r.note(fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, a ...any) { r.note(fmt.Sprintf(format, a...)) }
func (r *recorder) Fatal(args ...any)              { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(format string, a ...any) { r.Errorf(format, a...); runtime.Goexit() }
func (r *recorder) FailNow()                       { r.note("failed"); runtime.Goexit() }

func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.failures) > 0
}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

// patience is how long a case may take on a mutant before its context ends,
// and waiting how long one that waits for faults to pass.
const (
	patience = 3 * time.Second
	waiting  = 20 * time.Second
)

// attempt runs c on what open makes and reports whether the case failed.
func attempt[S any](t testing.TB, c conformance.Case[S], open func(testing.TB) S, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r := &recorder{TB: t, ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				r.note(fmt.Sprint("panic: ", p))
			}
		}()
		c.Run(r, open(r))
	}()
	<-done
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
	return r.Failed()
}

// mutant is an implementation that is broken on purpose, in one way.
type mutant[S any] struct {
	name string
	// kills is the id of the case that must fail on it.
	kills string
	open  func(testing.TB) S
}

// runMutants tries every case on every mutant and prints the matrix. It
// checks that the original passes all cases, that each mutant fails the case
// that it names, and that each case kills a mutant.
func runMutants[S any](t *testing.T, port string, cases []conformance.Case[S], original func(testing.TB) S, mutants []mutant[S]) {
	t.Helper()
	tryMutants(t, port, cases, original, mutants, patience, func(mutant[S], string) bool { return true })
}

// runNamedMutants tries on each mutant the case that it names, and no other:
// where cases wait, to try all takes minutes.
func runNamedMutants[S any](t *testing.T, port string, cases []conformance.Case[S], original func(testing.TB) S, mutants []mutant[S]) {
	t.Helper()
	tryMutants(t, port, cases, original, mutants, waiting, func(m mutant[S], id string) bool { return m.kills == id })
}

func tryMutants[S any](t *testing.T, port string, cases []conformance.Case[S], original func(testing.TB) S, mutants []mutant[S],
	patience time.Duration, tried func(m mutant[S], id string) bool) {
	t.Helper()
	for _, c := range cases {
		if attempt(t, c, original, patience) {
			t.Errorf("%s: the original fails %s", port, c.ID)
		}
	}
	kills := map[string]int{}
	var matrix strings.Builder
	fmt.Fprintf(&matrix, "mutants of %s: %d mutants, %d cases\n", port, len(mutants), len(cases))
	for _, m := range mutants {
		var killers []string
		for _, c := range cases {
			if tried(m, c.ID) && attempt(t, c, m.open, patience) {
				killers = append(killers, c.ID)
			}
		}
		verdict := "SURVIVED"
		for _, id := range killers {
			if id == m.kills {
				verdict = "killed"
				kills[id]++
			}
		}
		if verdict != "killed" {
			t.Errorf("%s: mutant %q survived %s", port, m.name, m.kills)
		}
		fmt.Fprintf(&matrix, "  %-8s by %-6s %-52s all: %s\n", verdict, m.kills, m.name, strings.Join(killers, " "))
	}
	for _, c := range cases {
		if kills[c.ID] == 0 {
			t.Errorf("%s: case %s %s kills no mutant that names it", port, c.ID, c.Name)
		}
	}
	engine.Note(matrix.String())
}
