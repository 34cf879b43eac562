// A program elsewhere that picks adapters/redis, and no Redis yet.
package main

import (
	"errors"
	"log"

	redisstore "github.com/gousher/usher/adapters/redis"
	"github.com/gousher/usher/core"
)

func main() {
	_, err := redisstore.New(nil, redisstore.Config{})
	if _, ok := errors.AsType[*core.ConfigError](err); !ok {
		log.Fatalf("New without a client returned %v, want a *core.ConfigError", err)
	}
}
