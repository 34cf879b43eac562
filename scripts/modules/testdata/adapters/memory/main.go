// A program elsewhere that picks adapters/memory.
package main

import (
	"context"
	"log"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/core"
)

type member struct {
	core.User
	Nickname string
}

func main() {
	ctx, stores := context.Background(), memory.New[member](memory.Config{})
	ann := &member{User: core.User{Email: "Ann@example.com", EmailKey: "ann@example.com"}, Nickname: "ann"}
	if err := stores.Users.Create(ctx, ann); err != nil {
		log.Fatal(err)
	}
	got, err := stores.Users.ByEmail(ctx, "ann@example.com")
	if err != nil || got.ID != ann.ID || got.Nickname != "ann" {
		log.Fatalf("got %+v, %v; want %+v", got, err, ann)
	}
}
