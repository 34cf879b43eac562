package run

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gousher/usher/adapters/argon2"
	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/core"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// Guest is an application's user with a field of its own.
type Guest struct {
	core.User
	Nickname string `bun:"nickname"`
}

// Users in SQLite: the table is made, a user is registered and found again.
func Example_bun() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "usher")
	must(err)
	defer os.RemoveAll(dir)
	pool, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "users.db")+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	must(err)
	db := bun.NewDB(pool, sqlitedialect.New())
	defer db.Close()

	must(bunstore.Migrate[Guest](ctx, db, bunstore.Config{}))
	stores, err := bunstore.New[Guest](db, bunstore.Config{})
	must(err)
	hasher, err := argon2hash.New(argon2hash.Config{})
	must(err)
	users, err := core.NewManager(core.Config[*Guest]{Stores: stores, Hasher: hasher, Emails: email.New()})
	must(err)
	jwt, err := jwxtoken.New(jwxtoken.Config{Secret: []byte(strings.Repeat("secret ", 6)), Lifetime: time.Hour})
	must(err)
	_, err = core.NewAuthenticator(users, core.Backend[*Guest]{Name: "jwt", Strategy: jwt, Transport: core.Bearer{}})
	must(err)

	ann := &Guest{User: core.User{Email: "Ann@Example.com"}, Nickname: "Ann"}
	_, err = users.Register(ctx, ann, "correct horse")
	must(err)
	found, err := users.Authenticate(ctx, "ANN@example.com", "correct horse")
	must(err)
	fmt.Println(found.Email, found.Nickname, found.IsActive)
	// Output: Ann@example.com Ann true
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
