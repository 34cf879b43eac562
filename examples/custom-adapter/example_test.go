package boltstore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/gousher/usher/core"
	boltstore "github.com/gousher/usher/examples/custom-adapter"
	"go.etcd.io/bbolt"
)

type Member struct {
	core.User
	Nickname string `json:"nickname"`
}

// The stores go into core.Config, whose manager fills in the e-mail's key, the
// hash and the times. What they keep outlives the process.
func ExampleNew() {
	dir, err := os.MkdirTemp("", "boltstore")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, file := context.Background(), filepath.Join(dir, "users.db")

	for range 2 { // the second time, Ann is there
		db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: time.Second})
		if err != nil {
			log.Fatal(err)
		}
		stores, err := boltstore.New[Member](db)
		if err != nil {
			log.Fatal(err)
		}
		ann := &Member{User: core.User{Email: "Ann@example.com", EmailKey: "ann@example.com"}, Nickname: "Ann"}
		fmt.Println(stores.Users.Create(ctx, ann))
		found, err := stores.Users.ByEmail(ctx, "ann@example.com")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(found.Nickname)
		if err := db.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// <nil>
	// Ann
	// usher: e-mail address is taken
	// Ann
}
