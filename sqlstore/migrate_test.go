package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gousher/usher/core"
)

// dialects are those that there are.
var dialects = []Dialect{Postgres(), MySQL(), SQLite()}

func TestSchemaHasTheColumns(t *testing.T) {
	for _, d := range dialects {
		list, err := steps(schemas, d.name)
		if err != nil || len(list) != 3 {
			t.Fatalf("%v: got %d steps, %v", d.name, len(list), err)
		}
		users, tokens, accounts := list[0].sql, list[1].sql, list[2].sql
		for _, name := range userColumns {
			if !strings.Contains(users, "\n    "+name+" ") {
				t.Errorf("%v: the schema lacks the column %s", d.name, name)
			}
		}
		columns := []string{"purpose", "digest", "user_id", "family", "epoch", "created_at", "expires_at", "data"}
		for _, name := range columns {
			if !strings.Contains(tokens, "\n    "+name+" ") {
				t.Errorf("%v: the schema lacks the token's column %s", d.name, name)
			}
		}
		for _, name := range strings.Split(accountColumns, ", ") {
			if !strings.Contains(accounts, "\n    "+name+" ") {
				t.Errorf("%v: the schema lacks the account's column %s", d.name, name)
			}
		}
		if len(columns) != tokenColumns {
			t.Errorf("a token has %d columns, and not %d", len(columns), tokenColumns)
		}
		if constraint := "CONSTRAINT " + d.quoted("{users name}_email_key_key") + " UNIQUE (email_key)"; !strings.Contains(users, constraint) {
			t.Errorf("%v: the schema lacks %s", d.name, constraint)
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
	s := &store{d: MySQL(), users: "`auth`.`users`"}
	for _, tt := range []struct {
		column Column
		want   string
	}{
		{Column{Name: "order", Type: "bigint", NotNull: true, Default: "0"}, "`order` bigint NOT NULL DEFAULT 0"},
		{Column{Name: "a`b", Type: "text"}, "`a``b` text"},
		{Column{Name: "a", Type: "text", Default: "'x'"}, "`a` text DEFAULT 'x'"},
	} {
		if got := s.addColumn(tt.column); got != "ALTER TABLE `auth`.`users` ADD COLUMN "+tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// A migration that fails at any statement is rolled back or, on MySQL, can be
// completed by the next.
func TestMigrateFails(t *testing.T) {
	table := func(d Dialect) string { return "CREATE TABLE IF NOT EXISTS " + d.quoted(migrations) }
	begun := map[string][]string{
		"postgres": {"BEGIN", "SET LOCAL", "SELECT pg_advisory_xact_lock(33059464490909697)", table(Postgres()), "SELECT coalesce(max(version)"},
		"sqlite":   {"BEGIN IMMEDIATE", table(SQLite()), "SELECT coalesce(max(version)"},
		"mysql":    {"SELECT GET_LOCK", "SELECT @@SESSION.sql_mode", table(MySQL()), "SELECT coalesce(max(version)"},
	}
	end := map[string]string{"postgres": "ROLLBACK", "sqlite": "ROLLBACK", "mysql": "DO RELEASE_LOCK"}
	lacking := map[string]string{"postgres": "SELECT attname", "sqlite": "SELECT name", "mysql": "SELECT column_name"}
	for _, d := range dialects {
		for _, tt := range []struct {
			name    string
			version int64            // of the database
			columns [][]driver.Value // of the table users
			fails   string           // the statement that does, by its beginning
			want    string           // what the error starts with
			asked   []string         // after the beginning
		}{
			{"newer database", 99, textColumns(d), "none", "the database is at version 99 and this program knows 3", nil},
			{"second step", 1, textColumns(d), "CREATE TABLE ", "0002_tokens.sql: unexpected EOF", []string{"CREATE TABLE "}},
			{"ids", 3, [][]driver.Value{{"id", "real"}}, "none", "IDs: the column id is of type real, and not ", []string{lacking[d.name]}},
			{"column", 3, textColumns(d), "ALTER", "add column nickname: unexpected EOF", []string{lacking[d.name], "ALTER"}},
			{"no table", 3, nil, "none", "there is no table users", []string{lacking[d.name]}},
		} {
			t.Run(d.name+" "+tt.name, func(t *testing.T) {
				db, e := openFake(t, migrating(tt.version, tt.columns, tt.fails))
				err := Migrate[Member](t.Context(), db, d, columnsFor[Member](), Config{})
				if err == nil || !strings.HasPrefix(err.Error(), "sqlstore: migrate: "+tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
				want := slices.Concat(begun[d.name], tt.asked, []string{end[d.name]})
				if !slices.EqualFunc(e.asked, want, strings.HasPrefix) {
					t.Errorf("got %q, want %q", e.asked, want)
				}
			})
		}
	}
}

func TestMigrateWithoutAType(t *testing.T) {
	columns := columnsFor[Member]()
	columns[len(userColumns)].Type = ""
	db, _ := openFake(t, migrating(3, textColumns(SQLite()), "none"))
	err := Migrate[Member](t.Context(), db, SQLite(), columns, Config{})
	if want := "sqlstore: migrate: add column nickname: its type is not known: name it, or add the column"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// migrating answers as a database of that version does whose table of users
// has those columns, and fails at statements that begin with fails.
func migrating(version int64, columns [][]driver.Value, fails string) func(query string, _ []any) answer {
	return func(query string, _ []any) answer {
		switch {
		case strings.HasPrefix(query, fails) && !strings.Contains(query, migrations):
			return answer{err: io.ErrUnexpectedEOF}
		case strings.Contains(query, "max(version)"):
			return answer{rows: [][]driver.Value{{version}}}
		case strings.Contains(query, "GET_LOCK"):
			return answer{rows: [][]driver.Value{{int64(1)}}}
		case strings.Contains(query, "sql_mode"):
			return answer{rows: [][]driver.Value{{"STRICT_TRANS_TABLES"}}}
		case strings.Contains(query, "pg_attribute"), strings.Contains(query, "pragma"), strings.Contains(query, "information_schema"):
			return answer{rows: columns}
		}
		return answer{}
	}
}

// textColumns are the columns of core.User.
func textColumns(d Dialect) [][]driver.Value {
	columns := [][]driver.Value{{"id", d.idType(core.UUIDs)}}
	for _, name := range userColumns[1:] {
		columns = append(columns, []driver.Value{name, "text"})
	}
	columns[0][1], _, _ = strings.Cut(columns[0][1].(string), " ")
	return columns
}

// A commit or a lock that fails is an error, too.
func TestMigrateDoesNotEnd(t *testing.T) {
	for _, tt := range []struct {
		d     Dialect
		fails string
		last  string
	}{
		{Postgres(), "COMMIT", "COMMIT"},
		{Postgres(), "SELECT pg_advisory", "ROLLBACK"},
		{SQLite(), "COMMIT", "ROLLBACK"},
		{SQLite(), "BEGIN", "BEGIN IMMEDIATE"},
		{MySQL(), "SELECT GET_LOCK", "SELECT GET_LOCK"},
		{MySQL(), "DO RELEASE_LOCK", "DO RELEASE_LOCK"},
	} {
		t.Run(tt.d.name+" "+tt.fails, func(t *testing.T) {
			columns := columnsFor[core.User]()
			db, e := openFake(t, migrating(3, textColumns(tt.d), tt.fails))
			err := Migrate[core.User](t.Context(), db, tt.d, columns, Config{})
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
			}
			if last := e.asked[len(e.asked)-1]; !strings.HasPrefix(last, tt.last) {
				t.Errorf("the last statement is %q, want %q", last, tt.last)
			}
		})
	}
}

// MySQL's lock is asked for until it is given or the context ends.
func TestMigrateWaitsForMySQL(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	db, _ := openFake(t, func(string, []any) answer {
		if asked++; asked == 3 {
			cancel()
		}
		return answer{rows: [][]driver.Value{{int64(0)}}}
	})
	err := Migrate[Member](ctx, db, MySQL(), columnsFor[Member](), Config{})
	if !errors.Is(err, context.Canceled) || asked != 3 {
		t.Errorf("got %v after %d statements, want %v after 3", err, asked, context.Canceled)
	}
}

func TestMigrateRefusesALooseMySQL(t *testing.T) {
	db, _ := openFake(t, func(query string, _ []any) answer {
		if strings.Contains(query, "sql_mode") {
			return answer{rows: [][]driver.Value{{"NO_ENGINE_SUBSTITUTION"}}}
		}
		return answer{rows: [][]driver.Value{{int64(1)}}}
	})
	err := Migrate[Member](t.Context(), db, MySQL(), columnsFor[Member](), Config{})
	if err == nil || !strings.Contains(err.Error(), `sql_mode is "NO_ENGINE_SUBSTITUTION"`) {
		t.Errorf("got %v", err)
	}
}
