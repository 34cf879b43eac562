package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// service is an identity provider that knows a few people by the codes that
// they come with, and writes down what it is asked.
type service struct{ happened *record }

var identities = map[string]ports.Identity{
	"galahad":    {Subject: "galahad", Email: "galahad@camelot.bt", EmailVerified: true},
	"arthur":     {Subject: "arthur", Email: "king.arthur@camelot.bt", EmailVerified: true},
	"lady":       {Subject: "lady", Email: "Lake.Lady@camelot.bt", EmailVerified: true},
	"unvouched":  {Subject: "unvouched", Email: "lake.lady@camelot.bt"},
	"percival":   {Subject: "percival", Email: "percival@camelot.bt", EmailVerified: true},
	"no-address": {Subject: "nobody"},
}

func (s *service) Name() string { return "service1" }

func (s *service) AuthorizationURL(_ context.Context, q ports.AuthorizationRequest) (string, error) {
	scope := "default"
	if q.Scopes != nil {
		scope = strings.Join(q.Scopes, "+")
	}
	return "https://service1.bt/authorize?redirect_uri=" + url.QueryEscape(q.RedirectURL) + "&scope=" + scope + "&state=" + q.State, nil
}

func (s *service) Identify(_ context.Context, r ports.AuthorizationResponse) (ports.Identity, error) {
	s.happened.add("asked", r.Code, r.RedirectURL)
	id, ok := identities[r.Code]
	switch {
	case r.Code == "outage":
		return id, errors.New("service1 is out of reach")
	case !ok:
		return id, fmt.Errorf("no such code: %w", core.ErrCodeRefused)
	case len(r.Verifier) < 43 || len(r.Nonce) < 43:
		return id, errors.New("no PKCE, or no nonce")
	}
	return id, nil
}

func (s *service) Refresh(context.Context, string) (ports.ProviderTokens, error) {
	return ports.ProviderTokens{}, core.ErrCodeRefused
}

// redirectURL is where the service sends the browser back to.
const redirectURL = "http://www.tintagel.bt/callback"

// withOAuth mounts the routers of the service, by the person whose account is
// linked where there is one.
func withOAuth(s *setup) { s.oauth = &httpauth.OAuth{} }

func admitting(cfg httpauth.OAuth) func(*setup) { return func(s *setup) { s.oauth = &cfg } }

func (w *world) mountOAuth(t testing.TB, s setup) (*core.OAuth[*member], []httpauth.Mount) {
	t.Helper()
	if s.oauth == nil {
		return nil, nil
	}
	oauth, err := core.NewOAuth(w.users, core.OAuthConfig{
		Providers: []ports.IdentityProvider{&service{&w.happened}}, Signer: w.signer,
		Keys: []core.SealingKey{{ID: "1", Key: secret}},
	})
	require.NoError(t, err)
	login, cookie := *s.oauth, *s.oauth
	login.Provider, login.Backend, login.RedirectURL = "service1", "db", redirectURL
	cookie.Provider, cookie.Backend, cookie.RedirectURL = "service1", "cookie", redirectURL
	return oauth, []httpauth.Mount{
		httpauth.Include("/oauth", login), httpauth.Include("/oauth-cookie", cookie),
		httpauth.Include("/associate", httpauth.OAuthAssociate{Provider: "service1", RedirectURL: redirectURL, RequireVerified: s.verified}),
		httpauth.Include("/users", httpauth.Accounts{}),
	}
}

// The cookie that a state needs lives at least as long as the state.
func TestOAuthCookieOutlivesItsState(t *testing.T) {
	w := newWorld(t, storeKinds[0].open(t), nil)
	oauth, err := core.NewOAuth(w.users, core.OAuthConfig{
		Providers: []ports.IdentityProvider{&service{&w.happened}}, Signer: w.signer,
		Keys: []core.SealingKey{{ID: "1", Key: secret}}, StateLifetime: 6 * time.Hour,
	})
	require.NoError(t, err)
	mounted := func(life time.Duration) (http.Handler, error) {
		return httpauth.New(w.auth, httpauth.Config[*member]{Schema: memberSchema, OAuth: oauth}, httpauth.Include("/oauth", httpauth.OAuth{
			Provider: "service1", Backend: "db", RedirectURL: redirectURL, Cookie: core.CookieConfig{MaxAge: life},
		}))
	}
	for life, want := range map[time.Duration]string{0: "Max-Age=21600", 7 * time.Hour: "Max-Age=25200"} {
		h, err := mounted(life)
		require.NoError(t, err)
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/oauth/authorize", nil))
		require.Contains(t, answer.Header().Get("Set-Cookie"), want)
	}
	_, err = mounted(5 * time.Hour)
	require.ErrorContains(t, err, "OAuth.Cookie.MaxAge is 5h0m0s, and the state that it belongs to lives for 6h0m0s")
}

// deactivated gives a banned person an account at the service.
func (w *world) deactivated(t testing.TB, who string) {
	t.Helper()
	require.NoError(t, w.stores.Accounts.Link(t.Context(), ports.Account{
		Provider: "service1", Subject: who, UserID: people[who].id, CreatedAt: start, UpdatedAt: start,
	}, nil))
}

// strangerState is signed with another secret.
func (w *world) strangerState(t testing.TB) string {
	t.Helper()
	stranger, err := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{[]byte(strings.Repeat("x", 32))}, Now: w.clock.Now})
	require.NoError(t, err)
	token, err := stranger.Sign(t.Context(), ports.Claims{Subject: "oauth", Audience: "fastapi-users:oauth-state", Expires: start.AddDate(0, 0, 1)})
	require.NoError(t, err)
	return token
}

const csrfCookie = "fastapiusersoauthcsrf"

// authorized is the answer to /authorize, of which the n-th state and secret of
// the test are learnt.
func authorized(n, scope string) string {
	return "200\nCache-Control: no-store\nContent-Length: «size" + n + "»\nContent-Type: application/json\n" +
		"Set-Cookie: " + csrfCookie + "=«csrf" + n + "»; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure\n\n" +
		`{"authorization_url":"https://service1.bt/authorize?redirect_uri=http%3A%2F%2Fwww.tintagel.bt%2Fcallback&scope=` + scope + `&state=«state` + n + `»"}`
}

// back comes back with a code, and the n-th state and secret.
func back(path, code, n string, header ...string) string {
	return get(path+"/callback?code="+code+"&state=«state"+n+"»", append(header, "Cookie: "+csrfCookie+"=«csrf"+n+"»")...)
}

// by logs in at path with a code.
func by(path, code, want string) talk {
	return talk{get(path + "/authorize"), authorized("", "default"), back(path, code, ""), want}
}

// links links an account of the person who.
func links(who, code, want string) talk {
	return talk{ask("GET", "/associate/authorize", who), authorized("", "default"), back("/associate", code, "", as(who)), want}
}

const spent = "Set-Cookie: " + csrfCookie + `=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`

var (
	sessionMade  = answer(200, `{"access_token":"«session»","token_type":"bearer"}`, spent)
	invalidState = refused("OAUTH_INVALID_STATE")
	undecodable  = refused("ACCESS_TOKEN_DECODE_ERROR")
	expiredState = refused("ACCESS_TOKEN_ALREADY_EXPIRED")
	noAddress    = refused("OAUTH_NOT_AVAILABLE_EMAIL")
	existing     = refused("OAUTH_USER_ALREADY_EXISTS")
)

const askedGalahad = "asked galahad " + redirectURL

// then is one talk after another.
func then(talks ...talk) (all talk) {
	for _, t := range talks {
		all = append(all, t...)
	}
	return all
}

// oauthTests are about logging in with an identity provider.
var oauthTests = []test{
	{name: "authorize", setup: withOAuth, talk: talk{get("/oauth/authorize?scopes=scope1&scopes=scope2"), authorized("", "scope1+scope2")}},
	{name: "authorize-default-scopes", setup: withOAuth, talk: talk{get("/oauth/authorize"), authorized("", "default")}},
	{name: "authorize-no-scopes", setup: withOAuth, talk: talk{get("/oauth/authorize?scopes="), authorized("", "")}},
	{name: "authorize-redirect-url", setup: withOAuth, talk: talk{get("/oauth/authorize", "X-Forwarded-Host: evil.bt"), authorized("", "default")}},
	{name: "new-user", setup: withOAuth, happened: askedGalahad + ", registered, logged in", talk: then(
		by("/oauth", "galahad", sessionMade), talk{
			get("/users/me", "Authorization: Bearer «session»"),
			answer(200, `{"id":"«id»","email":"galahad@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false,"first_name":null,"shield":null}`),
		})},
	{name: "new-user-verified", setup: admitting(httpauth.OAuth{VerifiedByDefault: true}), happened: askedGalahad + ", registered, logged in", talk: then(
		by("/oauth", "galahad", sessionMade), talk{
			get("/users/me", "Authorization: Bearer «session»"),
			answer(200, `{"id":"«id»","email":"galahad@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true,"first_name":null,"shield":null}`),
		})},
	{name: "known-account", setup: withOAuth, happened: "asked lady " + redirectURL + ", updated , asked lady " + redirectURL + ", logged in", talk: then(
		links("lady", "lady", answer(200, lady, spent)), talk{
			get("/oauth/authorize"), authorized("2", "default"), back("/oauth", "lady", "2"), sessionMade,
			get("/users/me", "Authorization: Bearer «session»"), answer(200, lady),
		})},
	{name: "by-cookie", setup: withOAuth, happened: askedGalahad + ", registered, logged in", talk: by("/oauth-cookie", "galahad",
		"204\nCache-Control: no-store\nSet-Cookie: fastapiusersauth=«cookie»; HttpOnly; Path=/; SameSite=lax; Secure\n"+spent+"\n\n")},
	{name: "exists", setup: withOAuth, happened: "asked lady " + redirectURL, talk: by("/oauth", "lady", existing)},
	{name: "associates-by-email", setup: admitting(httpauth.OAuth{AssociateByEmail: true}), happened: "asked lady " + redirectURL + ", logged in", talk: then(
		by("/oauth", "lady", sessionMade), talk{get("/users/me", "Authorization: Bearer «session»"), answer(200, lady)})},
	{name: "unverified-user", setup: admitting(httpauth.OAuth{AssociateByEmail: true}), happened: "asked arthur " + redirectURL, talk: by("/oauth", "arthur", existing)},
	{name: "unvouched-address", setup: admitting(httpauth.OAuth{AssociateByEmail: true}), happened: "asked unvouched " + redirectURL, talk: by("/oauth", "unvouched", existing)},
	{name: "inactive", setup: admitting(httpauth.OAuth{}), happened: "asked percival " + redirectURL, talk: then(
		talk{get("/oauth/authorize«percival has an account»"), authorized("", "default"), back("/oauth", "percival", ""), badLogin})},
	{name: "no-address", setup: withOAuth, happened: "asked no-address " + redirectURL, talk: by("/oauth", "no-address", noAddress)},
	{name: "no-state", setup: withOAuth, talk: talk{get("/oauth/callback?code=galahad"), undecodable, get("/oauth/callback?code=galahad&state=STATE"), undecodable}},
	{name: "stranger-state", setup: withOAuth, talk: talk{
		get("/oauth/authorize"), authorized("", "default"),
		get("/oauth/callback?code=galahad&state=«stranger state»", "Cookie: "+csrfCookie+"=«csrf»"), undecodable,
	}},
	{name: "expired-state", setup: withOAuth, talk: talk{
		get("/oauth/authorize"), authorized("", "default"), back("/oauth", "galahad«an hour later»", ""), expiredState,
	}},
	{name: "csrf", setup: withOAuth, talk: talk{
		get("/oauth/authorize"), authorized("", "default"), get("/oauth/authorize"), authorized("2", "default"),
		get("/oauth/callback?code=galahad&state=«state»"), invalidState,
		get("/oauth/callback?code=galahad&state=«state»", "Cookie: "+csrfCookie+"=invalid_csrf"), invalidState,
		get("/oauth/callback?code=galahad&state=«state»", "Cookie: "+csrfCookie+"=«csrf2»"), invalidState,
	}},
	{name: "used-state", setup: withOAuth, happened: askedGalahad + ", registered, logged in", talk: then(
		by("/oauth", "galahad", sessionMade), talk{back("/oauth", "galahad", ""), invalidState})},
	{name: "other-flow", setup: withOAuth, talk: talk{
		get("/oauth/authorize"), authorized("", "default"), back("/oauth-cookie", "galahad", ""), undecodable,
		back("/associate", "galahad", "", as("lady")), undecodable,
		ask("GET", "/associate/authorize", "lady"), authorized("2", "default"), back("/oauth", "galahad", "2"), undecodable,
	}},
	{name: "error", setup: withOAuth, talk: talk{
		get("/oauth/callback?error=access_denied"), refused("access_denied"), get("/oauth/callback?error=&code=galahad"), refused(""),
		get("/oauth/callback"), refused("Bad Request"), get("/oauth/callback?state=x"), refused("Bad Request"),
	}},
	{name: "code-refused", setup: func(s *setup) { withOAuth(s); s.logs = "refused" }, happened: "asked foo " + redirectURL, talk: by("/oauth", "foo", answer(502, `{"detail":"OAUTH_PROVIDER_ERROR"}`))},
	{name: "provider-outage", setup: func(s *setup) { withOAuth(s); s.logs = "out of reach" }, happened: "asked outage " + redirectURL, talk: by("/oauth", "outage", answer(503, `{"detail":"OAUTH_PROVIDER_UNAVAILABLE"}`))},
	{name: "last-parameter", setup: withOAuth, happened: askedGalahad + ", registered, logged in", talk: talk{
		get("/oauth/authorize"), authorized("", "default"),
		get("/oauth/callback?code=foo&code=galahad&state=x&state=«state»", "Cookie: "+csrfCookie+"=«csrf»"), sessionMade,
	}},
	{name: "associate-authorize", setup: withOAuth, talk: talk{
		get("/associate/authorize"), unauthorized, ask("GET", "/associate/authorize", "percival"), unauthorized,
		ask("GET", "/associate/authorize", "lady"), authorized("", "default"),
	}},
	{name: "associate-verified", setup: func(s *setup) { withOAuth(s); s.verified = true }, talk: talk{
		ask("GET", "/associate/authorize", "arthur"), answer(403, `{"detail":"Forbidden"}`),
		ask("GET", "/associate/authorize", "lady"), authorized("", "default"),
	}},
	{name: "associate", setup: withOAuth, happened: askedGalahad + ", updated ", talk: then(links("lady", "galahad", answer(200, lady, spent)), talk{
		ask("GET", "/users/me/accounts", "lady"), answer(200, `[{"oauth_name":"service1","account_id":"galahad","account_email":"galahad@camelot.bt"}]`),
	})},
	{name: "associate-callback-nobody", setup: withOAuth, talk: talk{
		ask("GET", "/associate/authorize", "lady"), authorized("", "default"), back("/associate", "galahad", ""), unauthorized,
		back("/associate", "galahad", "", as("percival")), unauthorized, get("/associate/callback?error=x"), unauthorized,
	}},
	{name: "associate-state", setup: withOAuth, talk: talk{
		ask("GET", "/associate/callback?code=galahad&state=STATE", "lady"), undecodable,
		ask("GET", "/associate/authorize", "lady"), authorized("", "default"),
		get("/associate/callback?code=galahad&state=«stranger state»", as("lady"), "Cookie: "+csrfCookie+"=«csrf»"), undecodable,
	}},
	{name: "associate-csrf", setup: withOAuth, talk: talk{
		ask("GET", "/associate/authorize", "lady"), authorized("", "default"),
		ask("GET", "/associate/callback?code=galahad&state=«state»", "lady"), invalidState,
		get("/associate/callback?code=galahad&state=«state»", as("lady"), "Cookie: "+csrfCookie+"=invalid_csrf"), invalidState,
	}},
	{name: "associate-expired", setup: func(s *setup) { withOAuth(s); s.lifetime = 2 * time.Hour }, talk: talk{
		ask("GET", "/associate/authorize", "lady"), authorized("", "default"), back("/associate", "galahad«an hour later»", "", as("lady")), expiredState,
	}},
	{name: "associate-other-user", setup: withOAuth, talk: talk{
		ask("GET", "/associate/authorize", "arthur"), authorized("", "default"), back("/associate", "galahad", "", as("lady")), refused("Bad Request"),
	}},
	{name: "associate-no-address", setup: withOAuth, happened: "asked no-address " + redirectURL, talk: links("lady", "no-address", noAddress)},
	{name: "associate-taken", setup: withOAuth, happened: askedGalahad + ", updated , " + askedGalahad, talk: then(links("lady", "galahad", answer(200, lady, spent)), talk{
		ask("GET", "/associate/authorize", "arthur"), authorized("2", "default"),
		back("/associate", "galahad", "2", as("arthur")), refused("OAUTH_ACCOUNT_ALREADY_LINKED"),
	})},
	{name: "unlink", setup: withOAuth, happened: askedGalahad + ", updated ", talk: then(links("lady", "galahad", answer(200, lady, spent)), talk{
		ask("DELETE", "/users/me/accounts/service1?account_id=galahad", "arthur"), answer(404, `{"detail":"Not Found"}`),
		ask("DELETE", "/users/me/accounts/service1", "lady"), answer(404, `{"detail":"Not Found"}`),
		ask("DELETE", "/users/me/accounts/service1?account_id=galahad", "lady"), "204\nCache-Control: no-store\n\n",
		ask("GET", "/users/me/accounts", "lady"), answer(200, `[]`), get("/users/me/accounts"), unauthorized,
	})},
	{name: "last-way-in", setup: withOAuth, happened: askedGalahad + ", registered, logged in", talk: then(by("/oauth", "galahad", sessionMade), talk{
		send("DELETE", "/users/me/accounts/service1?account_id=galahad", "", "Authorization: Bearer «session»"), refused("OAUTH_LAST_WAY_IN"),
	})},
	{name: "form-post", setup: admitting(httpauth.OAuth{FormPost: true}), happened: askedGalahad + ", registered, logged in", talk: talk{
		get("/oauth/authorize"), authorized("", "default"),
		form("/oauth/callback", "code=galahad&state=«state»&user=%7B%7D", "Origin: https://service1.bt"),
		"303\nCache-Control: no-store\nContent-Length: 0\nLocation: /oauth/callback?code=galahad&state=«state»\n\n",
		back("/oauth", "galahad", ""), sessionMade,
	}},
}
