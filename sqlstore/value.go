package sqlstore

import (
	"database/sql/driver"
	"fmt"
	"reflect"

	"github.com/gousher/usher/core"
)

var valuerType = reflect.TypeFor[driver.Valuer]()

// Valuer returns how an adapter binds a field of type typ by a method Value,
// the type's or its pointer's, or nil where there is none. The error is that
// of the method. The field must not be a nil pointer.
func Valuer(typ reflect.Type) func(field reflect.Value) (any, error) {
	switch {
	case typ.Implements(valuerType):
		return func(field reflect.Value) (any, error) { return convert(field.Interface()) }
	case reflect.PointerTo(typ).Implements(valuerType):
		return func(field reflect.Value) (any, error) { return convert(field.Addr().Interface()) }
	default:
		return nil
	}
}

// Plain returns what an adapter binds for a bool, a number, a text, bytes, a
// time, or a pointer to one of them. The error wraps core.ErrInvalidValue:
// database/sql binds no number above math.MaxInt64.
func Plain(field reflect.Value) (any, error) {
	value, err := convert(field.Interface())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", core.ErrInvalidValue, err)
	}
	return value, nil
}

func convert(v any) (any, error) { return driver.DefaultParameterConverter.ConvertValue(v) }
