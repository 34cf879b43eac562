package sqlxstore

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/gousher/usher/sqlstore"
)

// converted returns src as a V, in the way of database/sql, and the zero for
// null. It shares no memory with src.
func converted[V any](src any) (V, error) {
	var to sql.Null[V]
	err := to.Scan(src)
	return to.V, err
}

func decode[V any](set func(reflect.Value, V)) func(reflect.Value, any) error {
	return func(field reflect.Value, src any) error {
		v, err := converted[V](src)
		if err == nil {
			set(field, v)
		}
		return err
	}
}

func decodeNumber[V int64 | uint64 | float64](set func(reflect.Value, V), overflows func(reflect.Value, V) bool) func(reflect.Value, any) error {
	return func(field reflect.Value, src any) error {
		v, err := converted[V](src)
		if err != nil {
			return err
		}
		if overflows(field, v) {
			return fmt.Errorf("sqlxstore: %v does not fit a %v", v, field.Type())
		}
		set(field, v)
		return nil
	}
}

func decodeTime(field reflect.Value, src any) error {
	return (*sqlstore.Time)(field.Addr().Interface().(*time.Time)).Scan(src)
}

// decodeBytes tells no bytes from null, whatever the driver returns for them.
func decodeBytes(field reflect.Value, src any) error {
	b, err := converted[[]byte](src)
	if err != nil {
		return err
	}
	if b == nil && src != nil {
		b = []byte{}
	}
	field.SetBytes(b)
	return nil
}

func decodeJSON(field reflect.Value, src any) error {
	field.SetZero()
	b, err := converted[[]byte](src)
	if err != nil || src == nil {
		return err
	}
	return json.Unmarshal(b, field.Addr().Interface())
}
