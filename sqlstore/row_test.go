package sqlstore

import (
	"database/sql"
	"database/sql/driver"
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
	Key   []byte              `db:"key"`
	At    time.Time           `db:"at"`
	Since *time.Time          `db:"since"`
	Until sql.NullTime        `db:"until"`
	Seen  sql.Null[time.Time] `db:"seen"`
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
	d := device{
		User: core.User{CreatedAt: mine}, At: mine, Since: &mine,
		Until: sql.NullTime{Time: mine, Valid: true}, Seen: sql.Null[time.Time]{V: mine, Valid: true},
	}
	s.cutTimes(reflect.ValueOf(&d).Elem())
	for name, got := range map[string]time.Time{
		"created_at": d.CreatedAt, "at": d.At, "since": *d.Since, "until": d.Until.Time, "seen": d.Seen.V,
	} {
		if got != when {
			t.Errorf("%s: got %v, want %v", name, got, when)
		}
	}
	if mine.Nanosecond() != when.Nanosecond()+999 {
		t.Errorf("a variable of the caller was changed to %v", mine)
	}
}

// Where an engine keeps times as text, every kind of field gets them as times.
func TestTimesOfText(t *testing.T) {
	row := make([]driver.Value, len(userColumns), len(userColumns)+5)
	for i := range row {
		row[i] = spelled
	}
	for _, i := range []int{4, 5, 6} {
		row[i] = false
	}
	row[7], row[8] = int64(0), int64(1)
	row = append(row, []byte("key"), []byte(spelled), spelled, []byte(spelled), spelled)
	for _, d := range dialects {
		db, e := openFake(t, func(string, []any) answer { return answer{rows: [][]driver.Value{row}} })
		stores, err := New[device](db, d, columnsFor[device](), Config{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := stores.Users.ByEmail(t.Context(), "a@e.com")
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
			continue
		}
		for name, at := range map[string]time.Time{"at": got.At, "since": *got.Since, "until": got.Until.Time, "seen": got.Seen.V} {
			if at != when {
				t.Errorf("%s: %s: got %v, want %v", d.name, name, at, when)
			}
			if d.readTime != nil && !strings.Contains(e.asked[0], d.readTime("`users`.`"+name+"`")) {
				t.Errorf("%s: %s is read as it is in %s", d.name, name, e.asked[0])
			}
		}
	}
}
