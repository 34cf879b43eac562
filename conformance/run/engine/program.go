package engine

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"testing"
)

// Program runs f, a program that is no test and needs engines, as Main runs
// tests, and removes the containers that it started. It returns the exit code:
// that of f, or 1 where f was ended by what it was given as t or something
// could not be removed.
func Program(f func(t testing.TB) int) int {
	if os.Getenv(janitorEnv) != "" {
		return sweep(os.Stdin)
	}
	process.supervise()
	p := &program{}
	code := 1
	p.run(func() { code = f(p) })
	for _, cleanup := range slices.Backward(p.cleanups) {
		p.run(cleanup)
	}
	if err := process.dismiss(); err != nil {
		p.Error(err)
	}
	if p.failed {
		return max(code, 1)
	}
	return code
}

// program has what this package calls of a [testing.TB]. Anything else panics.
type program struct {
	testing.TB
	cleanups []func()
	failed   bool
}

// run calls f so that Fatal can end it.
func (p *program) run(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func (p *program) Helper() {}

func (p *program) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }

func (p *program) Error(args ...any) {
	p.failed = true
	fmt.Fprintln(os.Stderr, args...)
}

func (p *program) Errorf(format string, args ...any) { p.Error(fmt.Errorf(format, args...)) }

func (p *program) Fatal(args ...any) {
	p.Error(args...)
	runtime.Goexit()
}

func (p *program) Fatalf(format string, args ...any) { p.Fatal(fmt.Errorf(format, args...)) }

// Skip ends a program, too: it has nothing else to do.
func (p *program) Skip(args ...any) { p.Fatal(args...) }
