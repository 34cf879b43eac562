package sqlstore

import (
	"database/sql"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

func TestSame(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b any
		want bool
	}{
		{"texts", "a", "a", true},
		{"other texts", "a", "A", false},
		{"zero and null", "", nil, false},
		{"nulls", nil, nil, true},
		{"instants", when, when.In(time.FixedZone("", 60)), true},
		{"time and null", when, nil, false},
		{"bytes", []byte("a"), []byte("a"), true},
		{"no bytes and null", []byte{}, []byte(nil), false},
		{"bytes and null", []byte{}, nil, false},
		{"not numbers", math.NaN(), math.NaN(), true},
		{"kinds", int64(1), 1.0, false},
	} {
		if got := same(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestStorable(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value any
		want  error
	}{
		{"text", "é😀\x01", nil},
		{"NUL", "a\x00", core.ErrInvalidValue},
		{"broken UTF-8", "\xff", core.ErrInvalidValue},
		{"bytes", []byte{0, 255}, nil},
		{"null", nil, nil},
		{"infinity", math.Inf(1), nil},
		{"not a number", math.NaN(), core.ErrInvalidValue},
		{"first instant", time.Time{}, nil},
		{"before the first", time.Time{}.Add(-1), core.ErrInvalidValue},
		{"last year", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), nil},
		{"year 10000", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), core.ErrInvalidValue},
	} {
		if got := storable(tt.value); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

type device struct {
	core.User
	Key   []byte     `db:"key"`
	At    time.Time  `db:"at"`
	Since *time.Time `db:"since"`
}

func deviceStore(t testing.TB) *store {
	t.Helper()
	s, err := newStore[device](new(sql.DB), Postgres(), columnsFor[device](), Config{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What was read of a row does not change with it.
func TestValuesShareNothing(t *testing.T) {
	s := deviceStore(t)
	d := &device{Key: []byte("a")}
	before, err := s.values(reflect.ValueOf(d).Elem())
	if err != nil {
		t.Fatal(err)
	}
	d.Key[0] = 'b'
	after, err := s.values(reflect.ValueOf(d).Elem())
	if key := len(userColumns); err != nil || same(before[key], after[key]) {
		t.Errorf("got %v before and %v after it was changed in place, %v", before[key], after[key], err)
	}
}

func TestValuesNameTheColumn(t *testing.T) {
	columns := columnsFor[core.User]()
	columns[3].Value = func(reflect.Value) (any, error) { return nil, core.ErrInvalidValue }
	s, err := newStore[core.User](new(sql.DB), Postgres(), columns, Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.values(reflect.ValueOf(new(core.User)).Elem())
	if !errors.Is(err, core.ErrInvalidValue) || !strings.Contains(err.Error(), "hashed_password") {
		t.Errorf("got %v, want %v for hashed_password", err, core.ErrInvalidValue)
	}
}

func TestCutTimes(t *testing.T) {
	s := deviceStore(t)
	mine := when.In(time.FixedZone("", 3600)).Add(999)
	d := device{User: core.User{CreatedAt: mine}, At: mine, Since: &mine}
	s.cutTimes(reflect.ValueOf(&d).Elem())
	for name, got := range map[string]time.Time{"created_at": d.CreatedAt, "at": d.At, "since": *d.Since} {
		if got != when {
			t.Errorf("%s: got %v, want %v", name, got, when)
		}
	}
	if mine.Nanosecond() != when.Nanosecond()+999 {
		t.Errorf("a variable of the caller was changed to %v", mine)
	}
}
