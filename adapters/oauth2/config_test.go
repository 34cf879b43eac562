package oauthclient_test

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	oauthclient "github.com/gousher/usher/adapters/oauth2"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func TestConfigProblems(t *testing.T) {
	good := oauthclient.Config{ClientID: "id", ClientSecret: "sec"}
	with := func(edit func(*oauthclient.Config)) oauthclient.Config {
		c := good
		edit(&c)
		return c
	}
	issuer := func(issuer string) constructor {
		return func(c oauthclient.Config) (*oauthclient.Provider, error) { return oauthclient.OpenID(c, issuer) }
	}
	key, _ := newAppleKey(t)
	apple := func(key oauthclient.AppleKey) constructor {
		return func(c oauthclient.Config) (*oauthclient.Provider, error) { return oauthclient.Apple(c, key) }
	}
	for _, test := range []struct {
		name string
		make constructor
		c    oauthclient.Config
		want []string // how each problem begins
	}{
		{"good", oauthclient.GitHub, good, nil},
		{"empty", oauthclient.GitHub, oauthclient.Config{}, []string{"ClientID is empty", "ClientSecret is empty"}},
		{"name", oauthclient.GitHub, with(func(c *oauthclient.Config) { c.Name = "a\x00" }), []string{"Name "}},
		{"scopes", oauthclient.GitHub, with(func(c *oauthclient.Config) { c.Scopes = []string{"a", "b c", ""} }), []string{"Scopes[1] ", "Scopes[2] "}},
		{"no openid", oauthclient.Google, with(func(c *oauthclient.Config) { c.Scopes = []string{"email"} }), []string{"Scopes lacks openid"}},
		{"state", oauthclient.Google, with(func(c *oauthclient.Config) { c.Extra = url.Values{"state": {"x"}} }), []string{`Extra has "state"`}},
		{"mode", func(c oauthclient.Config) (*oauthclient.Provider, error) { return oauthclient.Microsoft(c, "") },
			with(func(c *oauthclient.Config) { c.Extra = url.Values{"response_mode": {"fragment"}} }), []string{`Extra has "response_mode"`}},
		{"timeout", oauthclient.Google, with(func(c *oauthclient.Config) { c.Timeout = -1 }), []string{"Timeout "}},
		{"tenant", func(c oauthclient.Config) (*oauthclient.Provider, error) { return oauthclient.Microsoft(c, "a/../b") }, good, []string{"tenant "}},
		{"domain", func(c oauthclient.Config) (*oauthclient.Provider, error) {
			return oauthclient.Okta(c, "https://a.okta.com")
		}, good, []string{"domain "}},
		{"no domain", func(c oauthclient.Config) (*oauthclient.Provider, error) { return oauthclient.Okta(c, "") }, good, []string{"domain "}},
		{"base", func(c oauthclient.Config) (*oauthclient.Provider, error) {
			return oauthclient.GitLab(c, "http://gitlab.example.com")
		}, good, []string{"base "}},
		{"issuer without TLS", issuer("http://example.com"), good, []string{"issuer "}},
		{"issuer with a password", issuer("https://a:b@example.com"), good, []string{"issuer "}},
		{"issuer with a query", issuer("https://example.com?a=b"), good, []string{"issuer "}},
		{"no issuer", issuer(""), good, []string{"issuer "}},
		{"issuer here", issuer("http://127.0.0.1:8000"), good, nil},
		{"issuer here, by name", issuer("http://localhost:8000"), good, nil},
		{"OAuth 2.0", func(c oauthclient.Config) (*oauthclient.Provider, error) {
			return oauthclient.OAuth2(c, oauthclient.Endpoints{Authorization: "http://example.com"}, nil)
		}, good, []string{"Endpoints.Authorization ", "Endpoints.Token ", "profile is nil"}},
		{"Apple's key", apple(oauthclient.AppleKey{}), good, []string{"ClientSecret is set", "AppleKey.TeamID ", "AppleKey.KeyID ", "AppleKey.PEM "}},
		{"Apple", apple(key), oauthclient.Config{ClientID: "id"}, nil},
	} {
		p, err := test.make(test.c)
		if test.want == nil {
			if err != nil || p == nil {
				t.Errorf("%s: got %v", test.name, err)
			}
			continue
		}
		e, ok := errors.AsType[*core.ConfigError](err)
		if !ok || p != nil || !slices.EqualFunc(e.Problems, test.want, strings.HasPrefix) {
			t.Errorf("%s: got %v, want problems %q", test.name, err, test.want)
		}
	}
}

func TestConfigKeepsSecrets(t *testing.T) {
	key, _ := newAppleKey(t)
	key.PEM = []byte("t-o-p")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		text := fmt.Sprintf(format+format, oauthclient.Config{ClientID: "id", ClientSecret: "t-o-p"}, key)
		if strings.Contains(text, "t-o-p") || !strings.Contains(text, "[5 bytes]") {
			t.Errorf("%s: got %s", format, text)
		}
	}
}

func TestAuthorizationURL(t *testing.T) {
	idp, p := openID(t, func(c *oauthclient.Config) {
		c.Extra = url.Values{"prompt": {"select_account"}, "access_type": {"offline"}}
	})
	good := ports.AuthorizationRequest{RedirectURL: callback, State: "s", Verifier: verifier, Nonce: nonce}
	for name, edit := range map[string]func(*ports.AuthorizationRequest){
		"RedirectURL": func(q *ports.AuthorizationRequest) { q.RedirectURL = "" },
		"State":       func(q *ports.AuthorizationRequest) { q.State = "" },
		"Verifier":    func(q *ports.AuthorizationRequest) { q.Verifier = "" },
		"Nonce":       func(q *ports.AuthorizationRequest) { q.Nonce = "" },
	} {
		q := good
		edit(&q)
		if got, err := p.AuthorizationURL(t.Context(), q); err == nil || !strings.Contains(err.Error(), name) || got != "" {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	for _, test := range []struct {
		scopes []string
		want   string
	}{
		{nil, "openid+email"}, {[]string{}, ""}, {[]string{"a", "openid"}, "a+openid"}, {[]string{"a"}, "openid+a"},
	} {
		q := good
		q.Scopes = test.scopes
		got, err := p.AuthorizationURL(t.Context(), q)
		if err != nil || !strings.Contains(got, "&state=s&scope="+test.want+"&code_challenge=") ||
			!strings.HasSuffix(got, "&nonce="+nonce+"&access_type=offline&prompt=select_account") {
			t.Errorf("%q: got %s, %v", test.scopes, got, err)
		}
	}
	if n := idp.Calls(authtest.AtDiscovery); n != 1 {
		t.Errorf("metadata was fetched %d times", n)
	}
}

// A provider that refuses code verifiers.
func TestWithoutPKCE(t *testing.T) {
	seen := &recorder{base: answers{
		"POST https://github.com/login/oauth/access_token": `{"access_token":"acc"}`,
		"GET https://api.github.com/user":                  `{"id":1}`,
		"GET https://api.github.com/user/emails":           `[]`,
	}}
	p, err := oauthclient.GitHub(oauthclient.Config{ClientID: "id", ClientSecret: "sec", Transport: seen, WithoutPKCE: true})
	p = made(t, p, err)
	at, err := p.AuthorizationURL(t.Context(), ports.AuthorizationRequest{RedirectURL: callback, State: "s", Verifier: verifier})
	if err != nil || strings.Contains(at, "code_challenge") {
		t.Errorf("got %s, %v", at, err)
	}
	who, err := p.Identify(t.Context(), ports.AuthorizationResponse{Code: "c", RedirectURL: callback, Verifier: verifier})
	if err != nil || who.Subject != "1" || seen.seen[0].PostForm.Has("code_verifier") {
		t.Errorf("got %q, %v, asked with %v", who.Subject, err, seen.seen[0].PostForm)
	}
}
