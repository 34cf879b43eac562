// Bench measures usher beside bare handlers that do the same work by hand, on
// PostgreSQL and Redis in containers, and fails where usher is outside of what
// is promised of it.
//
//	go run ./bench -rounds 5 -only check,grpc,login,register,flood,flood-imported,forgot
//
// Every server is a process of its own, which this program starts, loads and
// stops. Those that are compared take short turns, round after
// round; ratios are taken within a round, and tables show medians.
//
// USHER_TEST_POSTGRES and USHER_TEST_REDIS name servers to use in place of
// containers.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/conformance/run/engine"
)

// options are the program's flags.
type options struct {
	rounds          int
	only            []string
	warmUp, measure time.Duration
	flood           time.Duration
	calls           int
	tries           int
}

var workloads = []struct {
	name string
	run  func(*bench) error
}{
	{"check", (*bench).checks},
	{"grpc", (*bench).rpcChecks},
	{"login", (*bench).logins},
	{"register", (*bench).registrations},
	{"flood", (*bench).flooding},
	{"flood-imported", (*bench).importedFlooding},
	{"forgot", (*bench).forgotten},
}

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "serve":
			os.Exit(exitCode(serve(os.Args[2:])))
		case "hash":
			os.Exit(exitCode(hash(os.Args[2:])))
		}
	}
	os.Exit(engine.Program(run))
}

func exitCode(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}

func parse(args []string) (options, error) {
	var o options
	var names []string
	for _, w := range workloads {
		names = append(names, w.name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "how often each server is measured")
	only := flags.String("only", strings.Join(names, ","), "the workloads to run")
	flags.DurationVar(&o.warmUp, "warmup", time.Second, "load before a measurement")
	flags.DurationVar(&o.measure, "measure", 2500*time.Millisecond, "length of a measurement")
	flags.DurationVar(&o.flood, "flood", 20*time.Second, "length of a flood of logins")
	flags.IntVar(&o.calls, "calls", 2000, "calls of forgot-password for each kind of address")
	flags.IntVar(&o.tries, "tries", 2, "how often a measurement is tried that other programs disturb")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.tries < 1 || o.calls < 1 || o.flood < time.Second || flags.NArg() > 0 {
		return o, errors.New("-rounds, -tries and -calls are at least 1, -flood is a second, and there are no arguments")
	}
	o.only = strings.Split(*only, ",")
	for _, name := range o.only {
		if !slices.Contains(names, name) {
			return o, fmt.Errorf("-only: there is no workload %q", name)
		}
	}
	return o, nil
}

// run returns the exit code: 1 where something failed or a bound was missed.
func run(t testing.TB) int {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return 2
	}
	b, err := newBench(t, o)
	if err != nil {
		return exitCode(err)
	}
	started := time.Now()
	b.describe()
	for _, w := range workloads {
		if !slices.Contains(o.only, w.name) {
			continue
		}
		if err := w.run(b); err != nil {
			return exitCode(fmt.Errorf("%s: %w", w.name, err))
		}
	}
	fmt.Printf("\nAll of it took %v.\n", time.Since(started).Round(time.Second))
	return b.verdict()
}
