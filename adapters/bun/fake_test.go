package bunstore

import (
	"database/sql"
	"time"

	"github.com/gousher/usher/core"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/feature"
	"github.com/uptrace/bun/schema"
)

type Member struct {
	core.User
	Nickname string
	Motto    *string
	Tags     []string
	LastSeen time.Time
}

// when is a time that every engine keeps.
var when = time.Date(2026, 5, 17, 11, 42, 13, 987654000, time.UTC)

// fakeDialect is as much of a dialect as mapping a struct takes.
type fakeDialect struct {
	schema.BaseDialect
	name   dialect.Name
	tables *schema.Tables
}

func newDialect(name dialect.Name) *fakeDialect {
	d := &fakeDialect{name: name}
	d.tables = schema.NewTables(d)
	return d
}

func (d *fakeDialect) Init(*sql.DB)              {}
func (d *fakeDialect) Name() dialect.Name        { return d.name }
func (d *fakeDialect) Features() feature.Feature { return 0 }
func (d *fakeDialect) Tables() *schema.Tables    { return d.tables }
func (d *fakeDialect) OnTable(*schema.Table)     {}
func (d *fakeDialect) IdentQuote() byte          { return '"' }
func (d *fakeDialect) DefaultVarcharLen() int    { return 0 }
func (d *fakeDialect) DefaultSchema() string     { return "main" }
func (d *fakeDialect) AppendSequence(b []byte, _ *schema.Table, _ *schema.Field) []byte {
	return b
}
