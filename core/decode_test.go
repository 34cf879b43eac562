package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
)

// only is a schema with one field of the application's own.
type only[T any] struct {
	core.UserCreate
	Field T `json:"field"`
}

// decodeField decodes a registration whose field is the JSON in value, or
// without the field where value is empty.
func decodeField[T any](t *testing.T, value string) (any, error) {
	t.Helper()
	var got T
	s := newSchema(t, core.Schema[*Member]{Create: core.Creating(func(in only[T]) *Member {
		got = in.Field
		return &Member{}
	})})
	body := `{"email":"a@b.c","password":"x"}`
	if value != "" {
		body = `{"email":"a@b.c","password":"x","field":` + value + `}`
	}
	_, _, err := s.Registration(parse(t, body), emails{}.Parse)
	return got, err
}

type (
	word   string
	street struct {
		Name  string             `json:"name"`
		Floor core.Optional[int] `json:"floor"`
	}
	place struct {
		street
		City    string                         `json:"city"`
		Next    *street                        `json:"next"`
		Streets []street                       `json:"streets"`
		Open    core.Optional[*map[word]*bool] `json:"open"`
		Ignored func()                         `json:"-"`
		_       int
	}
)

// at is the JSON of one error at a way below the field.
func at(typ, way, msg, input string) string {
	return `[{"type":"` + typ + `","loc":["body","field"` + way + `],"msg":"` + msg + `","input":` + input + `}]`
}

func TestDecodeFields(t *testing.T) {
	const (
		intParsing = "Input should be a valid integer, unable to parse string as an integer"
		intFloat   = "Input should be a valid integer, got a number with a fractional part"
		floatParse = "Input should be a valid number, unable to parse string as a number"
		dictMsg    = "Input should be a valid dictionary or object to extract fields from"
	)
	missing := `[{"type":"missing","loc":["body","field"],"msg":"Field required","input":{"email":"a@b.c","password":"x"}}]`
	tests := []struct {
		name   string
		decode func(*testing.T, string) (any, error)
		value  string
		want   any
		errors string
	}{
		{"string", decodeField[string], `" ä "`, " ä ", ""},
		{"string, empty", decodeField[string], `""`, "", ""},
		{"string, left out", decodeField[string], ``, nil, missing},
		{"string, null", decodeField[string], `null`, nil, at("string_type", "", stringType, "null")},
		{"string, a number", decodeField[string], `1.50`, nil, at("string_type", "", stringType, "1.50")},
		{"named string", decodeField[word], `"x"`, word("x"), ""},
		{"nullable string", decodeField[*string], `"x"`, ptr("x"), ""},
		{"nullable string, null", decodeField[*string], `null`, (*string)(nil), ""},
		{"nullable string, left out", decodeField[*string], ``, nil, missing},
		{"nullable string, a number", decodeField[*string], `1`, nil, at("string_type", "", stringType, "1")},
		{"optional string", decodeField[core.Optional[string]], `"x"`, core.Optional[string]{Value: "x", Set: true}, ""},
		{"optional string, left out", decodeField[core.Optional[string]], ``, core.Optional[string]{}, ""},
		{"optional string, null", decodeField[core.Optional[string]], `null`, nil, at("string_type", "", stringType, "null")},
		{"optional nullable string, null", decodeField[core.Optional[*string]], `null`, core.Optional[*string]{Set: true}, ""},
		{"optional nullable string, left out", decodeField[core.Optional[*string]], ``, core.Optional[*string]{}, ""},

		{"int", decodeField[int], `42`, 42, ""},
		{"int64 beyond 2^53", decodeField[int64], `9007199254740993`, int64(9007199254740993), ""},
		{"int64, the largest", decodeField[int64], `9223372036854775807`, int64(9223372036854775807), ""},
		{"int64, the smallest", decodeField[int64], `-9223372036854775808`, int64(-9223372036854775808), ""},
		{"int64, too large", decodeField[int64], `9223372036854775808`, nil, at("int_parsing", "", intParsing, "9223372036854775808")},
		{"int8, too large", decodeField[int8], `128`, nil, at("int_parsing", "", intParsing, "128")},
		{"int, whole float", decodeField[int], `1e2`, 100, ""},
		{"int, minus zero", decodeField[int], `-0.0`, 0, ""},
		{"int, fraction", decodeField[int], `1.5`, nil, at("int_from_float", "", intFloat, "1.5")},
		{"int, boolean", decodeField[int], `true`, 1, ""},
		{"int, the other boolean", decodeField[int], `false`, 0, ""},
		{"int, text", decodeField[int], `" -7 "`, -7, ""},
		{"int, no number", decodeField[int], `"x"`, nil, at("int_parsing", "", intParsing, `"x"`)},
		{"int, array", decodeField[int], `[1]`, nil, at("int_type", "", "Input should be a valid integer", "[1]")},
		{"int, null", decodeField[int], `null`, nil, at("int_type", "", "Input should be a valid integer", "null")},
		{"nullable int, null", decodeField[*int64], `null`, (*int64)(nil), ""},

		{"float", decodeField[float64], `-1.25e2`, -125.0, ""},
		{"float, whole", decodeField[float32], `3`, float32(3), ""},
		{"float, text", decodeField[float64], `" 1.5 "`, 1.5, ""},
		{"float, no number", decodeField[float64], `"x"`, nil, at("float_parsing", "", floatParse, `"x"`)},
		{"float, not a number", decodeField[float64], `"NaN"`, nil, at("float_parsing", "", floatParse, `"NaN"`)},
		{"float, infinite", decodeField[float64], `1e400`, nil, at("float_parsing", "", floatParse, "1e400")},
		{"float, null", decodeField[float64], `null`, nil, at("float_type", "", "Input should be a valid number", "null")},
		{"bool", decodeField[bool], `"yes"`, true, ""},
		{"bool, null", decodeField[bool], `null`, nil, at("bool_type", "", boolType, "null")},

		{"slice", decodeField[[]string], `["a","b"]`, []string{"a", "b"}, ""},
		{"slice, empty", decodeField[[]string], `[]`, []string{}, ""},
		{"slice, null", decodeField[[]string], `null`, nil, at("list_type", "", "Input should be a valid list", "null")},
		{"slice, an object", decodeField[[]string], `{}`, nil, at("list_type", "", "Input should be a valid list", "{}")},
		{"slice of nullables", decodeField[[]*int], `[1,null]`, []*int{ptr(1), nil}, ""},
		{"slice of slices, one wrong", decodeField[[][]string], `[["a"],["b",1]]`, nil, at("string_type", ",1,1", stringType, "1")},
		{"map", decodeField[map[string]int], `{"b":1,"a":2}`, map[string]int{"a": 2, "b": 1}, ""},
		{"map of named strings", decodeField[map[word]bool], `{"x":1}`, map[word]bool{"x": true}, ""},
		{"map, empty", decodeField[map[string]int], `{}`, map[string]int{}, ""},
		{"map, null", decodeField[map[string]int], `null`, nil, at("dict_type", "", "Input should be a valid dictionary", "null")},
		{"map, an array", decodeField[map[string]int], `[]`, nil, at("dict_type", "", "Input should be a valid dictionary", "[]")},
		{"map, a wrong value", decodeField[map[string][]int], `{"a":[1],"b":["x"]}`, nil, at("int_parsing", `,"b",0`, intParsing, `"x"`)},
		{"anything", decodeField[any], `{"a":[1,null,{"b":"c"}]}`,
			map[string]any{"a": []any{json.Number("1"), nil, map[string]any{"b": "c"}}}, ""},
		{"anything, null", decodeField[any], `null`, nil, ""},
		{"anything, left out", decodeField[any], ``, nil, missing},

		{"nested", decodeField[place], `{"name":"A","city":"B","next":{"name":"C","floor":2},"streets":[{"name":"D","unknown":1}],"open":{"mon":true,"sun":null}}`,
			place{street: street{Name: "A"}, City: "B", Next: &street{"C", core.Optional[int]{Value: 2, Set: true}},
				Streets: []street{{Name: "D"}}, Open: core.Optional[*map[word]*bool]{Value: &map[word]*bool{"mon": ptr(true), "sun": nil}, Set: true}}, ""},
		{"nested, null where it may be", decodeField[place], `{"name":"A","city":"B","next":null,"streets":[],"open":null}`,
			place{street: street{Name: "A"}, City: "B", Streets: []street{}, Open: core.Optional[*map[word]*bool]{Set: true}}, ""},
		{"nested, null", decodeField[street], `null`, nil, at("model_attributes_type", "", dictMsg, "null")},
		{"nested, text", decodeField[street], `"A"`, nil, at("model_attributes_type", "", dictMsg, `"A"`)},
		{"nested, incomplete", decodeField[street], `{"floor":1}`, nil, at("missing", `,"name"`, "Field required", `{"floor":1}`)},
		{"nested in a slice, wrong", decodeField[[]street], `[{"name":"A"},{"name":1}]`, nil, at("string_type", `,1,"name"`, stringType, "1")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := test.decode(t, test.value)
			wantErrors(t, err, test.errors)
			if err == nil {
				wantEqual(t, "value", got, test.want)
			}
		})
	}
}

func TestOptionalApply(t *testing.T) {
	value := "kept"
	core.Optional[string]{Value: "ignored"}.Apply(&value)
	wantEqual(t, "after one that was left out", value, "kept")
	core.Optional[string]{Value: "new", Set: true}.Apply(&value)
	wantEqual(t, "after one that was sent", value, "new")
	motto := ptr("kept")
	core.Optional[*string]{Set: true}.Apply(&motto)
	wantEqual(t, "after null", motto, nil)
}

// Of a list in which thousands are wrong not each is told.
func TestDecodeStopsAtMany(t *testing.T) {
	list := "[" + strings.Repeat(`"x",`, 2999) + `"x"]`
	var object strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&object, `,"%d":"x"`, i)
	}
	for name, decoded := range map[string]func() (any, error){
		"list":          func() (any, error) { return decodeField[[]bool](t, list) },
		"lists in one":  func() (any, error) { return decodeField[[][]bool](t, "["+list+","+list+"]") },
		"map":           func() (any, error) { return decodeField[map[string]bool](t, "{"+object.String()[1:]+"}") },
		"lists of maps": func() (any, error) { return decodeField[[]map[string]bool](t, "[{"+object.String()[1:]+"},{}]") },
	} {
		_, err := decoded()
		e, ok := errors.AsType[*core.InputError](err)
		if !ok || len(e.Errors) != 1000 {
			t.Errorf("%s: got %.200v, want a thousand errors", name, err)
		}
	}
}
