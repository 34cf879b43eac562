// Package bunstore keeps users and the tokens of their sessions in PostgreSQL,
// MySQL, MariaDB or SQLite through [github.com/uptrace/bun], in tables named
// users and tokens or as [Config] says. Bun maps the application's struct to
// columns; the statements are those of
// [github.com/gousher/usher/sqlstore], which says what they guarantee.
//
//	if err := bunstore.Migrate[Member](ctx, db, bunstore.Config{}); err != nil {
//		return err
//	}
//	stores, err := bunstore.New[Member](db, bunstore.Config{})
//
// Tokens go with their user, whatever statement deletes it. An additional
// field of the application's struct is a column named, typed, written and read
// as bun's tags say: db.NewSelect().Model(&members) reads the same values where
// the struct also embeds
//
//	bun.BaseModel `bun:"table:users"`
//
// Two rules differ from bun's. Every column is written, so a zero is never
// replaced by a default of the column. And values are bound to placeholders
// and never part of the text of a statement, so no log of statements shows a
// password hash; for that, statements go to the *sql.DB itself, past bun's
// query hooks and its connection resolver.
package bunstore
