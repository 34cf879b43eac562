package run

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/argon2"
	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
)

// forms are the forms of ids that every store is tried with.
var forms = []struct {
	name string
	ids  core.IDs
}{{"UUIDs", core.UUIDs}, {"TextIDs", core.TextIDs}, {"IntIDs", core.IntIDs}}

func TestMemory(t *testing.T) {
	engine.Memory(t)
	for _, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			of := conformance.Subject{Adapter: "memory", Engine: "memory", Variant: form.name}
			open := func(testing.TB) stores { return memory.New[member](memory.Config{IDs: form.ids}) }
			t.Run("users", func(t *testing.T) {
				conformance.TestUserStore(t, func(t testing.TB) users { return open(t).Users }, of)
			})
			t.Run("lists", func(t *testing.T) { conformance.TestUserLister(t, open, of) })
			t.Run("tokens", func(t *testing.T) { conformance.TestTokenStore(t, open, of) })
			t.Run("both", func(t *testing.T) { conformance.TestSessionUsers(t, open, of) })
			t.Run("accounts", func(t *testing.T) { conformance.TestAccountStore(t, open, of) })
		})
	}
	of := conformance.Subject{Adapter: "memory", Engine: "memory"}
	t.Run("at rest", func(t *testing.T) { conformance.TestAtRest(t, ledgerAtRest, of) })
}

// sqlEngine is an engine of the SQL stores. Fresh returns the DSN of a new
// database.
type sqlEngine struct {
	name  string
	fresh func(testing.TB) string
}

// sqlEngines are those that there are. MySQL is one where it is named.
var sqlEngines = func() []sqlEngine {
	all := []sqlEngine{{"SQLite", engine.SQLite}, {"PostgreSQL", engine.Postgres}, {"MariaDB", engine.MariaDB}}
	if engine.HasMySQL() {
		all = append(all, sqlEngine{"MySQL", engine.MySQL})
	}
	return all
}()

// openDB opens a database and checks at the end that every connection was
// given back.
func openDB(t testing.TB, dsn string) *bun.DB {
	t.Helper()
	db, err := openBun(dsn)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.Zero(t, db.Stats().InUse, "connections that were not given back")
		require.NoError(t, db.Close())
	})
	return db
}

// bunStores returns the stores of a database that has none.
func bunStores(t testing.TB, db *bun.DB, cfg bunstore.Config) stores {
	t.Helper()
	require.NoError(t, bunstore.Migrate[member](t.Context(), db, cfg))
	s, err := bunstore.New[member](db, cfg)
	require.NoError(t, err)
	return s
}

func bunUsers(t testing.TB, db *bun.DB, cfg bunstore.Config) users {
	t.Helper()
	return bunStores(t, db, cfg).Users
}

// Eight instances that start at once on an empty database all come up, and
// starting again changes nothing.
func TestSQLMigratesOnce(t *testing.T) {
	onAdapters(t, func(t *testing.T, open func(testing.TB, string) sqlDB, dsn string) {
		errs := make(chan error)
		for range 8 {
			db := open(t, dsn)
			go func() { errs <- db.members.migrate(t.Context(), core.UUIDs) }()
		}
		for range 8 {
			require.NoError(t, <-errs)
		}
		db := open(t, dsn)
		s := db.stores(t, core.UUIDs).Users
		m := &member{User: core.User{Email: "a@e.com", EmailKey: "a@e.com"}, Nickname: "Ann"}
		require.NoError(t, s.Create(t.Context(), m))
		got, err := db.stores(t, core.UUIDs).Users.ByID(t.Context(), m.ID)
		require.NoError(t, err)
		require.Equal(t, "Ann", got.Nickname)
	})
}

// A struct that grows gets its columns; users of before read as zero.
func TestSQLAddsColumns(t *testing.T) {
	onAdapters(t, func(t *testing.T, open func(testing.TB, string) sqlDB, dsn string) {
		db := open(t, dsn)
		require.NoError(t, db.bare.migrate(t.Context(), core.UUIDs))
		bare, err := db.bare.new(core.UUIDs)
		require.NoError(t, err)
		u := &core.User{Email: "a@e.com", EmailKey: "a@e.com"}
		require.NoError(t, bare.Users.Create(t.Context(), u))
		got, err := db.stores(t, core.UUIDs).Users.ByID(t.Context(), u.ID)
		require.NoError(t, err)
		want := &member{}
		want.User = *u
		want.CreatedAt, want.UpdatedAt = got.CreatedAt, got.UpdatedAt
		require.Equal(t, want, got)
	})
}

// Every method returns when its deadline passes while the pool is exhausted,
// and works again once a connection is free.
func TestSQLWithExhaustedPool(t *testing.T) {
	onAdapters(t, func(t *testing.T, open func(testing.TB, string) sqlDB, dsn string) {
		db := open(t, dsn)
		s := db.stores(t, core.UUIDs).Users
		m := &member{User: core.User{Email: "a@e.com", EmailKey: "a@e.com"}}
		require.NoError(t, s.Create(t.Context(), m))
		db.SetMaxOpenConns(1)
		held, err := db.Conn(t.Context())
		require.NoError(t, err)
		calls := map[string]func(ctx context.Context) error{
			"Create": func(ctx context.Context) error {
				return s.Create(ctx, &member{User: core.User{Email: "b@e.com", EmailKey: "b@e.com"}})
			},
			"ByID":    func(ctx context.Context) error { _, err := s.ByID(ctx, m.ID); return err },
			"ByEmail": func(ctx context.Context) error { _, err := s.ByEmail(ctx, "a@e.com"); return err },
			"Update": func(ctx context.Context) error {
				_, err := s.Update(ctx, m.ID, func(m *member) error { m.Score++; return nil })
				return err
			},
			"Delete": func(ctx context.Context) error { return s.Delete(ctx, m.ID) },
		}
		for name, call := range calls {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			require.ErrorIs(t, call(ctx), context.DeadlineExceeded, name)
			cancel()
		}
		require.NoError(t, held.Close())
		for _, name := range []string{"Create", "ByID", "ByEmail", "Update", "Delete"} {
			require.NoError(t, calls[name](t.Context()), name)
		}
	})
}

// A database that cannot be reached is an outage: none of the domain errors.
func TestSQLOutage(t *testing.T) {
	for _, a := range sqlAdapters {
		t.Run(a.name, func(t *testing.T) {
			testOutage(t, a.open(t, "postgres://nobody:secret-in-the-dsn@127.0.0.1:1/none?sslmode=disable&connect_timeout=2"))
		})
	}
}

func testOutage(t *testing.T, db sqlDB) {
	stores, err := db.members.new(core.UUIDs)
	require.NoError(t, err)
	id := core.UUIDs.New()
	_, byID := stores.Users.ByID(t.Context(), id)
	_, byEmail := stores.Users.ByEmail(t.Context(), "a@e.com")
	_, update := stores.Users.Update(t.Context(), id, func(*member) error { return nil })
	create := stores.Users.Create(t.Context(), &member{User: core.User{
		Email: "a@e.com", EmailKey: "a@e.com", HashedPassword: "the-hash",
	}})
	for name, err := range map[string]error{
		"ByID": byID, "ByEmail": byEmail, "Update": update, "Create": create,
		"Delete":  stores.Users.Delete(t.Context(), id),
		"Migrate": db.members.migrate(t.Context(), core.UUIDs),
	} {
		require.Error(t, err, name)
		for _, domain := range []error{
			core.ErrUserNotFound, core.ErrEmailTaken, core.ErrConflict, core.ErrInvalidValue, context.Canceled, context.DeadlineExceeded,
		} {
			require.False(t, errors.Is(err, domain), "%s: %v", name, err)
		}
		for _, secret := range []string{"secret-in-the-dsn", "the-hash", "a@e.com"} {
			require.NotContains(t, err.Error(), secret, name)
		}
	}
}

func TestBearer(t *testing.T) {
	conformance.TestTransport(t, func(testing.TB) ports.Transport { return core.Bearer{} },
		conformance.Subject{Adapter: "core", Engine: "memory", Variant: "Bearer"})
}

func TestArgon2(t *testing.T) {
	conformance.TestPasswordHasher(t, func(t testing.TB) ports.PasswordHasher {
		h, err := argon2hash.New(argon2hash.Config{Memory: 64, Time: 1, Parallelism: 1})
		require.NoError(t, err)
		return h
	}, conformance.Subject{Adapter: "argon2", Engine: "memory"})
}

func TestEmail(t *testing.T) {
	conformance.TestEmails(t, newEmails, conformance.Subject{Adapter: "email", Engine: "memory"})
}

func TestCookie(t *testing.T) {
	for name, cfg := range map[string]core.CookieConfig{
		"Cookie": {}, "Cookie, all set": {Name: "sid", MaxAge: time.Hour, Path: "/app", Insecure: true},
	} {
		conformance.TestTransport(t, func(t testing.TB) ports.Transport {
			c, err := core.NewCookie(cfg)
			require.NoError(t, err)
			return c
		}, conformance.Subject{Adapter: "core", Engine: "memory", Variant: name})
	}
}
