package conformance

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Version is that of the suites. It rises when a case is added or a rule gets
// stricter: adapters that passed before may fail then.
const Version = "0.2"

// The environment says how the suites run.
const (
	// repeatEnv is how often each case is run; more than once is stress: the
	// cases come in random order, and callers that race start a little apart.
	repeatEnv = "USHER_CONFORMANCE_REPEAT"
	// seedEnv is what the random numbers begin with, so that a run can be had
	// again. It is printed.
	seedEnv = "USHER_CONFORMANCE_SEED"
	// reportEnv names a file to which each suite appends a [Report], as a line
	// of JSON.
	reportEnv = "USHER_CONFORMANCE_REPORT"
)

// Subject is what a suite runs on, for the report.
type Subject struct {
	// Adapter names the implementation, such as "bunstore", and Engine what it
	// works on, with its version, such as "PostgreSQL 17.2".
	Adapter, Engine string
	// Variant tells apart what is checked more than once, such as the forms
	// of ids.
	Variant string
}

// Report is what came of a suite.
type Report struct {
	Suite string `json:"suite"` // the port that it is about
	// Version is that of the suite, Repeat how often each case was run.
	Version string    `json:"version"`
	Adapter string    `json:"adapter"`
	Engine  string    `json:"engine"`
	Variant string    `json:"variant,omitempty"`
	Seed    uint64    `json:"seed"`
	Repeat  int       `json:"repeat"`
	Passed  int       `json:"passed"`
	Failed  int       `json:"failed"`
	Cases   []Verdict `json:"cases"`
}

// Verdict is what came of a case.
type Verdict struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
}

// settings returns what the environment says.
func settings(t *testing.T) (repeat int, seed uint64) {
	t.Helper()
	repeat, seed = 1, rand.Uint64()
	if text := os.Getenv(repeatEnv); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s is %q, want a number from 1", repeatEnv, text)
		}
		repeat = n
	}
	if text := os.Getenv(seedEnv); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s is %q, want a number", seedEnv, text)
		}
		seed = n
	}
	return repeat, seed
}

// run checks each case in a subtest, on what open makes for it, and reports.
func run[S any](t *testing.T, suite string, cases []Case[S], of []Subject, open func(t testing.TB) S) {
	t.Helper()
	repeat, seed := settings(t)
	r := Report{Suite: suite, Version: Version, Seed: seed, Repeat: repeat}
	if len(of) > 0 {
		r.Adapter, r.Engine, r.Variant = of[0].Adapter, of[0].Engine, of[0].Variant
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for _, i := range order(len(cases), repeat, random) {
		c := cases[i]
		passed := t.Run(c.ID+" "+c.Name, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("the rule: %s", c.Rule)
				}
			}()
			if repeat == 1 {
				c.Run(t, open(t))
				return
			}
			for n := range repeat {
				t.Run(fmt.Sprint(n+1), func(t *testing.T) {
					c.Run(stressed{t, rand.New(rand.NewPCG(seed, uint64(i*repeat+n)))}, open(t))
				})
			}
		})
		r.Cases = append(r.Cases, Verdict{c.ID, c.Name, passed})
		if passed {
			r.Passed++
		} else {
			r.Failed++
		}
	}
	if repeat > 1 {
		t.Logf("%s: each case %d times, %s=%d", suite, repeat, seedEnv, seed)
	}
	if err := r.append(os.Getenv(reportEnv)); err != nil {
		t.Errorf("%s: %v", reportEnv, err)
	}
}

// order returns the numbers below n, in random order where cases are repeated.
func order(n, repeat int, random *rand.Rand) []int {
	if repeat > 1 {
		return random.Perm(n)
	}
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// append appends r to a file, as a line of JSON.
func (r *Report) append(path string) error {
	if path == "" {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// stressed is a test in which callers that race start a little apart.
type stressed struct {
	testing.TB
	random *rand.Rand
}

// lateness is how long one of the callers of a race waits before it starts.
func lateness(t testing.TB) time.Duration {
	s, ok := t.(stressed)
	if !ok {
		return 0
	}
	return time.Duration(s.random.ExpFloat64() * float64(100*time.Microsecond))
}
