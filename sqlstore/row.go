package sqlstore

import (
	"bytes"
	"database/sql"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
)

// values returns what the columns of row hold. They share no memory with row,
// a struct that can be set.
func (s *store) values(row reflect.Value) ([]any, error) {
	values := make([]any, len(s.columns))
	for i, c := range s.columns {
		v, err := c.Value(row)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		switch v := v.(type) {
		case []byte:
			values[i] = bytes.Clone(v)
		case time.Time:
			values[i] = cut(v)
		default:
			values[i] = v
		}
	}
	return values, nil
}

// cut brings t to what every engine can keep.
func cut(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// same reports whether a and b, of one column, are one value.
func same(a, b any) bool {
	switch a := a.(type) {
	case []byte:
		b, ok := b.([]byte)
		return ok && (a == nil) == (b == nil) && bytes.Equal(a, b)
	case time.Time:
		b, ok := b.(time.Time)
		return ok && a.Equal(b)
	default:
		return a == b || a != a && b != b // NaN
	}
}

// storable returns core.ErrInvalidValue where not every engine gives v back
// as it is.
func storable(v any) error {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) || strings.IndexByte(v, 0) >= 0 {
			return core.ErrInvalidValue
		}
	case float64:
		if math.IsNaN(v) {
			return core.ErrInvalidValue
		}
	case time.Time:
		if v.Year() < 1 || v.Year() > 9999 {
			return core.ErrInvalidValue
		}
	}
	return nil
}

// timeTypes are the types of fields that hold a time.
var timeTypes = []reflect.Type{
	reflect.TypeFor[time.Time](), reflect.TypeFor[*time.Time](), reflect.TypeFor[sql.NullTime](), reflect.TypeFor[sql.Null[time.Time]](),
}

// timeIn returns where field, of one of timeTypes, holds its time, or nil.
func timeIn(field reflect.Value) *time.Time {
	switch at := field.Addr().Interface().(type) {
	case *time.Time:
		return at
	case **time.Time:
		if *at != nil {
			own := **at // what it points to may be a variable of the caller
			*at = &own
		}
		return *at
	case *sql.NullTime:
		return &at.Time
	case *sql.Null[time.Time]:
		return &at.V
	default:
		return nil
	}
}

// cutTimes brings the times of row to what its columns hold.
func (s *store) cutTimes(row reflect.Value) {
	for _, c := range s.columns {
		if !c.isTime {
			continue
		}
		field, err := row.FieldByIndexErr(c.Index) // fails at a pointer that is nil
		if err != nil {
			continue
		}
		if at := timeIn(field); at != nil {
			*at = cut(*at)
		}
	}
}

// dest returns where a row of the columns is to be scanned to fill row.
func (s *store) dest(row reflect.Value) []any {
	cells := make([]cell, len(s.columns))
	dest := make([]any, len(s.columns), len(s.columns)+tokenColumns)
	for i := range s.columns {
		cells[i] = cell{&s.columns[i], row}
		dest[i] = &cells[i]
	}
	return dest
}

// cell scans one column into its field.
type cell struct {
	column *Column
	row    reflect.Value
}

// Scan implements [database/sql.Scanner].
func (c *cell) Scan(src any) error {
	if c.column.isTime {
		src = asTime(src)
	}
	return c.column.Scan(c.row, src)
}
