package jsonvalue

import (
	"errors"
	"testing"
)

func TestAppendOther(t *testing.T) {
	type user struct {
		Name string   `json:"name"`
		Tags []string `json:"tags"`
	}
	for _, c := range []struct {
		name string
		in   any
		want string
	}{
		{"struct", user{Name: "é"}, `{"name":"é","tags":null}`},
		{"no escapes for HTML", user{Name: "<a href='x'>&</a>"}, `{"name":"<a href='x'>&</a>","tags":null}`},
		{"line separators", user{Name: "\u2028\u2029"}, "{\"name\":\"\u2028\u2029\",\"tags\":null}"},
		{"escaped backslash", user{Name: `\u2028\u003c`}, `{"name":"\\u2028\\u003c","tags":null}`},
		{"control characters", user{Name: "\x00\n\""}, `{"name":"\u0000\n\"","tags":null}`},
		{"invalid UTF-8", "a\xff", "\"a\uFFFD\""},
		{"integer", 12, `12`},
		{"map in an array", []any{map[string]any{"b": 1, "a": "<"}}, `[{"a":"<","b":1}]`},
		{"unusable in a map", map[string]any{"a": Unusable{`"\ud800"`}}, `{"a":"\ud800"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := Append(nil, c.in); err != nil || string(got) != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

type unspeakable struct{}

var errUnspeakable = errors.New("unspeakable")

func (unspeakable) MarshalJSON() ([]byte, error) { return nil, errUnspeakable }

func TestAppendFails(t *testing.T) {
	if _, err := Append(nil, []any{1, unspeakable{}}); !errors.Is(err, errUnspeakable) {
		t.Errorf("got %v, want %v", err, errUnspeakable)
	}
}
