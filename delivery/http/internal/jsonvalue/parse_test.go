package jsonvalue

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
)

// What is wanted in this file is what Python 3.11 answers.

func TestRoundTrip(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"null", `null`, `null`},
		{"true", `true`, `true`},
		{"false", `false`, `false`},
		{"zero", `0`, `0`},
		{"minus zero", `-0`, `0`},
		{"integer", `12`, `12`},
		{"negative integer", `-12`, `-12`},
		{"long integer", `123456789012345678901234567890`, `123456789012345678901234567890`},
		{"float", `1.5`, `1.5`},
		{"trailing zero", `1.50`, `1.5`},
		{"whole float", `1.0`, `1.0`},
		{"minus zero float", `-0.0`, `-0.0`},
		{"small exponent", `1e5`, `100000.0`},
		{"large exponent", `1e16`, `1e+16`},
		{"upper-case exponent", `1E-5`, `1e-05`},
		{"plus exponent", `2e+2`, `200.0`},
		{"small fraction", `0.0001`, `0.0001`},
		{"empty string", `""`, `""`},
		{"escapes", `"\"\\\/\b\f\n\r\t\u0041\u0000\u001F"`, `"\"\\/\b\f\n\r\tA\u0000\u001f"`},
		{"raw characters", "\"\u00e9\u2028\u2029\U0001f600<>&\u007f\"", "\"\u00e9\u2028\u2029\U0001f600<>&\u007f\""},
		{"surrogate pair", `"\ud83d\ude00"`, "\"\U0001f600\""},
		{"upper-case surrogate pair", `"\uD83D\uDE00"`, "\"\U0001f600\""},
		{"escaped backslash before u2028", `"\\u2028"`, `"\\u2028"`},
		{"empty array", `[]`, `[]`},
		{"array", `[1,"a",null]`, `[1,"a",null]`},
		{"spaced array", " [ 1 ,\t2\r\n] ", `[1,2]`},
		{"empty object", `{}`, `{}`},
		{"object in order", `{"b":1,"a":2}`, `{"b":1,"a":2}`},
		{"duplicate key", `{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{"spaced object", ` { "a" : { } } `, `{"a":{}}`},
		{"key case", `{"A":1,"a":2}`, `{"A":1,"a":2}`},
		{"empty key", `{"":1}`, `{"":1}`},
		{"not a number", `[NaN,Infinity,-Infinity]`, `[null,null,null]`},
		{"number out of range", `1e999`, `null`},
		{"lone surrogate", `["\uD800","a\udfffb"]`, `["\ud800","a\udfffb"]`},
		{"lone surrogate before an escape", `"\ud800\n"`, `"\ud800\n"`},
		{"two high surrogates", `"\ud800\ud800"`, `"\ud800\ud800"`},
		{"surrogates the wrong way round", `"\ude00\ud83d"`, `"\ude00\ud83d"`},
		{"lone surrogate in a key", `{"\ud800":1}`, `{"\ud800":1}`},
		{"lone surrogate that is not escaped", "\"\xed\xa0\x80\"", `"\ud800"`},
		{"as deep as can be", strings.Repeat("[", 1000) + strings.Repeat("]", 1000), strings.Repeat("[", 1000) + strings.Repeat("]", 1000)},
		{"as long as an integer can be", "-" + strings.Repeat("1", 4300), "-" + strings.Repeat("1", 4300)},
		{"a long float", strings.Repeat("1", 4301) + "e-4300", "1.1111111111111112"},
		{"a long fraction", "0." + strings.Repeat("3", 5000), "0.3333333333333333"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			got, err := Append([]byte("x"), v)
			if err != nil || string(got) != "x"+c.want {
				t.Errorf("got %s, %v, want %s", got[1:], err, c.want)
			}
		})
	}
}

func TestParseValues(t *testing.T) {
	object := &core.Object{}
	object.Set("b", json.Number("1.50"))
	object.Set("a", []any{nil, true, "x", &core.Object{}})
	for _, c := range []struct {
		name, in string
		want     any
	}{
		{"object", `{"b":1.50,"a":[null,true,"x",{}]}`, object},
		{"empty array", `[]`, []any{}},
		{"not a number", `NaN`, Unusable{"null"}},
		{"string with a lone surrogate", `"a\ud800\""`, Unusable{`"a\ud800\""`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse([]byte(c.in))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %#v, %v, want %#v", got, err, c.want)
			}
		})
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct {
		name, in string
		msg      string
		offset   int
	}{
		{"empty text after space", ` `, `Expecting value`, 1},
		{"word cut off", `nul`, `Expecting value`, 0},
		{"word in upper case", `True`, `Expecting value`, 0},
		{"nothing but a minus", `-`, `Expecting value`, 0},
		{"minus before a word", `-Inf`, `Expecting value`, 0},
		{"plus", `+1`, `Expecting value`, 0},
		{"leading zero", `01`, `Extra data`, 1},
		{"fraction without digits", `1.`, `Extra data`, 1},
		{"no digit before the point", `.5`, `Expecting value`, 0},
		{"exponent without digits", `1e`, `Extra data`, 1},
		{"exponent with a sign only", `1e+`, `Extra data`, 1},
		{"hexadecimal", `0x1`, `Extra data`, 1},
		{"two values", `1 2`, `Extra data`, 2},
		{"comma after the end", `{},`, `Extra data`, 2},
		{"open array", `[`, `Expecting value`, 1},
		{"open array after a value", `[1`, `Expecting ',' delimiter`, 2},
		{"trailing comma in an array", `[1,]`, `Expecting value`, 3},
		{"no comma in an array", `[1 2]`, `Expecting ',' delimiter`, 3},
		{"array closed by a brace", `[1}`, `Expecting ',' delimiter`, 2},
		{"open object", `{`, `Expecting property name enclosed in double quotes`, 1},
		{"key without quotes", `{a:1}`, `Expecting property name enclosed in double quotes`, 1},
		{"key that is a number", `{1:1}`, `Expecting property name enclosed in double quotes`, 1},
		{"no colon", `{"a" 1}`, `Expecting ':' delimiter`, 5},
		{"object that ends after a key", `{"a"`, `Expecting ':' delimiter`, 4},
		{"no value", `{"a":}`, `Expecting value`, 5},
		{"object that ends after a colon", `{"email": `, `Expecting value`, 10},
		{"no comma in an object", `{"a":1 "b":2}`, `Expecting ',' delimiter`, 7},
		{"trailing comma in an object", `{"a":1,}`, `Expecting property name enclosed in double quotes`, 7},
		{"object that ends after a comma", `{"a":1,`, `Expecting property name enclosed in double quotes`, 7},
		{"object closed by a bracket", `{"a":1]`, `Expecting ',' delimiter`, 6},
		{"open string", `"abc`, `Unterminated string starting at`, 0},
		{"open string with an escape", `"abc\`, `Unterminated string starting at`, 0},
		{"open string after an escaped quote", `"abc\"`, `Unterminated string starting at`, 0},
		{"open key", `{"ab`, `Unterminated string starting at`, 1},
		{"control character", "\"a\u0001\"", `Invalid control character at`, 2},
		{"newline in a string", "\"a\nb\"", `Invalid control character at`, 2},
		{"unknown escape", `"a\x41"`, `Invalid \escape`, 2},
		{"escape of a line end", "\"\\\n\"", `Invalid \escape`, 1},
		{"unicode escape cut off", `"\u12"`, `Invalid \uXXXX escape`, 2},
		{"unicode escape at the end", `"\u12`, `Invalid \uXXXX escape`, 2},
		{"unicode escape with a wrong digit", `"\u12g4"`, `Invalid \uXXXX escape`, 2},
		{"wrong digit in the second half of a pair", `"\ud83d\u12g4" `, `Invalid \uXXXX escape`, 8},
		{"single quotes", `'a'`, `Expecting value`, 0},
		{"comment", "// a\n1", `Expecting value`, 0},
		{"offset in characters", "{\"\u00e9\U0001f600\": x}", `Expecting value`, 7},
		{"offset after escapes", `{"\u00e9": x}`, `Expecting value`, 11},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := Parse([]byte(c.in))
			got, ok := errors.AsType[*SyntaxError](err)
			if !ok || got.Msg != c.msg || got.Offset != c.offset {
				t.Errorf("got %v, %#v, want %s at %d", v, err, c.msg, c.offset)
			}
		})
	}
}

func TestUnreadable(t *testing.T) {
	for _, c := range []struct{ name, in string }{
		{"invalid UTF-8", "{\"a\":\"\xff\"}"},
		{"overlong UTF-8", "\"\xc0\x80\""},
		{"UTF-8 beyond Unicode", "\"\xf4\x90\x80\x80\""},
		{"UTF-16 cut off", "\xff\xfe1\x00\x00"},
		{"UTF-32 cut off", "\xff\xfe\x00\x001\x00\x00"},
		{"UTF-32 beyond Unicode", "\x00\x00\xfe\xff\x00\x11\x00\x00"},
		{"too deep", strings.Repeat("[", 1001) + strings.Repeat("]", 1001)},
		{"too deep in objects", strings.Repeat(`{"":`, 1001)},
		{"far too deep", strings.Repeat("[", 100_000)},
		{"integer too long", strings.Repeat("1", 4301)},
		{"negative integer too long", "[-" + strings.Repeat("1", 4301) + "]"},
		{"integer too long before an error", strings.Repeat("1", 4301) + "x"},
		{"integer too long before a point", strings.Repeat("1", 4301) + ".x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v, err := Parse([]byte(c.in)); !errors.Is(err, ErrUnreadable) {
				t.Errorf("got %v, %v, want %v", v, err, ErrUnreadable)
			}
		})
	}
}

func TestEncodings(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"UTF-8 with a mark", "\xef\xbb\xbf[1]", `[1]`},
		{"UTF-16 big-endian", "\x00[\x00\"\x00\xe9\xd8=\xde\x00\x00\"\x00]", `["é😀"]`},
		{"UTF-16 little-endian", "[\x00\"\x00\xe9\x00=\xd8\x00\xde\"\x00]\x00", `["é😀"]`},
		{"UTF-16 big-endian with a mark", "\xfe\xff\x001", `1`},
		{"UTF-16 little-endian with a mark", "\xff\xfe1\x00", `1`},
		{"UTF-16 of one character, big-endian", "\x001", `1`},
		{"UTF-16 of one character, little-endian", "1\x00", `1`},
		{"UTF-16 with a lone surrogate", "\"\x00\x00\xd8\"\x00", `"\ud800"`},
		{"UTF-16 with a lone surrogate at the end of a pair", "\"\x00\x00\xd8a\x00\"\x00", `"\ud800a"`},
		{"UTF-32 big-endian", "\x00\x00\x00\"\x00\x01\xf6\x00\x00\x00\x00\"", `"😀"`},
		{"UTF-32 little-endian", "\"\x00\x00\x00\x00\xf6\x01\x00\"\x00\x00\x00", `"😀"`},
		{"UTF-32 big-endian with a mark", "\x00\x00\xfe\xff\x00\x00\x001", `1`},
		{"UTF-32 little-endian with a mark", "\xff\xfe\x00\x001\x00\x00\x00", `1`},
		{"UTF-32 with a lone surrogate", "\"\x00\x00\x00\x00\xdc\x00\x00\"\x00\x00\x00", `"\udc00"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := Parse([]byte(c.in))
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			if got, err := Append(nil, v); err != nil || string(got) != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}
