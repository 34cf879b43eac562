package oauthclient_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	oauthclient "github.com/gousher/usher/adapters/oauth2"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// answers are what a provider answers, by method and URL: a body with status
// 200, or a status in front of one, as "403 {}". What is not in it fails.
type answers map[string]string

// RoundTrip implements [http.RoundTripper].
func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	body, ok := a[r.Method+" "+r.URL.String()]
	if !ok {
		return nil, fmt.Errorf("nobody answers %s %s", r.Method, r.URL)
	}
	status := http.StatusOK
	if _, err := fmt.Sscanf(body, "%3d ", &status); err == nil {
		body = body[4:]
	}
	kind := "application/json; charset=utf-8"
	if strings.HasPrefix(body, "access_token=") {
		kind = "application/x-www-form-urlencoded"
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

type constructor func(oauthclient.Config) (*oauthclient.Provider, error)

// challenge is the S256 of the verifier.
const challenge = "wZL8MkZejwdzHh4jB2kh79_6EBNURpiMV6pTtCVALSs"

// Each provider that speaks OAuth 2.0 alone, by answers of the form that its
// documentation has.
func TestProviders(t *testing.T) {
	const tokens = `{"token_type":"Bearer","access_token":"acc","expires_in":3600,"refresh_token":"ref","scope":"a b"}`
	microsoft := func(tenant string) constructor {
		return func(c oauthclient.Config) (*oauthclient.Provider, error) { return oauthclient.Microsoft(c, tenant) }
	}
	graph := "GET https://graph.microsoft.com/v1.0/me"
	me := "GET https://api.github.com/user"
	emails := "GET https://api.github.com/user/emails"
	github := "POST https://github.com/login/oauth/access_token"
	ann := `{"login":"ann","id":583231,"node_id":"MDQ6VXNlcjU4MzIzMQ==","type":"User","name":"Ann","email":%s}`
	for _, test := range []struct {
		name    string
		make    constructor
		url     string // up to the parameters that all have
		end     string // after them
		basic   bool
		token   string
		answers answers
		want    ports.Identity // without tokens; none where it is refused
	}{
		{
			name: "microsoft", make: microsoft(""), url: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize", end: "&response_mode=query",
			token: "POST https://login.microsoftonline.com/common/oauth2/v2.0/token",
			answers: answers{graph: `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users/$entity","displayName":"Ann",
				"mail":"ann@contoso.com","userPrincipalName":"ann@contoso.onmicrosoft.com","id":"48d31887-5fad-4d73-a9f5-3c356e68a038"}`},
			want: ports.Identity{Subject: "48d31887-5fad-4d73-a9f5-3c356e68a038", Email: "ann@contoso.onmicrosoft.com"},
		}, {
			name: "microsoft", make: microsoft("contoso.com"), url: "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/authorize", end: "&response_mode=query",
			token:   "POST https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token",
			answers: answers{graph: `{"id":"1","userPrincipalName":null}`},
			want:    ports.Identity{Subject: "1"},
		}, {
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{
				me:     fmt.Sprintf(ann, "null"),
				emails: `[{"email":"old@example.com","verified":true,"primary":false,"visibility":null},{"email":"ann@example.com","verified":true,"primary":true,"visibility":"private"}]`,
			},
			want: ports.Identity{Subject: "583231", Email: "ann@example.com", EmailVerified: true},
		}, {
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{
				me:     fmt.Sprintf(ann, `"public@example.com"`),
				emails: `[{"email":"ann@example.com","verified":true,"primary":true},{"email":"public@example.com","verified":false,"primary":false}]`,
			},
			want: ports.Identity{Subject: "583231", Email: "public@example.com"},
		}, {
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{me: fmt.Sprintf(ann, "null"), emails: `[{"email":"first@example.com","verified":false,"primary":false},{"email":"b@example.com","verified":true,"primary":false}]`},
			want:    ports.Identity{Subject: "583231", Email: "first@example.com"},
		}, { // a public address that GitHub no longer has in its list is nobody's
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{me: fmt.Sprintf(ann, `"public@example.com"`), emails: `[{"email":"ann@example.com","verified":true,"primary":true}]`},
			want:    ports.Identity{Subject: "583231", Email: "public@example.com"},
		}, { // without the scope, and without an address
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{me: fmt.Sprintf(ann, "null"), emails: `404 {"message":"Not Found","documentation_url":"https://docs.github.com/rest"}`},
			want:    ports.Identity{Subject: "583231"},
		}, {
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{me: fmt.Sprintf(ann, "null"), emails: `[]`},
			want:    ports.Identity{Subject: "583231"},
		}, {
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{github: `{"error":"bad_verification_code","error_description":"` + planted + `","error_uri":"https://docs.github.com"}`},
		}, {
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{me: `401 {"message":"Bad credentials"}`},
		}, {
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{me: `{"login":"ann"}`, emails: `[]`},
		}, { // GitHub's own form of an answer, to those who do not ask for JSON
			name: "github", make: oauthclient.GitHub, url: "https://github.com/login/oauth/authorize", token: github,
			answers: answers{github: "access_token=acc&refresh_token=ref&expires_in=3600&scope=user&token_type=bearer", me: fmt.Sprintf(ann, "null"), emails: `[]`},
			want:    ports.Identity{Subject: "583231"},
		}, {
			name: "facebook", make: oauthclient.Facebook, url: "https://www.facebook.com/v5.0/dialog/oauth",
			token:   "POST https://graph.facebook.com/v5.0/oauth/access_token",
			answers: answers{"GET https://graph.facebook.com/v5.0/me?fields=id,email": `{"id":"10152384892000000","email":"ann\u0040example.com"}`},
			want:    ports.Identity{Subject: "10152384892000000", Email: "ann@example.com"},
		}, {
			name: "facebook", make: oauthclient.Facebook, url: "https://www.facebook.com/v5.0/dialog/oauth",
			token: "POST https://graph.facebook.com/v5.0/oauth/access_token",
			answers: answers{
				"POST https://graph.facebook.com/v5.0/oauth/access_token": `{"access_token":"acc","token_type":"bearer","expires_in":5183944}`,
				"GET https://graph.facebook.com/v5.0/me?fields=id,email":  `{"id":"1"}`,
			},
			want: ports.Identity{Subject: "1"},
		}, {
			name: "discord", make: oauthclient.Discord, url: "https://discord.com/api/oauth2/authorize", basic: true,
			token:   "POST https://discord.com/api/oauth2/token",
			answers: answers{"GET https://discord.com/api/users/@me": `{"id":"80351110224678912","username":"ann","discriminator":"0","verified":true,"email":"ann@example.com","flags":64}`},
			want:    ports.Identity{Subject: "80351110224678912", Email: "ann@example.com", EmailVerified: true},
		}, {
			name: "discord", make: oauthclient.Discord, url: "https://discord.com/api/oauth2/authorize", basic: true,
			token:   "POST https://discord.com/api/oauth2/token",
			answers: answers{"GET https://discord.com/api/users/@me": `{"id":"80351110224678912","verified":false,"email":"ann@example.com"}`},
			want:    ports.Identity{Subject: "80351110224678912"},
		}, {
			name: "reddit", make: oauthclient.Reddit, url: "https://www.reddit.com/api/v1/authorize", basic: true,
			token:   "POST https://www.reddit.com/api/v1/access_token",
			answers: answers{"GET https://oauth.reddit.com/api/v1/me": `{"name":"ann","id":"1w72","has_verified_email":true,"email":"ann@example.com"}`},
			want:    ports.Identity{Subject: "ann"},
		}, {
			name: "reddit", make: oauthclient.Reddit, url: "https://www.reddit.com/api/v1/authorize", basic: true,
			token:   "POST https://www.reddit.com/api/v1/access_token",
			answers: answers{"POST https://www.reddit.com/api/v1/access_token": `{"error":"invalid_grant"}`},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.answers[test.token] == "" {
				test.answers[test.token] = tokens
			}
			seen := &recorder{base: test.answers}
			p, err := test.make(oauthclient.Config{ClientID: "id", ClientSecret: "sec", Transport: seen})
			p = made(t, p, err)
			if p.Name() != test.name {
				t.Errorf("got the name %q", p.Name())
			}
			q := ports.AuthorizationRequest{RedirectURL: "https://a.test/b?c=*~", State: "s s", Verifier: verifier, Nonce: nonce, Scopes: []string{"x", "y:z"}}
			got, err := p.AuthorizationURL(t.Context(), q)
			want := test.url + "?response_type=code&client_id=id&redirect_uri=https%3A%2F%2Fa.test%2Fb%3Fc%3D%2A~&state=s+s&scope=x+y%3Az" +
				"&code_challenge=" + challenge + "&code_challenge_method=S256" + test.end
			if err != nil || got != want {
				t.Errorf("got %v\n%s, want\n%s", err, got, want)
			}
			r := ports.AuthorizationResponse{Code: "c-o-d-e", RedirectURL: callback, Verifier: verifier, Nonce: nonce}
			who, err := p.Identify(t.Context(), r)
			form := seen.to(strings.TrimPrefix(test.token, "POST "))
			if id, secret, header := form.BasicAuth(); header != test.basic || header && (id != "id" || secret != "sec") ||
				!header && (form.PostForm.Get("client_id") != "id" || form.PostForm.Get("client_secret") != "sec") {
				t.Errorf("the client is in a header: %v, in the form: %v", header, form.PostForm)
			}
			if f := form.PostForm; f.Get("code") != "c-o-d-e" || f.Get("code_verifier") != verifier || f.Get("redirect_uri") != callback || f.Get("grant_type") != "authorization_code" {
				t.Errorf("asked with %v", f)
			}
			if test.want.Subject == "" {
				wantRefused(t, err, r)
				return
			}
			if err != nil || who.Tokens.Access != "acc" || who.Tokens.Expires.IsZero() {
				t.Errorf("got %v, a token until %v", err, who.Tokens.Expires)
			}
			if who.Tokens = (ports.ProviderTokens{}); who != test.want {
				t.Errorf("got %+v, want %+v", who, test.want)
			}
			for _, asked := range seen.seen[1:] {
				if asked.Header.Get("Authorization") != "Bearer acc" || strings.Contains(asked.URL.String(), "acc") {
					t.Errorf("asked %s with %q", asked.URL, asked.Header.Get("Authorization"))
				}
			}
		})
	}
}

// A profile that cannot be had is an outage.
func TestProfileOutage(t *testing.T) {
	for name, a := range map[string]answers{
		"profile": {"GET https://api.github.com/user": "502 " + planted},
		"emails":  {"GET https://api.github.com/user": `{"id":1}`, "GET https://api.github.com/user/emails": "500 " + planted},
		"limit":   {"GET https://api.github.com/user": "429 " + planted},
		"network": {},
	} {
		a["POST https://github.com/login/oauth/access_token"] = `{"access_token":"acc"}`
		p, err := oauthclient.GitHub(oauthclient.Config{ClientID: "id", ClientSecret: "sec", Transport: a})
		r := ports.AuthorizationResponse{Code: "c-o-d-e", RedirectURL: callback, Verifier: verifier}
		who, err := made(t, p, err).Identify(t.Context(), r)
		if who != (ports.Identity{}) {
			t.Errorf("%s: got %+v", name, who)
		}
		wantOutage(t, err, r)
	}
}

// Each provider that speaks OpenID Connect, at its own issuer.
func TestOpenIDProviders(t *testing.T) {
	for _, test := range []struct {
		name, issuer string
		make         constructor
		scopes       string
		subject      string
	}{
		{"google", "https://accounts.google.com", oauthclient.Google, "openid email", "people/1001"},
		{"gitlab", "https://gitlab.com", func(c oauthclient.Config) (*oauthclient.Provider, error) { return oauthclient.GitLab(c, "") }, "openid email", "1001"},
		{"gitlab", "https://git.example.com", func(c oauthclient.Config) (*oauthclient.Provider, error) {
			return oauthclient.GitLab(c, "https://git.example.com")
		}, "openid email", "1001"},
		{"linkedin", "https://www.linkedin.com/oauth", oauthclient.LinkedIn, "openid profile email", "1001"},
		{"okta", "https://example.okta.com", func(c oauthclient.Config) (*oauthclient.Provider, error) {
			return oauthclient.Okta(c, "example.okta.com")
		}, "openid email", "1001"},
		{"openid", "https://example.com/realms/a", func(c oauthclient.Config) (*oauthclient.Provider, error) {
			return oauthclient.OpenID(c, "https://example.com/realms/a")
		}, "openid email", "1001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			idp, err := authtest.OpenProvider(authtest.ProviderConfig{URL: test.issuer})
			if err != nil {
				t.Fatal(err)
			}
			c := configOf(idp)
			c.Transport = authtest.NewClient(idp).Transport
			p, err := test.make(c)
			p = made(t, p, err)
			if p.Name() != test.name {
				t.Errorf("got the name %q", p.Name())
			}
			got, err := p.AuthorizationURL(t.Context(), ports.AuthorizationRequest{RedirectURL: "https://a.test/b", State: "s", Verifier: verifier, Nonce: "n n"})
			want := test.issuer + "/authorize?response_type=code&client_id=client&redirect_uri=https%3A%2F%2Fa.test%2Fb&state=s&scope=" +
				strings.ReplaceAll(test.scopes, " ", "+") + "&code_challenge=" + challenge + "&code_challenge_method=S256&nonce=n+n"
			if err != nil || got != want {
				t.Errorf("got %v\n%s, want\n%s", err, got, want)
			}
			who, err := p.Identify(t.Context(), comeBack(t, idp, p))
			if err != nil || who.Subject != test.subject || who.Email != "ann@example.com" || !who.EmailVerified {
				t.Errorf("got %q %q %v, %v", who.Subject, who.Email, who.EmailVerified, err)
			}
			idp.SetAccounts(authtest.ProviderAccount{Subject: "1001", Email: "ann@example.com"})
			who, err = p.Identify(t.Context(), comeBack(t, idp, p))
			if err != nil || who.Email != "ann@example.com" || who.EmailVerified {
				t.Errorf("not verified: got %q %v, %v", who.Email, who.EmailVerified, err)
			}
			// The nonce is needed, but for the one that has none.
			r := comeBack(t, idp, p)
			idp.Misbehave(authtest.Fault{Claims: func(c map[string]any) { delete(c, "nonce") }})
			_, err = p.Identify(t.Context(), r)
			if test.name != "linkedin" {
				wantRefused(t, err, r)
			} else if err != nil {
				t.Errorf("without nonce: %v", err)
			}
			r = comeBack(t, idp, p)
			idp.Misbehave(authtest.Fault{Claims: func(c map[string]any) { c["nonce"] = "another" }})
			_, err = p.Identify(t.Context(), r)
			wantRefused(t, err, r)
		})
	}
}

// Google calls itself by either name in ID tokens, and nobody else may.
func TestGoogleIssuer(t *testing.T) {
	idp, err := authtest.OpenProvider(authtest.ProviderConfig{URL: "https://accounts.google.com"})
	if err != nil {
		t.Fatal(err)
	}
	c := configOf(idp)
	c.Transport = authtest.NewClient(idp).Transport
	p, err := oauthclient.Google(c)
	p = made(t, p, err)
	idp.Misbehave(authtest.Fault{Claims: func(c map[string]any) { c["iss"] = "accounts.google.com" }})
	if who, err := p.Identify(t.Context(), comeBack(t, idp, p)); err != nil || who.Subject != "people/1001" {
		t.Errorf("got %q, %v", who.Subject, err)
	}
}

func newAppleKey(t *testing.T) (oauthclient.AppleKey, *ecdsa.PublicKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return oauthclient.AppleKey{TeamID: "TEAM", KeyID: "KEY", PEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}, &key.PublicKey
}

// appleServer checks the secret as Apple does, and lets the fake do the rest.
type appleServer struct {
	t    *testing.T
	key  *ecdsa.PublicKey
	idp  *authtest.Provider
	base http.RoundTripper
	seen int
}

func (a *appleServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.String() != a.idp.Endpoint(authtest.AtToken) {
		return a.base.RoundTrip(r)
	}
	a.seen++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	signed, err := jose.ParseSigned(form.Get("client_secret"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	raw, err := signed.Verify(a.key)
	if err != nil {
		return nil, err
	}
	var claims struct {
		Iss, Sub, Aud string
		Iat, Exp      int64
	}
	if err := json.Unmarshal(raw, &claims); err != nil {
		return nil, err
	}
	if claims.Iss != "TEAM" || claims.Sub != a.idp.Client.ID || claims.Aud != "https://appleid.apple.com" ||
		claims.Exp <= time.Now().Unix() || claims.Exp-claims.Iat > 15_777_000 || signed.Signatures[0].Header.KeyID != "KEY" {
		a.t.Errorf("the secret says %+v, of %q", claims, signed.Signatures[0].Header.KeyID)
	}
	form.Set("client_secret", a.idp.Client.Secret)
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(form.Encode())), int64(len(form.Encode()))
	return a.base.RoundTrip(r)
}

func TestApple(t *testing.T) {
	idp, err := authtest.OpenProvider(authtest.ProviderConfig{URL: "https://appleid.apple.com"})
	if err != nil {
		t.Fatal(err)
	}
	post := authtest.Fault{At: authtest.AtDiscovery, Edit: func(m map[string]any) { m["token_endpoint_auth_methods_supported"] = []any{"client_secret_post"} }}
	idp.Misbehave(post, authtest.Fault{Claims: func(c map[string]any) { c["email_verified"], c["is_private_email"] = "true", "true" }})
	key, public := newAppleKey(t)
	server := &appleServer{t: t, key: public, idp: idp, base: authtest.NewClient(idp).Transport}
	p, err := oauthclient.Apple(oauthclient.Config{ClientID: idp.Client.ID, Transport: server}, key)
	p = made(t, p, err)
	for _, test := range []struct {
		scopes []string
		post   bool
	}{{nil, true}, {[]string{"openid"}, false}, {[]string{"name"}, true}} {
		at, err := p.AuthorizationURL(t.Context(), ports.AuthorizationRequest{RedirectURL: callback, State: "s", Verifier: verifier, Nonce: nonce, Scopes: test.scopes})
		if err != nil || strings.HasSuffix(at, "&nonce="+nonce+"&response_mode=form_post") != test.post {
			t.Errorf("%v: got %v %s", test.scopes, err, at)
		}
	}
	who, err := p.Identify(t.Context(), comeBack(t, idp, p))
	if err != nil || p.Name() != "apple" || who.Subject != "1001" || who.Email != "ann@example.com" || !who.EmailVerified {
		t.Errorf("got %q %q %v, %v", who.Subject, who.Email, who.EmailVerified, err)
	}
	if tokens, err := p.Refresh(t.Context(), who.Tokens.Refresh); err != nil || tokens.Access == "" {
		t.Errorf("refresh: %v", err)
	}
	if server.seen != 2 {
		t.Errorf("%d secrets were checked, want 2", server.seen)
	}
}

// A server that speaks OAuth 2.0 alone, with a profile of the application's.
func TestOAuth2(t *testing.T) {
	idp := authtest.NewProvider(t)
	c := configOf(idp)
	c.Name, c.Scopes = "forge", []string{"user:email"}
	at := oauthclient.Endpoints{Authorization: idp.Endpoint(authtest.AtAuthorize), Token: idp.Endpoint(authtest.AtToken)}
	var fail error
	p, err := oauthclient.OAuth2(c, at, func(ctx context.Context, get oauthclient.Get) (ports.Identity, error) {
		if fail != nil {
			return ports.Identity{}, fail
		}
		var user struct{ ID json.Number }
		if err := get(ctx, idp.Endpoint(authtest.AtUser), &user); err != nil {
			return ports.Identity{}, err
		}
		var emails []struct{ Email string }
		err := get(ctx, idp.Endpoint(authtest.AtEmails), &emails)
		if err != nil || len(emails) == 0 {
			return ports.Identity{Subject: user.ID.String(), EmailVerified: true}, err
		}
		return ports.Identity{Subject: user.ID.String(), Email: emails[0].Email}, nil
	})
	p = made(t, p, err)
	who, err := p.Identify(t.Context(), comeBack(t, idp, p))
	if err != nil || p.Name() != "forge" || who.Subject != "1001" || who.Email != "ann@example.com" || who.EmailVerified || who.Tokens.Access == "" {
		t.Errorf("got %q %q %v, %v", who.Subject, who.Email, who.EmailVerified, err)
	}
	if n := idp.Calls(authtest.AtDiscovery) + idp.Calls(authtest.AtKeys); n != 0 {
		t.Errorf("OpenID Connect was asked %d times", n)
	}
	idp.SetAccounts(authtest.ProviderAccount{Subject: "2"})
	if who, err := p.Identify(t.Context(), comeBack(t, idp, p)); err != nil || who.Email != "" || who.EmailVerified {
		t.Errorf("no address: got %q, verified %v, %v", who.Email, who.EmailVerified, err)
	}
	r := comeBack(t, idp, p)
	idp.Misbehave(authtest.Fault{At: authtest.AtUser, Body: `{"id":{"a":1}}`})
	_, err = p.Identify(t.Context(), r)
	wantRefused(t, err, r)
	idp.Misbehave(authtest.Fault{At: authtest.AtUser, Body: `{}`})
	_, err = p.Identify(t.Context(), comeBack(t, idp, p))
	wantRefused(t, err, r) // nobody's account
	idp.Misbehave()
	fail = core.ErrConflict
	_, err = p.Identify(t.Context(), comeBack(t, idp, p))
	wantOutage(t, err, r)
}
