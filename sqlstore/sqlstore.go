package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// DB runs statements: a *sql.DB, *sql.Conn or *sql.Tx.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Config sets up the stores. Its zero value keeps users under UUIDs in the
// table users, and what belongs to them in the tables tokens and accounts.
type Config struct {
	// IDs is the form of the users' ids. It decides the type of the column
	// and cannot be changed later.
	IDs core.IDs
	// Schema is the schema of PostgreSQL, or the database of MySQL, that the
	// tables are in. It must be there. Empty means that of the connection.
	// SQLite has none.
	Schema string
	// Users, Tokens and Accounts name the tables. Empty means "users",
	// "tokens" and "accounts". Names are of ASCII letters, digits and
	// underscores.
	Users, Tokens, Accounts string
}

func (c *Config) setDefaults() {
	if c.Users == "" {
		c.Users = "users"
	}
	if c.Tokens == "" {
		c.Tokens = "tokens"
	}
	if c.Accounts == "" {
		c.Accounts = "accounts"
	}
}

// nameForm leaves room, within the 63 bytes of PostgreSQL's names, for what is
// put behind a table's name to name its constraints.
var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,39}$`)

func (c *Config) problems(d Dialect) []string {
	var out []string
	if c.IDs != core.UUIDs && c.IDs != core.TextIDs && c.IDs != core.IntIDs {
		out = append(out, fmt.Sprintf("IDs %d is none of core.UUIDs, core.TextIDs and core.IntIDs", c.IDs))
	}
	for _, n := range []struct{ field, value string }{{"Schema", c.Schema}, {"Users", c.Users}, {"Tokens", c.Tokens}, {"Accounts", c.Accounts}} {
		if n.value != "" && !nameForm.MatchString(n.value) {
			out = append(out, fmt.Sprintf("%s %q is not a name of at most 40 ASCII letters, digits and underscores", n.field, n.value))
		}
	}
	names := []string{c.Users, c.Tokens, c.Accounts, migrations}
	slices.Sort(names)
	if len(slices.Compact(names)) < 4 {
		out = append(out, fmt.Sprintf("Users %q, Tokens %q, Accounts %q and %s are not four names", c.Users, c.Tokens, c.Accounts, migrations))
	}
	if c.Schema != "" && !d.schemas {
		out = append(out, fmt.Sprintf("Schema: %s has none", d.name))
	}
	return out
}

// Column is a field of the application's struct and its column.
type Column struct {
	// Name is the column's name, not quoted. The columns of core.User have
	// those of its db tags.
	Name string
	// Index is the field's, as of [reflect.Value.FieldByIndex].
	Index []int
	// Type is the type of the column that [Migrate] adds for a field of the
	// application's, and Default its default, as SQL spells them. NotNull
	// says that it may not be null; it then has a default. Where Type is
	// empty, Migrate fails if there is no such column.
	Type, Default string
	NotNull       bool
	// Value returns what is bound for the field of row, a struct: nil, a
	// bool, int64, float64, string, []byte or time.Time. What it returns may
	// share memory with row. An error that wraps core.ErrInvalidValue says
	// that the column cannot hold the field's value.
	Value func(row reflect.Value) (any, error)
	// Scan sets the field of row, a struct that can be set, to what a driver
	// returned. A field of a type for times gets a time.Time also where the
	// driver returned a text in one of the forms that the stores write.
	Scan func(row reflect.Value, src any) error

	isTime bool // the field's type is one of timeTypes
}

// store is what the stores of users and of tokens have in common.
type store struct {
	db      DB
	d       Dialect
	cfg     Config
	columns []Column
	// inTx says that db is a transaction of the caller.
	inTx bool
	// users, tokens and accounts are the names of the tables, quoted.
	users, tokens, accounts string
}

// New returns stores for users of type T, whose columns they are: one for each
// field of core.User, and the application's. Tokens and Joined are one value. It does not ask the database; see [Migrate] for the
// tables. It returns a *core.ConfigError that names everything that is wrong
// with its arguments.
func New[T any, U core.UserPtr[T]](db DB, d Dialect, columns []Column, cfg Config) (ports.Stores[U], error) {
	s, err := newStore[T, U](db, d, columns, cfg)
	if err != nil {
		return ports.Stores[U]{}, err
	}
	t := newTokens[T, U](s)
	u := newUsers[T, U](s)
	return ports.Stores[U]{Users: u, Accounts: newAccounts(u), Lister: u, Tokens: t, Joined: t}, nil
}

func newStore[T any, U core.UserPtr[T]](db DB, d Dialect, columns []Column, cfg Config) (*store, error) {
	cfg.setDefaults()
	problems := cfg.problems(d)
	if db == nil {
		problems = append(problems, "db is missing")
	}
	if core.EmbedsUser[U]() {
		problems = append(problems, misplaced(U(new(T)), columns)...)
	} else {
		problems = append(problems, fmt.Sprintf("%v is not a struct that embeds core.User by value", reflect.TypeFor[T]()))
	}
	if problems != nil {
		return nil, &core.ConfigError{Of: "sqlstore.Config", Problems: problems}
	}
	columns = slices.Clone(columns)
	for i, c := range columns {
		typ := reflect.TypeFor[T]().FieldByIndex(c.Index).Type
		columns[i].isTime = slices.Contains(timeTypes, typ)
	}
	_, inTx := db.(*sql.Tx)
	return &store{
		db: db, d: d, cfg: cfg, columns: columns, inTx: inTx,
		users: d.table(cfg.Schema, cfg.Users), tokens: d.table(cfg.Schema, cfg.Tokens),
		accounts: d.table(cfg.Schema, cfg.Accounts),
	}, nil
}

// misplaced names the columns of core.User that are missing or that are those
// of another field, which has taken the name or hides core.User's.
func misplaced(u core.AnyUser, columns []Column) []string {
	var problems []string
	user, row := reflect.ValueOf(u.AuthUser()).Elem(), reflect.ValueOf(u).Elem()
	for i := range user.NumField() {
		own := user.Type().Field(i)
		name := own.Tag.Get("db")
		at := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		if at < 0 {
			problems = append(problems, fmt.Sprintf("%v: there is no column %s for core.User's %s", row.Type(), name, own.Name))
			continue
		}
		field, err := row.FieldByIndexErr(columns[at].Index) // fails at a pointer that is nil
		if err != nil || field.Addr().Pointer() != user.Field(i).Addr().Pointer() {
			problems = append(problems, fmt.Sprintf("%v: the column %s is not core.User's %s", row.Type(), name, own.Name))
		}
	}
	return problems
}
