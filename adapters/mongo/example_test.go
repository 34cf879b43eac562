package mongostore_test

import (
	"context"
	"fmt"
	"time"

	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

type Member struct {
	core.User `bson:",inline"`
	Nickname  string `bson:"nickname"`
}

func open(uri string) (*mongo.Database, error) {
	client, err := mongo.Connect(options.Client().ApplyURI(uri).
		SetServerSelectionTimeout(time.Second). // how long a call waits for a server that is away
		SetMaxPoolSize(20))
	if err != nil {
		return nil, err
	}
	return client.Database("myapp"), nil
}

// setUp is what an application does at its start.
func setUp(ctx context.Context, db *mongo.Database) (ports.Stores[*Member], error) {
	cfg := mongostore.Config{IDs: mongostore.ObjectIDs}
	if err := mongostore.Migrate(ctx, db, cfg); err != nil {
		return ports.Stores[*Member]{}, err
	}
	return mongostore.New[Member](db, cfg)
}

func Example() {
	_, err := setUp(context.Background(), nil)
	fmt.Println(err)
	// Output: mongostore: db is missing
}

// Without its tag the embedded core.User would be a document within the
// document, and nobody would be found by e-mail.
func ExampleNew_withoutTheTag() {
	db, err := open("mongodb://127.0.0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	type Guest struct{ core.User }
	_, err = mongostore.New[Guest](db, mongostore.Config{})
	fmt.Println(err)
	// Output: mongostore: mongostore_test.Guest: core.User is not tagged `bson:",inline"`, and would be a document within the document
}
