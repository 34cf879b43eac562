// Package sqlxstore keeps users and the tokens of their sessions in
// PostgreSQL, MySQL, MariaDB or SQLite through [github.com/jmoiron/sqlx], in
// tables named users and tokens or as [Config] says. Sqlx maps the
// application's struct to columns; the statements are those of
// [github.com/gousher/usher/sqlstore], which says what they guarantee.
//
//	if err := sqlxstore.Migrate[Member](ctx, db, sqlxstore.Config{}); err != nil {
//		return err
//	}
//	stores, err := sqlxstore.New[Member](db, sqlxstore.Config{})
//
// Tokens go with their user, whatever statement deletes it.
//
// # Columns
//
// An additional field of the application's struct is a column that has the
// name which db.Mapper gives it: that of its db tag, else the field's in lower
// case; `db:"-"` leaves it out. The fields of an embedded struct are columns,
// with its tag and a dot before their names where it has one; where an
// embedded pointer is nil they are null. Any other field is one column:
//
//   - Types with methods Value and Scan are written and read by these.
//   - Bools, numbers, texts, []byte and time.Time are themselves. A uint64
//     above math.MaxInt64 and a NaN are core.ErrInvalidValue.
//   - A json.RawMessage is kept to the letter and must be JSON.
//   - Other slices, maps, structs, arrays and values of type any are JSON. What
//     encoding/json refuses is core.ErrInvalidValue.
//   - Nil is null: a pointer, slice, map or any, and so other than empty. What
//     is null reads as the zero.
//
// [Migrate] adds columns of these types, not null and with a default where one
// is given, and nullable otherwise:
//
//	                  PostgreSQL        MySQL        SQLite   default
//	text              text              longtext     text     ''
//	integers          bigint            bigint       integer  0
//	float32, float64  double precision  double       real     0
//	bool              boolean           boolean      boolean  false
//	[]byte            bytea             longblob     blob
//	time.Time         timestamptz       datetime(6)  text
//	JSON              jsonb             longtext     text
//	json.RawMessage   json              longtext     text
//
// An option of the tag names another: `db:"balance,type=numeric"`. Sqlx allows
// no comma in it. A type with a method Value needs one, save those of
// database/sql; it is an error of Migrate if the column is not there.
//
// # Queries of one's own
//
// db.SelectContext(ctx, &members, "SELECT * FROM users") reads what database/sql
// can. It knows no JSON: a field that is to be read there needs a type with
// methods Value and Scan. On MySQL, times need parseTime=true in the DSN. On
// SQLite they are text, and created_at is one: select the columns that are
// wanted, and scan a time into a *sqlstore.Time.
package sqlxstore
