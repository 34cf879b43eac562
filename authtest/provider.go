package authtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

// Provider is an identity provider: an authorization server of OAuth 2.0 (RFC
// 6749) and OpenID Connect, in memory, with the code flow, PKCE (RFC 7636) and
// iss in its answers (RFC 9207). It is strict, so that what a client forgets is
// found: without state, without PKCE by S256, and for the scope openid without
// nonce it issues no code. It is an [http.Handler], and safe for concurrent use.
//
// [Provider.Misbehave] makes it slow, broken or hostile.
type Provider struct {
	// URL is the issuer. Discovery is below it.
	URL string
	// Client is the first client of its configuration.
	Client ProviderClient

	config ProviderConfig
	routes map[string]http.HandlerFunc

	mu      sync.Mutex
	faults  []Fault
	calls   map[Endpoint]int
	key     *rsa.PrivateKey // made when it is needed
	kid     int
	grants  map[string]*grant // by code
	access  map[string]*grant
	refresh map[string]*grant
}

// ProviderConfig is what a provider has. Only URL is needed.
type ProviderConfig struct {
	// URL is where the provider is reached, without a slash at its end.
	URL string
	// Clients may ask for codes. Nil means one, "client" with "client secret".
	Clients []ProviderClient
	// Accounts are who can log in. Nil means one: Ann, "1001",
	// ann@example.com, whose address is verified.
	Accounts []ProviderAccount
	// RotateRefresh makes refresh tokens good for one use, which gives the
	// next one.
	RotateRefresh bool
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// ProviderClient is an application that is registered.
type ProviderClient struct {
	ID, Secret string
	// RedirectURLs are where it may send browsers to. Nil means anywhere.
	RedirectURLs []string
}

// ProviderAccount is somebody's account.
type ProviderAccount struct {
	Subject, Name string
	// Email may be empty.
	Email         string
	EmailVerified bool
}

// grant is what an account granted to a client.
type grant struct {
	client, redirect, challenge, nonce string
	scopes                             []string
	account                            ProviderAccount
	until                              time.Time
	access                             []string // tokens, which end where the code is used again
	spent                              bool
}

func (g *grant) has(scope string) bool { return slices.Contains(g.scopes, scope) }

// lifetimes of codes and access tokens.
const (
	codeLife   = time.Minute
	accessLife = time.Hour
)

// NewProvider starts a provider on a port of its own, which is closed when the
// test ends.
func NewProvider(t testing.TB) *Provider {
	t.Helper()
	var p *Provider
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.ServeHTTP(w, r) }))
	p, err := OpenProvider(ProviderConfig{URL: "http://" + server.Listener.Addr().String()})
	if err != nil {
		t.Fatalf("authtest: %v", err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return p
}

// OpenProvider returns a provider that opens no port: serve it at the URL of
// its configuration, of which a path is not stripped. What is wrong with the
// configuration is a [core.ConfigError].
func OpenProvider(c ProviderConfig) (*Provider, error) {
	if c.Clients == nil {
		c.Clients = []ProviderClient{{ID: "client", Secret: "client secret"}}
	}
	if c.Accounts == nil {
		c.Accounts = []ProviderAccount{{Subject: "1001", Name: "Ann", Email: "ann@example.com", EmailVerified: true}}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	var problems []string
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(c.URL, "/") {
		problems = append(problems, "URL is no URL of a server, or ends in a slash")
	}
	for i, client := range c.Clients {
		if client.ID == "" || client.Secret == "" {
			problems = append(problems, fmt.Sprintf("Clients[%d] has no ID or no Secret", i))
		}
	}
	if len(c.Clients) == 0 {
		problems = append(problems, "Clients is empty")
	}
	for i, a := range c.Accounts {
		if a.Subject == "" {
			problems = append(problems, fmt.Sprintf("Accounts[%d] has no Subject", i))
		}
	}
	if problems != nil {
		return nil, &core.ConfigError{Of: "authtest.ProviderConfig", Problems: problems}
	}
	c.Clients, c.Accounts = slices.Clone(c.Clients), slices.Clone(c.Accounts)
	p := &Provider{
		URL: c.URL, Client: c.Clients[0], config: c,
		calls: map[Endpoint]int{}, grants: map[string]*grant{}, access: map[string]*grant{}, refresh: map[string]*grant{},
	}
	p.routes = p.handlers(u.Path)
	return p, nil
}

// SetAccounts says who can log in from now on. The first one is whom
// [Provider.Authorize] logs in. Codes and tokens stay those of the accounts
// that they were issued for.
func (p *Provider) SetAccounts(accounts ...ProviderAccount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.config.Accounts = slices.Clone(accounts)
}

// Authorize is a browser that goes to authorizationURL, where the first of the
// accounts logs in and consents. It returns the parameters that the browser
// brings back to the application: code, state and iss. A request that the
// provider does not accept is an error that says why.
func (p *Provider) Authorize(authorizationURL string) (url.Values, error) {
	u, err := url.Parse(authorizationURL)
	if err != nil {
		return nil, fmt.Errorf("authtest: %w", err)
	}
	if u.Fragment = ""; (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String() != p.Endpoint(AtAuthorize) {
		return nil, errors.New("authtest: the URL is not that of the provider")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[AtAuthorize]++
	if len(p.config.Accounts) == 0 {
		return nil, errors.New("authtest: the provider has no accounts")
	}
	return p.issue(u.Query(), p.config.Accounts[0].Subject)
}

// issue makes a code for the account, or says what is wrong with a request. p
// is locked.
func (p *Provider) issue(q url.Values, subject string) (url.Values, error) {
	client, err := p.request(q)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(p.config.Accounts, func(a ProviderAccount) bool { return a.Subject == subject })
	if i < 0 {
		return nil, errors.New("authtest: there is no such account")
	}
	code := rand.Text()
	p.grants[code] = &grant{
		client: client.ID, redirect: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), nonce: q.Get("nonce"),
		scopes: strings.Fields(q.Get("scope")), account: p.config.Accounts[i], until: p.config.Now().Add(codeLife),
	}
	return url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {p.URL}}, nil
}

// request checks a request for a code.
func (p *Provider) request(q url.Values) (ProviderClient, error) {
	for name, values := range q {
		if len(values) > 1 {
			return ProviderClient{}, fmt.Errorf("authtest: the parameter %s is there twice (RFC 6749, 3.1)", name)
		}
	}
	client, ok := p.client(q.Get("client_id"))
	redirect, err := url.Parse(q.Get("redirect_uri"))
	switch {
	case !ok:
		return client, errors.New("authtest: client_id is unknown")
	case err != nil || !redirect.IsAbs() || redirect.Fragment != "":
		return client, errors.New("authtest: redirect_uri is no absolute URL")
	case client.RedirectURLs != nil && !slices.Contains(client.RedirectURLs, q.Get("redirect_uri")):
		return client, errors.New("authtest: redirect_uri is not registered")
	case q.Get("response_type") != "code":
		return client, errors.New("authtest: response_type is not code")
	case q.Get("state") == "":
		return client, errors.New("authtest: there is no state")
	case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		return client, errors.New("authtest: there is no code challenge of S256 (RFC 7636)")
	case slices.Contains(strings.Fields(q.Get("scope")), "openid") && q.Get("nonce") == "":
		return client, errors.New("authtest: there is no nonce")
	}
	return client, nil
}

func (p *Provider) client(id string) (ProviderClient, bool) {
	i := slices.IndexFunc(p.config.Clients, func(c ProviderClient) bool { return c.ID == id })
	if i < 0 {
		return ProviderClient{}, false
	}
	return p.config.Clients[i], true
}

// redeem answers a token request with form, from a client that is known. p is
// locked.
func (p *Provider) redeem(client string, form url.Values) (map[string]any, string) {
	now := p.config.Now()
	switch form.Get("grant_type") {
	case "authorization_code":
		g, ok := p.grants[form.Get("code")]
		if ok && g.spent { // somebody has a code that is not theirs: RFC 6749, 4.1.2
			for _, token := range g.access {
				delete(p.access, token)
			}
			maps.DeleteFunc(p.refresh, func(_ string, other *grant) bool { return other == g })
			return nil, "invalid_grant"
		}
		digest := sha256.Sum256([]byte(form.Get("code_verifier")))
		challenge := base64.RawURLEncoding.EncodeToString(digest[:])
		if !ok || g.client != client || g.redirect != form.Get("redirect_uri") || !now.Before(g.until) ||
			subtle.ConstantTimeCompare([]byte(challenge), []byte(g.challenge)) == 0 {
			return nil, "invalid_grant"
		}
		g.spent = true
		answer := p.tokens(g)
		answer["refresh_token"] = p.newRefresh(g)
		if g.has("openid") {
			answer["id_token"] = p.idToken(g, answer["access_token"].(string))
		}
		return answer, ""
	case "refresh_token":
		token := form.Get("refresh_token")
		g, ok := p.refresh[token]
		if !ok || g.client != client {
			return nil, "invalid_grant"
		}
		answer := p.tokens(g)
		if p.config.RotateRefresh {
			delete(p.refresh, token)
			answer["refresh_token"] = p.newRefresh(g)
		}
		return answer, ""
	}
	return nil, "unsupported_grant_type"
}

func (p *Provider) tokens(g *grant) map[string]any {
	token := rand.Text()
	p.access[token] = g
	g.access = append(g.access, token)
	g.until = p.config.Now().Add(accessLife)
	return map[string]any{
		"access_token": token, "token_type": "Bearer", "expires_in": int(accessLife.Seconds()),
		"scope": strings.Join(g.scopes, " "),
	}
}

func (p *Provider) newRefresh(g *grant) string {
	token := rand.Text()
	p.refresh[token] = g
	return token
}
