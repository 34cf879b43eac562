package sqlxstore

import (
	"fmt"
	"reflect"

	"github.com/gousher/usher/sqlstore"
	"github.com/jmoiron/sqlx/reflectx"
)

// columnsOf returns the columns that sqlx makes of typ's fields, and what is
// wrong with them. A field that is no embedded struct is one column, whatever
// sqlx finds within it.
func columnsOf(fields *reflectx.StructMap, typ reflect.Type, d dialect) (columns []sqlstore.Column, problems []string) {
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("%v: ", typ)+fmt.Sprintf(format, args...))
	}
	for _, f := range fields.Index {
		first := fields.Names[f.Path] // the one that sqlx takes, which is among the outermost
		switch {
		case within(f, fields.Tree):
		case f.Embedded:
			if problem := embeddedProblem(f.Field); problem != "" {
				add("%s", problem)
			}
		case f.Name == "":
			add("the tag of %s names no column", f.Field.Name)
		case first != f && len(first.Index) == len(f.Index):
			add("the column %s is that of %s and of %s", f.Path, first.Field.Name, f.Field.Name)
		case first != f: // hidden, as in Go
		default:
			c, ok := codecOf(f.Field.Type)
			if !ok {
				add("there is no column for %s of type %v", f.Field.Name, f.Field.Type)
				continue
			}
			columns = append(columns, columnOf(f, c, typ, d))
		}
	}
	return columns, problems
}

// within tells a field of a field that is a column.
func within(f, root *reflectx.FieldInfo) bool {
	for p := f.Parent; p != root; p = p.Parent {
		if !p.Embedded {
			return true
		}
	}
	return false
}

// embeddedProblem says why the fields of f, which is embedded, are no columns,
// or "".
func embeddedProblem(f reflect.StructField) string {
	typ := reflectx.Deref(f.Type)
	switch {
	case typ.Kind() != reflect.Struct, typ == timeType, isScanner(typ), sqlstore.Valuer(typ) != nil:
		return fmt.Sprintf("sqlx has no column for the embedded %v: give the field a name", f.Type)
	case typ != f.Type && !f.IsExported():
		return fmt.Sprintf("the embedded %v cannot be set: export its type, or embed it by value", f.Type)
	default:
		return ""
	}
}

// columnOf returns the column for f, a field of typ whose codec is c.
func columnOf(f *reflectx.FieldInfo, c codec, typ reflect.Type, d dialect) sqlstore.Column {
	column := sqlstore.Column{
		Name: f.Path, Index: f.Index, Type: d.types[c.form],
		Value: func(row reflect.Value) (any, error) {
			field, err := row.FieldByIndexErr(f.Index) // fails at an embedded pointer that is nil
			if err != nil {
				return nil, nil
			}
			return c.encode(field)
		},
		Scan: func(row reflect.Value, src any) error {
			field, err := row.FieldByIndexErr(f.Index)
			switch {
			case err == nil:
			case src == nil:
				return nil
			default:
				field = reflectx.FieldByIndexes(row, f.Index) // sets the pointers on the way
			}
			return c.decode(field, src)
		},
	}
	_, optional := reflect.New(typ).Elem().FieldByIndexErr(f.Index)
	if declared, ok := f.Options["type"]; ok {
		column.Type = declared
	} else if c.zero != "" && optional == nil {
		column.NotNull, column.Default = true, c.zero
	}
	return column
}
