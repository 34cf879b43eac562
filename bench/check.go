package main

import (
	"fmt"
	"maps"
	"time"
)

// connections are how many a check is loaded from.
const connections = 32

// group is what is compared: the first target is the bare handler that bounds
// are against, the second usher.
type group struct {
	backend string // of people.checks
	call    string
	targets []string
	// leastRate and mostCPU bound usher's ratios; zero is no bound.
	leastRate, mostCPU float64
}

// me is the request for the caller's own user.
const me = "GET /users/me"

var checkGroups = []group{
	{"jwt", me, []string{"bare jwt", "usher jwt", "bare jwt, crypto/hmac", "bare jwt, pgx pool"}, 0.85, 1.25},
	{"token", me, []string{"bare token", "usher token"}, 0.85, 1.25},
	{"redis", me, []string{"bare redis", "usher redis"}, 0.85, 0},
}

var rpcGroups = []group{
	{"grpc jwt", "a unary call of gRPC", []string{"bare grpc jwt", "usher grpc jwt"}, 0.85, 0},
	{"grpc token", "a unary call of gRPC", []string{"bare grpc token", "usher grpc token"}, 0.85, 0},
}

// checks measures GET /users/me.
func (b *bench) checks() error { return b.checkBy(checkGroups) }

// rpcChecks measures a method of an application behind the interceptor.
func (b *bench) rpcChecks() error { return b.checkBy(rpcGroups) }

func (b *bench) checkBy(groups []group) error {
	for _, g := range groups {
		all, err := b.compare(g.targets, func(c *child) error { return b.proves(c, g.backend) },
			load{connections, 250 * time.Millisecond, func(i, n int) *ask {
				asks := b.people.checks[g.backend]
				return asks[(i+n)%len(asks)]
			}})
		if err != nil {
			return err
		}
		printGroup(fmt.Sprintf("Session check by %s: %s, %d connections; ratios to %s", g.backend, g.call, connections, g.targets[0]), all)
		bare, usher := all[0], all[1]
		rate, cpu := median(usher.ratios(bare, rateOf)), median(usher.ratios(bare, totalOf))
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

// load is what a server is measured with.
type load struct {
	clients int
	// slice is how long each server is loaded before it is the next one's
	// turn: what disturbs the machine for longer disturbs all of them.
	slice time.Duration
	next  func(client, n int) *ask
}

// contender is a server that is compared with others.
type contender struct {
	*child
	clients []*client
}

// compare measures targets in turn, slice by slice, b.rounds times, each time
// in new processes.
func (b *bench) compare(names []string, proof func(*child) error, l load) ([]*series, error) {
	all := make([]*series, len(names))
	for i, name := range names {
		all[i] = &series{name: name}
	}
	for range b.rounds {
		samples, err := b.round(names, proof, l)
		if err != nil {
			return nil, err
		}
		for i, s := range samples {
			all[i].samples = append(all[i].samples, s)
		}
	}
	return all, nil
}

// round measures each target once. Where other programs disturb that, it does
// so again, and returns what was disturbed least.
func (b *bench) round(names []string, proof func(*child) error, l load) (best []sample, err error) {
	var all []contender
	for _, name := range names {
		c, err := b.start(name, false)
		if err != nil {
			return nil, err
		}
		defer c.stop()
		own := contender{c, clientsOf(c.addr, l.clients)}
		for _, client := range own.clients {
			defer client.close()
		}
		if err := proof(c); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := closedLoop(own.clients, b.warmUp, l.next); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, own)
	}
	least := 0.0
	for try := range b.tries {
		if err := settleDown(); err != nil {
			return nil, err
		}
		samples, err := b.slices(all, l)
		if err != nil {
			return nil, err
		}
		most := 0.0
		for _, s := range samples {
			most = max(most, s.foreign())
		}
		if try == 0 || most < least {
			best, least = samples, most
		}
		if least <= quiet {
			break
		}
	}
	return best, nil
}

// slices measures all in turn until each was measured for long enough, back
// and forth.
func (b *bench) slices(all []contender, l load) ([]sample, error) {
	samples := make([]sample, len(all))
	for n := range max(2, int((b.measure+l.slice-1)/l.slice)) {
		for k := range all {
			i := k
			if n%2 == 1 {
				i = len(all) - 1 - k
			}
			c := all[i]
			s, err := b.measured(c.child, func() ([]time.Duration, error) { return closedLoop(c.clients, l.slice, l.next) })
			if err != nil {
				return nil, err
			}
			samples[i].add(s)
		}
	}
	return samples, nil
}

// damages are where tokens are damaged, counted from their end: in a stored
// token, or in the signature and the payload of a JWT.
var damages = map[string][]int{"jwt": {2, 20, 42, 50, 100}, "token": {2, 20, 42}, "redis": {2, 20, 42},
	"grpc jwt": {2, 20, 42, 50, 100}, "grpc token": {2, 20, 42}}

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
