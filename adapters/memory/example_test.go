package memory_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/core"
)

type Member struct {
	core.User
	Nickname string
}

// The stores go into core.Config, whose manager fills in the e-mail's key,
// the hash and the times.
func ExampleNew() {
	ctx := context.Background()
	stores := memory.New[Member](memory.Config{})

	ann := &Member{User: core.User{Email: "Ann@example.com", EmailKey: "ann@example.com"}, Nickname: "Ann"}
	if err := stores.Users.Create(ctx, ann); err != nil {
		log.Fatal(err)
	}
	_, err := stores.Users.Update(ctx, ann.ID, func(m *Member) error {
		m.Nickname = "Annie"
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	found, err := stores.Users.ByEmail(ctx, "ann@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.Nickname, found.ID == ann.ID, found.Revision)

	other := &Member{User: core.User{EmailKey: "ann@example.com"}}
	fmt.Println(errors.Is(stores.Users.Create(ctx, other), core.ErrEmailTaken))
	// Output:
	// Annie true 2
	// true
}

// Ids may be texts of the application's choice.
func ExampleConfig() {
	ctx := context.Background()
	stores := memory.New[Member](memory.Config{IDs: core.TextIDs})

	ann := &Member{User: core.User{ID: "ann", EmailKey: "ann@example.com"}}
	if err := stores.Users.Create(ctx, ann); err != nil {
		log.Fatal(err)
	}
	_, err := stores.Users.ByID(ctx, "Ann")
	fmt.Println(errors.Is(err, core.ErrUserNotFound))
	found, err := stores.Users.ByID(ctx, "ann")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found.ID)
	// Output:
	// true
	// ann
}
