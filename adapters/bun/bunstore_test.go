package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
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
		Other string `bun:"email_key"`
	}
	ignoring struct {
		core.User `bun:"-"`
	}
	softly struct {
		core.User
		DeletedAt time.Time `bun:",soft_delete,nullzero"`
	}
	packed struct {
		core.User
		Tags []string `bun:",msgpack"`
	}
	unkept struct {
		core.User
		C complex128
		F func()
	}
	nonsense struct {
		core.User
		Age int `bun:"embed:age_"`
	}
	hooked struct{ core.User }
	nested struct {
		bun.BaseModel `bun:"table:users"`
		Member
		Age int
	}
)

func (*hooked) AfterScanRow(context.Context) error { return nil }

func problems[T any, U core.UserPtr[T]](db bun.IDB, cfg Config) (of string, problems []string) {
	_, err := New[T, U](db, cfg)
	if config, ok := errors.AsType[*core.ConfigError](err); ok {
		return config.Of, config.Problems
	}
	return "", nil
}

func TestNewProblems(t *testing.T) {
	open := func(name dialect.Name) *bun.DB { return bun.NewDB(new(sql.DB), newDialect(name)) }
	pg := open(dialect.PG)
	for _, tt := range []struct {
		name string
		new  func() (string, []string)
		want []string // how each problem starts
	}{
		{"nothing", func() (string, []string) { return problems[Member](pg, Config{}) }, nil},
		{"sqlite", func() (string, []string) { return problems[Member](open(dialect.SQLite), Config{IDs: core.TextIDs}) }, nil},
		{"core.User itself", func() (string, []string) { return problems[core.User](pg, Config{}) }, nil},
		{"nested", func() (string, []string) { return problems[nested](pg, Config{}) }, nil},
		{"no db", func() (string, []string) { return problems[Member](nil, Config{}) }, []string{"db is missing"}},
		{"no ids", func() (string, []string) { return problems[Member](pg, Config{IDs: 7}) }, []string{"IDs 7 is none of"}},
		{"mysql", func() (string, []string) {
			return problems[Member](open(dialect.MySQL), Config{IDs: core.IntIDs, Schema: "auth", Users: "user"})
		}, nil},
		{"tables", func() (string, []string) { return problems[Member](pg, Config{Users: "a b", Tokens: "a b"}) },
			[]string{`Users "a b" is not a name`, `Tokens "a b" is not a name`, `Users "a b", Tokens "a b", Accounts "accounts" and`}},
		{"schema", func() (string, []string) { return problems[Member](open(dialect.SQLite), Config{Schema: "auth"}) },
			[]string{"Schema: sqlite has none"}},
		{"no db and a pointer", func() (string, []string) { return problems[byPointer](nil, Config{}) },
			[]string{"db is missing", "bunstore.byPointer is not a struct that embeds core.User by value"}},
		{"dialect", func() (string, []string) { return problems[Member](open(dialect.MSSQL), Config{}) },
			[]string{"db: the dialect mssql is not supported"}},
		{"pointer", func() (string, []string) { return problems[byPointer](pg, Config{}) },
			[]string{"bunstore.byPointer is not a struct that embeds core.User by value"}},
		{"pointer between", func() (string, []string) { return problems[indirect](pg, Config{}) },
			[]string{"bunstore.indirect is not a struct that embeds core.User by value"}},
		{"hidden column", func() (string, []string) { return problems[hiding](pg, Config{}) },
			[]string{"bunstore.hiding: the column email is not core.User's Email"}},
		{"taken column", func() (string, []string) { return problems[taking](pg, Config{}) },
			[]string{"bunstore.taking: the column email_key is not core.User's EmailKey"}},
		{"soft_delete", func() (string, []string) { return problems[softly](pg, Config{}) },
			[]string{"bunstore.softly: soft_delete on DeletedAt"}},
		{"msgpack", func() (string, []string) { return problems[packed](pg, Config{}) },
			[]string{"bunstore.packed: msgpack on Tags"}},
		{"model hook", func() (string, []string) { return problems[hooked](pg, Config{}) },
			[]string{"bunstore.hooked: bun's model hooks"}},
		{"types without a column", func() (string, []string) { return problems[unkept](pg, Config{}) },
			[]string{"bunstore.unkept: bun has no column for C of type complex128", "bunstore.unkept: bun has no column for F of type func()"}},
		{"tags that bun refuses", func() (string, []string) { return problems[nonsense](pg, Config{}) },
			[]string{"bunstore.nonsense: bun: embed"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			of, got := tt.new()
			if !slices.EqualFunc(got, tt.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if of != "" && of != "bunstore" && of != "sqlstore.Config" {
				t.Errorf("got a ConfigError of %q", of)
			}
		})
	}
}

func TestNewWithoutTheColumns(t *testing.T) {
	_, got := problems[ignoring](bun.NewDB(new(sql.DB), newDialect(dialect.PG)), Config{})
	if len(got) != 11 {
		t.Errorf("got %q, want a problem for each of the 11 columns", got)
	}
}

func TestMigrateProblems(t *testing.T) {
	err := Migrate[byPointer](t.Context(), nil, Config{})
	if _, ok := errors.AsType[*core.ConfigError](err); !ok {
		t.Errorf("got %v, want a *core.ConfigError", err)
	}
}
