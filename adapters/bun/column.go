package bunstore

import (
	"reflect"
	"strings"

	"github.com/gousher/usher/sqlstore"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/sqltype"
	"github.com/uptrace/bun/schema"
)

// columnOf returns the column that bun makes of f, a field of table's struct.
func columnOf(table *schema.Table, f *schema.Field, gen schema.QueryGen) sqlstore.Column {
	encode := encoder(f)
	c := sqlstore.Column{
		Name: f.Name, Index: f.Index,
		Type: typeOf(f, encode != nil, gen.Dialect().Name()), Default: f.SQLDefault,
		Scan: f.ScanValue,
	}
	c.Value = func(row reflect.Value) (any, error) {
		field, err := row.FieldByIndexErr(f.Index) // fails at a pointer that is nil
		if err != nil || f.IsPtr && field.IsNil() || f.NullZero && f.IsZero(field) {
			return nil, nil
		}
		if encode == nil { // it is an affair of bun
			return unquote(string(f.AppendValue(gen, nil, row)))
		}
		return encode(field)
	}
	_, optional := table.ZeroValue.FieldByIndexErr(f.Index)
	if zero := zeroOf(f); zero != "" && encode != nil && optional == nil {
		c.NotNull = true
		if c.Default == "" {
			c.Default = zero
		}
	}
	return c
}

// typeOf returns the type of the column for f: the one that bun gives it, save
// for those that would not hold what is written to them.
func typeOf(f *schema.Field, encoded bool, on dialect.Name) string {
	typ := f.CreateTableSQLType
	_, declared := f.Tag.Option("type")
	if !declared && encoded {
		switch kind := f.IndirectType.Kind(); {
		case kind == reflect.Uint16: // room for the upper half
			typ = sqltype.Integer
		case kind == reflect.Uint32:
			typ = sqltype.BigInt
		case kind == reflect.Struct && isAddress(f.IndirectType): // it is not JSON
			typ = sqltype.VarChar
		}
	}
	switch {
	case on == dialect.SQLite && isJSON(typ):
		// A column of any other type than text turns the JSON text 1 into the
		// number 1, which bun does not read as JSON.
		return "TEXT"
	case on == dialect.MySQL && !declared:
		return mysqlType(typ)
	default:
		return typ
	}
}

// mysqlType returns the type of a column that holds any value of the types
// that bun would give a shorter one: a VARCHAR is of 255 characters there, a
// BLOB of 64 KiB, and a DATETIME to the second.
func mysqlType(typ string) string {
	switch {
	case strings.HasPrefix(strings.ToUpper(typ), sqltype.VarChar), isJSON(typ):
		return "LONGTEXT"
	case strings.EqualFold(typ, sqltype.Blob):
		return "LONGBLOB"
	case strings.EqualFold(typ, "DATETIME"), strings.EqualFold(typ, sqltype.Timestamp):
		return "DATETIME(6)"
	}
	return typ
}

// zeroOf returns the zero of f as SQL spells it, or "" where the column may be
// null.
func zeroOf(f *schema.Field) string {
	typ := f.StructField.Type
	if f.NullZero || sqlstore.Valuer(typ) != nil {
		return ""
	}
	switch typ.Kind() {
	case reflect.String:
		return "('')" // in parentheses, as MySQL wants it for long texts
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
