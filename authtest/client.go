package authtest

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// Site is where the handler of a client seems to be.
const Site = "https://app.test"

// NewClient returns a client whose requests h answers, in memory and without a
// network, whatever their host. The client keeps cookies and follows no
// redirects. Requests come from the address 192.0.2.1.
func NewClient(h http.Handler) *http.Client {
	jar, _ := cookiejar.New(nil) // it never fails
	return &http.Client{
		Transport:     &direct{h: h},
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// LoggedIn returns a client of h, as NewClient does, with a session of u at
// the backend of that name. The session is made as a login makes it, without a
// password and without a request: u is a user that auth's manager has. The
// test fails where there is no such backend, where u may not log in, or where
// the client may not keep the cookie, as it is for another host than that of
// [Site].
func LoggedIn[U core.AnyUser](t testing.TB, h http.Handler, auth *core.Authenticator[U], backend string, u U) *http.Client {
	t.Helper()
	header := http.Header{}
	issued, err := auth.Login(t.Context(), u, core.Entry{
		Backend: backend, Methods: []string{"user"}, Request: ports.Request{Header: http.Header{}}, Out: header,
	})
	if err != nil {
		t.Fatalf("authtest: log in at %q: %v", backend, err)
	}
	c := NewClient(h)
	if issued.Sent {
		site, _ := url.Parse(Site) // which it is
		cookies := (&http.Response{Header: header}).Cookies()
		c.Jar.SetCookies(site, cookies)
		if !keeps(c.Jar, site, cookies) {
			t.Fatalf("authtest: log in at %q: the client keeps no cookie for %s, as its Domain is another or none was set", backend, Site)
		}
	} else {
		c.Transport.(*direct).bearer = issued.Token
	}
	return c
}

// keeps reports whether jar has one of the cookies that site has set, wherever
// on site it is sent to.
func keeps(jar http.CookieJar, site *url.URL, cookies []*http.Cookie) bool {
	for _, set := range cookies {
		at := *site
		if strings.HasPrefix(set.Path, "/") {
			at.Path = set.Path
		}
		for _, kept := range jar.Cookies(&at) {
			if kept.Name == set.Name {
				return true
			}
		}
	}
	return false
}

// direct hands requests to a handler.
type direct struct {
	h      http.Handler
	bearer string
}

// RoundTrip implements [http.RoundTripper].
func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.Host, in.RemoteAddr = r.URL.Host, "192.0.2.1:1234"
	if r.Host != "" {
		in.Host = r.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	if d.bearer != "" && in.Header.Get("Authorization") == "" {
		in.Header.Set("Authorization", "Bearer "+d.bearer)
	}
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, in)
	res := w.Result()
	res.Request = r
	return res, nil
}
