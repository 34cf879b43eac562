package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/gousher/usher/ports"
)

// readAll returns what query finds or removes, none where there can be none.
// Dest returns where the columns of one are to be scanned to.
func readAll[X any](ctx context.Context, s *store, dest func(*X) []any, possible bool, query string, args ...any) ([]X, error) {
	if err := ctx.Err(); err != nil || !possible {
		return nil, err
	}
	var found []X
	err := s.retry(ctx, func() error {
		rows, err := s.db.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		// Rows are read to their end: an engine may return the row that it
		// removes and fail after that, with the row still there.
		found = nil
		for rows.Next() {
			var x X
			if err := rows.Scan(dest(&x)...); err != nil {
				return err
			}
			found = append(found, x)
		}
		return rows.Err()
	})
	return found, err
}

// tokenDest returns where the columns of a token are to be scanned to fill t.
func tokenDest(t *ports.Token) []any {
	return []any{
		&t.Purpose, &t.Digest, &t.UserID, &t.Family, &t.Epoch, (*Time)(&t.CreatedAt), (*Time)(&t.ExpiresAt), &t.Data,
	}
}

// Time scans a time that a driver returns as a time or, as SQLite and MySQL
// keep it, as a text; it is zero for null.
type Time time.Time

// Scan implements [database/sql.Scanner].
func (t *Time) Scan(src any) error {
	switch at := asTime(src).(type) {
	case nil:
		*t = Time{}
	case time.Time:
		*t = Time(cut(at))
	default:
		return fmt.Errorf("sqlstore: the %T %q is no time", src, src)
	}
	return nil
}

// asTime returns the time that src is or spells, and else src.
func asTime(src any) any {
	var text string
	switch src := src.(type) {
	case string:
		text = src
	case []byte:
		text = string(src)
	default:
		return src
	}
	if at, err := parseTime(text); err == nil {
		return at
	}
	return src
}

func parseTime(text string) (time.Time, error) {
	if at, err := time.Parse(zonedForm, text); err == nil {
		return at, nil
	}
	return time.Parse(plainForm, text)
}
