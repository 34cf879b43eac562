// A program elsewhere that picks adapters/bun, and no engine yet.
package main

import (
	"errors"
	"log"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/core"
)

type member struct {
	core.User
	Nickname string
}

func main() {
	_, err := bunstore.New[member](nil, bunstore.Config{})
	if _, ok := errors.AsType[*core.ConfigError](err); !ok {
		log.Fatalf("New without a database returned %v, want a *core.ConfigError", err)
	}
}
