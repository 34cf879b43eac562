package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"time"
)

// forget is a request for a mail that resets the password of an address.
func forget(address string) *ask {
	return &ask{request: post("/auth/forgot-password", jsonType, fmt.Sprintf(`{"email":%q}`, address)), status: 202, holds: []byte("null")}
}

// known and unknown are addresses of users and of nobody, of one length.
func known(n int) *ask   { return forget(fmt.Sprintf("caller%d@example.com", n%callers)) }
func unknown(n int) *ask { return forget(fmt.Sprintf("nobody%d@example.com", n%callers)) }

// forgotten measures POST /auth/forgot-password for addresses of users and of
// nobody, which are to be alike.
func (b *bench) forgotten() error {
	const most = 0.05
	var tallies [2]tally
	for i, kind := range []func(int) *ask{known, unknown} {
		var asks []*ask
		for n := range 2 * callers {
			asks = append(asks, kind(n))
		}
		var err error
		if tallies[i], err = b.counted("usher jwt", asks); err != nil {
			return err
		}
	}
	var took [2][]time.Duration
	least := 0.0
	for try := range b.tries {
		if err := settleDown(); err != nil {
			return err
		}
		again, foreign, err := b.forgetAll()
		if err != nil {
			return err
		}
		if try == 0 || foreign < least {
			took, least = again, foreign
		}
		if least <= quiet {
			break
		}
	}
	fmt.Printf("\nForgotten passwords: POST /auth/forgot-password, %d calls each, one at a time, in random order; %.2f cores of others\n", b.calls, least)
	for i, name := range []string{"known", "unknown"} {
		t := took[i]
		fmt.Printf("%8s  p25 %.0f us, p50 %.0f us, p75 %.0f us, p99 %.0f us; %v, %.2f hashes\n", name, us(percentile(t, 25)), us(percentile(t, 50)),
			us(percentile(t, 75)), us(percentile(t, 99)), tallies[i], tallies[i].hashes)
	}
	a, z := tallies[0], tallies[1]
	b.hold(a.statements == z.statements && a.marks == z.marks && maps.Equal(a.texts, z.texts), "forgot-password: %.2f statements for known addresses and %.2f for unknown, the same", a.statements, z.statements)
	b.hold(a.hashes == z.hashes, "forgot-password: %.2f hashes for known addresses and %.2f for unknown, as many", a.hashes, z.hashes)
	apart := float64(percentile(took[0], 50))/float64(percentile(took[1], 50)) - 1
	b.hold(-most <= apart && apart <= most, "forgot-password: the median for known addresses is %+.1f %% from that for unknown, at most %.0f %%", 100*apart, 100*most)
	return nil
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// forgetAll returns the latencies for known and for unknown addresses, which
// are asked for in pairs, either first.
func (b *bench) forgetAll() (took [2][]time.Duration, foreign float64, err error) {
	c, err := b.start("usher jwt", false)
	if err != nil {
		return took, 0, err
	}
	defer c.stop()
	conn := &client{addr: c.addr}
	defer conn.close()
	kinds := [2]func(int) *ask{known, unknown}
	const warm = 200
	var from meter
	for n := range warm + b.calls {
		if n == warm {
			if from, err = b.read(c.pid()); err != nil {
				return took, 0, err
			}
		}
		first := rand.IntN(2)
		for _, kind := range []int{first, 1 - first} {
			a := kinds[kind](n)
			start := time.Now()
			if err := a.send(conn); err != nil {
				return took, 0, err
			}
			if n >= warm {
				took[kind] = append(took[kind], time.Since(start))
			}
		}
	}
	to, err := b.read(c.pid())
	return took, from.foreign(to), err
}
