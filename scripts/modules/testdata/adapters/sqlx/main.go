// A program elsewhere that picks adapters/sqlx, and no engine yet.
package main

import (
	"database/sql"
	"errors"
	"log"

	sqlxstore "github.com/gousher/usher/adapters/sqlx"
	"github.com/gousher/usher/core"
)

type member struct {
	core.User
	Nickname string
}

func main() {
	_, err := sqlxstore.New[member](nil, sqlxstore.Config{})
	if _, ok := errors.AsType[*core.ConfigError](err); !ok {
		log.Fatalf("New without a database returned %v, want a *core.ConfigError", err)
	}
	if drivers := sql.Drivers(); len(drivers) > 0 {
		log.Fatalf("the program has the drivers %q, want none", drivers)
	}
}
