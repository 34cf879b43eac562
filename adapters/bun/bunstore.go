package bunstore

import (
	"fmt"
	"reflect"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// Config sets up the stores. Its zero value keeps users under UUIDs.
type Config struct {
	// IDs is the form of the users' ids. It decides the type of the column
	// and cannot be changed later.
	IDs core.IDs
}

// New returns stores for users of type T, the application's struct and not a
// pointer to it: bunstore.New[Member](db, bunstore.Config{}). Tokens and Joined
// are one value. It returns a *core.ConfigError that names everything that is
// wrong with db, cfg and T. It does not ask the database: see [Migrate] for the
// tables.
func New[T any, U core.UserPtr[T]](db *bun.DB, cfg Config) (ports.Stores[U], error) {
	m, err := newMapping[T, U](db, cfg)
	if err != nil {
		return ports.Stores[U]{}, err
	}
	t := newTokens[T, U](db.DB, cfg.IDs, m)
	return ports.Stores[U]{Users: newUsers[T, U](db.DB, cfg.IDs, m), Tokens: t, Joined: t}, nil
}

// newMapping returns how T lies in the table of users of db.
func newMapping[T any, U core.UserPtr[T]](db *bun.DB, cfg Config) (*mapping, error) {
	var problems []string
	if cfg.IDs != core.UUIDs && cfg.IDs != core.TextIDs {
		problems = append(problems, fmt.Sprintf("IDs %d is neither core.UUIDs nor core.TextIDs", cfg.IDs))
	}
	typ := reflect.TypeFor[T]()
	u := U(new(T))
	embeds := typ.Kind() == reflect.Struct && u.AuthUser() != nil
	if !embeds {
		problems = append(problems, fmt.Sprintf("%v is not a struct that embeds core.User by value", typ))
	}
	if db == nil {
		return nil, configError(append([]string{"db is missing"}, problems...))
	}
	e, ok := engineOf(db.Dialect().Name())
	if !ok {
		problems = append(problems, fmt.Sprintf("db: the dialect %v is not supported", db.Dialect().Name()))
	}
	if !embeds || !ok {
		return nil, configError(problems)
	}
	table, err := tableOf(db, typ)
	if err != nil {
		return nil, configError(append(problems, err.Error()))
	}
	problems = append(problems, misplaced(db, table, u)...)
	problems = append(problems, unsupported(table)...)
	if problems != nil {
		return nil, configError(problems)
	}
	return &mapping{engine: e, gen: db.QueryGen(), columns: columnsOf(table)}, nil
}

func configError(problems []string) error {
	return &core.ConfigError{Of: "bunstore", Problems: problems}
}

// tableOf returns what bun makes of typ. Bun panics on tags that it cannot
// make sense of.
func tableOf(db *bun.DB, typ reflect.Type) (table *schema.Table, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v: %v", typ, p)
		}
	}()
	return db.Table(typ), nil
}

// misplaced names the columns of core.User that are not the fields of the
// core.User in u, because another field has their name or a tag hides them.
func misplaced(db *bun.DB, table *schema.Table, u core.AnyUser) []string {
	var problems []string
	user, outer := reflect.ValueOf(u.AuthUser()).Elem(), reflect.ValueOf(u).Elem()
	for _, own := range db.Table(user.Type()).Fields {
		f := table.FieldMap[own.Name]
		if f == nil || f.Value(outer).Addr().Pointer() != own.Value(user).Addr().Pointer() {
			problems = append(problems, fmt.Sprintf("%v: the column %s is not core.User's %s", table.Type, own.Name, own.GoName))
		}
	}
	return problems
}

// unsupported names what bun would do for the struct of table and the store
// does not.
func unsupported(table *schema.Table) []string {
	var problems []string
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%v: ", table.Type)+fmt.Sprintf(format, args...))
	}
	if table.SoftDeleteField != nil {
		add("soft_delete on %s is not supported", table.SoftDeleteField.GoName)
	}
	if table.HasBeforeAppendModelHook() || table.HasBeforeScanRowHook() || table.HasAfterScanRowHook() {
		add("bun's model hooks are not supported")
	}
	for _, f := range table.Fields {
		if f.Tag.HasOption("msgpack") {
			add("msgpack on %s is not supported", f.GoName)
		}
		if f.Append == nil || f.Scan == nil {
			add("bun has no column for %s of type %v", f.GoName, f.StructField.Type)
		}
	}
	return problems
}
