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
	took             []time.Duration // latencies
	server, database time.Duration   // CPU
	mallocs, bytes   uint64
	peak             int64
	others           time.Duration // CPU that other programs took
}

// foreign is how many cores other programs took.
func (s sample) foreign() float64 { return s.others.Seconds() / s.length.Seconds() }

// add adds a slice to those before.
func (s *sample) add(x sample) {
	s.requests += x.requests
	s.length += x.length
	s.took = append(s.took, x.took...)
	s.server += x.server
	s.database += x.database
	s.mallocs += x.mallocs
	s.bytes += x.bytes
	s.others += x.others
	s.peak = max(s.peak, x.peak)
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
	m.server, m.postgres, m.own = cpuOf(pid, p.own), family(b.postmaster), ownCPU()
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
	s.requests, s.length, s.took = len(took), to.at.Sub(from.at), took
	s.server, s.database = to.server-from.server, to.postgres-from.postgres+to.redis-from.redis
	s.mallocs, s.bytes = after.Mallocs-before.Mallocs, after.Bytes-before.Bytes
	s.others = from.others(to)
	return s, nil
}

// others is the CPU time that other programs took between two readings.
func (m meter) others(to meter) time.Duration {
	return max(0, to.whole-m.whole-(to.server-m.server)-(to.postgres-m.postgres)-(to.redis-m.redis)-(to.own-m.own))
}

// foreign is how many cores that is.
func (m meter) foreign(to meter) float64 { return m.others(to).Seconds() / to.at.Sub(m.at).Seconds() }

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
