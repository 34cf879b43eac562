package core

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gousher/usher/ports"
)

// Cookie carries a token in a cookie (RFC 6265). Browsers send it of their own
// accord, so deliveries refuse it on calls that change state and come from
// another site.
type Cookie struct {
	name string
	// set and gone are what follows the value, for a token and for none.
	set, gone string
}

// CookieConfig sets up a [Cookie]. Its zero value is a cookie for the session
// of the browser that scripts cannot read, that goes over TLS only, and that
// other sites' requests carry only where a user follows a link.
type CookieConfig struct {
	// Name is the cookie's. Empty means "fastapiusersauth".
	Name string
	// MaxAge is how long the browser keeps the cookie, in whole seconds. Zero
	// means until the browser is closed. How long the token is good for is up
	// to the strategy.
	MaxAge time.Duration
	// Path is where the cookie is sent to. Empty means "/".
	Path string
	// Domain has the cookie sent to the subdomains of a domain, too. Empty
	// means that it goes to the host it came from, and no other.
	Domain string
	// Insecure has the cookie sent without TLS. It is for a development server
	// on http, and nothing else.
	Insecure bool
	// Scriptable lets scripts of the page read the token, and whoever gets a
	// script into the page.
	Scriptable bool
	// SameSite is "lax", "strict" or "none". Empty means "lax".
	SameSite string
}

var _ ports.Transport = (*Cookie)(nil)

// NewCookie returns a transport, or a *[ConfigError].
func NewCookie(cfg CookieConfig) (*Cookie, error) {
	if cfg.Name == "" {
		cfg.Name = "fastapiusersauth"
	}
	if cfg.Path == "" {
		cfg.Path = "/"
	}
	if cfg.SameSite == "" {
		cfg.SameSite = "lax"
	}
	if problems := cfg.problems(); problems != nil {
		return nil, &ConfigError{Of: "core.CookieConfig", Problems: problems}
	}
	c := &Cookie{name: cfg.Name}
	c.set = cfg.attributes(int64(cfg.MaxAge/time.Second), cfg.MaxAge != 0)
	c.gone = cfg.attributes(0, true)
	return c, nil
}

func (c *CookieConfig) problems() []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if strings.IndexFunc(c.Name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }) >= 0 {
		add("Name %q is not a token (RFC 9110, section 5.6.2)", c.Name)
	}
	if c.MaxAge < 0 || c.MaxAge%time.Second != 0 {
		add("MaxAge %v is negative or not in whole seconds", c.MaxAge)
	}
	for name, value := range map[string]string{"Path": c.Path, "Domain": c.Domain} {
		if strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r > '~' || r == ';' }) >= 0 {
			add("%s %q has a character that no attribute may have", name, value)
		}
	}
	if c.Path[0] != '/' {
		add("Path %q does not begin with a slash", c.Path)
	}
	switch c.SameSite {
	case "lax", "strict":
	case "none":
		if c.Insecure {
			add("SameSite none and Insecure: browsers refuse such cookies")
		}
	default:
		add("SameSite %q is none of lax, strict and none", c.SameSite)
	}
	switch host, secure := strings.HasPrefix(c.Name, "__Host-"), strings.HasPrefix(c.Name, "__Secure-"); {
	case (host || secure) && c.Insecure:
		add("Name %q and Insecure: browsers refuse such cookies", c.Name)
	case host && (c.Domain != "" || c.Path != "/"):
		add("Name %q and a Domain or a Path: browsers refuse such cookies", c.Name)
	}
	return out
}

// attributes are in the order and the case in which FastAPI Users writes them.
func (c *CookieConfig) attributes(maxAge int64, ages bool) string {
	var out strings.Builder
	if c.Domain != "" {
		out.WriteString("; Domain=" + c.Domain)
	}
	if !c.Scriptable {
		out.WriteString("; HttpOnly")
	}
	if ages {
		fmt.Fprintf(&out, "; Max-Age=%d", maxAge)
	}
	out.WriteString("; Path=" + c.Path + "; SameSite=" + c.SameSite)
	if !c.Insecure {
		out.WriteString("; Secure")
	}
	return out.String()
}

// Name returns the cookie's name.
func (c *Cookie) Name() string { return c.name }

// Token implements [ports.Transport]. Where the cookie is sent more than once,
// the last one counts.
func (c *Cookie) Token(in ports.Header) string {
	token := ""
	for _, header := range in.Values("Cookie") {
		for pair := range strings.SplitSeq(header, ";") {
			name, value, ok := strings.Cut(pair, "=")
			if ok && strings.TrimSpace(name) == c.name {
				token = unquote(strings.TrimSpace(value))
			}
		}
	}
	return token
}

// Ambient implements [ports.Transport].
func (c *Cookie) Ambient() bool { return true }

// Send implements [ports.Transport].
func (c *Cookie) Send(out ports.Header, token string, _ time.Time) bool {
	out.Add("Set-Cookie", c.name+"="+quote(token)+c.set)
	return true
}

// Forget implements [ports.Transport].
func (c *Cookie) Forget(out ports.Header) { out.Add("Set-Cookie", c.name+`=""`+c.gone) }

// plainCookie are the characters of values that need no quotes, for Python.
const plainCookie = "!#$%&'*+-.^_`|~:" + "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// quote writes a value as Python's http.cookies does: where it needs them, in
// quotes, with what may not stand between them in octal.
func quote(value string) string {
	special := func(r rune) bool { return !strings.ContainsRune(plainCookie, r) }
	if value != "" && !strings.ContainsFunc(value, special) {
		return value
	}
	var out strings.Builder
	out.WriteByte('"')
	for _, b := range []byte(value) {
		switch {
		case b == '"' || b == '\\':
			out.WriteByte('\\')
			out.WriteByte(b)
		case b < ' ' || b > '~' || b == ',' || b == ';':
			fmt.Fprintf(&out, `\%03o`, b)
		default:
			out.WriteByte(b)
		}
	}
	out.WriteByte('"')
	return out.String()
}

// unquote reads what quote writes.
func unquote(value string) string {
	if len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
		return value
	}
	value = value[1 : len(value)-1]
	var out []byte
	for i := 0; i < len(value); i++ {
		rest := value[i:]
		if rest[0] != '\\' || len(rest) == 1 {
			out = append(out, rest[0])
			continue
		}
		if octal, err := strconv.ParseUint(rest[1:min(4, len(rest))], 8, 8); err == nil && len(rest) > 3 {
			out = append(out, byte(octal))
			i += 3
			continue
		}
		out = append(out, rest[1])
		i++
	}
	return string(out)
}
