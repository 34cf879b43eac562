package bunstore

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"github.com/uptrace/bun/schema"
)

// mapping is how the application's struct lies in the table of users.
type mapping struct {
	engine  engine
	gen     schema.QueryGen
	columns []column
}

// column is a field of the application's struct and its column.
type column struct {
	*schema.Field
	// encode returns what is bound for a field that is not null; nil means
	// what bun would write in the text of a statement.
	encode func(v reflect.Value) (any, error)
	// optional says that the field is in a struct that is embedded as a
	// pointer, and null where that is nil.
	optional bool
}

func columnsOf(table *schema.Table) []column {
	columns := make([]column, len(table.Fields))
	for i, f := range table.Fields {
		_, err := table.ZeroValue.FieldByIndexErr(f.Index)
		columns[i] = column{f, encoder(f), err != nil}
	}
	return columns
}

// names returns the columns, each after prefix, for the text of a statement.
func (m *mapping) names(prefix string) string {
	var b strings.Builder
	for i, c := range m.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(prefix + string(c.SQLName))
	}
	return b.String()
}

// values returns what the columns of row hold, each nil, a bool, int64,
// float64, string, []byte or time.Time. They share no memory with row, a
// struct that can be set.
func (m *mapping) values(row reflect.Value) ([]any, error) {
	values := make([]any, len(m.columns))
	for i, c := range m.columns {
		v, err := m.value(c, row)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", c.Name, err)
		}
		values[i] = v
	}
	return values, nil
}

func (m *mapping) value(c column, row reflect.Value) (any, error) {
	field, err := row.FieldByIndexErr(c.Index) // fails at a pointer that is nil
	if err != nil || c.IsPtr && field.IsNil() || c.NullZero && c.IsZero(field) {
		return nil, nil
	}
	if c.encode == nil {
		return unquote(string(c.AppendValue(m.gen, nil, row)))
	}
	v, err := c.encode(field)
	switch v := v.(type) {
	case []byte:
		return bytes.Clone(v), err
	case time.Time:
		return cut(v), err
	default:
		return v, err
	}
}

// cut brings t to what every engine can keep.
func cut(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// timeForm is bun's form of a time, which sorts by time where an engine keeps
// it as text.
const timeForm = "2006-01-02 15:04:05.999999-07:00"

// spell returns how t is bound: drivers differ in what they make of a time.
func spell(t time.Time) string { return cut(t).Format(timeForm) }

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

// cutTimes brings the times of row to what its columns hold.
func (m *mapping) cutTimes(row reflect.Value) {
	for _, c := range m.columns {
		field, err := row.FieldByIndexErr(c.Index)
		if err != nil || c.IndirectType != timeType || c.IsPtr && field.IsNil() {
			continue
		}
		if !c.IsPtr {
			field.Set(reflect.ValueOf(cut(field.Interface().(time.Time))))
			continue
		}
		// The old pointer may be to a variable of the caller.
		at := cut(field.Elem().Interface().(time.Time))
		field.Set(reflect.ValueOf(&at))
	}
}

// dest returns where a row of the columns is to be scanned to fill row.
func (m *mapping) dest(row reflect.Value) []any {
	cells := make([]cell, len(m.columns))
	dest := make([]any, len(m.columns))
	for i, c := range m.columns {
		cells[i] = cell{c.Field, row}
		dest[i] = &cells[i]
	}
	return dest
}

// cell scans one column into its field.
type cell struct {
	field *schema.Field
	row   reflect.Value
}

// Scan implements [database/sql.Scanner].
func (c *cell) Scan(src any) error { return c.field.ScanValue(c.row, src) }
