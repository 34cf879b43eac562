package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

const (
	// crowdSize is how many clients log in at once in a flood.
	crowdSize = 256
	// beat is how many sessions are checked a second, before and in a flood.
	beat = 50
	// calm is how long sessions are checked before a flood.
	calm = 8 * time.Second
	// floodRounds is how many floods the medians are of.
	floodRounds = 3
	// atRest is the memory that the server takes when nobody logs in.
	atRest = 80 << 20
)

// flooded is what a server does in a flood of logins.
type flooded struct {
	idle, check    []time.Duration // latencies of checks
	lost           int             // checks that were not answered as expected
	logins         []time.Duration // latencies of those that succeeded
	busy           int             // answers of 503 with Retry-After
	others         []string        // all other answers
	length         time.Duration
	baseline, peak int64
	server         time.Duration
	foreign        float64
}

func (f *flooded) rate() float64 { return float64(len(f.logins)) / f.length.Seconds() }

// floodRow is what is flooded.
type floodRow struct {
	name, target string
	env          []string
}

// limits are what is allowed of a flood with hashes of some cost.
type limits struct {
	cost cost
	// slots are how many hashes of that cost usher computes at a time.
	slots    int
	p50, p99 float64 // of checks, as multiples of those when idle
}

// memory is what the hashes take that are computed at a time, in bytes.
func (l limits) memory() int64 { return int64(l.slots) * int64(l.cost.memory) << 10 }

// flooding measures session checks while a crowd logs in with new hashes.
func (b *bench) flooding() error { return b.floods(limits{fresh, b.cores, 3.5, 12}) }

// importedFlooding does so with hashes that another system made.
func (b *bench) importedFlooding() error {
	return b.floods(limits{imported, max(1, int(budget()/(int64(imported.memory)<<10))), 3.5, 25})
}

func (b *bench) floods(l limits) error {
	procs := fmt.Sprintf("GOMAXPROCS=%d", 4*b.cores)
	advised := []string{procs, "GODEBUG=madvdontneed=0", fmt.Sprintf("GOMEMLIMIT=%dMiB", (atRest+l.memory())>>20)}
	// The first is what docs/deployment.md advises, and what the bounds are for.
	rows := []floodRow{
		{"usher, as advised", "usher jwt", advised},
		{"usher, " + procs, "usher jwt", []string{procs}},
		{"usher", "usher jwt", nil},
		{"bare with a gate", "bare jwt", nil},
	}
	raw, err := b.rawRate(l.cost)
	if err != nil {
		return err
	}
	var names []string
	var all []flooded
	flood := func(tries int, row floodRow) error {
		f, err := b.calmestFlood(tries, row, l)
		if err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
		names, all = append(names, row.name), append(all, f)
		return nil
	}
	for range floodRounds {
		if err := flood(b.tries, rows[0]); err != nil {
			return err
		}
	}
	for _, row := range rows[1:] {
		if err := flood(1, row); err != nil {
			return err
		}
	}
	printFloods(fmt.Sprintf("Flood: %d clients log in for %v, %s, %d sessions checked a second; the hasher alone: %.1f/s; advised: %s",
		crowdSize, b.flood, l.cost.name, beat, raw, strings.Join(advised, " ")), names, all)
	b.holdFloods(all[:floodRounds], rows[0].name+", "+l.cost.name, raw, l)
	return nil
}

// holdFloods holds the medians of floods to what is allowed of latencies and
// rates, and each of them to the rest.
func (b *bench) holdFloods(floods []flooded, name string, raw float64, l limits) {
	name = "flood of " + name + ": "
	middle := func(of func(f *flooded) float64) float64 {
		var list []float64
		for i := range floods {
			list = append(list, of(&floods[i]))
		}
		return median(list)
	}
	p50 := middle(func(f *flooded) float64 { return multiple(f.check, f.idle, 50) })
	p99 := middle(func(f *flooded) float64 { return multiple(f.check, f.idle, 99) })
	rate := middle((*flooded).rate) / raw
	b.hold(p50 <= l.p50, "%sp50 of checks %.2f times idle, at most %.1f", name, p50, l.p50)
	b.hold(p99 <= l.p99, "%sp99 of checks %.2f times idle, at most %.0f", name, p99, l.p99)
	b.hold(rate >= 0.7, "%slogins %.2f of the hasher alone, at least 0.70", name, rate)
	for i := range floods {
		f := &floods[i]
		b.hold(f.lost == 0, "%s%d checks lost, none", name, f.lost)
		b.hold(len(f.others) == 0 && len(f.logins) > 0, "%s%d answers of 200, %d of 503 with Retry-After, %d others, none %.1q",
			name, len(f.logins), f.busy, len(f.others), f.others[:min(1, len(f.others))])
		most := f.baseline + 2*l.memory() + 64<<20
		b.hold(f.peak <= most, "%speak of memory %d MiB, from %d, at most %d", name, f.peak>>20, f.baseline>>20, most>>20)
	}
}

func multiple(of, to []time.Duration, p float64) float64 {
	return float64(percentile(of, p)) / float64(percentile(to, p))
}

func printFloods(title string, names []string, all []flooded) {
	fmt.Printf("\n%s\n", title)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tidle p50\tp99\tin flood p50\tp99\tmax ms\tlost\tlogins/s\tlogin p50\tp99 ms\t503s\tothers\tMiB before\tpeak\tserver's cores\tothers' cores\t")
	for i, f := range all {
		at := func(list []time.Duration, p float64) float64 { return ms(percentile(list, p)) }
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t%d\t%.1f\t%.0f\t%.0f\t%d\t%d\t%d\t%d\t%.2f\t%.2f\t\n", names[i],
			at(f.idle, 50), at(f.idle, 99), at(f.check, 50), at(f.check, 99), at(f.check, 100), f.lost,
			f.rate(), at(f.logins, 50), at(f.logins, 99), f.busy, len(f.others), f.baseline>>20, f.peak>>20,
			f.server.Seconds()/f.length.Seconds(), f.foreign)
	}
	w.Flush()
}

// calmestFlood floods a new server until that was disturbed by no more than
// quiet cores, and returns the flood that was disturbed least.
func (b *bench) calmestFlood(tries int, row floodRow, l limits) (best flooded, err error) {
	for try := range tries {
		if err := settleDown(); err != nil {
			return best, err
		}
		f, err := b.floodOnce(row, l)
		if err != nil {
			return best, err
		}
		if try == 0 || f.foreign < best.foreign {
			best = f
		}
		if best.foreign <= quiet {
			break
		}
	}
	return best, nil
}

func (b *bench) floodOnce(row floodRow, l limits) (f flooded, err error) {
	c, err := b.start(row.target, false, row.env...)
	if err != nil {
		return f, err
	}
	defer c.stop()
	if err := b.proves(c, "jwt"); err != nil {
		return f, err
	}
	checks := b.people.checks["jwt"]
	check := func(n int) *ask { return checks[n%len(checks)] }
	if f.idle, f.lost = openLoop(c.addr, beat, calm, check); f.lost > 0 {
		return f, fmt.Errorf("%d checks were lost before the flood", f.lost)
	}
	// A server that is in use has seen somebody log in.
	crowd := &crowd{asks: b.entries(l.cost)}
	defer crowd.close()
	if err := crowd.connect(c.addr); err != nil {
		return f, err
	}
	if f.baseline, err = memory(c.pid(), "VmRSS"); err != nil {
		return f, err
	}
	if err := resetPeak(c.pid()); err != nil {
		return f, err
	}
	from, err := b.read(c.pid())
	if err != nil {
		return f, err
	}
	var wg sync.WaitGroup
	wg.Go(func() { crowd.rush(b.flood, &f) })
	f.check, f.lost = openLoop(c.addr, beat, b.flood, check)
	wg.Wait()
	to, err := b.read(c.pid())
	if err != nil {
		return f, err
	}
	f.length, f.server, f.foreign = b.flood, to.server-from.server, from.foreign(to)
	f.peak, err = memory(c.pid(), "VmHWM")
	return f, err
}

// crowd are clients who log in.
type crowd struct {
	asks    []*ask
	clients [crowdSize]client
}

// connect connects all, and lets the first log in.
func (w *crowd) connect(addr string) error {
	for i := range w.clients {
		c := &w.clients[i]
		c.addr = addr
		if err := c.dial(); err != nil {
			return err
		}
	}
	return w.asks[0].send(&w.clients[0])
}

func (w *crowd) close() {
	for i := range w.clients {
		w.clients[i].close()
	}
}

// rush lets each client log in again and again, and once it is told to come
// back later, not before then. It returns when that is over.
func (w *crowd) rush(length time.Duration, f *flooded) {
	end := time.Now().Add(length)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range w.clients {
		c, a := &w.clients[i], w.asks[i%len(w.asks)]
		c.until = end
		wg.Go(func() {
			for time.Now().Before(end) {
				start := time.Now()
				r, err := c.do(a.request)
				took := time.Since(start)
				if !time.Now().Before(end) {
					return
				}
				mu.Lock()
				f.note(a, r, err, took)
				mu.Unlock()
				time.Sleep(min(r.retryAfter, time.Until(end)))
			}
		})
	}
	wg.Wait()
}

// note notes what a client was told.
func (f *flooded) note(a *ask, r reply, err error, took time.Duration) {
	switch {
	case err != nil:
		f.others = append(f.others, err.Error())
	case a.met(r):
		f.logins = append(f.logins, took)
	case r.status == 503 && r.retryAfter > 0:
		f.busy++
	default:
		f.others = append(f.others, fmt.Sprintf("%d %.100s", r.status, r.body))
	}
}

// rawRate is how many hashes a second the hasher verifies by itself, in a
// process of its own, with as many at a time as is best.
func (b *bench) rawRate(c cost) (best float64, err error) {
	for slots := 1; slots <= 2*b.cores; slots++ {
		if err := settleDown(); err != nil {
			return 0, err
		}
		out, err := exec.Command(b.program, "hash", "-lanes", strconv.Itoa(int(c.lanes)), "-slots", strconv.Itoa(slots)).Output()
		if err != nil {
			return 0, err
		}
		rate, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
		if err != nil {
			return 0, err
		}
		best = max(best, rate)
	}
	return best, nil
}
