package contract

import (
	"strings"
	"unicode/utf16"
)

// resetJSON is a body for /auth/forgot-password, which answers 202 where it
// was read and 422 where it was not.
const resetJSON = `{"email":"nobody@camelot.bt"}`

// typed sends body to /auth/forgot-password as of that media type.
func typed(contentType, body string) string {
	return "POST /auth/forgot-password\nContent-Type: " + contentType + "\n\n" + body
}

var noEmail = invalid(missing("email", "null"))

// bodyTests are about how JSON bodies are read.
var bodyTests = []test{
	{name: "media-types", talk: talk{
		typed("application/json", resetJSON), accepted,
		typed("Application/JSON", resetJSON), accepted,
		typed("application/vnd.x+json", resetJSON), accepted,
		typed("application/problem+json", resetJSON), accepted,
		typed("application/json;charset=latin-1", resetJSON), accepted,
		typed("application/json; a=b; c", resetJSON), accepted,
	}},
	{name: "other-media-types", talk: talk{
		typed("text/plain", resetJSON), noEmail,
		typed("text/json", resetJSON), noEmail,
		typed("application/x-json", resetJSON), noEmail,
		typed("application/jsonp", resetJSON), noEmail,
		typed("application/x-www-form-urlencoded", "email=nobody%40camelot.bt"), noEmail,
		typed("", resetJSON), noEmail,
		"POST /auth/register\nContent-Type: text/plain\n\n" + `{"a":"é"}`, invalid(notObject(`"{\"a\":\"é\"}"`)),
	}},
	{name: "no-media-type", talk: talk{
		"POST /auth/forgot-password\n\n" + resetJSON, noEmail,
		"POST /auth/register\n\n{}", invalid(notObject(`"{}"`)),
	}},
	{name: "no-body", talk: talk{
		"POST /auth/register\nContent-Type: application/json\n\n", invalid(`{"type":"missing","loc":["body"],"msg":"Field required","input":null}`),
		"POST /auth/register\nContent-Type: text/plain\n\n", invalid(`{"type":"missing","loc":["body"],"msg":"Field required","input":null}`),
		"POST /auth/forgot-password\nContent-Type: application/json\n\n", noEmail,
	}},
	{name: "blank", talk: talk{
		post("/auth/register", " \n\t "), invalid(syntax(4, "Expecting value")),
		post("/auth/verify", " "), invalid(syntax(1, "Expecting value")),
	}},
	{name: "encodings", talk: talk{
		typed("application/json", "\xef\xbb\xbf"+resetJSON), accepted,
		typed("application/json", utf16LE("\ufeff"+resetJSON)), accepted,
		typed("application/json", utf16LE(resetJSON)), accepted,
		typed("application/json", utf32BE(resetJSON)), accepted,
	}},
	{name: "not-utf8", talk: talk{
		typed("application/json", "{\"email\":\"\xff\"}"), unreadable,
		post("/auth/register", "\xc3("), unreadable,
	}},
	{name: "other-not-utf8", talk: talk{
		"POST /auth/register\nContent-Type: text/plain\n\na\xff", invalid(notObject("\"a\ufffd\"")),
	}},
	{name: "deep", talk: talk{
		typed("application/json", strings.Repeat("[", 100_000)), unreadable,
		typed("application/json", `{"a":`+strings.Repeat("[", 900)+strings.Repeat("]", 900)+`,"email":"nobody@camelot.bt"}`), accepted,
	}},
	{name: "long-integer", talk: talk{
		typed("application/json", `{"a":`+strings.Repeat("9", 4301)+`,"email":"nobody@camelot.bt"}`), unreadable,
		typed("application/json", `{"a":`+strings.Repeat("9", 4300)+`,"email":"nobody@camelot.bt"}`), accepted,
	}},
	{name: "duplicate-keys", happened: "registered", talk: talk{
		post("/auth/register", `{"email":1,"password":2,"email":"lancelot@camelot.bt","password":"guinevere"}`), created("lancelot@camelot.bt"),
		post("/auth/register", `{"password":"guinevere","email":"lancelot@camelot.bt","email":3}`),
		invalid(notText("email", "3")),
	}},
	{name: "key-case", talk: talk{
		post("/auth/register", `{"Email":"lancelot@camelot.bt","password":"guinevere"}`),
		invalid(missing("email", `{"Email":"lancelot@camelot.bt","password":"guinevere"}`)),
	}},
	{name: "not-finite", talk: talk{
		typed("application/json", `{"a":NaN,"b":[Infinity,-Infinity,1e999],"email":"nobody@camelot.bt"}`), accepted,
	}},
	{name: "not-finite-told", talk: talk{
		post("/auth/register", `{"email":"lancelot@camelot.bt","password":NaN}`), invalid(notText("password", "null")),
	}},
	{name: "lone-surrogate", talk: talk{
		typed("application/json", `{"email":"\ud800@camelot.bt"}`), invalid(notText("email", `"\ud800@camelot.bt"`)),
		typed("application/json", `{"a":"\ud800","email":"nobody@camelot.bt"}`), accepted,
	}},
	{name: "large", talk: talk{
		typed("application/json", `{"email":"`+strings.Repeat("x", 1<<20)+`"}`), tooLarge,
		typed("text/plain", strings.Repeat("x", 1<<20+1)), tooLarge,
		form("/auth/jwt/login", strings.Repeat("x", 1<<20+1)), tooLarge,
		typed("application/json", resetJSON+strings.Repeat(" ", 1<<20-len(resetJSON))), accepted,
	}},
}

func utf16LE(text string) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

func utf32BE(text string) string {
	var out []byte
	for _, r := range text {
		out = append(out, byte(r>>24), byte(r>>16), byte(r>>8), byte(r))
	}
	return string(out)
}

// nothingSent is the answer to a login without fields.
var nothingSent = invalid(missing("username", "null"), missing("password", "null"))

// parts is a multipart body with fields, and its media type.
func parts(path string, fields ...string) string {
	body := ""
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		body += "--cut\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	return "POST " + path + "\nContent-Type: multipart/form-data; boundary=cut\n\n" + body + "--cut--\r\n"
}

const loginArthur = "username=king.arthur%40camelot.bt&password=guinevere"

// hail is the answer to Arthur's login: the clock stands still, so his tokens
// are all the same.
var hail = answer(200, `{"access_token":"`+arthurJWT+`","token_type":"bearer"}`)

const arthurJWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMTExMTExMS0xMTExLTcxMTEtODExMS0xMTExMTExMTExMTEiLCJhdWQiOlsiZmFzdGFwaS11c2VyczphdXRoIl0sImV4cCI6MTg5MzU1NzA0NX0.lOcvpCONwb18pHwAWEcthnlDWth66s5SFGtvG9CYJ_I"

// formTests are about how the form of a login is read.
var formTests = []test{
	{name: "urlencoded", happened: "logged in", talk: talk{form("/auth/jwt/login", loginArthur), hail}},
	{name: "multipart", happened: "logged in", talk: talk{
		parts("/auth/jwt/login", "username=king.arthur@camelot.bt", "password=guinevere"), hail,
	}},
	{name: "username", talk: talk{
		form("/auth/jwt/login", "password=x"), invalid(missing("username", "null")),
		login("nonsense", "guinevere"), badLogin,
		login("+king.arthur@camelot.bt", "x"), badLogin,
	}},
	{name: "username-trimmed", happened: "logged in", talk: talk{login("+king.arthur@camelot.bt", "guinevere"), hail}},
	{name: "password", talk: talk{form("/auth/jwt/login", "username=x"), invalid(missing("password", "null"))}},
	{name: "grant-type", happened: "logged in, logged in", talk: talk{
		form("/auth/jwt/login", "grant_type=password&"+loginArthur), hail,
		form("/auth/jwt/login", "grant_type=&"+loginArthur), hail,
		form("/auth/jwt/login", "grant_type=Password&"+loginArthur),
		invalid(`{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String should match pattern '^password$'","input":"Password","ctx":{"pattern":"^password$"}}`),
		form("/auth/jwt/login", "grant_type=x"),
		invalid(`{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String should match pattern '^password$'","input":"x","ctx":{"pattern":"^password$"}}`,
			missing("username", "null"), missing("password", "null")),
	}},
	{name: "scope-and-client", happened: "logged in", talk: talk{
		form("/auth/jwt/login", "scope=a+b&client_id=c&client_secret=d&"+loginArthur), hail,
	}},
	{name: "empty-values", talk: talk{
		form("/auth/jwt/login", "username=&password="), nothingSent,
		parts("/auth/jwt/login", "username=", "password=x"), invalid(missing("username", "null")),
	}},
	{name: "repeated", happened: "logged in", talk: talk{
		form("/auth/jwt/login", "password=wrong&username=x&"+loginArthur), hail,
		form("/auth/jwt/login", loginArthur+"&password=wrong"), badLogin,
	}},
	{name: "unknown", happened: "logged in", talk: talk{form("/auth/jwt/login", "a=b&"+loginArthur), hail}},
	{name: "escapes", happened: "logged in, updated password, logged in", talk: talk{
		form("/auth/jwt/login", "user%6Eame=king%2Earthur@camelot.bt&password=guin%65vere"), hail,
		patch("/users/me", "arthur", `{"password":"a b+\ufffd"}`), answer(200, arthur),
		form("/auth/db/login", "username=king.arthur%40camelot.bt&password=a+b%2B%FF"),
		answer(200, `{"access_token":"«session»","token_type":"bearer"}`),
	}},
	{name: "json", talk: talk{
		post("/auth/jwt/login", `{"username":"king.arthur@camelot.bt","password":"guinevere"}`), nothingSent,
		"POST /auth/jwt/login\n\n" + loginArthur, nothingSent,
		"POST /auth/jwt/login?" + loginArthur + "\nContent-Type: application/x-www-form-urlencoded\n\n", nothingSent,
	}},
	{name: "media-type-case", happened: "logged in", talk: talk{
		"POST /auth/jwt/login\nContent-Type: Application/x-www-form-urlencoded\n\n" + loginArthur, nothingSent,
		"POST /auth/jwt/login\nContent-Type: application/x-www-form-urlencoded; charset=latin-1\n\n" + loginArthur, hail,
		form("/auth/jwt/login", strings.ReplaceAll(loginArthur, "&", ";")), invalid(missing("password", "null")),
	}},
	{name: "limits", talk: talk{
		form("/auth/jwt/login", strings.Repeat("a=b&", 1000)+"a=b"), refused("Too many fields. Maximum number of fields is 1000."),
		form("/auth/jwt/login", strings.Repeat("a=b&", 1000)), nothingSent,
		parts("/auth/jwt/login", strings.Split(strings.Repeat("a=b&", 1000)+"a=b", "&")...), refused("Too many fields. Maximum number of fields is 1000."),
	}},
	{name: "no-boundary", talk: talk{
		"POST /auth/jwt/login\nContent-Type: multipart/form-data\n\n--cut--\r\n", refused("Missing boundary in multipart."),
	}},
	{name: "broken-multipart", talk: talk{
		"POST /auth/jwt/login\nContent-Type: multipart/form-data; boundary=cut\n\nnonsense", unreadable,
	}},
	{name: "file", talk: talk{
		"POST /auth/jwt/login\nContent-Type: multipart/form-data; boundary=cut\n\n--cut\r\nContent-Disposition: form-data; name=\"username\"; filename=\"x\"\r\n\r\nking\r\n--cut--\r\n",
		invalid(notText("username", "null"), missing("password", "null")),
	}},
}
