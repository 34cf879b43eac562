package core_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

func newCookie(t testing.TB, cfg core.CookieConfig) *core.Cookie {
	t.Helper()
	c, err := core.NewCookie(cfg)
	must(t, err)
	return c
}

func TestCookieHeaders(t *testing.T) {
	tests := []struct {
		name       string
		cfg        core.CookieConfig
		sent, gone string
	}{
		{"defaults", core.CookieConfig{},
			"fastapiusersauth=TOKEN; HttpOnly; Path=/; SameSite=lax; Secure",
			`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`},
		{"an age", core.CookieConfig{MaxAge: time.Hour},
			"fastapiusersauth=TOKEN; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure",
			`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`},
		{"domain, path and age", core.CookieConfig{Domain: "camelot.bt", Path: "/arthur", MaxAge: 10 * time.Second},
			"fastapiusersauth=TOKEN; Domain=camelot.bt; HttpOnly; Max-Age=10; Path=/arthur; SameSite=lax; Secure",
			`fastapiusersauth=""; Domain=camelot.bt; HttpOnly; Max-Age=0; Path=/arthur; SameSite=lax; Secure`},
		{"insecure", core.CookieConfig{Insecure: true},
			"fastapiusersauth=TOKEN; HttpOnly; Path=/; SameSite=lax", `fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax`},
		{"scriptable", core.CookieConfig{Scriptable: true, Name: "sid"},
			"sid=TOKEN; Path=/; SameSite=lax; Secure", `sid=""; Max-Age=0; Path=/; SameSite=lax; Secure`},
		{"strict", core.CookieConfig{SameSite: "strict"},
			"fastapiusersauth=TOKEN; HttpOnly; Path=/; SameSite=strict; Secure", `fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=strict; Secure`},
		{"none", core.CookieConfig{SameSite: "none"},
			"fastapiusersauth=TOKEN; HttpOnly; Path=/; SameSite=none; Secure", `fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=none; Secure`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newCookie(t, test.cfg)
			sent, gone := http.Header{}, http.Header{}
			wantEqual(t, "whether it was sent", c.Send(sent, "TOKEN", noon), true)
			c.Forget(gone)
			wantEqual(t, "header that sends", sent, http.Header{"Set-Cookie": {test.sent}})
			wantEqual(t, "header that forgets", gone, http.Header{"Set-Cookie": {test.gone}})
			wantEqual(t, "whether it is ambient", c.Ambient(), true)
		})
	}
}

func TestCookieToken(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		want    string
	}{
		{"none", nil, ""},
		{"empty header", []string{""}, ""},
		{"alone", []string{"fastapiusersauth=TOKEN"}, "TOKEN"},
		{"among others", []string{"a=b; fastapiusersauth=TOKEN; c=d"}, "TOKEN"},
		{"without blanks", []string{"a=b;fastapiusersauth=TOKEN;c=d"}, "TOKEN"},
		{"with many blanks", []string{"  fastapiusersauth  =  TOKEN  "}, "TOKEN"},
		{"another name", []string{"Fastapiusersauth=TOKEN; fastapiusersauth2=x; xfastapiusersauth=y"}, ""},
		{"empty", []string{"fastapiusersauth="}, ""},
		{"no value", []string{"fastapiusersauth"}, ""},
		{"in quotes", []string{`fastapiusersauth="TOKEN"`}, "TOKEN"},
		{"empty, in quotes", []string{`fastapiusersauth=""`}, ""},
		{"one quote", []string{`fastapiusersauth="`}, `"`},
		{"escapes", []string{`fastapiusersauth="a\"b\\c\054\073\303\251"`}, `a"b\c,;é`},
		{"escapes that are none", []string{`fastapiusersauth="\9\40"`}, "940"},
		{"octal beyond a byte", []string{`fastapiusersauth="\777"`}, "777"},
		{"an equals sign", []string{"fastapiusersauth=a=b"}, "a=b"},
		{"twice: the last", []string{"fastapiusersauth=first; fastapiusersauth=last"}, "last"},
		{"twice: the last, which is empty", []string{"fastapiusersauth=first; fastapiusersauth="}, ""},
		{"two headers", []string{"fastapiusersauth=first", "fastapiusersauth=last"}, "last"},
	}
	c := newCookie(t, core.CookieConfig{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantEqual(t, "token", c.Token(http.Header{"Cookie": test.headers}), test.want)
		})
	}
}

// Whatever a strategy makes of a token comes back.
func TestCookieRoundTrip(t *testing.T) {
	c := newCookie(t, core.CookieConfig{Name: "sid"})
	all := ""
	for b := range 256 {
		all += string([]byte{byte(b)})
	}
	for _, token := range []string{"eyJh.e30._-abc", "a b", "a;b,c", `"`, `\`, `\054`, "é", all} {
		out := http.Header{}
		c.Send(out, token, noon)
		sent, _, _ := strings.Cut(out.Get("Set-Cookie"), "; HttpOnly")
		if strings.IndexFunc(sent, func(r rune) bool { return r < ' ' || r > '~' || r == ';' }) >= 0 {
			t.Errorf("%q was sent as %q", token, sent)
		}
		wantEqual(t, "token", c.Token(http.Header{"Cookie": {sent}}), token)
	}
}

func TestCookieProblems(t *testing.T) {
	tests := []struct {
		name string
		cfg  core.CookieConfig
		want []string // how each problem starts
	}{
		{"name", core.CookieConfig{Name: "a b"}, []string{`Name "a b" is not a token`}},
		{"name, beyond ASCII", core.CookieConfig{Name: "é"}, []string{`Name "é" is not a token`}},
		{"age", core.CookieConfig{MaxAge: -1}, []string{"MaxAge -1ns is negative"}},
		{"age in milliseconds", core.CookieConfig{MaxAge: 1500 * time.Millisecond}, []string{"MaxAge 1.5s is negative or not"}},
		{"path", core.CookieConfig{Path: "auth"}, []string{`Path "auth" does not begin`}},
		{"path with an attribute", core.CookieConfig{Path: "/; Domain=x"}, []string{`Path "/; Domain=x" has a character`}},
		{"domain with a line", core.CookieConfig{Domain: "x\r\n"}, []string{`Domain "x\r\n" has a character`}},
		{"same site", core.CookieConfig{SameSite: "Lax"}, []string{`SameSite "Lax" is none of`}},
		{"none without TLS", core.CookieConfig{SameSite: "none", Insecure: true}, []string{"SameSite none and Insecure"}},
		{"prefix without TLS", core.CookieConfig{Name: "__Secure-sid", Insecure: true}, []string{`Name "__Secure-sid" and Insecure`}},
		{"host prefix and domain", core.CookieConfig{Name: "__Host-sid", Domain: "x"}, []string{`Name "__Host-sid" and a Domain`}},
		{"host prefix", core.CookieConfig{Name: "__Host-sid"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := core.NewCookie(test.cfg)
			var config *core.ConfigError
			errors.As(err, &config)
			var got []string
			if config != nil {
				got = config.Problems
			}
			if !slices.EqualFunc(got, test.want, strings.HasPrefix) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
