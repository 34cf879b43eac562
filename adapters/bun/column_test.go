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
	"github.com/gousher/usher/sqlstore"
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

func columnsOf[T any, U core.UserPtr[T]](t testing.TB, name dialect.Name) []sqlstore.Column {
	t.Helper()
	_, columns, err := mapping[T, U](bun.NewDB(new(sql.DB), newDialect(name)))
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// valuesByName returns what is bound for u, save for the fields of core.User.
func valuesByName(t testing.TB, columns []sqlstore.Column, u *wide) map[string]any {
	t.Helper()
	named := map[string]any{}
	for _, c := range columns {
		v, err := c.Value(reflect.ValueOf(u).Elem())
		if err != nil {
			t.Fatal(err)
		}
		if at, ok := v.(time.Time); ok {
			v = at.UTC().Truncate(time.Microsecond) // as sqlstore does
		}
		if c.Index[0] > 0 {
			named[c.Name] = v
		}
	}
	return named
}

func TestValues(t *testing.T) {
	columns := columnsOf[wide](t, dialect.PG)
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
			got := valuesByName(t, columns, &tt.u)
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

func TestValuesThatCannotBeEncoded(t *testing.T) {
	columns := columnsOf[wide](t, dialect.PG)
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
		var err error
		for _, c := range columns {
			_, failed := c.Value(reflect.ValueOf(&tt.u).Elem())
			err = errors.Join(err, failed)
		}
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

func TestColumnTypes(t *testing.T) {
	type declaring struct {
		wide
		Short  string `bun:"type:varchar(20)"`
		Preset string `bun:",default:'x'"`
		Maybe  string `bun:",nullzero,default:'y'"`
		Port   uint16
		Count  *uint32
		JSON   any `bun:"type:json"`
	}
	for _, tt := range []struct {
		on   dialect.Name
		want map[string]string
	}{
		{dialect.SQLite, map[string]string{
			"city": "VARCHAR", "text": "VARCHAR NOT NULL DEFAULT ('')", "colour": "VARCHAR NOT NULL DEFAULT ('')",
			"flag": "BOOLEAN NOT NULL DEFAULT FALSE", "small": "SMALLINT NOT NULL DEFAULT 0",
			"ratio": "DOUBLE PRECISION NOT NULL DEFAULT 0", "at": "TIMESTAMP", "bytes": "BLOB", "p_text": "VARCHAR",
			"tags": "VARCHAR", "struct": "VARCHAR", "null_text": "VARCHAR", "balance": "VARCHAR", "no_text": "VARCHAR", "addr": "VARCHAR",
			"short": "varchar(20) NOT NULL DEFAULT ('')", "preset": "VARCHAR NOT NULL DEFAULT 'x'", "maybe": "VARCHAR DEFAULT 'y'",
			"port": "INTEGER NOT NULL DEFAULT 0", "count": "BIGINT", "json": "TEXT",
		}},
		{dialect.PG, map[string]string{"json": "json", "any": "jsonb"}},
		{dialect.MySQL, map[string]string{
			"text": "LONGTEXT NOT NULL DEFAULT ('')", "short": "varchar(20) NOT NULL DEFAULT ('')", "p_text": "LONGTEXT",
			"tags": "LONGTEXT", "bytes": "LONGBLOB", "at": "DATETIME(6)", "json": "json", "ratio": "DOUBLE PRECISION NOT NULL DEFAULT 0",
		}},
	} {
		for _, c := range columnsOf[declaring](t, tt.on) {
			want, ok := tt.want[c.Name]
			if !ok {
				continue
			}
			got := c.Type
			if c.NotNull {
				got += " NOT NULL"
			}
			if c.Default != "" {
				got += " DEFAULT " + c.Default
			}
			if got != want {
				t.Errorf("%v: %s: got %s, want %s", tt.on, c.Name, got, want)
			}
			delete(tt.want, c.Name)
		}
		if len(tt.want) > 0 {
			t.Errorf("%v: there are no columns %v", tt.on, tt.want)
		}
	}
}
