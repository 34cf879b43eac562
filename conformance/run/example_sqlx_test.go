package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gousher/usher/adapters/argon2"
	"github.com/gousher/usher/adapters/email"
	sqlxstore "github.com/gousher/usher/adapters/sqlx"
	"github.com/gousher/usher/core"
	"github.com/jmoiron/sqlx"
)

// Users in SQLite: one is registered, and then changed together with a row of
// the application's own, both or neither.
func Example_sqlx() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "usher")
	must(err)
	defer os.RemoveAll(dir)
	db, err := sqlx.Open("sqlite", "file:"+filepath.Join(dir, "users.db")+
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_txlock=immediate")
	must(err)
	defer db.Close()

	must(sqlxstore.Migrate[Guest](ctx, db, sqlxstore.Config{}))
	stores, err := sqlxstore.New[Guest](db, sqlxstore.Config{})
	must(err)
	hasher, err := argon2hash.New(argon2hash.Config{})
	must(err)
	users, err := core.NewManager(core.Config[*Guest]{Stores: stores, Hasher: hasher, Emails: email.New()})
	must(err)
	ann, err := users.Register(ctx, &Guest{User: core.User{Email: "Ann@Example.com"}, Nickname: "Ann"}, "correct horse")
	must(err)

	_, err = db.ExecContext(ctx, "CREATE TABLE renames (user_id text, at text UNIQUE)")
	must(err)
	for _, nickname := range []string{"Annie", "Anna"} {
		fmt.Println(nickname, rename(ctx, db, ann.ID, nickname, "2026-05-17") == nil)
	}
	var rows []struct{ Email, Nickname, At string }
	must(db.SelectContext(ctx, &rows, "SELECT email, nickname, at FROM users JOIN renames ON user_id = id"))
	fmt.Println(rows)
	// Output:
	// Annie true
	// Anna false
	// [{Ann@example.com Annie 2026-05-17}]
}

// rename changes the user's nickname and notes it. The second of one day
// fails, and leaves the nickname as it was.
func rename(ctx context.Context, db *sqlx.DB, id, nickname, day string) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	stores, err := sqlxstore.New[Guest](tx, sqlxstore.Config{})
	if err != nil {
		return err
	}
	if _, err := stores.Users.Update(ctx, id, func(g *Guest) error { g.Nickname = nickname; return nil }); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, tx.Rebind("INSERT INTO renames (user_id, at) VALUES (?, ?)"), id, day); err != nil {
		return err
	}
	return tx.Commit()
}
