package bunstore

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/sqlstore"
	"github.com/uptrace/bun/extra/bunjson"
	"github.com/uptrace/bun/schema"
)

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	appender = reflect.TypeFor[schema.QueryAppender]()
)

// encoder returns how the values of f are bound, or nil where that is an
// affair of bun. It follows bun's own choice of how to write a type.
func encoder(f *schema.Field) func(reflect.Value) (any, error) {
	declared, _ := f.Tag.Option("type")
	valuer := sqlstore.Valuer(f.StructField.Type)
	switch {
	case onlyBun(f, declared):
		return nil
	case f.IndirectType == rawType:
		return func(v reflect.Value) (any, error) { return encodeRaw(reflect.Indirect(v).Bytes()), nil }
	case valuer != nil:
		return valuer
	case isAddress(f.IndirectType):
		return encodeAddress
	case isJSON(declared):
		return encodeJSON
	case reflect.PointerTo(f.IndirectType).Implements(appender):
		return nil
	}
	switch f.IndirectType.Kind() {
	case reflect.Interface, reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return sqlstore.Plain
	case reflect.Struct, reflect.Slice:
		if f.IndirectType == timeType || f.IndirectType.Kind() == reflect.Slice && f.IndirectType.Elem().Kind() == reflect.Uint8 {
			return sqlstore.Plain
		}
		return encodeJSON
	case reflect.Map:
		return encodeJSON
	case reflect.Array:
		if f.IndirectType.Elem().Kind() == reflect.Uint8 {
			return encodeBytes
		}
	}
	return nil
}

// onlyBun tells fields whose form in SQL is an affair of bun's dialect.
func onlyBun(f *schema.Field, declared string) bool {
	for _, option := range []string{"array", "hstore", "composite", "multirange"} {
		if f.Tag.HasOption(option) {
			return true
		}
	}
	return strings.HasSuffix(declared, "[]") || strings.HasSuffix(declared, "multirange")
}

func isJSON(sqlType string) bool {
	return strings.EqualFold(sqlType, "json") || strings.EqualFold(sqlType, "jsonb")
}

// isAddress tells the types that bun reads from their text.
func isAddress(typ reflect.Type) bool {
	switch typ {
	case reflect.TypeFor[net.IP](), reflect.TypeFor[net.IPNet](), reflect.TypeFor[netip.Addr](), reflect.TypeFor[netip.Prefix]():
		return true
	}
	return false
}

// encodeAddress makes a zero null: bun cannot read the text of one.
func encodeAddress(v reflect.Value) (any, error) {
	if v = reflect.Indirect(v); v.IsZero() {
		return nil, nil
	}
	return v.Addr().Interface().(fmt.Stringer).String(), nil
}

func encodeBytes(v reflect.Value) (any, error) {
	b := make([]byte, reflect.Indirect(v).Len())
	reflect.Copy(reflect.ValueOf(b), reflect.Indirect(v))
	return b, nil
}

func encodeRaw(b []byte) any {
	if b == nil {
		return nil
	}
	return string(b)
}

func encodeJSON(v reflect.Value) (any, error) {
	b, err := bunjson.Marshal(v.Interface())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", core.ErrInvalidValue, err)
	}
	return strings.TrimSuffix(string(b), "\n"), nil
}

// unquote returns the value of a literal that bun wrote: NULL or a text.
func unquote(literal string) (any, error) {
	if literal == "NULL" {
		return nil, nil
	}
	text, opened := strings.CutPrefix(literal, "'")
	text, closed := strings.CutSuffix(text, "'")
	if !opened || !closed || strings.Contains(strings.ReplaceAll(text, "''", ""), "'") {
		return nil, fmt.Errorf("%w: bun writes no literal", core.ErrInvalidValue)
	}
	return strings.ReplaceAll(text, "''", "'"), nil
}
