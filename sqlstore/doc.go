// Package sqlstore keeps users and the tokens of their sessions in an SQL
// database through database/sql: PostgreSQL, MySQL and MariaDB, or SQLite. It
// is what adapters/bun and adapters/sqlx have in common, and what an adapter
// for another mapper is made of: the adapter describes the application's
// struct as a list of [Column], and everything that knows SQL is here, the
// schema and the statements of each [Dialect] in the folder schema and in the
// files postgres.go, mysql.go and sqlite.go.
//
//	columns := ... // one for each field of Member
//	if err := sqlstore.Migrate[Member](ctx, db, sqlstore.Postgres(), columns, cfg); err != nil {
//		return err
//	}
//	stores, err := sqlstore.New[Member](db, sqlstore.Postgres(), columns, cfg)
//
// # Statements
//
// Every call is a single statement, which the engine runs wholly or not at
// all, or a read and then a single statement that takes effect only where the
// row still is as it was read. Values are bound to placeholders and never part
// of the text, so no log of statements shows a password hash. A statement that
// did nothing because of what others were doing, such as one that was chosen
// to break a deadlock, is run again for up to five seconds.
//
// # Transactions of the caller
//
// Given a *sql.Tx, [New] returns stores that work within that transaction and
// neither commit nor roll it back. There, Update locks the row where the
// engine can, nothing is tried again, and what would be tried again elsewhere
// is core.ErrConflict: the transaction is lost, and the caller may run it
// anew. A core.ErrEmailTaken, core.ErrTokenTaken or core.ErrInvalidValue leaves
// the transaction as it was before the call, also on PostgreSQL, which would
// refuse all further statements without the savepoint that is set.
package sqlstore
