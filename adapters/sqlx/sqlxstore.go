package sqlxstore

import (
	"context"
	"fmt"
	"reflect"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/gousher/usher/sqlstore"
	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/reflectx"
)

// DB is a *sqlx.DB, *sqlx.Tx or *sqlx.Conn.
type DB interface {
	sqlx.QueryerContext
	sqlx.ExecerContext
}

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
	// Dialect is "postgres", "mysql", also for MariaDB, or "sqlite". Empty
	// means that of the driver, as far as its name is known: name it for a
	// driver that was registered under a name of its own, and for a
	// *sqlx.Conn, which does not tell its driver.
	Dialect string
}

// New returns stores for users of type T, the application's struct and not a
// pointer to it: sqlxstore.New[Member](db, sqlxstore.Config{}). Given a
// *sqlx.Tx they work within that transaction, see the package comment of
// sqlstore. Tokens and Joined are one value. It returns a *core.ConfigError
// that names everything that is wrong with db, cfg and T. It does not ask the
// database: see [Migrate] for the tables.
func New[T any, U core.UserPtr[T]](db DB, cfg Config) (ports.Stores[U], error) {
	h := handleOf(db)
	d, columns, err := mapping[T, U](h, cfg)
	if err != nil {
		return ports.Stores[U]{}, err
	}
	return sqlstore.New[T, U](h.db, d, columns, cfg.common())
}

// Migrate brings the database to the schema that this version needs, and adds
// to the table of users the columns for the fields of T that it lacks. It
// never alters or drops a column. It may run at every start, in any number of
// processes at once: they take turns. See [sqlstore.Migrate] for what it
// guarantees on each engine, and for its errors.
func Migrate[T any, U core.UserPtr[T]](ctx context.Context, db *sqlx.DB, cfg Config) error {
	d, columns, err := mapping[T, U](handleOf(db), cfg)
	if err != nil {
		return err
	}
	return sqlstore.Migrate[T, U](ctx, db.DB, d, columns, cfg.common())
}

// TakeOver makes of FastAPI Users' table of users one that [New] works on, and
// does what [Migrate] does: see [sqlstore.TakeOver].
func TakeOver[T any, U core.UserPtr[T]](ctx context.Context, db *sqlx.DB, cfg Config, from sqlstore.TakeOverConfig) error {
	d, columns, err := mapping[T, U](handleOf(db), cfg)
	if err != nil {
		return err
	}
	return sqlstore.TakeOver[T, U](ctx, db.DB, d, columns, cfg.common(), from)
}

// NewLegacy returns the sessions that FastAPI Users keeps in the clear in a
// table of the same database, for session.Config.Plain during a migration: see
// [sqlstore.NewLegacy].
func NewLegacy(db *sqlx.DB, cfg Config, from sqlstore.LegacyConfig) (ports.LegacyTokens, error) {
	if db == nil {
		return nil, configError([]string{"db is missing"})
	}
	d, problem := dialectOf(db.DriverName(), cfg.Dialect)
	if problem != "" {
		return nil, configError([]string{problem})
	}
	return sqlstore.NewLegacy(db.DB, d.Dialect, cfg.common(), from)
}

func (c Config) common() sqlstore.Config {
	return sqlstore.Config{IDs: c.IDs, Schema: c.Schema, Users: c.Users, Tokens: c.Tokens, Accounts: c.Accounts}
}

// handle is what a DB consists of, or what is wrong with it.
type handle struct {
	db      sqlstore.DB
	driver  string // "" where it is not known
	mapper  *reflectx.Mapper
	problem string
}

func handleOf(db DB) handle {
	switch db := db.(type) {
	case nil:
	case *sqlx.DB:
		if db != nil {
			return handle{db: db.DB, driver: db.DriverName(), mapper: db.Mapper}
		}
	case *sqlx.Tx:
		if db != nil {
			return handle{db: db.Tx, driver: db.DriverName(), mapper: db.Mapper}
		}
	case *sqlx.Conn:
		if db != nil {
			return handle{db: db.Conn, mapper: db.Mapper}
		}
	default:
		return handle{problem: fmt.Sprintf("db is a %T, and neither a *sqlx.DB, a *sqlx.Tx nor a *sqlx.Conn", db)}
	}
	return handle{problem: "db is missing"}
}

// mapping returns the dialect of a database and how T lies in its table of
// users.
func mapping[T any, U core.UserPtr[T]](h handle, cfg Config) (sqlstore.Dialect, []sqlstore.Column, error) {
	var problems []string
	typ := reflect.TypeFor[T]()
	if !core.EmbedsUser[U]() {
		problems = append(problems, fmt.Sprintf("%v is not a struct that embeds core.User by value", typ))
	}
	if h.problem == "" && h.mapper == nil {
		h.problem = "db has no Mapper: sqlx's own functions make it one"
	}
	if h.problem != "" {
		return sqlstore.Dialect{}, nil, configError(append([]string{h.problem}, problems...))
	}
	d, problem := dialectOf(h.driver, cfg.Dialect)
	if problem != "" {
		problems = append([]string{problem}, problems...)
	}
	columns, wrong := columnsOf(h.mapper.TypeMap(typ), typ, d)
	if problems = append(problems, wrong...); problems != nil {
		return sqlstore.Dialect{}, nil, configError(problems)
	}
	return d.Dialect, columns, nil
}

func configError(problems []string) error {
	return &core.ConfigError{Of: "sqlxstore", Problems: problems}
}
