package sqlxstore

import (
	"database/sql"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/sqlstore"
)

// form is what a column holds.
type form int

const (
	own form = iota // what the methods of the field's type make of it
	text
	integer
	float
	boolean
	bytes
	instant
	document // JSON
	raw      // JSON to the letter
	forms
)

// codec is how the fields of a type are kept.
type codec struct {
	form form
	// zero is the zero as SQL spells it, or "" where the column may be null.
	zero   string
	encode func(field reflect.Value) (any, error)
	decode func(field reflect.Value, src any) error
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	rawType     = reflect.TypeFor[json.RawMessage]()
	scannerType = reflect.TypeFor[sql.Scanner]()
	jsonTypes   = []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()}
)

// codecOf returns the codec of typ, or false where there is none. The methods
// Value and Scan of a type come before all else, as with database/sql.
func codecOf(typ reflect.Type) (codec, bool) {
	if typ.Kind() == reflect.Pointer {
		c, ok := codecOf(typ.Elem())
		return c.orNull(), ok
	}
	c, ok := codecOfKind(typ)
	valuer, scanner := sqlstore.Valuer(typ), isScanner(typ)
	if valuer != nil {
		c.form, c.zero, c.encode = formOfValuer(typ), "", valuer
	}
	if scanner {
		c.zero, c.decode = "", decodeScanner
	}
	return c, ok || valuer != nil && scanner
}

// orNull returns the codec of a pointer to what c is for: nil is null.
func (c codec) orNull() codec {
	if c.form == document {
		c.encode = encodeJSON // a pointer to nil is other than nil
	}
	return codec{
		form: c.form,
		encode: func(field reflect.Value) (any, error) {
			if field.IsNil() {
				return nil, nil
			}
			return c.encode(field.Elem())
		},
		decode: func(field reflect.Value, src any) error {
			if src == nil {
				field.SetZero()
				return nil
			}
			to := reflect.New(field.Type().Elem())
			field.Set(to)
			return c.decode(to.Elem(), src)
		},
	}
}

// formOfValuer returns the form of what a method Value returns, as far as it
// is known: the Null types of database/sql have the value in their first field.
func formOfValuer(typ reflect.Type) form {
	if typ.PkgPath() != "database/sql" {
		return own
	}
	c, _ := codecOf(typ.Field(0).Type)
	return c.form
}

func isScanner(typ reflect.Type) bool { return reflect.PointerTo(typ).Implements(scannerType) }

func decodeScanner(field reflect.Value, src any) error {
	return field.Addr().Interface().(sql.Scanner).Scan(src)
}

// codecOfKind returns the codec of a type that has no methods.
func codecOfKind(typ reflect.Type) (codec, bool) {
	switch typ {
	case timeType:
		return codec{instant, "", sqlstore.Plain, decodeTime}, true
	case rawType:
		return codec{raw, "", encodeRaw, decodeBytes}, true
	}
	switch typ.Kind() {
	case reflect.String:
		// In parentheses, as MySQL wants it for long texts.
		return codec{text, "('')", sqlstore.Plain, decode(reflect.Value.SetString)}, true
	case reflect.Bool:
		return codec{boolean, "FALSE", sqlstore.Plain, decode(reflect.Value.SetBool)}, true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return codec{integer, "0", sqlstore.Plain, decodeNumber(reflect.Value.SetInt, reflect.Value.OverflowInt)}, true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return codec{integer, "0", sqlstore.Plain, decodeNumber(reflect.Value.SetUint, reflect.Value.OverflowUint)}, true
	case reflect.Float32, reflect.Float64:
		return codec{float, "0", sqlstore.Plain, decodeNumber(reflect.Value.SetFloat, reflect.Value.OverflowFloat)}, true
	case reflect.Slice:
		if typ.Elem().Kind() == reflect.Uint8 {
			return codec{bytes, "", encodeBytes, decodeBytes}, true
		}
		return codec{document, "", encodeJSONOrNull, decodeJSON}, true
	case reflect.Map:
		return codec{document, "", encodeJSONOrNull, decodeJSON}, true
	case reflect.Interface:
		return codec{document, "", encodeJSONOrNull, decodeJSON}, typ.NumMethod() == 0
	case reflect.Array:
		return codec{document, "", encodeJSON, decodeJSON}, true
	case reflect.Struct:
		return codec{document, "", encodeJSON, decodeJSON}, !isOpaque(typ)
	default:
		return codec{}, false
	}
}

// isOpaque tells a struct of which JSON shows nothing.
func isOpaque(typ reflect.Type) bool {
	shows := func(t reflect.Type) bool { return reflect.PointerTo(typ).Implements(t) }
	return typ.NumField() > 0 && !slices.ContainsFunc(jsonTypes, shows) &&
		!slices.ContainsFunc(reflect.VisibleFields(typ), reflect.StructField.IsExported)
}

func encodeBytes(field reflect.Value) (any, error) {
	if field.IsNil() {
		return nil, nil
	}
	return field.Bytes(), nil
}

func encodeRaw(field reflect.Value) (any, error) {
	if field.IsNil() {
		return nil, nil
	}
	if !json.Valid(field.Bytes()) {
		return nil, fmt.Errorf("%w: it is not JSON", core.ErrInvalidValue)
	}
	return string(field.Bytes()), nil
}

func encodeJSONOrNull(field reflect.Value) (any, error) {
	if field.IsNil() {
		return nil, nil
	}
	return encodeJSON(field)
}

func encodeJSON(field reflect.Value) (any, error) {
	b, err := json.Marshal(field.Addr().Interface())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", core.ErrInvalidValue, err)
	}
	return string(b), nil
}
