package authtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

// app is an application as its own tests would make it.
type app struct {
	stores ports.Stores[*core.User]
	users  *core.Manager[*core.User]
	auth   *core.Authenticator[*core.User]
	mails  *authtest.Mailbox
	clock  *authtest.Clock
	http.Handler
}

// addresses are a parser of addresses that suffices for tests.
type addresses struct{}

func (addresses) Parse(addr string) (string, error) { return addr, nil }
func (addresses) Key(addr string) string            { return strings.ToLower(addr) }

// signer signs nothing: it hands claims out under numbers.
type signer struct{ said []ports.Claims }

func (s *signer) Sign(_ context.Context, c ports.Claims) (string, error) {
	s.said = append(s.said, c)
	return fmt.Sprint(len(s.said) - 1), nil
}

func (s *signer) Verify(_ context.Context, token, audience string) (ports.Claims, error) {
	var i int
	if _, err := fmt.Sscan(token, &i); err != nil || i >= len(s.said) || s.said[i].Audience != audience {
		return ports.Claims{}, core.ErrInvalidToken
	}
	return s.said[i], nil
}

func newApp() (*app, error) {
	a := &app{mails: &authtest.Mailbox{}, clock: authtest.NewClock(time.Now())}
	stores := memory.New[core.User](memory.Config{})
	a.stores = stores
	bearer, err1 := session.Backend("bearer", stores, session.Config{Now: a.clock.Now}, core.Bearer{})
	cookie, err2 := core.NewCookie(core.CookieConfig{})
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	browser, err1 := session.Backend("cookie", stores, session.Config{Now: a.clock.Now}, cookie)
	var err error
	a.users, err = core.NewManager(core.Config[*core.User]{
		Stores: stores, Hasher: authtest.Hasher{}, Emails: addresses{},
		Mail: core.Mailing{Signer: &signer{}, Mailer: a.mails},
	})
	if err = errors.Join(err1, err); err != nil {
		return nil, err
	}
	if a.auth, err = core.NewAuthenticator(a.users, bearer, browser); err != nil {
		return nil, err
	}
	api, err := httpauth.New(a.auth, httpauth.Config[*core.User]{},
		httpauth.Include("/auth/bearer", httpauth.Auth{Backend: "bearer"}),
		httpauth.Include("/auth/cookie", httpauth.Auth{Backend: "cookie"}),
		httpauth.Include("/users", httpauth.Users{}))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("GET /hello", api.Current(core.Policy[*core.User]{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := a.auth.User(r.Context())
		fmt.Fprintf(w, "Hello %s!\n", u.Email)
	})))
	a.Handler = mux
	return a, nil
}

func mustApp(t *testing.T) *app {
	t.Helper()
	a, err := newApp()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *app) user(t *testing.T, email string) *core.User {
	t.Helper()
	u, err := a.users.Create(t.Context(), &core.User{Email: email, IsActive: true}, "a long password")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func get(t *testing.T, c *http.Client, path string) (status int, body string) {
	t.Helper()
	res, err := c.Get(authtest.Site + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestLoggedIn(t *testing.T) {
	for _, backend := range []string{"bearer", "cookie"} {
		t.Run(backend, func(t *testing.T) {
			a := mustApp(t)
			ann, bob := a.user(t, "ann@example.com"), a.user(t, "bob@example.com")
			annsClient := authtest.LoggedIn(t, a, a.auth, backend, ann)
			bobsClient := authtest.LoggedIn(t, a, a.auth, backend, bob)
			for client, want := range map[*http.Client]string{annsClient: "Hello ann@example.com!\n", bobsClient: "Hello bob@example.com!\n"} {
				if status, body := get(t, client, "/hello"); status != http.StatusOK || body != want {
					t.Errorf("got %d %q, want %q", status, body, want)
				}
			}
			res, err := annsClient.Post(authtest.Site+"/auth/"+backend+"/logout", "", nil)
			if err != nil || res.StatusCode != http.StatusNoContent {
				t.Fatalf("logout: %v, %v", res, err)
			}
			if status, _ := get(t, annsClient, "/hello"); status != http.StatusUnauthorized {
				t.Errorf("after the logout: %d", status)
			}
			if status, _ := get(t, bobsClient, "/hello"); status != http.StatusOK {
				t.Errorf("after the logout of another: %d", status)
			}
		})
	}
}

// withCookie returns an authenticator of a whose one backend, "cookie", has
// such a cookie.
func (a *app) withCookie(t *testing.T, cfg core.CookieConfig) *core.Authenticator[*core.User] {
	t.Helper()
	cookie, err1 := core.NewCookie(cfg)
	backend, err2 := session.Backend("cookie", a.stores, session.Config{Now: a.clock.Now}, cookie)
	auth, err3 := core.NewAuthenticator(a.users, backend)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	return auth
}

// A cookie for a part of the site is kept, too, and sent there.
func TestLoggedInBelowPath(t *testing.T) {
	a := mustApp(t)
	u := a.user(t, "ann@example.com")
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, len(r.Cookies())) })
	for _, test := range []struct {
		cfg  core.CookieConfig
		path string
		want string
	}{
		{core.CookieConfig{Path: "/api/v1"}, "/api/v1/me", "1"},
		{core.CookieConfig{Path: "/api/v1"}, "/", "0"},
		{core.CookieConfig{Path: "/api/"}, "/api/me", "1"},
		{core.CookieConfig{Domain: "app.test"}, "/", "1"},
		{core.CookieConfig{Domain: ".app.test", MaxAge: time.Hour}, "/", "1"},
	} {
		client := authtest.LoggedIn(t, h, a.withCookie(t, test.cfg), "cookie", u)
		if _, got := get(t, client, test.path); got != test.want {
			t.Errorf("%+v: %s got %s cookies, want %s", test.cfg, test.path, got, test.want)
		}
	}
}

func TestNewClient(t *testing.T) {
	c := authtest.NewClient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/there", http.StatusSeeOther)
			return
		}
		text, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s %q", r.Method, r.Host, r.RequestURI, r.RemoteAddr, r.Header.Get("Authorization"), text)
	}))
	if status, body := get(t, c, "/a?b=c"); status != http.StatusOK || body != `GET app.test /a?b=c 192.0.2.1:1234  ""` {
		t.Errorf("got %d %s", status, body)
	}
	if status, _ := get(t, c, "/away"); status != http.StatusSeeOther {
		t.Errorf("a redirect was followed to %d", status)
	}
	res, err := c.Post(authtest.Site+"/", "text/plain", strings.NewReader("text"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); string(body) != `POST app.test / 192.0.2.1:1234  "text"` {
		t.Errorf("got %s", body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, authtest.Site, nil)
	if _, err := c.Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

func TestMailbox(t *testing.T) {
	a := mustApp(t)
	u := a.user(t, "ann@example.com")
	if err := a.users.ForgotPassword(t.Context(), "ANN@example.com"); err != nil {
		t.Fatal(err)
	}
	token := a.mails.Token(t, a.users, "reset", u.Email)
	if err := a.users.ResetPassword(t.Context(), token, "another long password"); err != nil {
		t.Error(err)
	}
	if n := len(a.mails.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
	a.mails.Fail(errors.New("no route"))
	if err := a.mails.Send(t.Context(), ports.Mail{}); err == nil {
		t.Error("a mail that fails is no error")
	}
	a.mails.Fail(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.mails.Send(ctx, ports.Mail{}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
	if err := a.mails.Send(t.Context(), ports.Mail{Kind: "verify"}); err != nil || len(a.mails.Mails()) != 2 {
		t.Errorf("%v; %d mails", err, len(a.mails.Mails()))
	}
}

func TestClock(t *testing.T) {
	a := mustApp(t)
	client := authtest.LoggedIn(t, a, a.auth, "bearer", a.user(t, "ann@example.com"))
	for _, step := range []struct {
		later time.Duration
		want  int
	}{{0, http.StatusOK}, {59 * time.Minute, http.StatusOK}, {time.Hour, http.StatusUnauthorized}} {
		a.clock.Advance(step.later)
		if status, _ := get(t, client, "/hello"); status != step.want {
			t.Errorf("after %v more: %d, want %d", step.later, status, step.want)
		}
	}
}

// misfortune is a test that fails, as far as Fatalf goes.
type misfortune struct {
	testing.TB
	said string
}

func (m *misfortune) Helper() {}

func (m *misfortune) Fatalf(format string, args ...any) {
	m.said = fmt.Sprintf(format, args...)
	panic(m)
}

func TestFailures(t *testing.T) {
	a := mustApp(t)
	u := a.user(t, "ann@example.com")
	said := func(f func(testing.TB)) (text string) {
		m := &misfortune{TB: t}
		defer func() { _ = recover(); text = m.said }()
		f(m)
		return ""
	}
	for name, f := range map[string]func(testing.TB){
		`authtest: log in at "none"`:                      func(t testing.TB) { authtest.LoggedIn(t, a, a.auth, "none", u) },
		`authtest: log in at "bearer"`:                    func(t testing.TB) { authtest.LoggedIn(t, a, a.auth, "bearer", &core.User{}) },
		`authtest: no mail of kind "verify" to "a@e.com"`: func(t testing.TB) { a.mails.Token(t, a.users, "verify", "a@e.com") },
	} {
		if got := said(f); !strings.HasPrefix(got, name) {
			t.Errorf("got %q, want %q", got, name)
		}
	}
	for _, domain := range []string{"example.com", "www.app.test"} {
		auth := a.withCookie(t, core.CookieConfig{Domain: domain})
		got := said(func(t testing.TB) { authtest.LoggedIn(t, a, auth, "cookie", u) })
		if want := `authtest: log in at "cookie": the client keeps no cookie for https://app.test, `; !strings.HasPrefix(got, want) {
			t.Errorf("cookie of %s: got %q, want %q", domain, got, want)
		}
	}
}
