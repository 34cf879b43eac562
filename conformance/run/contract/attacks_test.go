package contract

import (
	"fmt"
	"strings"
)

const jsonType, formType = "application/json", "application/x-www-form-urlencoded"

var mebi2 = strings.Repeat("a", 2<<20)

// attacks are by what is wrong with them.
var attacks = append(append(append(bodyAttacks, lineAttacks...), headerAttacks...), framingAttacks...)

// bodyAttacks are bodies and media types.
var bodyAttacks = []attack{
	{"text as JSON", plain("text/plain", `{"email":"nobody@camelot.bt"}`), values(422, 422)},
	{"no media type", plain("", `{"email":"nobody@camelot.bt"}`), values(422, 422)},
	{"many media types", plain("application/json, application/json;;;=", `{}`), values(422, 422)},
	{"XML", plain("application/xml", `<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>`), values(422, 422)},
	{"multipart without end", plain("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\n"), values(422, 422)},
	{"multipart of nothing", plain("multipart/form-data; boundary=x", "--y"), values(400, 422)},
	{"multipart with an endless boundary", plain("multipart/form-data; boundary="+strings.Repeat("x", 5000), "--x"), values(400, 422)},
	{"multipart header flood", plain("multipart/form-data; boundary=x", "--x\r\n"+strings.Repeat("A: b\r\n", 20000)+"\r\n\r\n--x--"), values(400, 422)},
	{"half an object", plain(jsonType, `{"email":`), told(422, 422)},
	{"half a text", plain(jsonType, `{"email":"`), told(422, 422)},
	{"half an escape", plain(jsonType, `"\u12`), told(422, 422)},
	{"closed twice", plain(jsonType, `{}}`), told(422, 422)},
	{"a comment", plain(jsonType, `{/**/}`), told(422, 422)},
	{"nothing but a NUL", plain(jsonType, "\x00"), told(422, 422)},
	{"NUL bytes", plain(jsonType, "{\"email\":\"a\x00b@camelot.bt\"}"), told(422, 422)},
	{"NUL escapes", plain(jsonType, `{"email":"\u0000@camelot.bt","token":"\u0000","password":"\u0000"}`), values(422, 422, 400)},
	{"invalid UTF-8", plain(jsonType, "{\"email\":\"\xff\xfe\"}"), told(400, 422)},
	{"half a character", plain(jsonType, "{\"email\":\"\xe2\x82"), told(400, 422)},
	{"half of UTF-16", plain(jsonType, "\xff\xfe{"), told(400, 422)},
	{"lone surrogates", plain(jsonType, `{"email":"\udc00\ud800","token":"\udfff","password":"\ud800"}`), values(422, 422)},
	{"deep lists", plain(jsonType, strings.Repeat("[", 200_000)), told(400, 422)},
	{"deep objects", plain(jsonType, strings.Repeat(`{"a":`, 150_000)), told(400, 422)},
	{"deep and closed", plain(jsonType, strings.Repeat("[", 5000)+strings.Repeat("]", 5000)), told(400, 422)},
	{"broken within", plain(jsonType, strings.Repeat(`{"a":[`, 400)+"!"), told(422, 422)},
	{"many values", plain(jsonType, "["+strings.Repeat("0,", 300_000)+"0]"), told(400, 422)},
	{"many keys", plain(jsonType, `{"a0":0`+many(9000, `,"a%d":0`)+`}`), values(422, 422)},
	{"one key many times", plain(jsonType, `{"email":0`+strings.Repeat(`,"email":0`, 9000)+`}`), values(422, 422)},
	{"duplicate keys of other types", plain(jsonType, `{"email":{},"email":[],"email":null,"token":1,"token":{},"password":[]}`), values(422, 422)},
	{"an absurd integer", plain(jsonType, `{"email":1,"is_active":`+strings.Repeat("9", 4000)+`,"token":1}`), values(422, 422)},
	{"a more absurd integer", plain(jsonType, `{"is_active":`+strings.Repeat("9", 900_000)+`}`), told(400, 422)},
	{"absurd floats", plain(jsonType, `{"email":1e999999999,"password":-1E-999999999,"is_active":1e400,"token":0.`+strings.Repeat("0", 100_000)+`1}`), values(422, 422)},
	{"a long address", plain(jsonType, `{"email":"`+strings.Repeat("a", 900_000)+`@camelot.bt","token":"x","password":"y"}`), values(422, 422, 400)},
	{"a long password", plain(formType, "username=a%40camelot.bt&password="+strings.Repeat("a", 900_000)), values(400, 422)},
	{"a long token", plain(jsonType, `{"email":"a","token":"`+strings.Repeat("a.", 400_000)+`","password":"y"}`), values(422, 422, 400)},
	{"2 MiB of JSON", plain(jsonType, `{"email":"`+mebi2+`"}`), told(413, 413)},
	{"2 MiB of form", plain(formType, "username="+mebi2), told(413, 413)},
	{"2 MiB of anything", plain("application/octet-stream", mebi2), told(413, 413)},
	{"many form fields", plain(formType, strings.Repeat("a&", 100_000)), values(400, 422)},
	{"broken escapes", plain(formType, "username=%&password=%zz%4&%=%&=&==&;%00=%00"), values(400, 422)},
	{"NUL in a form", plain(formType, "username=%00%FF&password=%00"), values(400, 422)},
}

// many repeats format with a number.
func many(n int, format string) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, format, i)
	}
	return out.String()
}

// lineAttacks are first lines.
var lineAttacks = []attack{
	{"TRACE", fixed("TRACE PATH"), same(405)},
	{"CONNECT", fixed("CONNECT PATH"), same(405, 400, 404)},
	{"an unknown method", fixed("BREW PATH"), same(405)},
	{"a lower-case method", func(method, path, _ string) string { return wire(strings.ToLower(method) + " " + path + "\n\n") }, same(405)},
	{"no method", fixed(" PATH"), same(400)},
	{"a method that is none", fixed("GE(T PATH"), same(400)},
	{"a trailing slash", fixed("METHOD PATH/"), same(307)},
	{"many trailing slashes", fixed("METHOD PATH////"), same(307, 404)},
	{"a leading slash too many", fixed("METHOD /PATH"), same(404)},
	{"a foreign host in the path", fixed("METHOD //evil.example/PATH/"), same(404)},
	{"dots", fixed("METHOD /x/..PATH"), same(404)},
	{"escaped dots", fixed("METHOD /x/%2e%2ePATH"), same(404)},
	{"an escaped slash", fixed("METHOD PATH%2F"), same(307)},
	{"a slash escaped twice", fixed("METHOD PATH%252F"), same(404, 401, 405)},
	{"an escaped NUL", fixed("METHOD PATH%00"), same(404, 401, 405)},
	{"an escaped line break", fixed("METHOD PATH%0d%0aX:%20y"), same(404, 401, 405)},
	{"an escaped line break and a slash", fixed("METHOD /users/%0d%0aX:%20y/"), same(307, 404, 405)},
	{"a broken escape", fixed("METHOD PATH%zz"), same(400)},
	{"invalid UTF-8 in the path", fixed("METHOD PATH%ff"), same(404, 401, 405)},
	{"raw bytes in the path", fixed("METHOD PATH\xff\xfe"), same(404, 401, 405)},
	{"a long id", fixed("METHOD /users/" + strings.Repeat("a", 30_000)), same(401, 405)},
	{"a long path", fixed("METHOD PATH/" + strings.Repeat("a/", 15_000)), same(404, 307)},
	{"an endless path", fixed("METHOD PATH/" + strings.Repeat("a", 200_000)), same(431)},
	{"a broken query", fixed("METHOD PATH?%zz=%&;=&&"), nothing},
	{"an absolute address", fixed("METHOD http://evil.example:99999PATH"), same(401, 422, 400)},
	{"an asterisk", fixed("METHOD *"), same(404, 400)},
	{"no path", fixed("METHOD "), same(400, 404)},
	{"no version", func(method, path, _ string) string { return method + " " + path + "\r\n\r\n" }, same(400)},
	{"HTTP/0.9", func(method, path, _ string) string { return method + " " + path + " HTTP/0.9\r\n\r\n" }, same(400, 505)},
	{"HTTP/1.0", func(method, path, kind string) string {
		mediaType, body := right(kind)
		return fmt.Sprintf("%s %s HTTP/1.0\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", method, path, mediaType, len(body), body)
	}, same(-1)},
	{"HTTP/1.0 and a slash", func(method, path, _ string) string { return method + " " + path + "/ HTTP/1.0\r\n\r\n" }, same(307)},
	{"HTTP/2.0", func(method, path, _ string) string {
		return method + " " + path + " HTTP/2.0\r\nHost: camelot.bt\r\n\r\n"
	}, same(400, 505)},
	{"the preface of HTTP/2", func(string, string, string) string { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" }, same(400, 404, 505)},
	{"TLS", func(string, string, string) string { return "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n" }, same(400)},
	{"nonsense", func(string, string, string) string { return "\x00\xff\xfe\r\n\r\n" }, same(400)},
}
