package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/gousher/usher/core"
)

//go:embed schema/*/*.sql
var schemas embed.FS

// migrations is the table that records the steps of the schema.
const migrations = "usher_migrations"

// Migrate brings the database to the schema that this version needs, and adds
// to the table of users the columns that it lacks. It never alters or drops a
// column. The steps that a table of users has gone through are recorded in
// the table usher_migrations.
//
// It may run at every start, in any number of processes at once: they take
// turns. On PostgreSQL and SQLite all of it happens or nothing; MySQL has no
// transactions for schemas, and what was begun there is completed by the next
// call. It returns a *core.ConfigError as [New] does, an error where the
// database was migrated by a newer version of this package or is set up in a
// way that loses values, or the error of the engine.
func Migrate[T any, U core.UserPtr[T]](ctx context.Context, db *sql.DB, d Dialect, columns []Column, cfg Config) error {
	const op = "migrate"
	var conn DB // a nil *sql.DB is no DB
	if db != nil {
		conn = db
	}
	s, err := newStore[T, U](conn, d, columns, cfg)
	if err != nil {
		return err
	}
	steps, err := steps(schemas, d.name)
	if err != nil {
		return s.readError(ctx, op, err)
	}
	err = d.exclusively(ctx, db, func(c DB) error {
		if d.check != nil {
			if err := d.check(ctx, c); err != nil {
				return err
			}
		}
		if err := s.apply(ctx, c, steps); err != nil {
			return err
		}
		return s.addColumns(ctx, c)
	})
	if err != nil {
		return s.readError(ctx, op, err)
	}
	return nil
}

// step is one file of the schema. Its version is its place in the list,
// counted from 1.
type step struct{ name, sql string }

// steps returns the files of a folder of schema in order.
func steps(schema fs.FS, dialect string) ([]step, error) {
	names, err := fs.Glob(schema, "schema/"+dialect+"/*.sql")
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

// apply runs the steps that the table of users has not gone through.
func (s *store) apply(ctx context.Context, c DB, steps []step) error {
	done, err := s.applied(ctx, c)
	if err != nil {
		return err
	}
	if done > len(steps) {
		return fmt.Errorf("the database is at version %d and this program knows %d: run a newer program", done, len(steps))
	}
	for i, step := range steps[done:] {
		if err := s.applyStep(ctx, c, step); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		if err := s.record(ctx, c, done+i+1, step.name); err != nil {
			return err
		}
	}
	return nil
}

// applied returns how many steps the table of users has gone through.
func (s *store) applied(ctx context.Context, c DB) (done int, err error) {
	table := s.d.table(s.cfg.Schema, migrations)
	_, err = c.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+table+
		" (users varchar(64) NOT NULL, version integer NOT NULL, name varchar(255) NOT NULL, applied_at varchar(32) NOT NULL, PRIMARY KEY (users, version))")
	if err != nil {
		return 0, err
	}
	query := s.d.bind("SELECT coalesce(max(version), 0) FROM " + table + " WHERE users = ?")
	err = c.QueryRowContext(ctx, query, s.cfg.Users).Scan(&done)
	return done, err
}

// record notes that the table of users has gone through a step.
func (s *store) record(ctx context.Context, c DB, version int, name string) error {
	query := s.d.bind("INSERT INTO " + s.d.table(s.cfg.Schema, migrations) + " (users, version, name, applied_at) VALUES (?, ?, ?, ?)")
	_, err := c.ExecContext(ctx, query, s.cfg.Users, int64(version), name, time.Now().UTC().Format(time.RFC3339))
	return err
}

// applyStep runs the statements of a step, which empty lines separate.
func (s *store) applyStep(ctx context.Context, c DB, step step) error {
	sql := strings.NewReplacer(
		"{users}", s.users, "{users name}", s.cfg.Users, "{new id}", s.d.newID(s.cfg.IDs),
		"{tokens}", s.tokens, "{tokens name}", s.cfg.Tokens, "{id}", s.d.idType(s.cfg.IDs),
		"{accounts}", s.accounts, "{accounts name}", s.cfg.Accounts,
	).Replace(step.sql)
	for _, statement := range strings.Split(sql, "\n\n") {
		if _, err := c.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// addColumns adds the columns that the table of users lacks.
func (s *store) addColumns(ctx context.Context, c DB) error {
	there, err := s.columnTypes(ctx, c)
	if err != nil {
		return err
	}
	if len(there) == 0 {
		return fmt.Errorf("there is no table %s", s.cfg.Users)
	}
	if !s.hasIDs(there["id"]) {
		want, _, _ := strings.Cut(s.d.idType(s.cfg.IDs), " ")
		return fmt.Errorf("IDs: the column id is of type %s, and not %s", there["id"], want)
	}
	for _, column := range s.columns {
		if _, ok := there[column.Name]; ok {
			continue
		}
		if column.Type == "" {
			return fmt.Errorf("add column %s: its type is not known: name it, or add the column", column.Name)
		}
		if _, err := c.ExecContext(ctx, s.addColumn(column)); err != nil {
			return fmt.Errorf("add column %s: %w", column.Name, err)
		}
	}
	return nil
}

// hasIDs reports whether a column of that type holds the users' ids.
func (s *store) hasIDs(typ string) bool {
	want, _, _ := strings.Cut(s.d.idType(s.cfg.IDs), " ")
	return isType(typ, want) || strings.EqualFold(typ, s.d.takenIDs[s.cfg.IDs])
}

// isType reports whether a column's type, as the engine names it, is want.
// Engines put a width behind the names of integers, as in bigint(20).
func isType(got, want string) bool {
	if !strings.Contains(want, "(") {
		got, _, _ = strings.Cut(got, "(")
	}
	return strings.EqualFold(got, want)
}

// columnTypes returns the columns of the table of users and their types.
func (s *store) columnTypes(ctx context.Context, c DB) (map[string]string, error) {
	query, args := s.d.columnsOf(s.cfg.Schema, s.cfg.Users)
	rows, err := c.QueryContext(ctx, query, args...)
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
func (s *store) addColumn(c Column) string {
	sql := "ALTER TABLE " + s.users + " ADD COLUMN " + s.d.quoted(c.Name) + " " + c.Type
	if c.NotNull {
		sql += " NOT NULL"
	}
	if c.Default != "" {
		sql += " DEFAULT " + c.Default
	}
	return sql
}
