package jsonvalue

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"testing"
	"unicode/utf8"

	"github.com/gousher/usher/core"
)

// FuzzJSON holds Parse against encoding/json wherever both go by the same
// rules, and against itself everywhere.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"email":"a@b.com","n":[1,2.5,-0,1e5,{"x":null}],"t":true,"f":false}`,
		`"\ud83d\ude00\ud800\u0041\n"`, `[NaN,-Infinity,1e999]`, ` [1 , 2 ] `, `{"a":1,"a":2,}`, `01`, `"\u12`,
		"\xef\xbb\xbf{}", "\xff\xfe1\x00", "\"\xed\xa0\x80\"", "\"\xff\"", "\x00[\x00]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		v, err := parse(in)
		if err != nil {
			checkError(t, in, err)
			return
		}
		if plainText(in) && !json.Valid(in) && !nonFinite.Match(in) {
			t.Errorf("accepted, unlike encoding/json")
		}
		out, err := Append(nil, v)
		if err != nil || !json.Valid(out) {
			t.Fatalf("wrote %s, %v", out, err)
		}
		twice := rewritten(t, out)
		if halves.Match(out) { // they are one letter once they are read
			out, twice = twice, rewritten(t, twice)
		}
		if !bytes.Equal(twice, out) {
			t.Errorf("wrote %s, and of that %s", out, twice)
		}
		if plainText(in) && json.Valid(in) && !escaped.Match(in) {
			compare(t, in, v)
		}
	})
}

// rewritten is what is written of what was read in text.
func rewritten(t *testing.T, text []byte) []byte {
	t.Helper()
	v, err := Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out, err := Append(nil, v)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// halves are two surrogates that came one by one, as bytes of their own: they
// are no letter then, and are written as they came.
var halves = regexp.MustCompile(`\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}`)

// nonFinite are the numbers that encoding/json does not know, and escaped begins
// what may be a surrogate, of which encoding/json keeps nothing.
var (
	nonFinite = regexp.MustCompile(`NaN|Infinity`)
	escaped   = regexp.MustCompile(`\\u[dD]`)
)

// plainText reports whether in is in UTF-8 without a mark.
func plainText(in []byte) bool {
	return utf8.Valid(in) && !bytes.HasPrefix(in, bom8) && !bytes.Contains(in, []byte{0})
}

func checkError(t *testing.T, in []byte, err error) {
	if e, ok := errors.AsType[*SyntaxError](err); ok {
		if e.Offset < 0 || len(in) < e.Offset {
			t.Errorf("offset %d in %d bytes", e.Offset, len(in))
		}
	} else if !errors.Is(err, ErrUnreadable) {
		t.Errorf("unknown error %v", err)
	}
	shallow := bytes.Count(in, []byte("["))+bytes.Count(in, []byte("{")) <= maxDepth
	if plainText(in) && json.Valid(in) && shallow && len(in) <= maxDigits {
		t.Errorf("got %v, unlike encoding/json", err)
	}
}

func compare(t *testing.T, in []byte, v any) {
	d := json.NewDecoder(bytes.NewReader(in))
	d.UseNumber()
	var want any
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if got := maps(v); !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

// maps returns v with maps in the place of objects.
func maps(v any) any {
	switch v := v.(type) {
	case *core.Object:
		out := map[string]any{}
		for _, name := range v.Names() {
			inner, _ := v.Get(name)
			out[name] = maps(inner)
		}
		return out
	case []any:
		for i := range v {
			v[i] = maps(v[i])
		}
	}
	return v
}
