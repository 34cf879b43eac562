package bunstore_test

import (
	"context"
	"fmt"

	"github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/uptrace/bun"
)

type Member struct {
	bun.BaseModel `bun:"table:users"` // for queries of one's own
	core.User
	Nickname string `json:"nickname"`
}

// setUp is what an application does at its start, with a database opened as
// the README shows.
func setUp(ctx context.Context, db *bun.DB) (ports.Stores[*Member], error) {
	cfg := bunstore.Config{IDs: core.UUIDs}
	if err := bunstore.Migrate[Member](ctx, db, cfg); err != nil {
		return ports.Stores[*Member]{}, err
	}
	return bunstore.New[Member](db, cfg)
}

func Example() {
	_, err := setUp(context.Background(), nil)
	fmt.Println(err)
	// Output: bunstore: db is missing
}

func ExampleNew_byPointer() {
	type Guest struct{ *core.User }
	_, err := bunstore.New[Guest](nil, bunstore.Config{})
	fmt.Println(err)
	// Output: bunstore: db is missing; bunstore_test.Guest is not a struct that embeds core.User by value
}
