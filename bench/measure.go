package main

import (
	"fmt"
	"time"
)

// quiet is how many cores other programs may take of a measurement.
const quiet = 0.25

// sample is one measurement of a server.
type sample struct {
	requests         int
	length           time.Duration
	p50, p99         time.Duration
	server, database time.Duration // CPU
	mallocs, bytes   uint64
	peak             int64
	foreign          float64 // cores that others took
}

func (s sample) rate() float64 { return float64(s.requests) / s.length.Seconds() }

// cpu is the CPU time of the server and of the databases for one request.
func (s sample) cpu() time.Duration { return (s.server + s.database) / time.Duration(s.requests) }

// meter is a reading of all clocks.
type meter struct {
	at                                  time.Time
	server, postgres, redis, own, whole time.Duration
}

func (b *bench) read(pid int) (m meter, err error) {
	p, err := readProcess(pid)
	if err != nil {
		return m, err
	}
	if m.redis, err = redisCPU(b.setting.redis); err != nil {
		return m, err
	}
	m.server, m.postgres, m.own = p.own, family(b.postmaster), ownCPU()
	m.whole, err = machineCPU()
	m.at = time.Now()
	return m, err
}

// measured measures what load does to a server.
func (b *bench) measured(c *child, load func() ([]time.Duration, error)) (sample, error) {
	var s sample
	before, err := c.facts()
	if err != nil {
		return s, err
	}
	from, err := b.read(c.pid())
	if err != nil {
		return s, err
	}
	took, err := load()
	if err != nil {
		return s, err
	}
	to, err := b.read(c.pid())
	if err != nil {
		return s, err
	}
	after, err := c.facts()
	if err != nil {
		return s, err
	}
	if s.peak, err = memory(c.pid(), "VmHWM"); err != nil {
		return s, err
	}
	if len(took) == 0 {
		return s, fmt.Errorf("nothing was answered within %v", to.at.Sub(from.at))
	}
	s.requests, s.length = len(took), to.at.Sub(from.at)
	s.p50, s.p99 = percentile(took, 50), percentile(took, 99)
	s.server, s.database = to.server-from.server, to.postgres-from.postgres+to.redis-from.redis
	s.mallocs, s.bytes = after.Mallocs-before.Mallocs, after.Bytes-before.Bytes
	s.foreign = from.foreign(to)
	return s, nil
}

// foreign is how many cores others took between two readings.
func (m meter) foreign(to meter) float64 {
	others := to.whole - m.whole - (to.server - m.server) - (to.postgres - m.postgres) - (to.redis - m.redis) - (to.own - m.own)
	return max(0, others.Seconds()/to.at.Sub(m.at).Seconds())
}

// settleDown waits until other programs leave the machine alone, but not for
// long.
func settleDown() error {
	const step, most = 250 * time.Millisecond, 2 * time.Second
	for waited := time.Duration(0); waited < most; waited += step {
		before, err := machineCPU()
		if err != nil {
			return err
		}
		own := ownCPU()
		time.Sleep(step)
		after, err := machineCPU()
		if err != nil {
			return err
		}
		if (after-before-(ownCPU()-own)).Seconds()/step.Seconds() < quiet {
			return nil
		}
	}
	return nil
}

// calmest measures until a sample was disturbed by no more than quiet cores,
// and returns that one, or of all tries the one that was disturbed least.
func (b *bench) calmest(once func() (sample, error)) (best sample, err error) {
	for try := range b.tries {
		if err := settleDown(); err != nil {
			return best, err
		}
		s, err := once()
		if err != nil {
			return best, err
		}
		if try == 0 || s.foreign < best.foreign {
			best = s
		}
		if best.foreign <= quiet {
			break
		}
	}
	return best, nil
}
