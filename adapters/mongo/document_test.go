package mongostore

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"go.mongodb.org/mongo-driver/v2/bson"
)

type visit struct {
	At   time.Time  `bson:"at"`
	Left *time.Time `bson:"left"`
}

type member struct {
	core.User `bson:",inline"`
	Nickname  string            `bson:"nickname"`
	Motto     string            `bson:"motto,omitempty"`
	Limits    map[string]int64  `bson:"limits"`
	Visits    []visit           `bson:"visits"`
	ByDay     map[string]*visit `bson:"by_day"`
	Odd       string            `bson:"$odd.name"`
}

var when = time.Date(2026, 5, 17, 11, 42, 13, 987654321, time.UTC)

// kept returns the document of u, as the server would have it.
func kept(t *testing.T, u *member, ids IDs) bson.Raw {
	t.Helper()
	fields, err := encode(u)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := bson.Marshal(append(by(idField, ids.value(u.ID)), fields...))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentReadsBack(t *testing.T) {
	early := time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
	exact := when.Truncate(time.Microsecond)
	for _, want := range []*member{
		{},
		{
			User:     core.User{Email: "Ann@e.com", EmailKey: "ann@e.com", Revision: 3, CreatedAt: exact, UpdatedAt: early},
			Nickname: "Zoë \x00 😀", Motto: `{"$gt":""}`, Odd: "x",
			Limits: map[string]int64{"$where": math.MaxInt64, "a.b": 1<<53 + 1, "": -1, "100%": 2, "%24": 3, "a%/b": 4},
			Visits: []visit{{At: exact}, {At: early, Left: &exact}},
			ByDay:  map[string]*visit{"2026.05": {At: exact}, "none": nil},
		},
		{Limits: map[string]int64{}, Visits: []visit{}, ByDay: map[string]*visit{}},
	} {
		want.ID = UUIDs.make()
		got, err := decode[member](kept(t, want, UUIDs), UUIDs)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

// What is kept has no name that is an operator or a path, and dates that
// everybody can read.
func TestDocumentIsPlain(t *testing.T) {
	u := &member{Limits: map[string]int64{"$where": 1, "a.b": 2}, Odd: "x"}
	u.ID, u.CreatedAt = UUIDs.make(), when
	doc := kept(t, u, UUIDs)
	if text := doc.String(); strings.Contains(text, `"$where"`) || strings.Contains(text, `"a.b"`) || strings.Contains(text, `"$odd`) {
		t.Errorf("a name is not escaped: %s", text)
	}
	if got := doc.Lookup("limits", "%24where").AsInt64(); got != 1 {
		t.Errorf("got %d, want 1", got)
	}
	if got := doc.Lookup("created_at").Time(); !got.Equal(when.Truncate(time.Millisecond)) {
		t.Errorf("got %v, want %v to the millisecond", got, when)
	}
	if got := doc.Lookup("micros", "created_at").AsInt64(); got != 654 {
		t.Errorf("got %d microseconds, want 654", got)
	}
}

// A document that somebody else wrote, and one that says of a date what is no
// longer true, are read as far as they go.
func TestDocumentOfOthers(t *testing.T) {
	id := bson.NewObjectID()
	doc, err := bson.Marshal(bson.D{
		{Key: "_id", Value: id}, {Key: "email", Value: "a@e.com"}, {Key: "unknown", Value: "x"}, {Key: "limits", Value: nil},
		{Key: "created_at", Value: bson.NewDateTimeFromTime(when)}, {Key: "micros", Value: "nonsense"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode[member](doc, ObjectIDs)
	if err != nil {
		t.Fatal(err)
	}
	want := &member{User: core.User{ID: id.Hex(), Email: "a@e.com", CreatedAt: when.Truncate(time.Millisecond)}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, ids := range []IDs{UUIDs, TextIDs} {
		if _, err := decode[member](doc, ids); err == nil {
			t.Errorf("an ObjectID was taken for an id of the form %d", ids)
		}
	}
}

func TestDocumentRefuses(t *testing.T) {
	for name, u := range map[string]*member{
		"broken text": {Nickname: "a\xff"}, "NUL in a key": {Limits: map[string]int64{"a\x00": 1}},
	} {
		if _, err := encode(u); !errors.Is(err, core.ErrInvalidValue) {
			t.Errorf("%s: got %v, want %v", name, err, core.ErrInvalidValue)
		}
	}
}

func TestDifference(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*member)
		want   string
	}{
		"nothing":      {func(*member) {}, `null`},
		"a field":      {func(m *member) { m.Nickname = "Ann" }, `{"$set":{"nickname":"Ann"}}`},
		"microseconds": {func(m *member) { m.CreatedAt = m.CreatedAt.Add(time.Microsecond) }, `{"$set":{"micros":{"created_at":655}}}`},
		"whole millisecond": {func(m *member) { m.CreatedAt = m.CreatedAt.Truncate(time.Millisecond) },
			`{"$unset":{"micros":""}}`},
		"to and from nothing": {func(m *member) { m.Motto, m.Limits = "", map[string]int64{} },
			`{"$set":{"limits":{}},"$unset":{"motto":""}}`},
	} {
		u := &member{Motto: "carpe diem"}
		u.CreatedAt = when
		read, err := encode(u)
		if err != nil {
			t.Fatal(err)
		}
		tt.change(u)
		altered, err := encode(u)
		if err != nil {
			t.Fatal(err)
		}
		got := "null"
		if changes := difference(read, altered); changes != nil {
			text, err := bson.MarshalExtJSON(changes, false, false)
			if err != nil {
				t.Fatal(err)
			}
			got = string(text)
		}
		if got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

func TestIDs(t *testing.T) {
	for _, tt := range []struct {
		ids      IDs
		id, want string // "" where it is none
	}{
		{UUIDs, "0190C0DE-0000-7000-8000-00000000000A", "0190c0de-0000-7000-8000-00000000000a"},
		{UUIDs, "0190c0de", ""},
		{TextIDs, "Ann/1 ü", "Ann/1 ü"},
		{TextIDs, "a\x00", ""},
		{ObjectIDs, "65F0AA00BB11CC22DD33EE44", "65f0aa00bb11cc22dd33ee44"},
		{ObjectIDs, "65f0aa00bb11cc22dd33ee4", ""},
		{ObjectIDs, "65f0aa00bb11cc22dd33ee4g", ""},
		{ObjectIDs, "0190c0de-0000-7000-8000-00000000000a", ""},
	} {
		got, ok := tt.ids.parse(tt.id)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%q: got %q, %v, want %q", tt.id, got, ok, tt.want)
		}
		if !ok {
			continue
		}
		typ, value, err := bson.MarshalValue(tt.ids.value(got))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := tt.ids.text(bson.RawValue{Type: typ, Value: value}); err != nil || back != got {
			t.Errorf("%q: kept as %v, read as %q, %v", got, typ, back, err)
		}
	}
	for _, ids := range []IDs{UUIDs, TextIDs, ObjectIDs} {
		a, b := ids.make(), ids.make()
		if got, ok := ids.parse(a); !ok || got != a || a == b {
			t.Errorf("new ids %q and %q", a, b)
		}
	}
}
