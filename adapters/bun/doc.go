// Package bunstore keeps users in PostgreSQL or SQLite through
// [github.com/uptrace/bun], in a table named users.
//
//	if err := bunstore.Migrate[Member](ctx, db, bunstore.Config{}); err != nil {
//		return err
//	}
//	stores, err := bunstore.New[Member](db, bunstore.Config{})
//
// The columns of core.User are in the files of the folder schema. An
// additional field of the application's struct is a column named, typed,
// written and read as bun's tags say: db.NewSelect().Model(&members) reads
// the same values where the struct also embeds
//
//	bun.BaseModel `bun:"table:users"`
//
// Two rules differ from bun's. Every column is written, so a zero is never
// replaced by a default of the column. And values are bound to placeholders
// and never part of the text of a statement, so no log of statements shows a
// password hash; for that, statements go to the *sql.DB itself, past bun's
// query hooks and its connection resolver.
package bunstore
