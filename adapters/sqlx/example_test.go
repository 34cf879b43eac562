package sqlxstore_test

import (
	"context"
	"fmt"

	sqlxstore "github.com/gousher/usher/adapters/sqlx"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/jmoiron/sqlx"
)

type Member struct {
	core.User
	Nickname string   `db:"nickname"`
	Tags     []string `db:"tags"` // kept as JSON
}

// setUp is what an application does at its start, with a database opened as
// the README shows.
func setUp(ctx context.Context, db *sqlx.DB) (ports.Stores[*Member], error) {
	cfg := sqlxstore.Config{IDs: core.UUIDs}
	if err := sqlxstore.Migrate[Member](ctx, db, cfg); err != nil {
		return ports.Stores[*Member]{}, err
	}
	return sqlxstore.New[Member](db, cfg)
}

func Example() {
	_, err := setUp(context.Background(), nil)
	fmt.Println(err)
	// Output: sqlxstore: db is missing
}

func ExampleNew_byPointer() {
	type Guest struct{ *core.User }
	_, err := sqlxstore.New[Guest](nil, sqlxstore.Config{})
	fmt.Println(err)
	// Output: sqlxstore: db is missing; sqlxstore_test.Guest is not a struct that embeds core.User by value
}
