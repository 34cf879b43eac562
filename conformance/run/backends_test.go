package run

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// strategyKind is a strategy of the table below. Open returns a backend of it;
// s are the stores of the application.
type strategyKind struct {
	name string
	// revocable is whether a token can be ended by itself.
	revocable bool
	open      func(t *testing.T, name string, s stores, transport ports.Transport) core.Backend[*member]
}

// strategyKinds has a row for each strategy.
func strategyKinds() []strategyKind {
	stored := func(tokens func(t *testing.T, s stores) stores) func(*testing.T, string, stores, ports.Transport) core.Backend[*member] {
		return func(t *testing.T, name string, s stores, transport ports.Transport) core.Backend[*member] {
			b, err := session.Backend(name, tokens(t, s), session.Config{}, transport)
			require.NoError(t, err)
			return b
		}
	}
	kinds := []strategyKind{
		{"session", true, stored(func(_ *testing.T, s stores) stores { return s })},
		{"redis", true, stored(func(t *testing.T, s stores) stores {
			keys := engine.Redis(t)
			s.Tokens = redisTokens(t, keys.Open(t, redis.UniversalOptions{}), keys)
			return s
		})},
	}
	for _, alg := range algorithms {
		kinds = append(kinds, strategyKind{alg.name, false, func(t *testing.T, name string, _ stores, transport ports.Transport) core.Backend[*member] {
			pair, err := alg.keys()
			require.NoError(t, err)
			return core.Backend[*member]{Name: name, Strategy: newKeyed(t, time.Now, pair[0]), Transport: transport}
		}})
	}
	return kinds
}

// transportKinds has a row for each transport. Cookie is its kind, as browsers
// see it.
var transportKinds = []struct {
	name   string
	cookie bool
	open   func() (ports.Transport, error)
}{
	{"bearer", false, func() (ports.Transport, error) { return core.Bearer{}, nil }},
	{"cookie", true, func() (ports.Transport, error) { return core.NewCookie(core.CookieConfig{}) }},
}

// Any strategy works with any transport, all of them at once in one server, on
// any stores, through the whole life of a session.
func TestAnyStrategyWithAnyTransport(t *testing.T) {
	for _, on := range []struct {
		name string
		open func(t *testing.T) stores
	}{
		{"memory", func(t *testing.T) stores {
			engine.Memory(t)
			return memory.New[member](memory.Config{})
		}},
		{"bun SQLite", func(t *testing.T) stores { return bunStores(t, openDB(t, engine.SQLite(t)), bunstore.Config{}) }},
	} {
		t.Run(on.name, func(t *testing.T) {
			base := serveAllKinds(t, on.open(t))
			tried := 0
			for _, s := range strategyKinds() {
				for _, tr := range transportKinds {
					t.Run(s.name+" "+tr.name, func(t *testing.T) { base.life(t, s.name+"-"+tr.name, s.revocable, tr.cookie) })
					tried++
				}
			}
			require.Equal(t, 12, tried)
		})
	}
}

// serveAllKinds serves a backend for each strategy and transport, over TLS.
func serveAllKinds(t *testing.T, s stores) *website {
	t.Helper()
	manager, err := newManager(s, &drawer{}, 1)
	require.NoError(t, err)
	var backends []core.Backend[*member]
	mounts := []httpauth.Mount{
		httpauth.Include("/auth", httpauth.Register{}), httpauth.Include("/users", httpauth.Users{}),
	}
	for _, kind := range strategyKinds() {
		for _, tr := range transportKinds {
			transport, err := tr.open()
			require.NoError(t, err)
			name := kind.name + "-" + tr.name
			backends = append(backends, kind.open(t, name, s, transport))
			mounts = append(mounts, httpauth.Include("/auth/"+name, httpauth.Auth{Backend: name}))
		}
	}
	auth, err := core.NewAuthenticator(manager, backends...)
	require.NoError(t, err)
	api, err := httpauth.New(auth, httpauth.Config[*member]{Timeout: patient, Schema: core.Schema[*member]{
		Read:   core.Reading(func(m *member) memberRead { return memberRead{core.ReadUser(m), m.Nickname} }),
		Update: core.Updating(func(in memberUpdate, m *member) { in.Nickname.Apply(&m.Nickname) }),
	}}, mounts...)
	require.NoError(t, err)
	server := httptest.NewTLSServer(api)
	t.Cleanup(server.Close)
	return &website{server}
}

// website is a server, and browser what somebody uses it with.
type (
	website struct{ *httptest.Server }
	browser struct {
		t      *testing.T
		client *http.Client
		base   string
		bearer string // the token, for the header
	}
)

// browser returns a new one, with a jar of cookies.
func (s *website) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := *s.Client()
	client.Jar = jar
	return &browser{t: t, client: &client, base: s.URL}
}

// send sends a request and checks the status and the body, where it is not
// "*". Pairs are further header fields.
func (v *browser) send(status int, want, method, path, contentType, body string, pairs ...string) (string, http.Header) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(body))
	require.NoError(v.t, err)
	r.Header.Set("Content-Type", contentType)
	if v.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+v.bearer)
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	answer, err := v.client.Do(r)
	require.NoError(v.t, err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	require.NoError(v.t, err)
	require.Equal(v.t, status, answer.StatusCode, "%s %s: %s", method, path, got)
	if want != "*" {
		require.Equal(v.t, want, string(got), "%s %s", method, path)
	}
	return string(got), answer.Header
}

func (v *browser) json(status int, want, method, path, body string, pairs ...string) string {
	v.t.Helper()
	got, _ := v.send(status, want, method, path, "application/json", body, pairs...)
	return got
}

const (
	unauthorized = `{"detail":"Unauthorized"}`
	cookieFlags  = "; HttpOnly; Path=/; SameSite=lax; Secure"
	formType     = "application/x-www-form-urlencoded"
)

// login logs in and returns the token, which it uses from now on.
func (v *browser) login(backend, email, password string, cookie bool) (token string) {
	v.t.Helper()
	form := url.Values{"username": {email}, "password": {password}}.Encode()
	if cookie {
		_, h := v.send(http.StatusNoContent, "", "POST", "/auth/"+backend+"/login", formType, form)
		require.Len(v.t, h.Values("Set-Cookie"), 1)
		token, ok := strings.CutSuffix(strings.TrimPrefix(h.Get("Set-Cookie"), "fastapiusersauth="), cookieFlags)
		require.True(v.t, ok, h.Get("Set-Cookie"))
		return token
	}
	body, h := v.send(http.StatusOK, "*", "POST", "/auth/"+backend+"/login", formType, form)
	require.Empty(v.t, h.Values("Set-Cookie"))
	token, ok := strings.CutSuffix(strings.TrimPrefix(body, `{"access_token":"`), `","token_type":"bearer"}`)
	require.True(v.t, ok, body)
	v.bearer = token
	return token
}

// replay sends a token that was logged out.
func (s *website) replay(t *testing.T, token string, cookie bool) *browser {
	t.Helper()
	v := s.browser(t)
	if !cookie {
		v.bearer = token
		return v
	}
	at, err := url.Parse(s.URL)
	require.NoError(t, err)
	v.client.Jar.SetCookies(at, []*http.Cookie{{Name: "fastapiusersauth", Value: token, Secure: true, Path: "/"}})
	return v
}

// life is that of a user's sessions with one backend.
func (s *website) life(t *testing.T, backend string, revocable, cookie bool) {
	v := s.browser(t)
	email := strings.ToLower(backend) + "@example.com"
	me := v.json(http.StatusCreated, "*", "POST", "/auth/register", fmt.Sprintf(`{"email":%q,"password":"correct horse"}`, email))
	require.Regexp(t, `^\{"id":"[0-9a-f-]{36}","email":"`+email+`","is_active":true,"is_superuser":false,"is_verified":false,"nickname":""\}$`, me)
	v.json(http.StatusUnauthorized, unauthorized, "GET", "/users/me", "")
	v.send(http.StatusBadRequest, `{"detail":"LOGIN_BAD_CREDENTIALS"}`, "POST", "/auth/"+backend+"/login", formType,
		url.Values{"username": {email}, "password": {"wrong horse"}}.Encode())

	token := v.login(backend, email, "correct horse", cookie)
	v.json(http.StatusOK, me, "GET", "/users/me", "")
	me = strings.Replace(me, `"nickname":""`, `"nickname":"Ann"`, 1)
	v.json(http.StatusOK, me, "PATCH", "/users/me", `{"nickname":"Ann"}`)
	v.json(http.StatusOK, me, "GET", "/users/me", "")

	// Only what browsers send by themselves is refused across sites.
	status, answer := http.StatusOK, me
	if cookie {
		status, answer = http.StatusForbidden, `{"detail":"Forbidden"}`
	}
	v.json(status, answer, "PATCH", "/users/me", `{"nickname":"Ann"}`, "Sec-Fetch-Site", "cross-site")

	_, h := v.send(http.StatusNoContent, "", "POST", "/auth/"+backend+"/logout", "", "")
	if cookie {
		require.Equal(t, []string{`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`}, h.Values("Set-Cookie"))
		v.json(http.StatusUnauthorized, unauthorized, "GET", "/users/me", "")
		v.json(http.StatusUnauthorized, unauthorized, "POST", "/auth/"+backend+"/logout", "")
	}
	// A token that cannot be ended outlives its logout, as in the reference.
	old := s.replay(t, token, cookie)
	if revocable {
		old.json(http.StatusUnauthorized, unauthorized, "GET", "/users/me", "")
		old.json(http.StatusUnauthorized, unauthorized, "POST", "/auth/"+backend+"/logout", "")
	} else {
		old.json(http.StatusOK, me, "GET", "/users/me", "")
	}

	// A new password ends every other session, and the one that set it where its
	// token can neither be carried over nor replaced.
	other := s.browser(t)
	other.login(backend, email, "correct horse", cookie)
	v.login(backend, email, "correct horse", cookie)
	v.json(http.StatusOK, me, "PATCH", "/users/me", `{"password":"battery staple"}`)
	other.json(http.StatusUnauthorized, unauthorized, "GET", "/users/me", "")
	old.json(http.StatusUnauthorized, unauthorized, "GET", "/users/me", "")
	if revocable || cookie {
		v.json(http.StatusOK, me, "GET", "/users/me", "")
	} else {
		v.json(http.StatusUnauthorized, unauthorized, "GET", "/users/me", "")
	}
	v.login(backend, email, "battery staple", cookie)
	v.json(http.StatusOK, me, "GET", "/users/me", "")
}
