package sqlxstore

import (
	"database/sql"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/sqlstore"
	"github.com/jmoiron/sqlx"
)

type Member struct {
	core.User
	Nickname string
	Motto    *string
	Tags     []string
	LastSeen time.Time `db:"last_seen"`
}

// when is a time that every engine keeps.
var when = time.Date(2026, 5, 17, 11, 42, 13, 987654000, time.UTC)

// dbOf returns a database of that driver that cannot be asked anything.
func dbOf(driver string) *sqlx.DB { return sqlx.NewDb(new(sql.DB), driver) }

// columnsFor returns the columns of T's own fields, by name.
func columnsFor[T any, U core.UserPtr[T]](t testing.TB, driver string) map[string]sqlstore.Column {
	t.Helper()
	_, columns, err := mapping[T, U](handleOf(dbOf(driver)), Config{})
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]sqlstore.Column{}
	for _, c := range columns {
		if c.Index[0] > 0 {
			named[c.Name] = c
		}
	}
	return named
}
