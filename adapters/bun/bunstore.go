package bunstore

import (
	"context"
	"fmt"
	"reflect"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/gousher/usher/sqlstore"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/schema"
)

// Config sets up the stores. Its zero value keeps users under UUIDs in the
// table users, and what belongs to them in the tables tokens and accounts.
type Config struct {
	// IDs is the form of the users' ids. It decides the type of the column
	// and cannot be changed later.
	IDs core.IDs
	// Schema is the schema of PostgreSQL, or the database of MySQL, that the
	// tables are in. It must be there. Empty means that of the connection.
	// SQLite has none.
	Schema string
	// Users, Tokens and Accounts name the tables. Empty means "users",
	// "tokens" and "accounts". Names are of ASCII letters, digits and
	// underscores.
	Users, Tokens, Accounts string
}

// New returns stores for users of type T, the application's struct and not a
// pointer to it: bunstore.New[Member](db, bunstore.Config{}). Db is a *bun.DB,
// or a bun.Tx: the stores then work within that transaction, see the package
// comment of sqlstore. Tokens and Joined are one value. It returns a
// *core.ConfigError that names everything that is wrong with db, cfg and T. It
// does not ask the database: see [Migrate] for the tables.
func New[T any, U core.UserPtr[T]](db bun.IDB, cfg Config) (ports.Stores[U], error) {
	d, columns, err := mapping[T, U](db)
	if err != nil {
		return ports.Stores[U]{}, err
	}
	return sqlstore.New[T, U](handle(db), d, columns, sqlstore.Config(cfg))
}

// Migrate brings the database to the schema that this version needs, and adds
// to the table of users the columns for the fields of T that it lacks, typed
// by bun. It never alters or drops a column. It may run at every start, in any
// number of processes at once: they take turns. See [sqlstore.Migrate] for
// what it guarantees on each engine, and for its errors.
func Migrate[T any, U core.UserPtr[T]](ctx context.Context, db *bun.DB, cfg Config) error {
	var idb bun.IDB // a nil *bun.DB is no IDB
	if db != nil {
		idb = db
	}
	d, columns, err := mapping[T, U](idb)
	if err != nil {
		return err
	}
	return sqlstore.Migrate[T, U](ctx, db.DB, d, columns, sqlstore.Config(cfg))
}

// TakeOver makes of FastAPI Users' table of users one that [New] works on, and
// does what [Migrate] does: see [sqlstore.TakeOver].
func TakeOver[T any, U core.UserPtr[T]](ctx context.Context, db *bun.DB, cfg Config, from sqlstore.TakeOverConfig) error {
	var idb bun.IDB // a nil *bun.DB is no IDB
	if db != nil {
		idb = db
	}
	d, columns, err := mapping[T, U](idb)
	if err != nil {
		return err
	}
	return sqlstore.TakeOver[T, U](ctx, db.DB, d, columns, sqlstore.Config(cfg), from)
}

// NewLegacy returns the sessions that FastAPI Users keeps in the clear in a
// table of the same database, for session.Config.Plain during a migration: see
// [sqlstore.NewLegacy].
func NewLegacy(db *bun.DB, cfg Config, from sqlstore.LegacyConfig) (ports.LegacyTokens, error) {
	if db == nil {
		return nil, configError([]string{"db is missing"})
	}
	d, ok := dialectOf(db.Dialect().Name())
	if !ok {
		return nil, configError([]string{fmt.Sprintf("db: the dialect %v is not supported", db.Dialect().Name())})
	}
	return sqlstore.NewLegacy(db.DB, d, sqlstore.Config(cfg), from)
}

// handle returns what runs statements on db: values are bound and never
// written into the text, as bun would do.
func handle(db bun.IDB) sqlstore.DB {
	switch db := db.(type) {
	case *bun.DB:
		return db.DB
	case bun.Tx:
		return db.Tx
	case *bun.Tx:
		return db.Tx
	case bun.Conn:
		return db.Conn
	}
	return nil
}

// mapping returns the dialect of db and how T lies in its table of users.
func mapping[T any, U core.UserPtr[T]](db bun.IDB) (d sqlstore.Dialect, columns []sqlstore.Column, err error) {
	var problems []string
	typ := reflect.TypeFor[T]()
	if !core.EmbedsUser[U]() {
		problems = append(problems, fmt.Sprintf("%v is not a struct that embeds core.User by value", typ))
	}
	if db == nil {
		return d, nil, configError(append([]string{"db is missing"}, problems...))
	}
	if handle(db) == nil {
		problems = append(problems, fmt.Sprintf("db is a %T, and neither a *bun.DB, a bun.Conn nor a bun.Tx", db))
	}
	d, ok := dialectOf(db.Dialect().Name())
	if !ok {
		problems = append(problems, fmt.Sprintf("db: the dialect %v is not supported", db.Dialect().Name()))
	}
	if problems != nil {
		return d, nil, configError(problems)
	}
	table, err := tableOf(db, typ)
	if err != nil {
		return d, nil, configError([]string{err.Error()})
	}
	if problems := unsupported(table); problems != nil {
		return d, nil, configError(problems)
	}
	gen := schema.NewQueryGen(db.Dialect())
	for _, f := range table.Fields {
		columns = append(columns, columnOf(table, f, gen))
	}
	return d, columns, nil
}

func configError(problems []string) error {
	return &core.ConfigError{Of: "bunstore", Problems: problems}
}

func dialectOf(name dialect.Name) (sqlstore.Dialect, bool) {
	switch name {
	case dialect.PG:
		return sqlstore.Postgres(), true
	case dialect.MySQL:
		return sqlstore.MySQL(), true
	case dialect.SQLite:
		return sqlstore.SQLite(), true
	default:
		return sqlstore.Dialect{}, false
	}
}

// tableOf returns what bun makes of typ. Bun panics on tags that it cannot
// make sense of.
func tableOf(db bun.IDB, typ reflect.Type) (table *schema.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v: %v", typ, p)
		}
	}()
	return db.Dialect().Tables().Get(typ), nil
}

// unsupported names what bun would do for the struct of table and the store
// does not.
func unsupported(table *schema.Table) []string {
	var problems []string
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%v: ", table.Type)+fmt.Sprintf(format, args...))
	}
	if table.SoftDeleteField != nil {
		add("soft_delete on %s is not supported", table.SoftDeleteField.GoName)
	}
	if table.HasBeforeAppendModelHook() || table.HasBeforeScanRowHook() || table.HasAfterScanRowHook() {
		add("bun's model hooks are not supported")
	}
	for _, f := range table.Fields {
		if f.Tag.HasOption("msgpack") {
			add("msgpack on %s is not supported", f.GoName)
		}
		if f.Append == nil || f.Scan == nil {
			add("bun has no column for %s of type %v", f.GoName, f.StructField.Type)
		}
	}
	return problems
}
