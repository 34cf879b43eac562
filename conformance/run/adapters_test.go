package run

import (
	"context"
	"database/sql"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	sqlxstore "github.com/gousher/usher/adapters/sqlx"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/gousher/usher/sqlstore"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// sqlAdapter is an adapter to an SQL library. On returns what it makes of a
// pool of connections to a database of that kind, with tables of those names.
type sqlAdapter struct {
	name string
	on   func(pool *sql.DB, kind dialect.Name, names tableNames) sqlDB
}

// tableNames are the Schema, Users, Tokens and Accounts of a sqlstore.Config.
type tableNames sqlstore.Config

func (n tableNames) with(ids core.IDs) sqlstore.Config {
	n.IDs = ids
	return sqlstore.Config(n)
}

// sqlAdapters are those that there are.
var sqlAdapters = []sqlAdapter{{"bun", onBun}, {"sqlx", onSQLX}}

// open opens the database that dsn names, as openDB does.
func (a sqlAdapter) open(t testing.TB, dsn string) sqlDB {
	t.Helper()
	db := openDB(t, dsn)
	return a.on(db.DB, db.Dialect().Name(), tableNames{})
}

// sqlDB is a database and the stores that an adapter makes on it. Bare is for
// users of core.User alone.
type sqlDB struct {
	*sql.DB
	kind    dialect.Name
	members storesOf[*member]
	bare    storesOf[*core.User]
	// begin begins a transaction, and returns stores within it.
	begin func(ctx context.Context, ids core.IDs) (conformance.Tx, error)
	// legacy returns what is adopted of FastAPI Users' table.
	legacy func(ids core.IDs, from sqlstore.LegacyConfig) (ports.LegacyTokens, error)
}

func onBun(pool *sql.DB, kind dialect.Name, names tableNames) sqlDB {
	db := bun.NewDB(pool, bunDialect(kind))
	return sqlDB{
		pool, kind, bunOf[member](db, names), bunOf[core.User](db, names),
		func(ctx context.Context, ids core.IDs) (conformance.Tx, error) {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				return conformance.Tx{}, err
			}
			inside, err := bunstore.New[member](tx, bunstore.Config(names.with(ids)))
			return conformance.Tx{Stores: inside, Commit: tx.Commit, Rollback: tx.Rollback}, err
		},
		func(ids core.IDs, from sqlstore.LegacyConfig) (ports.LegacyTokens, error) {
			return bunstore.NewLegacy(db, bunstore.Config(names.with(ids)), from)
		},
	}
}

// sqlxDrivers are the names of drivers, as sqlx knows them.
var sqlxDrivers = map[dialect.Name]string{dialect.PG: "pgx", dialect.MySQL: "mysql", dialect.SQLite: "sqlite"}

func onSQLX(pool *sql.DB, kind dialect.Name, names tableNames) sqlDB {
	db := sqlx.NewDb(pool, sqlxDrivers[kind])
	return sqlDB{
		pool, kind, sqlxOf[member](db, names), sqlxOf[core.User](db, names),
		func(ctx context.Context, ids core.IDs) (conformance.Tx, error) {
			tx, err := db.BeginTxx(ctx, nil)
			if err != nil {
				return conformance.Tx{}, err
			}
			inside, err := sqlxstore.New[member](tx, sqlxConfig(names.with(ids)))
			return conformance.Tx{Stores: inside, Commit: tx.Commit, Rollback: tx.Rollback}, err
		},
		func(ids core.IDs, from sqlstore.LegacyConfig) (ports.LegacyTokens, error) {
			return sqlxstore.NewLegacy(db, sqlxConfig(names.with(ids)), from)
		},
	}
}

// stores returns the stores of a database that has none.
func (db sqlDB) stores(t testing.TB, ids core.IDs) stores {
	t.Helper()
	require.NoError(t, db.members.migrate(t.Context(), ids))
	s, err := db.members.new(ids)
	require.NoError(t, err)
	return s
}

// transactional returns the stores outside and within transactions of a
// database that has none.
func (db sqlDB) transactional(t testing.TB, ids core.IDs) conformance.Transactional {
	t.Helper()
	return conformance.Transactional{
		Outside: db.stores(t, ids),
		Begin: func(t testing.TB) conformance.Tx {
			t.Helper()
			tx, err := db.begin(t.Context(), ids)
			require.NoError(t, err)
			t.Cleanup(func() { _ = tx.Rollback() }) // a case that fails leaves it open
			return tx
		},
	}
}

// storesOf makes stores of users of type U.
type storesOf[U any] struct {
	migrate func(ctx context.Context, ids core.IDs) error
	new     func(ids core.IDs) (ports.Stores[U], error)
}

func bunOf[T any, U core.UserPtr[T]](db *bun.DB, names tableNames) storesOf[U] {
	return storesOf[U]{
		func(ctx context.Context, ids core.IDs) error {
			return bunstore.Migrate[T, U](ctx, db, bunstore.Config(names.with(ids)))
		},
		func(ids core.IDs) (ports.Stores[U], error) {
			return bunstore.New[T, U](db, bunstore.Config(names.with(ids)))
		},
	}
}

func sqlxConfig(c sqlstore.Config) sqlxstore.Config {
	return sqlxstore.Config{IDs: c.IDs, Schema: c.Schema, Users: c.Users, Tokens: c.Tokens, Accounts: c.Accounts}
}

func sqlxOf[T any, U core.UserPtr[T]](db *sqlx.DB, names tableNames) storesOf[U] {
	return storesOf[U]{
		func(ctx context.Context, ids core.IDs) error {
			return sqlxstore.Migrate[T, U](ctx, db, sqlxConfig(names.with(ids)))
		},
		func(ids core.IDs) (ports.Stores[U], error) {
			return sqlxstore.New[T, U](db, sqlxConfig(names.with(ids)))
		},
	}
}

// openSQLX opens a database as openDB does.
func openSQLX(t testing.TB, dsn string) *sqlx.DB {
	t.Helper()
	db := openDB(t, dsn)
	return sqlx.NewDb(db.DB, sqlxDrivers[db.Dialect().Name()])
}

// onAdapters runs f for every adapter on every engine. Open opens what dsn
// names, a fresh database.
func onAdapters(t *testing.T, f func(t *testing.T, open func(testing.TB, string) sqlDB, dsn string)) {
	t.Helper()
	for _, a := range sqlAdapters {
		t.Run(a.name, func(t *testing.T) {
			onEngines(t, func(t *testing.T, dsn string) { f(t, a.open, dsn) })
		})
	}
}

// Every suite of stores, for every adapter, engine and form of ids.
func TestSQL(t *testing.T) {
	for _, a := range sqlAdapters {
		for _, on := range sqlEngines {
			for _, form := range forms {
				t.Run(a.name+"/"+on.name+"/"+form.name, func(t *testing.T) {
					t.Parallel() // they wait more than they work
					on.fresh(t)  // the engine has a version once it runs
					of := conformance.Subject{Adapter: a.name + "store", Engine: engine.Version(on.name), Variant: form.name}
					open := func(t testing.TB) sqlDB { return a.open(t, on.fresh(t)) }
					sqlSuites(t, of, open, form.ids)
					if form.ids == core.UUIDs { // the form of ids does not matter to these
						sqlFaults(t, of, a, on)
						sqlAtRest(t, of, a, on)
					}
				})
			}
		}
	}
}

// The suites pass in tables of other names, in a schema where there are
// schemas.
func TestSQLNames(t *testing.T) {
	for _, a := range sqlAdapters {
		for _, on := range sqlEngines {
			t.Run(a.name+"/"+on.name, func(t *testing.T) {
				t.Parallel()
				on.fresh(t)
				of := conformance.Subject{Adapter: a.name + "store", Engine: engine.Version(on.name), Variant: "own names"}
				open := func(t testing.TB) sqlDB {
					db := openDB(t, on.fresh(t))
					names := tableNames{Users: "Members", Tokens: "order", Accounts: "group"}
					if db.Dialect().Name() == dialect.PG {
						names.Schema = "auth"
						_, err := db.ExecContext(t.Context(), "CREATE SCHEMA auth")
						require.NoError(t, err)
					}
					return a.on(db.DB, db.Dialect().Name(), names)
				}
				sqlSuites(t, of, open, core.TextIDs)
			})
		}
	}
}

func sqlSuites(t *testing.T, of conformance.Subject, open func(t testing.TB) sqlDB, ids core.IDs) {
	fresh := func(t testing.TB) stores { return open(t).stores(t, ids) }
	t.Run("users", func(t *testing.T) {
		conformance.TestUserStore(t, func(t testing.TB) users { return fresh(t).Users }, of)
	})
	t.Run("lists", func(t *testing.T) { conformance.TestUserLister(t, fresh, of) })
	t.Run("tokens", func(t *testing.T) { conformance.TestTokenStore(t, fresh, of) })
	t.Run("both", func(t *testing.T) { conformance.TestSessionUsers(t, fresh, of) })
	t.Run("accounts", func(t *testing.T) { conformance.TestAccountStore(t, fresh, of) })
	t.Run("in tx", func(t *testing.T) {
		inTx := func(t testing.TB) conformance.Transactional { return open(t).transactional(t, ids) }
		conformance.TestInTx(t, inTx, of)
		conformance.TestAccountsInTx(t, inTx, of)
	})
	if ids == core.TextIDs {
		return // FastAPI Users has UUIDs and integers
	}
	t.Run("legacy", func(t *testing.T) {
		conformance.TestLegacyTokens(t, func(t testing.TB) conformance.Legacy { return sqlLegacy(t, open(t), ids) }, of)
	})
}

func sqlFaults(t *testing.T, of conformance.Subject, a sqlAdapter, on sqlEngine) {
	t.Run("faults", func(t *testing.T) {
		conformance.TestFaults(t, func(t testing.TB) conformance.Faulty {
			if on.name == "SQLite" {
				pool, link := linkedSQLite(t)
				return conformance.Faulty{Stores: a.on(pool, dialect.SQLite, tableNames{}).stores(t, core.UUIDs), Link: link}
			}
			dsn, link := engine.Through(t, on.fresh(t))
			return conformance.Faulty{Stores: a.open(t, dsn).stores(t, core.UUIDs), Link: link}
		}, of)
	})
}

func sqlAtRest(t *testing.T, of conformance.Subject, a sqlAdapter, on sqlEngine) {
	t.Run("at rest", func(t *testing.T) {
		conformance.TestAtRest(t, func(t testing.TB) conformance.AtRest {
			dsn := on.fresh(t)
			db := a.open(t, dsn)
			return atRest(t, db.stores(t, core.UUIDs), func(t testing.TB) []byte {
				dump := dumpSQL(t, db)
				if on.name == "SQLite" {
					dump = append(dump, filesOf(t, dsn)...)
				}
				return dump
			})
		}, of)
	})
}

// shared is a user whom either adapter reads as the other wrote it.
type shared struct {
	core.User
	Nickname string
	Tags     []string
	Limits   map[string]int64
	LastSeen sql.NullTime `db:"last_seen"`
}

// Adapters may share a database, whichever of them made the columns.
func TestSQLAdaptersShare(t *testing.T) {
	for first, a := range sqlAdapters {
		t.Run(a.name+" first", func(t *testing.T) {
			onEngines(t, func(t *testing.T, dsn string) {
				both := []storesOf[*shared]{bunOf[shared](openDB(t, dsn), tableNames{}), sqlxOf[shared](openSQLX(t, dsn), tableNames{})}
				require.NoError(t, both[first].migrate(t.Context(), core.UUIDs))
				wantShared(t, both[0], both[1])
				wantShared(t, both[1], both[0])
			})
		})
	}
}

// wantShared checks that reader reads what writer writes.
func wantShared(t *testing.T, writer, reader storesOf[*shared]) {
	t.Helper()
	from, err := writer.new(core.UUIDs)
	require.NoError(t, err)
	to, err := reader.new(core.UUIDs)
	require.NoError(t, err)
	for _, u := range []*shared{
		{},
		{Nickname: "é😀", Tags: []string{}, Limits: map[string]int64{}},
		{Tags: []string{"a"}, Limits: map[string]int64{"a": 1 << 60}, LastSeen: sql.NullTime{Time: gadgetTime, Valid: true}},
	} {
		u.Email, u.EmailKey, u.CreatedAt, u.UpdatedAt = "a@e.com", "a@e.com", gadgetTime, gadgetTime
		require.NoError(t, from.Users.Create(t.Context(), u))
		got, err := to.Users.ByID(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, u, got)
		require.NoError(t, to.Users.Delete(t.Context(), u.ID))
	}
}
