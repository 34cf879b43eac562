package sqlxstore

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

// balance is a Valuer by its pointer only.
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

type (
	colour  string
	key     []byte
	address struct{ City string }
	Profile struct {
		City string
		Zip  *string
	}
)

// wide has a field of every kind that is kept in its own way.
type wide struct {
	core.User
	address
	*Profile `db:"profile"`
	Text     string
	Colour   colour
	Flag     bool
	Small    int8
	Port     uint16
	Unsigned uint64
	Ratio    float32
	At       time.Time
	Bytes    []byte
	Key      key
	PText    *string
	PAt      *time.Time
	PTags    *[]string
	Tags     []string
	Map      map[string]any
	Struct   struct{ A int }
	Array    [2]byte
	Raw      json.RawMessage
	Any      any
	Addr     netip.Addr
	NullText sql.NullString
	NullAt   sql.NullTime
	NullInt  sql.Null[int16]
	Balance  balance `db:"balance,type=numeric"`
	PBalance *balance
	Short    string `db:"short,type=varchar(20),omitempty"`
	Left     string `db:"-"`
	hidden   string
}

func TestValues(t *testing.T) {
	columns := columnsFor[wide](t, "pgx")
	text, cents, at := "", int64(5), when.In(time.FixedZone("", 3600))
	full := wide{
		address: address{"Köln"}, Profile: &Profile{City: "Bonn"},
		Text: "?0 $1 '", Colour: "red", Flag: true, Small: -8, Port: 65535, Unsigned: math.MaxInt64, Ratio: 0.5, At: at, Bytes: []byte{}, Key: key("k"),
		PText: &text, PAt: &at, PTags: new([]string), Tags: []string{}, Map: map[string]any{"b": 1, "a": nil}, Array: [2]byte{1, 2},
		Raw: json.RawMessage(`{"z": 1}`), Any: "x", Addr: netip.MustParseAddr("::1"), NullText: sql.NullString{Valid: true},
		NullAt: sql.NullTime{Time: at, Valid: true}, NullInt: sql.Null[int16]{V: 3, Valid: true},
		Balance: balance{&cents}, PBalance: &balance{&cents}, Short: "s", Left: "x", hidden: "x",
	}
	for _, tt := range []struct {
		name string
		u    wide
		want map[string]any
	}{
		{"full", full, map[string]any{
			"city": "Köln", "profile.city": "Bonn", "profile.zip": nil,
			"text": "?0 $1 '", "colour": "red", "flag": true, "small": int64(-8), "port": int64(65535), "unsigned": int64(math.MaxInt64),
			"ratio": 0.5, "at": at, "bytes": []byte{}, "key": []byte("k"), "ptext": "", "pat": at, "ptags": "null", "tags": "[]",
			"map": `{"a":null,"b":1}`, "struct": `{"A":0}`, "array": "[1,2]", "raw": `{"z": 1}`, "any": `"x"`, "addr": `"::1"`,
			"nulltext": "", "nullat": at, "nullint": int64(3), "balance": int64(5), "pbalance": int64(5), "short": "s",
		}},
		{"zero", wide{Balance: balance{&cents}}, map[string]any{
			"city": "", "profile.city": nil, "profile.zip": nil,
			"text": "", "colour": "", "flag": false, "small": int64(0), "port": int64(0), "unsigned": int64(0),
			"ratio": 0.0, "at": time.Time{}, "bytes": nil, "key": nil, "ptext": nil, "pat": nil, "ptags": nil, "tags": nil,
			"map": nil, "struct": `{"A":0}`, "array": "[0,0]", "raw": nil, "any": nil, "addr": `""`,
			"nulltext": nil, "nullat": nil, "nullint": nil, "balance": int64(5), "pbalance": nil, "short": "",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, c := range columns {
				got, err := c.Value(reflect.ValueOf(&tt.u).Elem())
				want, ok := tt.want[name]
				if err != nil || !ok || !reflect.DeepEqual(got, want) {
					t.Errorf("%s: got %#v, %v, want %#v", name, got, err, want)
				}
			}
			if len(columns) != len(tt.want) {
				t.Errorf("got %d columns, want %d", len(columns), len(tt.want))
			}
		})
	}
}

func TestValuesThatCannotBeEncoded(t *testing.T) {
	columns := columnsFor[wide](t, "pgx")
	overdrawn := int64(-1)
	for _, tt := range []struct {
		column string
		u      wide
		want   error
	}{
		{"map", wide{Map: map[string]any{"x": math.NaN()}}, core.ErrInvalidValue},
		{"any", wide{Any: func() {}}, core.ErrInvalidValue},
		{"raw", wide{Raw: json.RawMessage("{")}, core.ErrInvalidValue},
		{"unsigned", wide{Unsigned: math.MaxUint64}, core.ErrInvalidValue},
		{"balance", wide{Balance: balance{&overdrawn}}, errOverdrawn},
	} {
		got, err := columns[tt.column].Value(reflect.ValueOf(&tt.u).Elem())
		if got != nil || !errors.Is(err, tt.want) || errors.Is(err, core.ErrInvalidValue) != (tt.want == core.ErrInvalidValue) {
			t.Errorf("%s: got %v, %v, want %v", tt.column, got, err, tt.want)
		}
	}
}

func TestScan(t *testing.T) {
	columns := columnsFor[wide](t, "pgx")
	const spelled = "2026-05-17 11:42:13.987654+00:00"
	text, cents, none := "a", int64(5), []string(nil)
	for _, tt := range []struct {
		column string
		srcs   []any // what drivers return
		want   wide
	}{
		{"city", []any{"a", []byte("a")}, wide{address: address{"a"}}},
		{"profile.city", []any{"a"}, wide{Profile: &Profile{City: "a"}}},
		{"profile.zip", []any{"a"}, wide{Profile: &Profile{Zip: &text}}},
		{"profile.city", []any{nil}, wide{}},
		{"text", []any{"a", []byte("a")}, wide{Text: "a"}},
		{"text", []any{int64(7), []byte("7")}, wide{Text: "7"}},
		{"colour", []any{"red", []byte("red")}, wide{Colour: "red"}},
		{"flag", []any{true, int64(1), []byte("1"), "true", "t"}, wide{Flag: true}},
		{"flag", []any{false, int64(0), []byte("0"), nil}, wide{}},
		{"small", []any{int64(-8), []byte("-8"), "-8"}, wide{Small: -8}},
		{"unsigned", []any{int64(8), uint64(8), []byte("8")}, wide{Unsigned: 8}},
		{"ratio", []any{0.5, float32(0.5), []byte("0.5"), "5e-1"}, wide{Ratio: 0.5}},
		{"ratio", []any{int64(2)}, wide{Ratio: 2}},
		{"at", []any{when, spelled, []byte(spelled)}, wide{At: when}},
		{"at", []any{nil}, wide{}},
		{"bytes", []any{[]byte("a"), "a"}, wide{Bytes: []byte("a")}},
		{"bytes", []any{[]byte{}, "", []byte(nil)}, wide{Bytes: []byte{}}},
		{"bytes", []any{nil}, wide{}},
		{"key", []any{[]byte("a")}, wide{Key: key("a")}},
		{"ptext", []any{"a", []byte("a")}, wide{PText: &text}},
		{"ptext", []any{nil}, wide{}},
		{"pat", []any{when, spelled}, wide{PAt: new(when)}},
		{"ptags", []any{`["a"]`, []byte(`["a"]`)}, wide{PTags: &[]string{"a"}}},
		{"ptags", []any{"null"}, wide{PTags: &none}},
		{"tags", []any{`["a"]`, []byte(`["a"]`)}, wide{Tags: []string{"a"}}},
		{"tags", []any{"[]"}, wide{Tags: []string{}}},
		{"tags", []any{nil, "null"}, wide{}}, // as adapters/bun writes it
		{"map", []any{`{"a":1}`}, wide{Map: map[string]any{"a": 1.0}}},
		{"struct", []any{`{"A":7}`}, wide{Struct: struct{ A int }{7}}},
		{"array", []any{"[1,2]"}, wide{Array: [2]byte{1, 2}}},
		{"raw", []any{`{"z": 1}`, []byte(`{"z": 1}`)}, wide{Raw: json.RawMessage(`{"z": 1}`)}},
		{"any", []any{int64(1), []byte("1"), "1"}, wide{Any: 1.0}}, // SQLite makes JSON a number in some columns
		{"addr", []any{`"::1"`}, wide{Addr: netip.MustParseAddr("::1")}},
		{"nulltext", []any{"a", []byte("a")}, wide{NullText: sql.NullString{String: "a", Valid: true}}},
		{"nullat", []any{when}, wide{NullAt: sql.NullTime{Time: when, Valid: true}}},
		{"nullint", []any{int64(3), []byte("3")}, wide{NullInt: sql.Null[int16]{V: 3, Valid: true}}},
		{"nullint", []any{nil}, wide{}},
		{"balance", []any{int64(5)}, wide{Balance: balance{&cents}}},
		{"pbalance", []any{int64(5)}, wide{PBalance: &balance{&cents}}},
		{"pbalance", []any{nil}, wide{}},
	} {
		for _, src := range tt.srcs {
			var got wide
			err := columns[tt.column].Scan(reflect.ValueOf(&got).Elem(), src)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s: %#v: got %+v, %v, want %+v", tt.column, src, got, err, tt.want)
			}
		}
	}
}

// What a driver returns is its own again after Scan.
func TestScanCopies(t *testing.T) {
	columns := columnsFor[wide](t, "pgx")
	var got wide
	for _, name := range []string{"text", "bytes", "raw", "tags", "any", "nulltext"} {
		src := []byte(`["a"]`)
		if err := columns[name].Scan(reflect.ValueOf(&got).Elem(), src); err != nil {
			t.Fatal(err)
		}
		copy(src, "XXXXX")
	}
	const text = `["a"]`
	want := wide{
		Text: text, Bytes: []byte(text), Raw: json.RawMessage(text), Tags: []string{"a"}, Any: []any{"a"},
		NullText: sql.NullString{String: text, Valid: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestScanFails(t *testing.T) {
	columns := columnsFor[wide](t, "pgx")
	for _, tt := range []struct {
		column string
		src    any
	}{
		{"flag", "maybe"}, {"flag", int64(2)}, {"small", int64(128)}, {"small", "a"}, {"port", int64(-1)}, {"port", int64(65536)},
		{"ratio", 1e300}, {"at", "today"}, {"at", int64(1)}, {"tags", "{"}, {"tags", `"a"`}, {"nullint", "a"}, {"bytes", struct{}{}},
	} {
		var got wide
		if err := columns[tt.column].Scan(reflect.ValueOf(&got).Elem(), tt.src); err == nil {
			t.Errorf("%s: %#v: got %+v, want an error", tt.column, tt.src, got)
		}
	}
}

func TestColumnTypes(t *testing.T) {
	// Those that are the same on every engine.
	same := map[string]string{
		"flag": "boolean NOT NULL DEFAULT FALSE", "balance": "numeric", "pbalance": "", "short": "varchar(20)",
	}
	for driver, want := range map[string]map[string]string{
		"pgx": {
			"city": "text NOT NULL DEFAULT ('')", "profile.city": "text", "text": "text NOT NULL DEFAULT ('')", "colour": "text NOT NULL DEFAULT ('')",
			"small": "bigint NOT NULL DEFAULT 0", "port": "bigint NOT NULL DEFAULT 0", "ratio": "double precision NOT NULL DEFAULT 0",
			"at": "timestamptz", "bytes": "bytea", "ptext": "text", "ptags": "jsonb", "struct": "jsonb", "array": "jsonb", "raw": "json", "any": "jsonb",
			"nulltext": "text", "nullat": "timestamptz", "nullint": "bigint",
		},
		"mysql": {
			"profile.city": "longtext", "text": "longtext NOT NULL DEFAULT ('')", "small": "bigint NOT NULL DEFAULT 0", "ratio": "double NOT NULL DEFAULT 0",
			"at": "datetime(6)", "pat": "datetime(6)", "bytes": "longblob", "tags": "longtext", "raw": "longtext", "nullat": "datetime(6)",
		},
		"sqlite": {
			"text": "text NOT NULL DEFAULT ('')", "small": "integer NOT NULL DEFAULT 0", "ratio": "real NOT NULL DEFAULT 0",
			"at": "text", "bytes": "blob", "tags": "text", "raw": "text", "nullat": "text", "nullint": "integer",
		},
	} {
		columns := columnsFor[wide](t, driver)
		for _, all := range []map[string]string{same, want} {
			for name, want := range all {
				c := columns[name]
				got := c.Type
				if c.NotNull {
					got += " NOT NULL"
				}
				if c.Default != "" {
					got += " DEFAULT " + c.Default
				}
				if got != want {
					t.Errorf("%s: %s: got %s, want %s", driver, name, got, want)
				}
			}
		}
	}
}
