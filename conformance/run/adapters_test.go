package run

import (
	"context"
	"database/sql"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	sqlxstore "github.com/gousher/usher/adapters/sqlx"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// sqlAdapter is an adapter to an SQL library. Open opens the database that dsn
// names, as openDB does.
type sqlAdapter struct {
	name string
	open func(t testing.TB, dsn string) sqlDB
}

// sqlAdapters are those that there are.
var sqlAdapters = []sqlAdapter{
	{"bun", func(t testing.TB, dsn string) sqlDB {
		db := openDB(t, dsn)
		return sqlDB{db.DB, bunOf[member](db), bunOf[core.User](db)}
	}},
	{"sqlx", func(t testing.TB, dsn string) sqlDB {
		db := openSQLX(t, dsn)
		return sqlDB{db.DB, sqlxOf[member](db), sqlxOf[core.User](db)}
	}},
}

// sqlDB is a database and the stores that an adapter makes on it. Bare is for
// users of core.User alone.
type sqlDB struct {
	*sql.DB
	members storesOf[*member]
	bare    storesOf[*core.User]
}

// stores returns the stores of a database that has none.
func (db sqlDB) stores(t testing.TB, ids core.IDs) stores {
	t.Helper()
	require.NoError(t, db.members.migrate(t.Context(), ids))
	s, err := db.members.new(ids)
	require.NoError(t, err)
	return s
}

// storesOf makes stores of users of type U.
type storesOf[U any] struct {
	migrate func(ctx context.Context, ids core.IDs) error
	new     func(ids core.IDs) (ports.Stores[U], error)
}

func bunOf[T any, U core.UserPtr[T]](db *bun.DB) storesOf[U] {
	return storesOf[U]{
		func(ctx context.Context, ids core.IDs) error {
			return bunstore.Migrate[T, U](ctx, db, bunstore.Config{IDs: ids})
		},
		func(ids core.IDs) (ports.Stores[U], error) { return bunstore.New[T, U](db, bunstore.Config{IDs: ids}) },
	}
}

func sqlxOf[T any, U core.UserPtr[T]](db *sqlx.DB) storesOf[U] {
	return storesOf[U]{
		func(ctx context.Context, ids core.IDs) error {
			return sqlxstore.Migrate[T, U](ctx, db, sqlxstore.Config{IDs: ids})
		},
		func(ids core.IDs) (ports.Stores[U], error) {
			return sqlxstore.New[T, U](db, sqlxstore.Config{IDs: ids})
		},
	}
}

// openSQLX opens a database as openDB does.
func openSQLX(t testing.TB, dsn string) *sqlx.DB {
	t.Helper()
	db := openDB(t, dsn)
	driver := map[dialect.Name]string{dialect.PG: "pgx", dialect.MySQL: "mysql", dialect.SQLite: "sqlite"}
	return sqlx.NewDb(db.DB, driver[db.Dialect().Name()])
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

// onForms runs f for every adapter, engine and form of ids. Open returns the
// stores of a fresh database.
func onForms(t *testing.T, f func(t *testing.T, open func(testing.TB) stores)) {
	t.Helper()
	for _, a := range sqlAdapters {
		for _, on := range sqlEngines {
			for _, form := range forms {
				t.Run(a.name+"/"+on.name+"/"+form.name, func(t *testing.T) {
					f(t, func(t testing.TB) stores { return a.open(t, on.fresh(t)).stores(t, form.ids) })
				})
			}
		}
	}
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
				both := []storesOf[*shared]{bunOf[shared](openDB(t, dsn)), sqlxOf[shared](openSQLX(t, dsn))}
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
