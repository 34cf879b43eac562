package bunstore

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"math"
	"net"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// balance is a Valuer by its pointer only, whose fields Clone cannot copy.
type balance struct{ cents *int64 }

func (b *balance) Value() (driver.Value, error) {
	if *b.cents < 0 {
		return nil, errOverdrawn
	}
	return *b.cents, nil
}

func (b *balance) Scan(src any) error {
	cents := src.(int64)
	b.cents = &cents
	return nil
}

var errOverdrawn = errors.New("overdrawn")

// digest is a Scanner and no Valuer.
type digest [2]byte

func (d *digest) Scan(src any) error { copy(d[:], src.([]byte)); return nil }

type colour string

type address struct{ City string }

// wide has a field of every kind that is written in its own way.
type wide struct {
	core.User
	*address
	Text     string
	Colour   colour
	Flag     bool
	Small    int8
	Unsigned uint64
	Ratio    float64
	At       time.Time
	Bytes    []byte
	PText    *string
	PAt      *time.Time
	PTags    *[]string
	Tags     []string
	Map      map[string]any
	Struct   struct{ A int }
	Raw      json.RawMessage
	Any      any `bun:"type:jsonb"`
	NullText sql.NullString
	Balance  balance
	NoText   string    `bun:",nullzero"`
	NoTime   time.Time `bun:",nullzero"`
	Addr     netip.Addr
	IP       net.IP
	BunTime  bun.NullTime
	Digest   digest
	Loose    any
	Left     string `bun:"-"`
}

func mappingOf[T any, U core.UserPtr[T]](t testing.TB, name dialect.Name) *mapping {
	t.Helper()
	m, err := newMapping[T, U](bun.NewDB(new(sql.DB), newDialect(name)), Config{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// valuesByName returns what the columns of u hold, save those of core.User.
func valuesByName(t testing.TB, m *mapping, u *wide) map[string]any {
	t.Helper()
	values, err := m.values(reflect.ValueOf(u).Elem())
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]any{}
	for i, c := range m.columns {
		if c.Index[0] > 0 {
			named[c.Name] = values[i]
		}
	}
	return named
}

func TestValues(t *testing.T) {
	m := mappingOf[wide](t, dialect.PG)
	zone := time.FixedZone("", 3600)
	text, cents := "", int64(5)
	at := when.In(zone).Add(999)
	full := wide{
		address: &address{"Köln"},
		Text:    "?0 $1 '", Colour: "red", Flag: true, Small: -8, Unsigned: math.MaxInt64, Ratio: 0.1, At: at, Bytes: []byte{},
		PText: &text, PAt: &at, PTags: &[]string{"a"}, Tags: []string{}, Map: map[string]any{"b": 1, "a": nil}, Raw: json.RawMessage(`{"z": 1}`),
		Any: "x", NullText: sql.NullString{Valid: true}, Balance: balance{&cents}, NoText: "x", NoTime: at,
		Addr: netip.MustParseAddr("::1"), IP: net.IPv4(10, 0, 0, 1), BunTime: bun.NullTime{Time: at}, Digest: digest{1, 2}, Loose: 7, Left: "x",
	}
	for _, tt := range []struct {
		name string
		u    wide
		want map[string]any
	}{
		{"full", full, map[string]any{
			"city": "Köln", "text": "?0 $1 '", "colour": "red", "flag": true, "small": int64(-8), "unsigned": int64(math.MaxInt64),
			"ratio": 0.1, "at": when, "bytes": []byte{}, "p_text": "", "p_at": when, "p_tags": `["a"]`, "tags": "[]", "map": `{"a":null,"b":1}`,
			"struct": `{"A":0}`, "raw": `{"z": 1}`, "any": `"x"`, "null_text": "", "balance": int64(5), "no_text": "x", "no_time": when,
			"addr": "::1", "ip": "10.0.0.1", "bun_time": "2026-05-17 11:42:13.987654+00:00",
			"digest": []byte{1, 2}, "loose": int64(7),
		}},
		{"zero", wide{Balance: balance{&cents}}, map[string]any{
			"city": nil, "text": "", "colour": "", "flag": false, "small": int64(0), "unsigned": int64(0),
			"ratio": 0.0, "at": time.Time{}, "bytes": []byte(nil), "p_text": nil, "p_at": nil, "p_tags": nil, "tags": "null", "map": "null",
			"struct": `{"A":0}`, "raw": nil, "any": "null", "null_text": nil, "balance": int64(5), "no_text": nil, "no_time": nil,
			"addr": nil, "ip": nil, "bun_time": nil,
			"digest": []byte{0, 0}, "loose": nil,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := valuesByName(t, m, &tt.u)
			for name, want := range tt.want {
				if !reflect.DeepEqual(got[name], want) {
					t.Errorf("%s: got %#v, want %#v", name, got[name], want)
				}
			}
			if len(got) != len(tt.want) {
				t.Errorf("got %d columns, want %d", len(got), len(tt.want))
			}
			if tt.u.address == nil && tt.want["city"] != nil {
				t.Error("the embedded pointer was set")
			}
		})
	}
}

func TestValuesShareNothing(t *testing.T) {
	m := mappingOf[wide](t, dialect.SQLite)
	cents := int64(5)
	u := wide{Bytes: []byte("a"), Tags: []string{"a"}, Raw: json.RawMessage("1"), Balance: balance{&cents}}
	before := valuesByName(t, m, &u)
	u.Bytes[0], u.Tags[0], u.Raw[0], *u.Balance.cents = 'b', "b", '2', 6
	after := valuesByName(t, m, &u)
	for _, name := range []string{"bytes", "tags", "raw", "balance"} {
		if same(before[name], after[name]) {
			t.Errorf("%s: got %v before and after it was changed in place", name, after[name])
		}
	}
}

func TestValuesThatCannotBeEncoded(t *testing.T) {
	m := mappingOf[wide](t, dialect.PG)
	cents, overdrawn := int64(5), int64(-1)
	for _, tt := range []struct {
		name string
		u    wide
		want error
	}{
		{"JSON of NaN", wide{Balance: balance{&cents}, Map: map[string]any{"x": math.NaN()}}, core.ErrInvalidValue},
		{"half of uint64", wide{Balance: balance{&cents}, Unsigned: math.MaxUint64}, core.ErrInvalidValue},
		{"error of a Valuer", wide{Balance: balance{&overdrawn}}, errOverdrawn},
	} {
		_, err := m.values(reflect.ValueOf(&tt.u).Elem())
		if !errors.Is(err, tt.want) || errors.Is(err, core.ErrInvalidValue) != (tt.want == core.ErrInvalidValue) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestUnquote(t *testing.T) {
	for _, tt := range []struct {
		literal string
		want    any // or core.ErrInvalidValue
	}{
		{"NULL", nil},
		{"''", ""},
		{"''''", "'"},
		{`'{"a","''$1 ?"}'`, `{"a","'$1 ?"}`},
		{"", core.ErrInvalidValue},
		{"'", core.ErrInvalidValue},
		{"'''", core.ErrInvalidValue},
		{"'a' || 'b'", core.ErrInvalidValue},
		{"?!(bun: string contains a NUL byte (0x00))", core.ErrInvalidValue},
		{"now()", core.ErrInvalidValue},
	} {
		got, err := unquote(tt.literal)
		if want, ok := tt.want.(error); ok {
			if !errors.Is(err, want) {
				t.Errorf("%s: got %v, %v, want %v", tt.literal, got, err, want)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("%s: got %v, %v, want %v", tt.literal, got, err, tt.want)
		}
	}
}

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

func TestCutTimes(t *testing.T) {
	m := mappingOf[wide](t, dialect.SQLite)
	mine := when.In(time.FixedZone("", 3600)).Add(999)
	u := wide{User: core.User{CreatedAt: mine}, At: mine, PAt: &mine}
	m.cutTimes(reflect.ValueOf(&u).Elem())
	for name, got := range map[string]time.Time{"created_at": u.CreatedAt, "at": u.At, "p_at": *u.PAt} {
		if got != when {
			t.Errorf("%s: got %v, want %v", name, got, when)
		}
	}
	if mine.Nanosecond() != when.Nanosecond()+999 {
		t.Errorf("a variable of the caller was changed to %v", mine)
	}
}
