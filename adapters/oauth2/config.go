package oauthclient

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
)

// Config is what all providers need: what an application got when it was
// registered at one. ClientID and ClientSecret are needed, save where a
// constructor says otherwise.
type Config struct {
	ClientID     string
	ClientSecret string `json:"-"`
	// Name is what accounts are kept under, as [ports.Account] has it. Empty
	// means the one of the provider, which is that of FastAPI Users. Two
	// providers of one application have two names.
	Name string
	// Scopes are asked for where a request names none. Nil means the
	// provider's of the table in docs/oauth-providers.md.
	Scopes []string
	// Extra are further parameters of the authorization URL, such as prompt,
	// or access_type=offline, without which Google gives no refresh token.
	Extra url.Values
	// WithoutPKCE leaves out the code challenge and the verifier, for a
	// provider that refuses them, as LinkedIn does where it did not turn PKCE
	// on for the application. Then a code that was stolen is good in a flow
	// that somebody else began, unless the provider has a nonce.
	WithoutPKCE bool
	// Transport sends requests. Nil means one of its own, which uses the proxy
	// of the environment. Limits of time and size and the refusal to follow
	// redirects hold for any.
	Transport http.RoundTripper
	// Timeout is how long an operation may take, with all its requests. 0
	// means DefaultTimeout.
	Timeout time.Duration
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// DefaultTimeout is how long an operation may take, if nothing else is said.
const DefaultTimeout = 5 * time.Second

// Format keeps the secret out of logs.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{ClientID:%q ClientSecret:[%d bytes] Name:%q Scopes:%q Extra:%q WithoutPKCE:%t Timeout:%v}",
		c.ClientID, len(c.ClientSecret), c.Name, c.Scopes, c.Extra, c.WithoutPKCE, c.Timeout)
}

// setDefaults also makes c independent of the caller's slices and maps.
func (c *Config) setDefaults(r row) {
	if c.Name == "" {
		c.Name = r.name
	}
	if c.Scopes == nil {
		c.Scopes = r.scopes
	}
	c.Scopes = slices.Clone(c.Scopes)
	extra := url.Values{}
	for name, values := range c.Extra {
		extra[name] = slices.Clone(values)
	}
	c.Extra = extra
	if c.Transport == nil {
		c.Transport = newTransport()
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// newTransport returns what sends requests, if nothing else is said.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: DefaultTimeout}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    DefaultTimeout,
		ResponseHeaderTimeout:  DefaultTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
	}
}

// ours are parameters of the authorization URL that nobody else sets.
var ours = []string{
	"response_type", "client_id", "redirect_uri", "state", "scope", "code_challenge", "code_challenge_method", "nonce",
}

func (c *Config) problems(r row) []string {
	var out []string
	if c.ClientID == "" {
		out = append(out, "ClientID is empty")
	}
	if c.ClientSecret == "" && r.secret == nil {
		out = append(out, "ClientSecret is empty")
	}
	if c.ClientSecret != "" && r.secret != nil {
		out = append(out, "ClientSecret is set, and made of a key")
	}
	if c.Name == "" || !utf8.ValidString(c.Name) || strings.ContainsRune(c.Name, 0) {
		out = append(out, "Name is empty or not UTF-8, or has a NUL byte")
	}
	for i, s := range c.Scopes {
		if !isScope(s) {
			out = append(out, fmt.Sprintf("Scopes[%d] is no scope: %q", i, s))
		}
	}
	if r.openID() && !slices.Contains(c.Scopes, "openid") {
		out = append(out, "Scopes lacks openid")
	}
	for name := range c.Extra {
		if slices.Contains(ours, name) || r.params.Has(name) {
			out = append(out, fmt.Sprintf("Extra has %q, which is set already", name))
		}
	}
	if c.Timeout < 0 {
		out = append(out, fmt.Sprintf("Timeout is %v", c.Timeout))
	}
	return out
}

// isScope reports whether s is a scope-token of RFC 6749, section 3.3.
func isScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// secure reports whether raw is an absolute URL of https, or of http on this
// machine.
func secure(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}

// configError returns the problems of a constructor's arguments.
func configError(problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return &core.ConfigError{Of: "oauthclient.Config", Problems: problems}
}
