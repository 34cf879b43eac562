package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// statement is an SQL text in the making and the values bound to it.
type statement struct {
	*store
	sql  strings.Builder
	args []any
	err  error
}

func (s *store) statement(text string) *statement {
	st := &statement{store: s}
	return st.text(text)
}

func (st *statement) text(text string) *statement {
	st.sql.WriteString(text)
	return st
}

// value binds v, one of the values of a row. No value is ever part of the
// text: drivers that bind by writing values there take a $1 in a literal for
// a placeholder.
func (st *statement) value(v any) *statement {
	if err := storable(v); err != nil {
		st.err = err
	}
	if at, ok := v.(time.Time); ok {
		v = st.d.spell(at)
	}
	st.args = append(st.args, v)
	return st.text(st.d.placeholder(len(st.args)))
}

// run returns how many rows the statement wrote.
func (st *statement) run(ctx context.Context) (rows int64, err error) {
	if st.err != nil {
		return 0, st.err
	}
	return st.exec(ctx, st.sql.String(), st.args...)
}

// runForID returns the number that the engine gave to the row that the
// statement inserted.
func (st *statement) runForID(ctx context.Context) (id int64, err error) {
	if st.err != nil {
		return 0, st.err
	}
	query := st.sql.String()
	if !st.d.returningID {
		err = st.guarded(ctx, func() error {
			result, err := st.db.ExecContext(ctx, query, st.args...)
			if err == nil {
				id, err = result.LastInsertId()
			}
			return err
		})
		return id, err
	}
	err = st.guarded(ctx, func() error { return st.db.QueryRowContext(ctx, query+" RETURNING id", st.args...).Scan(&id) })
	return id, err
}

// exec returns how many rows query wrote.
func (s *store) exec(ctx context.Context, query string, args ...any) (rows int64, err error) {
	err = s.guarded(ctx, func() error {
		var result sql.Result
		if result, err = s.db.ExecContext(ctx, query, args...); err == nil {
			rows, err = result.RowsAffected()
		}
		return err
	})
	return rows, err
}

// savepoint is where a transaction goes back to after a statement that failed.
const savepoint = "usher_statement"

// guarded calls f, which runs one statement that writes, and again as retry
// does. Within a transaction of the caller that a failing statement would
// spoil, it leaves the transaction as it was where f fails.
func (s *store) guarded(ctx context.Context, f func() error) error {
	if !s.inTx || !s.d.savepoints {
		return s.retry(ctx, f)
	}
	return s.within(ctx, f)
}

// within calls f, which writes in a transaction of the caller, and leaves the
// transaction as it was where f fails.
func (s *store) within(ctx context.Context, f func() error) error {
	if _, err := s.db.ExecContext(ctx, "SAVEPOINT "+savepoint); err != nil {
		return err
	}
	end := "RELEASE SAVEPOINT " + savepoint
	err := f()
	if err != nil {
		end = "ROLLBACK TO SAVEPOINT " + savepoint
	}
	if _, failed := s.db.ExecContext(ctx, end); err == nil {
		err = failed
	}
	return err
}

// comma stands before the i-th of a list.
func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}
