package bunstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"github.com/gousher/usher/core"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqltype"
)

//go:embed schema
var schemas embed.FS

// Migrate brings the database to the schema that this version needs, and adds
// to the table users the columns for the fields of T that it lacks. It never
// alters or drops a column. The steps that a database has gone through are
// recorded in the table usher_migrations.
//
// It may run at every start, in any number of processes at once: they take
// turns. All of it happens or nothing. It returns a *core.ConfigError as
// [New] does, an error where the database was migrated by a newer version of
// this package, or the error of the engine.
func Migrate[T any, U core.UserPtr[T]](ctx context.Context, db *bun.DB, cfg Config) error {
	m, err := newMapping[T, U](db, cfg)
	if err != nil {
		return err
	}
	steps, err := steps(schemas, m.engine.name)
	if err != nil {
		return readError(ctx, "migrate", err)
	}
	err = m.engine.exclusively(ctx, db.DB, func(c conn) error {
		if err := m.apply(ctx, c, steps, cfg.IDs); err != nil {
			return err
		}
		return m.addColumns(ctx, c, cfg.IDs)
	})
	if err != nil {
		return readError(ctx, "migrate", err)
	}
	return nil
}

// step is one file of the schema. Its version is its place in the list,
// counted from 1.
type step struct{ name, sql string }

// steps returns the files of a folder of schema in order.
func steps(schema fs.FS, engine string) ([]step, error) {
	names, err := fs.Glob(schema, "schema/"+engine+"/*.sql")
	if err != nil {
		return nil, err
	}
	out := make([]step, len(names))
	for i, name := range names {
		sql, err := fs.ReadFile(schema, name)
		if err != nil {
			return nil, err
		}
		out[i] = step{name[strings.LastIndexByte(name, '/')+1:], string(sql)}
	}
	return out, nil
}

// apply runs the steps that the database has not gone through.
func (m *mapping) apply(ctx context.Context, c conn, steps []step, ids core.IDs) error {
	_, err := c.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS usher_migrations (
		version integer NOT NULL PRIMARY KEY, name text NOT NULL, applied_at text NOT NULL)`)
	if err != nil {
		return err
	}
	var done int
	if err := c.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM usher_migrations").Scan(&done); err != nil {
		return err
	}
	if done > len(steps) {
		return fmt.Errorf("the database is at version %d and this program knows %d: run a newer program", done, len(steps))
	}
	for i, step := range steps[done:] {
		sql := strings.ReplaceAll(step.sql, "{id}", m.engine.idType(ids))
		if _, err := c.ExecContext(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		record := m.statement("INSERT INTO usher_migrations (version, name, applied_at) VALUES (").
			value(int64(done + i + 1)).text(", ").value(step.name).text(", ").
			value(time.Now().UTC().Format(time.RFC3339)).text(")")
		if _, err := c.ExecContext(ctx, record.sql.String(), record.args...); err != nil {
			return err
		}
	}
	return nil
}

// addColumns adds the columns that the table of users lacks.
func (m *mapping) addColumns(ctx context.Context, c conn, ids core.IDs) error {
	there, err := m.columnTypes(ctx, c)
	if err != nil {
		return err
	}
	if len(there) == 0 {
		return errors.New("there is no table users")
	}
	if want, _, _ := strings.Cut(m.engine.idType(ids), " "); !strings.EqualFold(there["id"], want) {
		return fmt.Errorf("IDs: the column id is of type %s, and not %s", there["id"], want)
	}
	for _, column := range m.columns {
		if _, ok := there[column.Name]; ok {
			continue
		}
		if _, err := c.ExecContext(ctx, m.addColumn(column)); err != nil {
			return fmt.Errorf("add column %s: %w", column.Name, err)
		}
	}
	return nil
}

// columnTypes returns the columns of the table of users and their types.
func (m *mapping) columnTypes(ctx context.Context, c conn) (map[string]string, error) {
	rows, err := c.QueryContext(ctx, m.engine.columns)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	types := map[string]string{}
	for rows.Next() {
		var name, typ string
		if err := rows.Scan(&name, &typ); err != nil {
			return nil, err
		}
		types[name] = typ
	}
	return types, rows.Err()
}

// addColumn returns the statement that adds c to a table that may have rows
// already: a column that may not be null has a default.
func (m *mapping) addColumn(c column) string {
	sql := "ALTER TABLE users ADD COLUMN " + string(c.SQLName) + " " + m.engine.columnType(typeOf(c))
	value := c.SQLDefault
	if zero := zeroOf(c); zero != "" {
		sql += " NOT NULL"
		if value == "" {
			value = zero
		}
	}
	if value != "" {
		sql += " DEFAULT " + value
	}
	return sql
}

// typeOf returns the type that bun gives to c, save for two cases in which
// the column would not hold what is written to it: unsigned integers get room
// for their upper half, and addresses are not JSON.
func typeOf(c column) string {
	_, declared := c.Tag.Option("type")
	switch kind := c.IndirectType.Kind(); {
	case declared || c.encode == nil:
		return c.CreateTableSQLType
	case kind == reflect.Uint16:
		return sqltype.Integer
	case kind == reflect.Uint32:
		return sqltype.BigInt
	case kind == reflect.Struct && isAddress(c.IndirectType):
		return sqltype.VarChar
	default:
		return c.CreateTableSQLType
	}
}

// zeroOf returns the zero of c as SQL spells it, or "" where c may be null.
func zeroOf(c column) string {
	typ := c.StructField.Type
	if c.NullZero || c.optional || c.encode == nil || reflect.PointerTo(typ).Implements(valuerType) {
		return ""
	}
	switch typ.Kind() {
	case reflect.String:
		return "''"
	case reflect.Bool:
		return "FALSE"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return "0"
	default:
		return ""
	}
}
