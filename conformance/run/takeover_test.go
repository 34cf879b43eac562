package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/email"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/sqlstore"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// referenceTables are FastAPI Users' tables, as SQLAlchemy makes them, with the
// types of ids in the places of {new id} and {id}.
var referenceTables = map[dialect.Name][]string{
	dialect.PG: {
		`CREATE TABLE "user" (email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, id {new id} NOT NULL, PRIMARY KEY (id))`,
		`CREATE UNIQUE INDEX ix_user_email ON "user" (email)`,
		`CREATE TABLE accesstoken (user_id {id} NOT NULL, token VARCHAR(43) NOT NULL, created_at TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY (token), FOREIGN KEY(user_id) REFERENCES "user" (id) ON DELETE cascade)`,
		`CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at)`,
		`CREATE TABLE oauth_account (id {new id} NOT NULL, user_id {id} NOT NULL, oauth_name VARCHAR(100) NOT NULL, access_token VARCHAR(1024) NOT NULL, expires_at INTEGER, refresh_token VARCHAR(1024), account_id VARCHAR(320) NOT NULL, account_email VARCHAR(320) NOT NULL, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES "user" (id) ON DELETE cascade)`,
	},
	dialect.SQLite: {
		`CREATE TABLE user (email VARCHAR(320) NOT NULL, hashed_password VARCHAR(1024) NOT NULL, is_active BOOLEAN NOT NULL, is_superuser BOOLEAN NOT NULL, is_verified BOOLEAN NOT NULL, id {new id} NOT NULL, PRIMARY KEY (id))`,
		`CREATE UNIQUE INDEX ix_user_email ON user (email)`,
		`CREATE TABLE accesstoken (user_id {id} NOT NULL, token VARCHAR(43) NOT NULL, created_at TIMESTAMP NOT NULL, PRIMARY KEY (token), FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE cascade)`,
		`CREATE INDEX ix_accesstoken_created_at ON accesstoken (created_at)`,
		`CREATE TABLE oauth_account (id {new id} NOT NULL, user_id {id} NOT NULL, oauth_name VARCHAR(100) NOT NULL, access_token VARCHAR(1024) NOT NULL, expires_at INTEGER, refresh_token VARCHAR(1024), account_id VARCHAR(320) NOT NULL, account_email VARCHAR(320) NOT NULL, PRIMARY KEY (id), FOREIGN KEY(user_id) REFERENCES user (id) ON DELETE cascade)`,
	},
}

// referenceIDs are the types of a new id and of one that refers to it.
var referenceIDs = map[dialect.Name]map[core.IDs][2]string{
	dialect.PG:     {core.UUIDs: {"UUID", "UUID"}, core.IntIDs: {"SERIAL", "INTEGER"}},
	dialect.SQLite: {core.UUIDs: {"CHAR(36)", "CHAR(36)"}, core.IntIDs: {"INTEGER", "INTEGER"}},
}

// reference makes FastAPI Users' tables in a database.
func reference(t testing.TB, db *bun.DB, ids core.IDs) {
	t.Helper()
	kind := db.Dialect().Name()
	types := referenceIDs[kind][ids]
	for _, statement := range referenceTables[kind] {
		_, err := db.DB.ExecContext(t.Context(), strings.NewReplacer("{new id}", types[0], "{id}", types[1]).Replace(statement))
		require.NoError(t, err)
	}
}

// takenConfig names the table that was taken over.
func takenConfig(ids core.IDs) bunstore.Config { return bunstore.Config{IDs: ids, Users: "user"} }

var takeOver = sqlstore.TakeOverConfig{Key: email.New().Key}

// takenOver returns the stores of a database that was FastAPI Users'.
func takenOver(t testing.TB, db *bun.DB, ids core.IDs) stores {
	t.Helper()
	reference(t, db, ids)
	require.NoError(t, bunstore.TakeOver[member](t.Context(), db, takenConfig(ids), takeOver))
	s, err := bunstore.New[member](db, takenConfig(ids))
	require.NoError(t, err)
	return s
}

// Users in tables that were taken over are kept as every store promises. Their
// tokens and accounts lie in tables that Migrate makes.
func TestTakenOver(t *testing.T) {
	for _, tt := range []struct {
		on   sqlEngine
		name string
		ids  core.IDs
	}{{sqlEngines[0], "UUIDs", core.UUIDs}, {sqlEngines[1], "IntIDs", core.IntIDs}} {
		t.Run(tt.on.name+"/"+tt.name, func(t *testing.T) {
			tt.on.fresh(t) // the engine has a version once it runs
			of := conformance.Subject{Adapter: "bunstore", Engine: engine.Version(tt.on.name), Variant: "taken " + tt.name}
			fresh := func(t testing.TB) stores { return takenOver(t, openDB(t, tt.on.fresh(t)), tt.ids) }
			conformance.TestUserStore(t, func(t testing.TB) users { return fresh(t).Users }, of)
			conformance.TestSessionUsers(t, fresh, of)
		})
	}
}

// onReference runs f on FastAPI Users' tables on each engine, in the database
// that dsn names.
func onReference(t *testing.T, f func(t *testing.T, db *bun.DB, dsn string)) {
	for _, on := range sqlEngines[:2] {
		t.Run(on.name, func(t *testing.T) {
			dsn := on.fresh(t)
			db := openDB(t, dsn)
			reference(t, db, core.UUIDs)
			f(t, db, dsn)
		})
	}
}

// addReferenceUser keeps a user as FastAPI Users does, and returns the id.
func addReferenceUser(t testing.TB, db *bun.DB, address, hash string) string {
	t.Helper()
	id := core.UUIDs.New()
	row := map[string]any{"id": id, "email": address, "hashed_password": hash, "is_active": true, "is_superuser": false, "is_verified": true}
	_, err := db.NewInsert().Model(&row).Table("user").Exec(t.Context())
	require.NoError(t, err)
	return id
}

func addReferenceAccount(t testing.TB, db *bun.DB, userID, provider, subject string) {
	t.Helper()
	row := map[string]any{
		"id": core.UUIDs.New(), "user_id": userID, "oauth_name": provider, "account_id": subject, "account_email": subject + "@mail.example", "access_token": "plain secret",
	}
	_, err := db.NewInsert().Model(&row).Table("oauth_account").Exec(t.Context())
	require.NoError(t, err)
}

// Users, hashes, ids and accounts stay; taking over again, or from eight
// processes at once, changes nothing.
func TestTakeOver(t *testing.T) {
	onReference(t, func(t *testing.T, db *bun.DB, _ string) {
		ids := map[string]string{}
		for i := range 30 {
			address := fmt.Sprintf("User.%d@Example.com", i)
			ids[address] = addReferenceUser(t, db, address, "hash of "+address)
		}
		ann := ids["User.0@Example.com"]
		addReferenceAccount(t, db, ann, "google", "people/1")
		addReferenceAccount(t, db, ann, "google", "people/1") // as FastAPI Users may have it
		addReferenceAccount(t, db, ann, "github", "1")
		errs := make(chan error)
		for range 8 {
			go func() {
				errs <- bunstore.TakeOver[member](t.Context(), db, takenConfig(core.UUIDs), takeOver)
			}()
		}
		for range 8 {
			require.NoError(t, <-errs)
		}
		s, err := bunstore.New[member](db, takenConfig(core.UUIDs))
		require.NoError(t, err)
		for address, id := range ids {
			u, err := s.Users.ByEmail(t.Context(), strings.ToLower(address))
			require.NoError(t, err)
			require.Equal(t, []string{id, address, "hash of " + address}, []string{u.ID, u.Email, u.HashedPassword})
			require.True(t, u.IsActive && u.IsVerified && !u.IsSuperuser)
			require.Equal(t, []int64{0, 1}, []int64{u.SessionEpoch, u.Revision})
			require.WithinDuration(t, time.Now(), u.CreatedAt, time.Hour)
		}
		accounts, err := s.Accounts.AccountsOf(t.Context(), ann)
		require.NoError(t, err)
		require.Len(t, accounts, 2)
		require.Empty(t, accounts[0].Data)
		u, _, err := s.Accounts.ByAccount(t.Context(), "google", "people/1")
		require.NoError(t, err)
		require.Equal(t, ann, u.ID)
		_, err = s.Users.Update(t.Context(), ann, func(u *member) error { u.Nickname = "Ann"; return nil })
		require.NoError(t, err)
		require.NoError(t, bunstore.TakeOver[member](t.Context(), db, takenConfig(core.UUIDs), takeOver))
		require.NoError(t, bunstore.Migrate[member](t.Context(), db, takenConfig(core.UUIDs)))
		u, err = s.Users.ByID(t.Context(), ann)
		require.NoError(t, err)
		require.Equal(t, "Ann", u.Nickname)
	})
}

func columnsOfUsers(t testing.TB, db *bun.DB) []string {
	t.Helper()
	rows, err := db.DB.QueryContext(t.Context(), `SELECT * FROM "user"`)
	require.NoError(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	require.NoError(t, err)
	return names
}

// Where users cannot be told apart, nothing is changed, and all of them are
// named.
func TestTakeOverRefuses(t *testing.T) {
	onReference(t, func(t *testing.T, db *bun.DB, _ string) {
		ann := addReferenceUser(t, db, "ann@example.com", "x")
		addReferenceUser(t, db, "Ann@example.com", "x")
		addReferenceUser(t, db, "ANN@EXAMPLE.COM", "x")
		bob := addReferenceUser(t, db, "bob@example.com", "x")
		collisions := func() *sqlstore.CollisionError {
			err := bunstore.TakeOver[member](t.Context(), db, takenConfig(core.UUIDs), takeOver)
			e, ok := errors.AsType[*sqlstore.CollisionError](err)
			require.True(t, ok, "got %v", err)
			require.Len(t, columnsOfUsers(t, db), 6, "columns were added")
			return e
		}
		require.Equal(t, [][]string{{"ANN@EXAMPLE.COM", "Ann@example.com", "ann@example.com"}}, collisions().Addresses)
		_, err := db.NewDelete().Table("user").Where("email IN ('Ann@example.com', 'ANN@EXAMPLE.COM')").Exec(t.Context())
		require.NoError(t, err)
		addReferenceAccount(t, db, ann, "google", "people/1")
		addReferenceAccount(t, db, bob, "google", "people/1")
		require.Equal(t, []string{"google people/1"}, collisions().Accounts)
		_, err = db.NewDelete().Table("oauth_account").Where("user_id = ?", bob).Exec(t.Context())
		require.NoError(t, err)
		require.NoError(t, bunstore.TakeOver[member](t.Context(), db, takenConfig(core.UUIDs), takeOver))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, bunstore.TakeOver[member](ctx, db, takenConfig(core.UUIDs), takeOver), context.Canceled)
	})
	t.Run("MariaDB", func(t *testing.T) {
		err := bunstore.TakeOver[member](t.Context(), openDB(t, engine.MariaDB(t)), takenConfig(core.UUIDs), sqlstore.TakeOverConfig{})
		problems, ok := errors.AsType[*core.ConfigError](err)
		require.True(t, ok, "got %v", err)
		require.Len(t, problems.Problems, 2)
	})
}

// What is no table of FastAPI Users, or has other ids, stays as it is.
func TestTakeOverRefusesOtherTables(t *testing.T) {
	onReference(t, func(t *testing.T, db *bun.DB, _ string) {
		refused := func(cfg bunstore.Config, want string) {
			t.Helper()
			require.ErrorContains(t, bunstore.TakeOver[member](t.Context(), db, cfg, takeOver), want)
		}
		refused(bunstore.Config{Users: "accesstoken"}, "the table accesstoken has no column id: it is not one of FastAPI Users")
		refused(bunstore.Config{Users: "absent"}, "the table absent has no column id: it is not one of FastAPI Users")
		refused(takenConfig(core.IntIDs), "which are other ids")
		require.NoError(t, bunstore.TakeOver[member](t.Context(), db, takenConfig(core.UUIDs), takeOver))
	})
}

// SQLite gives the id of the last user again once that user is deleted, in
// tables as SQLAlchemy makes them; in those that Migrate made it does not.
func TestTakeOverRefusesIntegersOfSQLite(t *testing.T) {
	on := sqlEngines[0]
	db := openDB(t, on.fresh(t))
	reference(t, db, core.IntIDs)
	row := map[string]any{"email": "Ann@example.com", "hashed_password": "x", "is_active": true, "is_superuser": false, "is_verified": true}
	_, err := db.NewInsert().Model(&row).Table("user").Exec(t.Context())
	require.NoError(t, err)
	for range 2 {
		err := bunstore.TakeOver[member](t.Context(), db, takenConfig(core.IntIDs), takeOver)
		require.ErrorContains(t, err, "the table user has integers, and sqlite may give the id of a deleted user to the next one")
		require.Len(t, columnsOfUsers(t, db), 6, "columns were added")
		var made []string
		require.NoError(t, db.NewSelect().Table("sqlite_master").Column("name").Where("name = 'usher_migrations' OR name = 'tokens'").Scan(t.Context(), &made))
		require.Empty(t, made)
	}
	made := openDB(t, on.fresh(t))
	require.NoError(t, bunstore.Migrate[member](t.Context(), made, takenConfig(core.IntIDs)))
	require.NoError(t, bunstore.TakeOver[member](t.Context(), made, takenConfig(core.IntIDs), takeOver))
}

// The way back that docs/migrating-from-fastapi-users.md shows is one for the
// old program, and usher's once more only after the tables are taken over anew.
func TestTakeOverAndBack(t *testing.T) {
	page, err := os.ReadFile("../../docs/migrating-from-fastapi-users.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```sql\n(.*?)^```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 4)
	onReference(t, func(t *testing.T, db *bun.DB, _ string) {
		run := func(block int) {
			for _, statement := range strings.Split(strings.TrimSpace(blocks[block][1]), "\n") {
				_, err := db.DB.ExecContext(t.Context(), statement)
				require.NoError(t, err, statement)
			}
		}
		take := func() error {
			return bunstore.TakeOver[member](t.Context(), db, takenConfig(core.UUIDs), takeOver)
		}
		ann := addReferenceUser(t, db, "Ann@example.com", "x")
		addReferenceAccount(t, db, ann, "google", "people/1")
		require.NoError(t, take())
		require.NoError(t, take())
		s, err := bunstore.New[member](db, takenConfig(core.UUIDs))
		require.NoError(t, err)
		finds := func(address, id string) {
			t.Helper()
			u, err := s.Users.ByEmail(t.Context(), address)
			if id == "" {
				require.ErrorIs(t, err, core.ErrUserNotFound)
				return
			}
			require.NoError(t, err)
			require.Equal(t, id, u.ID)
		}
		run(0)
		if db.Dialect().Name() == dialect.PG {
			run(1)
		}
		bob, cleo := addReferenceUser(t, db, "Bob@example.com", "x"), addReferenceUser(t, db, "cleo@example.com", "x")
		row := map[string]any{"id": core.UUIDs.New(), "email": "cleo@example.com", "hashed_password": "x", "is_active": true, "is_superuser": false, "is_verified": true}
		_, err = db.NewInsert().Model(&row).Table("user").Exec(t.Context())
		require.Error(t, err, "two users have one address")
		_, err = db.NewUpdate().Table("user").Set("email = 'anne@example.com'").Where("id = ?", ann).Exec(t.Context())
		require.NoError(t, err)
		require.ErrorContains(t, take(), "the table user has no unique index on email_key any more")
		require.NoError(t, bunstore.Migrate[member](t.Context(), db, takenConfig(core.UUIDs)))
		finds("bob@example.com", "")
		finds("ann@example.com", ann)
		if db.Dialect().Name() == dialect.SQLite {
			run(2)
		}
		run(3)
		require.NoError(t, take())
		require.NoError(t, take())
		finds("bob@example.com", bob)
		finds("cleo@example.com", cleo)
		finds("anne@example.com", ann)
		finds("ann@example.com", "")
		u, _, err := s.Accounts.ByAccount(t.Context(), "google", "people/1")
		require.NoError(t, err)
		require.Equal(t, ann, u.ID)
		_, err = s.Users.Update(t.Context(), bob, func(u *member) error { u.Email, u.EmailKey = "CLEO@example.com", "cleo@example.com"; return nil })
		require.ErrorIs(t, err, core.ErrEmailTaken)
		require.NoError(t, s.Users.Delete(t.Context(), ann))
	})
}

// The first hundred are named, and the rest are counted.
func TestTakeOverCountsCollisions(t *testing.T) {
	onReference(t, func(t *testing.T, db *bun.DB, _ string) {
		for i := range 103 {
			addReferenceUser(t, db, fmt.Sprintf("user.%03d@example.com", i), "x")
			addReferenceUser(t, db, fmt.Sprintf("User.%03d@example.com", i), "x")
		}
		err := bunstore.TakeOver[member](t.Context(), db, takenConfig(core.UUIDs), takeOver)
		e, ok := errors.AsType[*sqlstore.CollisionError](err)
		require.True(t, ok, "got %v", err)
		require.Len(t, e.Addresses, 100)
		require.Equal(t, []string{"User.099@example.com", "user.099@example.com"}, e.Addresses[99])
		require.Equal(t, 3, e.More)
		require.ErrorContains(t, err, "and 3 more")
	})
}
