package contract

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/memory"
	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func TestMain(m *testing.M) { os.Exit(engine.Main(m)) }

// opener returns stores that hold nothing but what fill puts into them. Those
// that it returned before are no good then.
type opener func(t testing.TB, fill func(ports.Stores[*member])) ports.Stores[*member]

// storeKinds are what the servers keep their users in.
var storeKinds = []struct {
	name string
	open func(t *testing.T) opener
}{
	{"memory", func(t *testing.T) opener {
		engine.Memory(t)
		return func(_ testing.TB, fill func(ports.Stores[*member])) ports.Stores[*member] {
			stores := memory.New[member](memory.Config{})
			fill(stores)
			return stores
		}
	}},
	{"SQLite", func(t *testing.T) opener { return openSQL(t, "sqlite", engine.SQLite(t), sqlitedialect.New()) }},
	{"PostgreSQL", func(t *testing.T) opener { return openSQL(t, "pgx", engine.Postgres(t), pgdialect.New()) }},
	{"FerretDB", openMongo},
}

func openMongo(t *testing.T) opener {
	uri, err := url.Parse(engine.FerretDB(t))
	require.NoError(t, err)
	client, err := mongo.Connect(options.Client().ApplyURI(uri.String()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Disconnect(context.Background())) })
	db := client.Database(strings.TrimPrefix(uri.Path, "/"))
	require.NoError(t, mongostore.Migrate(t.Context(), db, mongostore.Config{}))
	stores, err := mongostore.New[member](db, mongostore.Config{})
	require.NoError(t, err)
	return func(t testing.TB, fill func(ports.Stores[*member])) ports.Stores[*member] {
		for _, name := range []string{"tokens", "accounts", "users"} {
			_, err := db.Collection(name).DeleteMany(t.Context(), bson.D{})
			require.NoError(t, err)
		}
		fill(stores)
		return stores
	}
}

func openSQL(t *testing.T, driver, dsn string, dialect schema.Dialect) opener {
	pool, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	pool.SetMaxIdleConns(4)
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	db := bun.NewDB(pool, dialect)
	require.NoError(t, bunstore.Migrate[member](t.Context(), db, bunstore.Config{}))
	stores, err := bunstore.New[member](db, bunstore.Config{})
	require.NoError(t, err)
	return func(t testing.TB, fill func(ports.Stores[*member])) ports.Stores[*member] {
		tx, err := db.BeginTx(t.Context(), nil) // one commit takes less time than many
		require.NoError(t, err)
		defer func() { _ = tx.Rollback() }() // of no effect once it is committed
		for _, table := range []string{"tokens", "users"} {
			_, err := tx.ExecContext(t.Context(), "DELETE FROM "+table)
			require.NoError(t, err)
		}
		inside, err := bunstore.New[member](tx, bunstore.Config{})
		require.NoError(t, err)
		fill(inside)
		require.NoError(t, tx.Commit())
		return stores
	}
}
