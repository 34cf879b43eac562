package contract

import (
	"fmt"
	"strings"
)

// headerAttacks are headers.
var headerAttacks = []attack{
	{"many headers", headed(many(2000, "X-%d: a\r\n")), nothing},
	{"too many headers", headed(many(20_000, "X-%d: a\r\n")), same(431)},
	{"a huge header", headed("X-A: " + strings.Repeat("a", 100_000) + "\r\n"), same(431)},
	{"a huge name", headed(strings.Repeat("a", 100_000) + ": a\r\n"), same(431)},
	{"a huge token", headed("Authorization: Bearer " + strings.Repeat("a", 60_000) + "\r\n"), nothing},
	{"a token of dots", headed("Authorization: Bearer " + strings.Repeat(".", 60_000) + "\r\n"), nothing},
	{"many tokens", headed(strings.Repeat("Authorization: Bearer a\r\n", 1000)), nothing},
	{"many cookies", headed("Cookie: " + many(5000, "c%d=a;") + "fastapiusersauth=\"\\377\\0\\\r\n"), nothing},
	{"a cookie of quotes", headed("Cookie: fastapiusersauth=" + strings.Repeat(`"\`, 20_000) + "\r\n"), nothing},
	{"NUL in a header", headed("Authorization: Bearer a\x00b\r\n"), same(400)},
	{"NUL in a name", headed("X\x00: a\r\n"), same(400)},
	{"invalid UTF-8 in a header", headed("Authorization: Bearer \xff\xfe\r\nCookie: fastapiusersauth=\xff\r\n"), nothing},
	{"a folded header", headed("X-A: a\r\n b\r\n"), statuses{[]int{422, 400}, []int{401, 400}, []int{422, 400}, []int{401, 400}}},
	{"a header without a colon", headed("nonsense\r\n"), same(400)},
	{"a blank before the colon", headed("Host : a\r\n"), same(400)},
	{"two hosts", headed("Host: evil.example\r\n"), same(400)},
	{"no host", func(method, path, _ string) string { return method + " " + path + " HTTP/1.1\r\n\r\n" }, same(400)},
	{"a host that is none", func(method, path, _ string) string {
		return method + " " + path + "/ HTTP/1.1\r\nHost: a/b@c d\r\n\r\n"
	}, same(400)},
	{"absurd forwarding", headed("X-Forwarded-For: " + strings.Repeat("1.1.1.1,", 5000) + "\r\nForwarded: for=\"[::\r\n"), nothing},
	{"absurd dates and ranges", headed("If-Modified-Since: x\r\nRange: bytes=9-1,-\r\nIf-Match: \r\n"), nothing},
	{"an absurd origin", headed("Origin: null\r\nOrigin: \x7f\r\n"), statuses{[]int{400, 422}, []int{400, 401}, []int{400, 422}, []int{400, 401}}},
	{"an expectation", headed("Expect: a miracle\r\n"), same(417)},
	{"an upgrade", headed("Upgrade: websocket\r\nConnection: Upgrade\r\n"), nothing},
}

// framed is a good body, framed by hand: head and the body's bytes are what f
// makes of it.
func framed(f func(body string) (head, bytes string)) func(method, path, kind string) string {
	return func(method, path, kind string) string {
		mediaType, body := right(kind)
		head, bytes := f(body)
		return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: camelot.bt\r\nConnection: close\r\nContent-Type: %s\r\n%s\r\n%s", method, path, mediaType, head, bytes)
	}
}

// chunks is body a byte at a time.
func chunks(body string) string {
	var out strings.Builder
	for i := range len(body) {
		fmt.Fprintf(&out, "1;a=b\r\n%s\r\n", body[i:i+1])
	}
	return out.String() + "0\r\n"
}

const chunked = "Transfer-Encoding: chunked\r\n"

// framingAttacks are about where a body ends. Where a body is not read, what is
// wrong with it may not come to light.
var framingAttacks = []attack{
	{"chunks", framed(func(body string) (string, string) { return chunked, chunks(body) + "\r\n" }), same(-1)},
	{"chunks and a trailer", framed(func(body string) (string, string) {
		return chunked + "Trailer: Authorization\r\n", chunks(body) + "Authorization: Bearer x\r\n\r\n"
	}), same(-1)},
	{"2 MiB of chunks", framed(func(string) (string, string) { return chunked, fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(mebi2), mebi2) }), told(413, 413)},
	{"chunks without end", framed(func(string) (string, string) { return chunked, "5\r\nab" + hangUp }), told(400, 400)},
	{"a chunk of no size", framed(func(body string) (string, string) { return chunked, "zz\r\n" + body }), told(400, 400)},
	{"a chunk of an absurd size", framed(func(body string) (string, string) { return chunked, "ffffffffffffffffff\r\n" + body }), told(400, 400)},
	{"a chunk of a negative size", framed(func(body string) (string, string) { return chunked, "-1\r\n" + body + "\r\n0\r\n\r\n" }), told(400, 400)},
	{"a size and chunks", framed(func(body string) (string, string) {
		return fmt.Sprintf("Content-Length: %d\r\n", len(body)) + chunked, chunks(body) + "\r\n"
	}), either},
	{"another size and chunks", framed(func(body string) (string, string) { return "Content-Length: 3\r\n" + chunked, chunks(body) + "\r\n" }), either},
	{"chunks in another encoding", framed(func(body string) (string, string) {
		return "Transfer-Encoding: gzip, chunked\r\n", chunks(body) + "\r\n"
	}), same(501, 400)},
	{"chunks twice", framed(func(body string) (string, string) { return chunked + chunked, chunks(body) + "\r\n" }), same(501, 400)},
	{"chunks, or nearly", framed(func(body string) (string, string) { return "Transfer-Encoding: xchunked\r\n", chunks(body) + "\r\n" }), same(501, 400)},
	{"two sizes", framed(func(body string) (string, string) {
		return fmt.Sprintf("Content-Length: %d\r\nContent-Length: 1\r\n", len(body)), body
	}), same(400)},
	{"a negative size", framed(func(body string) (string, string) { return "Content-Length: -1\r\n", body }), same(400)},
	{"an absurd size", framed(func(body string) (string, string) { return "Content-Length: 99999999999999999999\r\n", body }), same(400)},
	{"a size with a sign", framed(func(body string) (string, string) { return fmt.Sprintf("Content-Length: +%d\r\n", len(body)), body }), same(400)},
	{"no size", framed(func(body string) (string, string) { return "", body }), nothing},
	{"less than there is", framed(func(body string) (string, string) { return "Content-Length: 1\r\n", body }), told(422, 422)},
	{"another request behind", framed(func(body string) (string, string) {
		return fmt.Sprintf("Content-Length: %d\r\n", len(body)), body + "GET /users/me HTTP/1.1\r\n\r\n"
	}), same(-1)},
	{"2 MiB are announced and waited for", framed(func(string) (string, string) { return "Expect: 100-continue\r\nContent-Length: 2097152\r\n", "" }), told(413, 413)},
	{"lines that end in LF", func(method, path, _ string) string {
		return method + " " + path + " HTTP/1.1\nHost: camelot.bt\nConnection: close\n\n"
	}, nothing},
}

// either is the answer to a body that says twice where it ends: it is refused,
// or read as RFC 9112, section 6.3, has it.
var either = same(400, -1)
