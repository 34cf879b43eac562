package contract

import (
	"database/sql"
	"os"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
)

func TestMain(m *testing.M) { os.Exit(engine.Main(m)) }

// storeKinds are what the servers keep their users in. Open returns a function
// that returns empty stores; those that it returned before are no good then.
var storeKinds = []struct {
	name string
	open func(t *testing.T) (empty func(t testing.TB) ports.Stores[*member])
}{
	{"memory", func(t *testing.T) func(testing.TB) ports.Stores[*member] {
		engine.Memory(t)
		return func(testing.TB) ports.Stores[*member] { return memory.New[member](memory.Config{}) }
	}},
	{"SQLite", func(t *testing.T) func(testing.TB) ports.Stores[*member] {
		return openSQL(t, "sqlite", engine.SQLite(t), sqlitedialect.New())
	}},
	{"PostgreSQL", func(t *testing.T) func(testing.TB) ports.Stores[*member] {
		return openSQL(t, "pgx", engine.Postgres(t), pgdialect.New())
	}},
}

func openSQL(t *testing.T, driver, dsn string, dialect schema.Dialect) func(testing.TB) ports.Stores[*member] {
	pool, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	pool.SetMaxIdleConns(4)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	db := bun.NewDB(pool, dialect)
	require.NoError(t, bunstore.Migrate[member](t.Context(), db, bunstore.Config{}))
	stores, err := bunstore.New[member](db, bunstore.Config{})
	require.NoError(t, err)
	return func(t testing.TB) ports.Stores[*member] {
		for _, table := range []string{"tokens", "users"} {
			_, err := pool.ExecContext(t.Context(), "DELETE FROM "+table)
			require.NoError(t, err)
		}
		return stores
	}
}
