package core_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
)

// FuzzCookie: whatever is sent as cookies, a token is found that stands there,
// and every token that is sent as a cookie is found when the cookie comes back.
func FuzzCookie(f *testing.F) {
	for _, header := range []string{"", "fastapiusersauth=TOKEN", `a=b; fastapiusersauth="a\"b\054\\";c`, "fastapiusersauth=a;fastapiusersauth=", `fastapiusersauth="\7"`, "fastapiusersauth=\"\xff", "=;=;"} {
		f.Add(header, header)
	}
	c := newCookie(f, core.CookieConfig{})
	f.Fuzz(func(t *testing.T, header, token string) {
		got := c.Token(http.Header{"Cookie": {header}})
		if len(got) > len(header) || got != "" && !strings.Contains(header, "fastapiusersauth") {
			t.Errorf("found %q in %q", got, header)
		}
		if !strings.ContainsAny(header, `\"`) && !strings.Contains(header, got) {
			t.Errorf("found %q in %q", got, header)
		}
		out := http.Header{}
		c.Send(out, token, noon)
		value, attributes, _ := strings.Cut(out.Get("Set-Cookie"), ";")
		if attributes != " HttpOnly; Path=/; SameSite=lax; Secure" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' || r == ',' }) {
			t.Errorf("%q is sent as %q", token, out.Get("Set-Cookie"))
		}
		if got := c.Token(http.Header{"Cookie": {value}}); got != token {
			t.Errorf("%q is sent as %q and comes back as %q", token, value, got)
		}
		if got := c.Token(http.Header{"Cookie": {header + "; " + value}}); got != token {
			t.Errorf("%q is sent behind %q and comes back as %q", token, header, got)
		}
	})
}

// FuzzBearer: a token is what follows the scheme, without the blanks around it.
func FuzzBearer(f *testing.F) {
	for _, header := range []string{"", "Bearer", "Bearer ", "bEaReR  king\t", "Bearer\tking", " Bearer king", "Bearer a b", "Basic king", "Bearer \xff", "\u212Aearer x"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got := core.Bearer{}.Token(http.Header{"Authorization": {header, "Bearer other"}})
		if got != strings.TrimSpace(got) {
			t.Errorf("found %q in %q", got, header)
		}
		want := ""
		if len(header) > len("bearer ") && strings.EqualFold(header[:len("bearer ")], "bearer ") {
			want = strings.TrimSpace(header[len("bearer "):])
		}
		if got != want {
			t.Errorf("found %q in %q, want %q", got, header, want)
		}
	})
}
