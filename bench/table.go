package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// bound is a promise and what was measured of it.
type bound struct {
	name string
	ok   bool
}

// hold notes whether a promise was kept. Where it is not exceeded by the
// figure that the text gives, ok is true.
func (b *bench) hold(ok bool, format string, args ...any) {
	b.bounds = append(b.bounds, bound{fmt.Sprintf(format, args...), ok})
}

// verdict prints the bounds and returns the exit code.
func (b *bench) verdict() int {
	code := 0
	fmt.Println("\nBounds")
	for _, x := range b.bounds {
		word := "ok  "
		if !x.ok {
			word, code = "MISS", 1
		}
		fmt.Println(word, x.name)
	}
	return code
}

// series are the samples of one target, round by round.
type series struct {
	name    string
	samples []sample
}

// each returns f of every sample.
func (s *series) each(f func(sample) float64) []float64 {
	out := make([]float64, len(s.samples))
	for i, x := range s.samples {
		out[i] = f(x)
	}
	return out
}

// ratios returns f of every sample over f of the sample of the same round.
func (s *series) ratios(to *series, f func(sample) float64) []float64 {
	own, others := s.each(f), to.each(f)
	for i := range own {
		own[i] /= others[i]
	}
	return own
}

func rateOf(s sample) float64   { return s.rate() }
func totalOf(s sample) float64  { return float64(s.cpu()) }
func serverOf(s sample) float64 { return float64(s.server) / float64(s.requests) }

// print prints the series of a group beside the first of them.
func printGroup(title string, all []*series) {
	fmt.Printf("\n%s\n", title)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, strings.Join([]string{"", "req/s", "ratio", "min..max", "p50 ms", "p99 ms", "CPU us: server", "databases",
		"ratio of CPU", "of server's", "allocs", "bytes", "peak MiB", "others' cores", "disturbed", ""}, "\t"))
	for _, s := range all {
		mid := func(f func(sample) float64) float64 { return median(s.each(f)) }
		ratios := s.ratios(all[0], rateOf)
		disturbed := 0
		for _, x := range s.samples {
			if x.foreign() > quiet {
				disturbed++
			}
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.3f\t%.2f..%.2f\t%.2f\t%.2f\t%.0f\t%.0f\t%.2f\t%.2f\t%.0f\t%.0f\t%.0f\t%.2f\t%d of %d\t\n", s.name,
			mid(rateOf), median(ratios), slices.Min(ratios), slices.Max(ratios),
			mid(func(x sample) float64 { return ms(percentile(x.took, 50)) }), mid(func(x sample) float64 { return ms(percentile(x.took, 99)) }),
			mid(serverOf)/1e3, mid(func(x sample) float64 { return float64(x.database) / float64(x.requests) })/1e3,
			median(s.ratios(all[0], totalOf)), median(s.ratios(all[0], serverOf)),
			mid(func(x sample) float64 { return float64(x.mallocs) / float64(x.requests) }),
			mid(func(x sample) float64 { return float64(x.bytes) / float64(x.requests) }),
			mid(func(x sample) float64 { return float64(x.peak) })/(1<<20),
			mid(func(x sample) float64 { return x.foreign() }), disturbed, len(s.samples))
	}
	w.Flush()
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
