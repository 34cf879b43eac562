package core_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
)

// parse reads JSON into the values that a schema decodes.
func parse(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v := parseValue(t, d)
	if _, err := d.Token(); err != io.EOF {
		t.Fatalf("%s: got error %v at the end, want %v", text, err, io.EOF)
	}
	return v
}

func parseValue(t *testing.T, d *json.Decoder) any {
	t.Helper()
	token, err := d.Token()
	must(t, err)
	switch token {
	case json.Delim('{'):
		o := &core.Object{}
		for d.More() {
			name, err := d.Token()
			must(t, err)
			o.Set(name.(string), parseValue(t, d))
		}
		_, err = d.Token()
		must(t, err)
		return o
	case json.Delim('['):
		list := []any{}
		for d.More() {
			list = append(list, parseValue(t, d))
		}
		_, err = d.Token()
		must(t, err)
		return list
	}
	return token
}

// encode writes v as an answer has it: without escapes for HTML.
func encode(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(t, e.Encode(v))
	return strings.TrimSuffix(b.String(), "\n")
}

func TestObjectMarshalJSON(t *testing.T) {
	tests := []struct{ name, given, want string }{
		{"empty", `{}`, `{}`},
		{"order is kept", `{"b":1,"a":2,"c":3}`, `{"b":1,"a":2,"c":3}`},
		{"the last value, at the first place", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"case is kept apart", `{"a":1,"A":2}`, `{"a":1,"A":2}`},
		{"values of every kind", `{"n":null,"t":true,"s":"x","l":[1,"2",{"z":1,"y":[]}],"o":{"d":{},"c":0}}`,
			`{"n":null,"t":true,"s":"x","l":[1,"2",{"z":1,"y":[]}],"o":{"d":{},"c":0}}`},
		{"numbers as they were sent", `{"a":9007199254740993,"b":1.50,"c":1e2,"d":-0}`, `{"a":9007199254740993,"b":1.50,"c":1e2,"d":-0}`},
		{"nothing is escaped for HTML", `{"<&>'":"<&>'"}`, `{"<&>'":"<&>'"}`},
		{"beyond ASCII", `{"é":"日本"}`, `{"é":"日本"}`},
		{"quotes", `{"a\"b":"c\\d\n"}`, `{"a\"b":"c\\d\n"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantEqual(t, "JSON", encode(t, parse(t, test.given)), test.want) })
	}
	bad := &core.Object{}
	wantEqual(t, "the zero value", encode(t, bad), "{}")
	bad.Set("a", make(chan int))
	if _, err := bad.MarshalJSON(); err == nil {
		t.Error("a channel: got no error, want one")
	}
}

func TestObject(t *testing.T) {
	o := &core.Object{}
	_, ok := o.Get("a")
	wantEqual(t, "whether the zero value has a name", ok, false)
	o.Set("a", nil)
	o.Set("b", "x")
	o.Set("a", true)
	a, ok := o.Get("a")
	wantEqual(t, "value", a, any(true))
	wantEqual(t, "whether there is a value", ok, true)
	wantEqual(t, "names", o.Names(), []string{"a", "b"})
	o.Set("null", nil)
	null, ok := o.Get("null")
	wantEqual(t, "null", null, nil)
	wantEqual(t, "whether null is there", ok, true)
}
