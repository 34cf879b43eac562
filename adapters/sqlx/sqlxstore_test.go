package sqlxstore

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/jmoiron/sqlx"
	"github.com/jmoiron/sqlx/reflectx"
)

type (
	byPointer struct{ *core.User }
	indirect  struct{ *Member }
	hiding    struct {
		core.User
		Email string
	}
	taking struct {
		core.User
		Other string `db:"email_key"`
	}
	ignoring struct {
		core.User `db:"-"`
	}
	prefixing struct {
		core.User `db:"user"`
	}
	unkept struct {
		core.User
		C complex128
		F *func()
		S fmt.Stringer
		P uintptr
		O struct{ hidden int }
		T stamp
	}
	stamp    time.Time // a time to nobody
	nameless struct {
		core.User
		Age int `db:",type=bigint"`
	}
	twice struct {
		core.User
		A string `db:"a"`
		B string `db:"a"`
	}
	Label    string
	embedded struct {
		core.User
		Label
		sql.NullString
		time.Time
		*address
	}
	nested struct {
		Member
		Age int
	}
	other struct{ DB }
)

func problems[T any, U core.UserPtr[T]](db DB, cfg Config) (of string, problems []string) {
	_, err := New[T, U](db, cfg)
	if config, ok := errors.AsType[*core.ConfigError](err); ok {
		return config.Of, config.Problems
	}
	return "", nil
}

func TestNewProblems(t *testing.T) {
	pg := dbOf("pgx")
	conn := &sqlx.Conn{Conn: new(sql.Conn), Mapper: pg.Mapper}
	tx := &sqlx.Tx{Tx: new(sql.Tx), Mapper: pg.Mapper}
	for _, tt := range []struct {
		name string
		new  func() (string, []string)
		want []string // how each problem starts
	}{
		{"nothing", func() (string, []string) { return problems[Member](pg, Config{}) }, nil},
		{"core.User itself", func() (string, []string) { return problems[core.User](pg, Config{}) }, nil},
		{"nested", func() (string, []string) { return problems[nested](pg, Config{}) }, nil},
		{"a connection", func() (string, []string) { return problems[Member](conn, Config{Dialect: "mysql", Schema: "auth"}) }, nil},
		{"a transaction", func() (string, []string) { return problems[Member](tx, Config{Dialect: "sqlite", IDs: core.IntIDs}) }, nil},
		{"no db", func() (string, []string) { return problems[Member](nil, Config{}) }, []string{"db is missing"}},
		{"nil", func() (string, []string) { return problems[Member]((*sqlx.Tx)(nil), Config{}) }, []string{"db is missing"}},
		{"no mapper", func() (string, []string) { return problems[Member](&sqlx.DB{DB: pg.DB}, Config{Dialect: "mysql"}) },
			[]string{"db has no Mapper"}},
		{"no db and a pointer", func() (string, []string) { return problems[byPointer](nil, Config{}) },
			[]string{"db is missing", "sqlxstore.byPointer is not a struct that embeds core.User by value"}},
		{"another db", func() (string, []string) { return problems[Member](other{pg}, Config{}) },
			[]string{"db is a sqlxstore.other, and neither a *sqlx.DB, a *sqlx.Tx nor a *sqlx.Conn"}},
		{"no ids", func() (string, []string) { return problems[Member](pg, Config{IDs: 7}) }, []string{"IDs 7 is none of"}},
		{"tables", func() (string, []string) { return problems[Member](pg, Config{Users: "a b", Tokens: "a b"}) },
			[]string{`Users "a b" is not a name`, `Tokens "a b" is not a name`, `Users "a b", Tokens "a b", Accounts "accounts" and`}},
		{"schema", func() (string, []string) { return problems[Member](dbOf("sqlite"), Config{Schema: "auth"}) },
			[]string{"Schema: sqlite has none"}},
		{"a connection without its dialect", func() (string, []string) { return problems[Member](conn, Config{}) },
			[]string{"Dialect is missing: db does not tell its driver"}},
		{"unknown driver and a pointer", func() (string, []string) { return problems[indirect](dbOf("traced"), Config{}) },
			[]string{`Dialect is missing: the driver "traced" is not known`, "sqlxstore.indirect is not a struct that embeds core.User by value"}},
		{"unknown dialect", func() (string, []string) { return problems[Member](pg, Config{Dialect: "oracle"}) },
			[]string{`Dialect "oracle" is none of postgres, mysql and sqlite`}},
		{"pointer", func() (string, []string) { return problems[byPointer](pg, Config{}) },
			[]string{"sqlxstore.byPointer is not a struct that embeds core.User by value"}},
		{"hidden column", func() (string, []string) { return problems[hiding](pg, Config{}) },
			[]string{"sqlxstore.hiding: the column email is not core.User's Email"}},
		{"taken column", func() (string, []string) { return problems[taking](pg, Config{}) },
			[]string{"sqlxstore.taking: the column email_key is not core.User's EmailKey"}},
		{"types without a column", func() (string, []string) { return problems[unkept](pg, Config{}) }, []string{
			"sqlxstore.unkept: there is no column for C of type complex128",
			"sqlxstore.unkept: there is no column for F of type *func()",
			"sqlxstore.unkept: there is no column for S of type fmt.Stringer",
			"sqlxstore.unkept: there is no column for P of type uintptr",
			"sqlxstore.unkept: there is no column for O of type struct { hidden int }",
			"sqlxstore.unkept: there is no column for T of type sqlxstore.stamp",
		}},
		{"no name", func() (string, []string) { return problems[nameless](pg, Config{}) },
			[]string{"sqlxstore.nameless: the tag of Age names no column"}},
		{"one name twice", func() (string, []string) { return problems[twice](pg, Config{}) },
			[]string{"sqlxstore.twice: the column a is that of A and of B"}},
		{"embedded", func() (string, []string) { return problems[embedded](pg, Config{}) }, []string{
			"sqlxstore.embedded: sqlx has no column for the embedded sqlxstore.Label: give the field a name",
			"sqlxstore.embedded: sqlx has no column for the embedded sql.NullString: give the field a name",
			"sqlxstore.embedded: sqlx has no column for the embedded time.Time: give the field a name",
			"sqlxstore.embedded: the embedded *sqlxstore.address cannot be set: export its type, or embed it by value",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			of, got := tt.new()
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if of != "" && of != "sqlxstore" && of != "sqlstore.Config" {
				t.Errorf("got a ConfigError of %q", of)
			}
		})
	}
}

func TestNewWithoutTheColumns(t *testing.T) {
	for name, new := range map[string]func() (string, []string){
		"left out": func() (string, []string) { return problems[ignoring](dbOf("pgx"), Config{}) },
		"a prefix": func() (string, []string) { return problems[prefixing](dbOf("pgx"), Config{}) },
	} {
		if _, got := new(); len(got) != 11 {
			t.Errorf("%s: got %q, want a problem for each of the 11 columns", name, got)
		}
	}
}

func TestMigrateProblems(t *testing.T) {
	for _, db := range []*sqlx.DB{nil, dbOf("traced")} {
		err := Migrate[Member](t.Context(), db, Config{})
		if _, ok := errors.AsType[*core.ConfigError](err); !ok {
			t.Errorf("got %v, want a *core.ConfigError", err)
		}
	}
}

func TestDialects(t *testing.T) {
	for driver, want := range map[string]string{
		"postgres": "jsonb", "pgx": "jsonb", "pgx/v5": "jsonb", "cloudsqlpostgres": "jsonb", "nrpostgres": "jsonb",
		"mysql": "longtext", "nrmysql": "longtext", "sqlite": "text", "sqlite3": "text", "nrsqlite3": "text",
	} {
		if got := columnsFor[Member](t, driver)["tags"].Type; got != want {
			t.Errorf("%s: got %s, want %s", driver, got, want)
		}
	}
}

// The names are those of the database's own mapper.
func TestMapper(t *testing.T) {
	type camel struct {
		core.User
		FirstName string
		LastName  string `json:"surname"`
	}
	db := dbOf("pgx")
	db.Mapper = reflectx.NewMapperFunc("json", strings.ToUpper)
	_, columns, err := mapping[camel, *camel](handleOf(db), Config{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	for _, want := range []string{"id", "email_key", "FIRSTNAME", "surname"} {
		if !slices.Contains(names, want) {
			t.Errorf("got %q, want %s among them", names, want)
		}
	}
}
