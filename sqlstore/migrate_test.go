package bunstore

import (
	"database/sql/driver"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gousher/usher/core"
	"github.com/uptrace/bun/dialect"
)

func TestSchemaHasTheColumns(t *testing.T) {
	for _, name := range []dialect.Name{dialect.PG, dialect.SQLite} {
		m := mappingOf[core.User](t, name)
		list, err := steps(schemas, m.engine.name)
		if err != nil || len(list) == 0 {
			t.Fatalf("%v: got %d steps, %v", name, len(list), err)
		}
		var sql strings.Builder
		for _, step := range list {
			sql.WriteString(step.sql)
		}
		for _, c := range m.columns {
			if !strings.Contains(sql.String(), "\n    "+c.Name+" ") {
				t.Errorf("%v: the schema lacks the column %s", name, c.Name)
			}
		}
		for _, name := range []string{"purpose", "digest", "user_id", "family", "epoch", "created_at", "expires_at", "data"} {
			if _, tokens, _ := strings.Cut(sql.String(), "CREATE TABLE tokens"); !strings.Contains(tokens, "\n    "+name+" ") {
				t.Errorf("%v: the schema lacks the token's column %s", m.engine.name, name)
			}
		}
		if !strings.Contains(sql.String(), "CONSTRAINT "+keyConstraint+" UNIQUE (email_key)") {
			t.Errorf("%v: the schema lacks the constraint %s", name, keyConstraint)
		}
	}
}

func TestStepsAreInOrder(t *testing.T) {
	schema := fstest.MapFS{
		"schema/x/0002_b.sql": {Data: []byte("b")},
		"schema/x/0010_c.sql": {Data: []byte("c")},
		"schema/x/0001_a.sql": {Data: []byte("a")},
		"schema/y/0001_z.sql": {Data: []byte("z")},
	}
	got, err := steps(schema, "x")
	if want := []step{{"0001_a.sql", "a"}, {"0002_b.sql", "b"}, {"0010_c.sql", "c"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestAddColumn(t *testing.T) {
	type declaring struct {
		wide
		Short  string `bun:"type:varchar(20)"`
		Preset string `bun:",default:'x'"`
		Maybe  string `bun:",nullzero,default:'y'"`
		Port   uint16
		Count  *uint32
		Quoted int `bun:"order"`
		JSON   any `bun:"type:json"`
	}
	want := map[string]string{
		"city":      `"city" VARCHAR`,
		"text":      `"text" VARCHAR NOT NULL DEFAULT ''`,
		"colour":    `"colour" VARCHAR NOT NULL DEFAULT ''`,
		"flag":      `"flag" BOOLEAN NOT NULL DEFAULT FALSE`,
		"small":     `"small" SMALLINT NOT NULL DEFAULT 0`,
		"ratio":     `"ratio" DOUBLE PRECISION NOT NULL DEFAULT 0`,
		"at":        `"at" TIMESTAMP`,
		"bytes":     `"bytes" BLOB`,
		"p_text":    `"p_text" VARCHAR`,
		"tags":      `"tags" VARCHAR`,
		"struct":    `"struct" VARCHAR`,
		"null_text": `"null_text" VARCHAR`,
		"balance":   `"balance" VARCHAR`,
		"no_text":   `"no_text" VARCHAR`,
		"addr":      `"addr" VARCHAR`,
		"short":     `"short" varchar(20) NOT NULL DEFAULT ''`,
		"preset":    `"preset" VARCHAR NOT NULL DEFAULT 'x'`,
		"maybe":     `"maybe" VARCHAR DEFAULT 'y'`,
		"port":      `"port" INTEGER NOT NULL DEFAULT 0`,
		"count":     `"count" BIGINT`,
		"order":     `"order" BIGINT NOT NULL DEFAULT 0`,
		"json":      `"json" TEXT`,
	}
	m := mappingOf[declaring](t, dialect.SQLite)
	for _, c := range m.columns {
		if sql, ok := want[c.Name]; ok {
			if got := m.addColumn(c); got != "ALTER TABLE users ADD COLUMN "+sql {
				t.Errorf("got %s, want %s", got, sql)
			}
			delete(want, c.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("there are no columns %v", want)
	}
}

func TestMigrateIsAllOrNothing(t *testing.T) {
	postgres := []string{"BEGIN", "SET LOCAL", "SELECT pg_advisory_xact_lock(33059464490909697)", "CREATE TABLE IF NOT EXISTS usher_migrations", "SELECT coalesce(max(version)"}
	sqlite := []string{"BEGIN IMMEDIATE", "CREATE TABLE IF NOT EXISTS usher_migrations", "SELECT coalesce(max(version)"}
	for _, tt := range []struct {
		name    string
		dialect dialect.Name
		version int64            // of the database
		columns [][]driver.Value // of the table users
		fails   string           // the statement that does, by its beginning
		want    string           // what the error starts with
		asked   []string
	}{
		{"newer database", dialect.PG, 99, userColumns, "none", "the database is at version 99 and this program knows 2", slices.Concat(postgres, []string{"ROLLBACK"})},
		{"newer database", dialect.SQLite, 99, userColumns, "none", "the database is at version 99 and this program knows 2", slices.Concat(sqlite, []string{"ROLLBACK"})},
		{"step", dialect.PG, 0, userColumns, "--", "0001_users.sql: unexpected EOF", slices.Concat(postgres, []string{"--", "ROLLBACK"})},
		{"step", dialect.SQLite, 0, userColumns, "--", "0001_users.sql: unexpected EOF", slices.Concat(sqlite, []string{"--", "ROLLBACK"})},
		{"second step", dialect.SQLite, 1, userColumns, "--", "0002_tokens.sql: unexpected EOF", slices.Concat(sqlite, []string{"--", "ROLLBACK"})},
		{"ids", dialect.PG, 2, userColumns, "none", "IDs: the column id is of type text, and not uuid", slices.Concat(postgres, []string{"SELECT attname", "ROLLBACK"})},
		{"column", dialect.SQLite, 2, userColumns, "ALTER", "add column nickname: unexpected EOF", slices.Concat(sqlite, []string{"SELECT name", "ALTER", "ROLLBACK"})},
		{"commit", dialect.SQLite, 2, userColumns, "COMMIT", "unexpected EOF", slices.Concat(sqlite, []string{"SELECT name", "ALTER", "COMMIT", "ROLLBACK"})},
		{"no table", dialect.SQLite, 2, nil, "none", "there is no table users", slices.Concat(sqlite, []string{"SELECT name", "ROLLBACK"})},
		{"lock", dialect.SQLite, 1, userColumns, "BEGIN", "unexpected EOF", sqlite[:1]},
	} {
		t.Run(tt.name+" "+tt.dialect.String(), func(t *testing.T) {
			db, e := openFake(t, tt.dialect, func(query string, _ []any) answer {
				switch {
				case strings.HasPrefix(query, tt.fails):
					return answer{err: io.ErrUnexpectedEOF}
				case strings.Contains(query, "max(version)"):
					return answer{rows: [][]driver.Value{{tt.version}}}
				case strings.Contains(query, "pg_attribute"), strings.Contains(query, "pragma"):
					return answer{rows: tt.columns}
				}
				return answer{}
			})
			err := Migrate[nicknamed](t.Context(), db, Config{})
			if err == nil || !strings.HasPrefix(err.Error(), "bunstore: migrate: "+tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if !slices.EqualFunc(e.asked, tt.asked, strings.HasPrefix) {
				t.Errorf("got %q, want %q", e.asked, tt.asked)
			}
		})
	}
}

type nicknamed struct {
	core.User
	Nickname string
}

// userColumns are the columns of core.User, with ids that are text.
var userColumns = [][]driver.Value{
	{"id", "text"}, {"email", "text"}, {"email_key", "text"}, {"hashed_password", "text"}, {"is_active", "boolean"}, {"is_superuser", "boolean"},
	{"is_verified", "boolean"}, {"session_epoch", "bigint"}, {"revision", "bigint"}, {"created_at", "text"}, {"updated_at", "text"},
}
