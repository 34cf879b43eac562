package httpauth_test

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// wrong is the answer that lists errors.
func wrong(list string) string { return jsonAnswer(422, `{"detail":[`+list+`]}`) }

// register is a request to register with a JSON body.
func register(body string) string {
	return "POST /auth/register\nContent-Type: application/json\n\n" + body
}

// notAnObject is the answer to a body that is not an object.
func notAnObject(input string) string {
	return wrong(`{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":` + input + `}`)
}

const noBody = `{"type":"missing","loc":["body"],"msg":"Field required","input":null}`

func TestMediaType(t *testing.T) {
	parsed := wrong(`{"type":"missing","loc":["body","email"],"msg":"Field required","input":{"a":1}},` +
		`{"type":"missing","loc":["body","password"],"msg":"Field required","input":{"a":1}}`)
	raw := notAnObject(`"{\"a\":1}"`)
	for _, c := range []struct{ name, header, want string }{
		{"application/json", "Content-Type: application/json", parsed},
		{"upper case", "Content-Type: Application/JSON", parsed},
		{"ending in +json", "Content-Type: application/vnd.x+json", parsed},
		{"problem+json", "Content-Type: application/problem+json", parsed},
		{"charset is ignored", "Content-Type: application/json;charset=latin-1", parsed},
		{"space around", "Content-Type:  application/json ; x", parsed},
		{"text/plain", "Content-Type: text/plain", raw},
		{"text/json", "Content-Type: text/json", raw},
		{"application/x-json", "Content-Type: application/x-json", raw},
		{"application/jsonp", "Content-Type: application/jsonp", raw},
		{"form", "Content-Type: application/x-www-form-urlencoded", raw},
		{"two slashes", "Content-Type: application/json/x+json", raw},
		{"space inside", "Content-Type: application/ json", raw},
		{"list", "Content-Type: application/json,text/plain", raw},
		{"first of two", "Content-Type: text/plain\nContent-Type: application/json", raw},
		{"empty", "Content-Type: ", raw},
		{"none", "Accept: */*", raw},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := newWorld(t).do(t, "POST /auth/register\n"+c.header+"\n\n"+`{"a":1}`); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestBody(t *testing.T) {
	run(t, []exchange{
		{"none", register(""), wrong(noBody)},
		{"null", register("null"), wrong(noBody)},
		{"none, of another media type", "POST /auth/register\nContent-Type: text/plain", wrong(noBody)},
		{"white space", register("  \n "), wrong(`{"type":"json_invalid","loc":["body",4],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}`)},
		{"cut off", register(`{"email": `), wrong(`{"type":"json_invalid","loc":["body",10],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}`)},
		{"offset in characters", register(`{"é😀": x}`), wrong(`{"type":"json_invalid","loc":["body",7],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}`)},
		{"array", register(`[1,"a"]`), notAnObject(`[1,"a"]`)},
		{"string", register(`"x"`), notAnObject(`"x"`)},
		{"empty string", register(`""`), notAnObject(`""`)},
		{"number", register(`1.50`), notAnObject(`1.5`)},
		{"exponent", register(`1e5`), notAnObject(`100000.0`)},
		{"zero", register(`0`), notAnObject(`0`)},
		{"false", register(`false`), notAnObject(`false`)},
		{"infinity", register(`Infinity`), notAnObject(`null`)},
		{"text that is not UTF-8", "POST /auth/register\nContent-Type: text/plain\n\na\xff", notAnObject("\"a\uFFFD\"")},
		{"invalid UTF-8", register("{\"a\":\"\xff\"}"), unreadable},
		{"nested too deep", register(strings.Repeat("[", 100_000)), unreadable},
		{"integer too long", register(`{"a":` + strings.Repeat("1", 4301) + `}`), unreadable},
		{"UTF-16", register("\xff\xfe[\x00]\x00"), notAnObject(`[]`)},
		{"byte order mark", register("\xef\xbb\xbf[]"), notAnObject(`[]`)},
		{"1 MiB", register(strings.Repeat(" ", 1<<20-2) + "[]"), notAnObject(`[]`)},
		{"over 1 MiB", register(strings.Repeat(" ", 1<<20-1) + "[]"), tooLarge},
		{"text over 1 MiB", "POST /auth/register\nContent-Type: text/plain\n\n" + strings.Repeat(" ", 1<<20+1), tooLarge},
		{"form over 1 MiB", login("username=" + strings.Repeat("a", 1<<20)), tooLarge},
		{"no form, over 1 MiB", "POST /auth/jwt/login\nContent-Type: text/plain\n\n" + strings.Repeat("a", 1<<20+1), tooLarge},
		{"input of 16 KiB", register(`"` + strings.Repeat("x", 16<<10-2) + `"`), notAnObject(`"` + strings.Repeat("x", 16<<10-2) + `"`)},
		{"input of over 16 KiB", register(`"` + strings.Repeat("x", 16<<10-1) + `"`), wrong(`{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from"}`)},
	})
}

// A body whose length is not told in advance is measured as it comes.
func TestBodyOfUnknownLength(t *testing.T) {
	r := newRequest(t, register(""))
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat(" ", 1<<20+1))), -1
	if got := answerOf(newWorld(t).api, r); got != tooLarge {
		t.Errorf("got\n%s\nwant\n%s", got, tooLarge)
	}
}

// failing is a body that breaks off.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestBodyThatBreaksOff(t *testing.T) {
	r := httptest.NewRequest("POST", "/auth/register", failing{})
	r.Header.Set("Content-Type", "application/json")
	if got := answerOf(newWorld(t).api, r); got != unreadable {
		t.Errorf("got\n%s\nwant\n%s", got, unreadable)
	}
}

func TestInputErrors(t *testing.T) {
	missing := func(field, input string) string {
		return `{"type":"missing","loc":["body","` + field + `"],"msg":"Field required","input":` + input + `}`
	}
	badEmail := func(input string) string {
		return `{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":` +
			input + `,"ctx":{"reason":"An email address must have an @-sign."}}`
	}
	str := func(field, input string) string {
		return `{"type":"string_type","loc":["body","` + field + `"],"msg":"Input should be a valid string","input":` + input + `}`
	}
	boolean := func(field, input string) string {
		return `{"type":"bool_type","loc":["body","` + field + `"],"msg":"Input should be a valid boolean","input":` + input + `}`
	}
	parsing := func(field, input string) string {
		return `{"type":"bool_parsing","loc":["body","` + field + `"],"msg":"Input should be a valid boolean, unable to interpret input","input":` + input + `}`
	}
	flag := func(value string) string { return register(`{"email":"a","password":"b","is_active":` + value + `}`) }
	run(t, []exchange{
		{"empty object", register(`{}`), wrong(missing("email", `{}`) + "," + missing("password", `{}`))},
		{"one field missing", register(`{"password":"abc"}`), wrong(missing("email", `{"password":"abc"}`))},
		{"input in the order sent", register(`{"z":1,"a":{"c":[],"b":null},"z":2}`),
			wrong(missing("email", `{"z":2,"a":{"c":[],"b":null}}`) + "," + missing("password", `{"z":2,"a":{"c":[],"b":null}}`))},
		{"key case", register(`{"Email":"a@b.com","password":"x"}`), wrong(missing("email", `{"Email":"a@b.com","password":"x"}`))},
		{"null", register(`{"email":null,"password":null}`), wrong(str("email", "null") + "," + str("password", "null"))},
		{"address", register(`{"email":"king.arthur","password":"guinevere"}`), wrong(badEmail(`"king.arthur"`))},
		{"all fields in the schema's order", register(`{"is_verified":5,"is_superuser":"x","is_active":[],"password":true,"email":1}`),
			wrong(str("email", "1") + "," + str("password", "true") + "," + boolean("is_active", "[]") + "," +
				parsing("is_superuser", `"x"`) + "," + parsing("is_verified", "5"))},
		{"flag 2", flag("2"), wrong(badEmail(`"a"`) + "," + parsing("is_active", "2"))},
		{"flag -1", flag("-1"), wrong(badEmail(`"a"`) + "," + parsing("is_active", "-1"))},
		{"flag with space", flag(`" true"`), wrong(badEmail(`"a"`) + "," + parsing("is_active", `" true"`))},
		{"flag 1.5", flag("1.5"), wrong(badEmail(`"a"`) + "," + boolean("is_active", "1.5"))},
		{"flag object", flag("{}"), wrong(badEmail(`"a"`) + "," + boolean("is_active", "{}"))},
		{"flag of many digits", flag("99999999999999999999"), wrong(badEmail(`"a"`) + "," + boolean("is_active", "99999999999999999999"))},
		{"flag NaN", flag("NaN"), wrong(badEmail(`"a"`) + "," + boolean("is_active", "null"))},
		{"flag infinity", flag("1e999"), wrong(badEmail(`"a"`) + "," + boolean("is_active", "null"))},
		{"flag 1.0", flag("1.0"), wrong(badEmail(`"a"`))},
		{"flag null", flag("null"), wrong(badEmail(`"a"`))},
		{"flag word", flag(`"oFF"`), wrong(badEmail(`"a"`))},
		{"no escapes that JSON does not need", register("{\"é\":\"<>&'\u2028\u2029\x7f/\",\"email\":\"a@b\"}"),
			wrong(missing("password", "{\"é\":\"<>&'\u2028\u2029\x7f/\",\"email\":\"a@b\"}"))},
		{"control characters", register(`{"a":"\u0000\u001F\b\f\n\r\t\"\\\/","email":"a@b"}`),
			wrong(missing("password", `{"a":"\u0000\u001f\b\f\n\r\t\"\\/","email":"a@b"}`))},
		{"lone surrogate in a password", register(`{"email":"a@b","password":"\ud800"}`), wrong(str("password", `"\ud800"`))},
		{"lone surrogate in an address", register(`{"email":"\udfff@b","password":"x"}`), wrong(str("email", `"\udfff@b"`))},
		{"lone surrogate in a key", register(`{"\ud800":1,"email":"a@b"}`), wrong(missing("password", `{"\ud800":1,"email":"a@b"}`))},
	})
}

// What no field takes may be anything that the grammar allows.
func TestIgnoredValues(t *testing.T) {
	const want = `{"id":"00000000-0000-7000-8000-000000000001","email":"a@b.com","is_active":true,"is_superuser":false,"is_verified":false}`
	for _, c := range []struct{ name, value string }{
		{"NaN", `NaN`},
		{"infinity", `[-Infinity,1e999]`},
		{"lone surrogate", `"\ud800"`},
		{"nested", strings.Repeat("[", 900) + strings.Repeat("]", 900)},
		{"long integer", strings.Repeat("1", 4300)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := newWorld(t).do(t, register(`{"x":`+c.value+`,"email":"x","email":"a@b.com","password":"long enough"}`))
			if want := jsonAnswer(201, want); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
