package argon2hash

import (
	"cmp"
	"fmt"
)

// Config says how new hashes are made and which stored ones are verified.
//
// Weaker parameters than the default are accepted, because tests want cheap
// hashes: Config{Memory: 64, Time: 1}. Do not set them for real passwords.
// OWASP's guide has 46 MiB with one pass, 19 MiB with two, 12 MiB with three,
// 9 MiB with four and 7 MiB with five as equals.
type Config struct {
	// Memory is what a new hash takes, in KiB. Zero means 19456, which is
	// 19 MiB.
	Memory uint32
	// Time is how many passes a new hash makes over its memory. Zero means 2.
	Time uint32
	// Parallelism is how many lanes a new hash has, each of them a thread
	// while it is computed. Zero means 1.
	Parallelism uint8

	// MaxMemory, in KiB, MaxTime and MaxParallelism are the most that a stored
	// Argon2 hash may ask for. One that asks for more matches no password.
	// Zero means 262144, which is 256 MiB, and 10 and 16.
	MaxMemory      uint32
	MaxTime        uint32
	MaxParallelism uint8
	// MaxBcryptCost is the highest cost that a stored bcrypt hash may have.
	// Zero means 14, which takes about a second.
	MaxBcryptCost int
}

func (c *Config) setDefaults() {
	c.Memory = cmp.Or(c.Memory, 19456)
	c.Time = cmp.Or(c.Time, 2)
	c.Parallelism = cmp.Or(c.Parallelism, 1)
	c.MaxMemory = cmp.Or(c.MaxMemory, 256<<10)
	c.MaxTime = cmp.Or(c.MaxTime, 10)
	c.MaxParallelism = cmp.Or(c.MaxParallelism, 16)
	c.MaxBcryptCost = cmp.Or(c.MaxBcryptCost, 14)
}

func (c *Config) problems() []string {
	var out []string
	check := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	least := leastMemory(c.Parallelism)
	check(c.Memory >= least, "Memory is %d KiB, Argon2 needs at least %d for each of %d lanes", c.Memory, memoryPerLane, c.Parallelism)
	check(c.Memory <= c.MaxMemory, "Memory is %d KiB, above MaxMemory, which is %d", c.Memory, c.MaxMemory)
	check(c.Time <= c.MaxTime, "Time is %d, above MaxTime, which is %d", c.Time, c.MaxTime)
	check(c.Parallelism <= c.MaxParallelism, "Parallelism is %d, above MaxParallelism, which is %d", c.Parallelism, c.MaxParallelism)
	check(c.MaxMemory <= 4<<20, "MaxMemory is %d KiB, above 4 GiB", c.MaxMemory)
	check(c.MaxTime <= 100, "MaxTime is %d, above 100", c.MaxTime)
	check(c.MaxBcryptCost >= 4 && c.MaxBcryptCost <= 20, "MaxBcryptCost is %d, not from 4 to 20", c.MaxBcryptCost)
	return out
}
