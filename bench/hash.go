package main

import (
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	argon2hash "github.com/gousher/usher/adapters/argon2"
)

// hash verifies a password from so many goroutines, without a gate, and prints
// how often a second.
func hash(args []string) error {
	flags := flag.NewFlagSet("hash", flag.ContinueOnError)
	lanes := flags.Uint("lanes", uint(fresh.lanes), "")
	slots := flags.Int("slots", 1, "")
	length := flags.Duration("for", 2*time.Second, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c := fresh
	if *lanes == uint(imported.lanes) {
		c = imported
	}
	h, err := argon2hash.New(argon2hash.Config{})
	if err != nil {
		return err
	}
	text := c.hash()
	var n atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range *slots {
		wg.Go(func() {
			for time.Since(start) < *length {
				if ok, _, _ := h.Verify(password, text); !ok {
					panic("the password does not match")
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	fmt.Println(float64(n.Load()) / time.Since(start).Seconds())
	return nil
}
