package sqlstore

import (
	"database/sql"
	"errors"
	"slices"
	"testing"

	"github.com/gousher/usher/core"
)

type (
	byPointer struct{ *core.User }
	indirect  struct{ *Member }
	taking    struct {
		core.User
		Other string
	}
)

func problems[T any, U core.UserPtr[T]](db DB, columns []Column, cfg Config) []string {
	_, err := New[T, U](db, Postgres(), columns, cfg)
	if config, ok := errors.AsType[*core.ConfigError](err); ok {
		return config.Problems
	}
	return nil
}

func TestNewProblems(t *testing.T) {
	db := new(sql.DB)
	another := columnsFor[taking]()
	another[2].Index = []int{1}
	for _, tt := range []struct {
		name string
		got  []string
		want []string
	}{
		{"nothing", problems[Member](db, columnsFor[Member](), Config{}), nil},
		{"core.User itself", problems[core.User](db, columnsFor[core.User](), Config{}), nil},
		{"no db", problems[Member](nil, columnsFor[Member](), Config{}), []string{"db is missing"}},
		{"a pointer", problems[byPointer](db, nil, Config{IDs: 7}), []string{
			"IDs 7 is none of core.UUIDs, core.TextIDs and core.IntIDs",
			"sqlstore.byPointer is not a struct that embeds core.User by value",
		}},
		{"a pointer between", problems[indirect](db, columnsFor[indirect](), Config{}),
			[]string{"sqlstore.indirect is not a struct that embeds core.User by value"}},
		{"a column less", problems[Member](db, columnsFor[Member]()[1:], Config{}),
			[]string{"sqlstore.Member: there is no column id for core.User's ID"}},
		{"another field's column", problems[taking](db, another, Config{}),
			[]string{"sqlstore.taking: the column email_key is not core.User's EmailKey"}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}
