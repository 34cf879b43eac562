package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"math"
	"reflect"
	"testing"

	"github.com/gousher/usher/core"
)

// broken is a Valuer by its pointer that has no value.
type broken struct{}

func (*broken) Value() (driver.Value, error) { return nil, io.ErrUnexpectedEOF }

func TestValuer(t *testing.T) {
	text := sql.NullString{String: "a", Valid: true}
	for _, tt := range []struct {
		name  string
		field any // a pointer to it
		want  any
		err   error
	}{
		{"by value", &text, "a", nil},
		{"a pointer", new(&text), "a", nil},
		{"by pointer", &broken{}, nil, io.ErrUnexpectedEOF},
	} {
		field := reflect.ValueOf(tt.field).Elem()
		got, err := Valuer(field.Type())(field)
		if got != tt.want || err != tt.err {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
	if Valuer(timeTypes[0]) != nil {
		t.Error("a time.Time has no method Value")
	}
}

func TestPlain(t *testing.T) {
	for _, tt := range []struct {
		name  string
		field any
		want  any
		err   error
	}{
		{"number", uint8(7), int64(7), nil},
		{"pointer", new("a"), "a", nil},
		{"above the signed numbers", uint64(math.MaxUint64), nil, core.ErrInvalidValue},
	} {
		got, err := Plain(reflect.ValueOf(tt.field))
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.name, got, err, tt.want, tt.err)
		}
	}
}
