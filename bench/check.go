package main

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// connections are how many a check is loaded from.
const connections = 32

// group is what is compared: the first target is the bare handler that bounds
// are against, the second usher.
type group struct {
	backend string
	targets []string
	// leastRate and mostCPU bound usher's ratios; zero is no bound.
	leastRate, mostCPU float64
}

var checkGroups = []group{
	{"jwt", []string{"bare jwt", "usher jwt", "bare jwt, crypto/hmac", "bare jwt, pgx pool"}, 0.85, 1.25},
	{"token", []string{"bare token", "usher token"}, 0.85, 1.25},
	{"redis", []string{"bare redis", "usher redis"}, 0.85, 0},
}

// checks measures GET /users/me.
func (b *bench) checks() error {
	for _, g := range checkGroups {
		all, err := b.compare(g.targets, func(c *child) error { return b.proves(c, g.backend) },
			func(c *child, length time.Duration) ([]time.Duration, error) {
				asks := b.people.checks[g.backend]
				return closedLoop(c.addr, connections, length, func(i, n int) *ask { return asks[(i+n)%len(asks)] })
			})
		if err != nil {
			return err
		}
		printGroup(fmt.Sprintf("Session check by %s: GET /users/me, %d connections; ratios to %s", g.backend, connections, g.targets[0]), all)
		bare, usher := all[0], all[1]
		rate, cpu := median(usher.ratios(bare, rateOf)), median(usher.ratios(bare, cpuOf))
		b.hold(rate >= g.leastRate, "check by %s: requests/s %.3f of %s, at least %.2f", g.backend, rate, bare.name, g.leastRate)
		if g.mostCPU > 0 {
			b.hold(cpu <= g.mostCPU, "check by %s: CPU per request %.2f of %s, at most %.2f", g.backend, cpu, bare.name, g.mostCPU)
		}
		if err := b.countChecks(g); err != nil {
			return err
		}
	}
	return nil
}

// compare measures targets in turn, b.rounds times, each time in a new
// process. Every other round is in the opposite order.
func (b *bench) compare(names []string, proof func(*child) error, load func(*child, time.Duration) ([]time.Duration, error)) ([]*series, error) {
	all := make([]*series, len(names))
	for i, name := range names {
		all[i] = &series{name: name, samples: make([]sample, b.rounds)}
	}
	for round := range b.rounds {
		var order []int
		for i := range names {
			order = append(order, i)
		}
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, i := range order {
			var err error
			if all[i].samples[round], err = b.once(names[i], proof, load); err != nil {
				return nil, fmt.Errorf("%s: %w", names[i], err)
			}
		}
	}
	return all, nil
}

// once measures one target.
func (b *bench) once(name string, proof func(*child) error, load func(*child, time.Duration) ([]time.Duration, error)) (s sample, err error) {
	c, err := b.start(name, false)
	if err != nil {
		return s, err
	}
	defer c.stop()
	if err := proof(c); err != nil {
		return s, err
	}
	if _, err := load(c, b.warmUp); err != nil {
		return s, err
	}
	return b.calmest(func() (sample, error) {
		return b.measured(c, func() ([]time.Duration, error) { return load(c, b.measure) })
	})
}

// damages are where tokens are damaged, counted from their end: in a stored
// token, or in the signature and the payload of a JWT.
var damages = map[string][]int{"jwt": {2, 20, 42, 50, 100}, "token": {2, 20, 42}, "redis": {2, 20, 42}}

// proves checks that a server tells each caller who they are, and refuses
// tokens of which one character is another, at several places.
func (b *bench) proves(c *child, backend string) error {
	conn := &client{addr: c.addr}
	defer conn.close()
	for _, a := range b.people.checks[backend] {
		if err := a.send(conn); err != nil {
			return err
		}
		for _, at := range damages[backend] {
			if err := a.damaged(at).send(conn); err != nil {
				return fmt.Errorf("a damaged token: %w", err)
			}
		}
	}
	return nil
}

// countChecks prints what a check sends to the databases, and holds that usher
// sends one statement and what the bare handler sends.
func (b *bench) countChecks(g group) error {
	bare, err := b.counted(g.targets[0], b.people.checks[g.backend])
	if err != nil {
		return err
	}
	usher, err := b.counted(g.targets[1], b.people.checks[g.backend])
	if err != nil {
		return err
	}
	fmt.Printf("per check: usher %v; bare %v\n", usher, bare)
	b.hold(usher.statements == 1 && usher.marks == 0, "check by %s: %.2f statements and %.2f BEGIN and the like, one and none", g.backend, usher.statements, usher.marks)
	b.hold(maps.Equal(usher.texts, bare.texts), "check by %s: usher and %s send the same, %d different texts", g.backend, g.targets[0], len(usher.texts))
	return nil
}

// tally is what an operation sends, on average.
type tally struct {
	statements, marks, commands, hashes float64
	texts                               map[string]bool
}

func (t tally) String() string {
	return fmt.Sprintf("%.2f statements, %.2f BEGIN/COMMIT/SAVEPOINT, %.2f commands of Redis", t.statements, t.marks, t.commands)
}

// counted returns what each of asks makes a server of that name send, once it
// is warm.
func (b *bench) counted(name string, asks []*ask) (t tally, err error) {
	c, err := b.start(name, true)
	if err != nil {
		return t, err
	}
	defer c.stop()
	conn := &client{addr: c.addr}
	defer conn.close()
	return c.tally(conn, asks[:1], asks[1:])
}

// tally sends warm, and then asks, of which it counts.
func (c *child) tally(conn *client, warm, asks []*ask) (t tally, err error) {
	for _, a := range warm {
		if err := a.send(conn); err != nil {
			return t, err
		}
	}
	if _, err := c.facts(); err != nil {
		return t, err
	}
	for _, a := range asks {
		if err := a.send(conn); err != nil {
			return t, err
		}
	}
	f, err := c.facts()
	if err != nil {
		return t, err
	}
	n := float64(len(asks))
	sum := func(counts map[string]int) (total float64) {
		for _, k := range counts {
			total += float64(k)
		}
		return total
	}
	t = tally{sum(f.Statements) / n, sum(f.Marks) / n, sum(f.Commands) / n, float64(f.Hashes) / n, map[string]bool{}}
	for _, texts := range []map[string]int{f.Statements, f.Commands} {
		for text := range texts {
			t.texts[text] = true
		}
	}
	return t, nil
}
