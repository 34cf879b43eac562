package bunstore

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/gousher/usher/ports"
)

// scanTokens reads rows to their end: an engine may return the row that it
// removes and fail after that, with the row still there.
func scanTokens(rows *sql.Rows, err error) ([]ports.Token, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []ports.Token
	for rows.Next() {
		var t ports.Token
		if err := rows.Scan(tokenDest(&t)...); err != nil {
			return nil, err
		}
		found = append(found, t)
	}
	return found, rows.Err()
}

// tokenDest returns where the columns of a token are to be scanned to fill t.
func tokenDest(t *ports.Token) []any {
	return []any{
		&t.Purpose, &t.Digest, &t.UserID, &t.Family, &t.Epoch, (*instant)(&t.CreatedAt), (*instant)(&t.ExpiresAt), &t.Data,
	}
}

// instant scans a time, zero for null.
type instant time.Time

// Scan implements [database/sql.Scanner].
func (i *instant) Scan(src any) error {
	var at time.Time
	var err error
	switch src := src.(type) {
	case nil:
	case time.Time:
		at = src
	case string:
		at, err = time.Parse(timeForm, src)
	case []byte:
		at, err = time.Parse(timeForm, string(src))
	default:
		err = fmt.Errorf("a %T is no time", src)
	}
	*i = instant(cut(at))
	return err
}
