package oauthclient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gousher/usher/ports"
	"golang.org/x/oauth2"
)

// Provider is an identity provider as a client sees it. It is safe for
// concurrent use.
type Provider struct {
	c    Config
	row  row
	http *http.Client
	meta cache[metadata] // of OpenID Connect
	keys cache[keySet]
}

var _ ports.IdentityProvider = (*Provider)(nil)

// newProvider returns the provider of a row, or what is wrong with c, or with
// the other arguments of a constructor.
func newProvider(c Config, r row, problems ...string) (*Provider, error) {
	c.setDefaults(r)
	if err := configError(append(c.problems(r), problems...)); err != nil {
		return nil, err
	}
	p := &Provider{c: c, row: r, http: newClient(c.Transport)}
	p.meta = cache[metadata]{fetch: p.discover, now: c.Now}
	p.keys = cache[keySet]{fetch: p.fetchKeys, now: c.Now}
	return p, nil
}

// Name implements [ports.IdentityProvider].
func (p *Provider) Name() string { return p.c.Name }

// AuthorizationURL implements [ports.IdentityProvider]. It needs the state, the
// verifier, and with OpenID Connect the nonce. Scopes of OpenID Connect that
// lack openid get it, save an empty list.
func (p *Provider) AuthorizationURL(ctx context.Context, q ports.AuthorizationRequest) (string, error) {
	switch {
	case q.RedirectURL == "":
		return "", errors.New("oauthclient: AuthorizationRequest.RedirectURL is empty")
	case q.State == "":
		return "", errors.New("oauthclient: AuthorizationRequest.State is empty")
	case q.Verifier == "" && !p.c.WithoutPKCE:
		return "", errors.New("oauthclient: AuthorizationRequest.Verifier is empty")
	case q.Nonce == "" && p.row.openID():
		return "", errors.New("oauthclient: AuthorizationRequest.Nonce is empty")
	}
	ctx, cancel := p.within(ctx)
	defer cancel()
	at, err := p.endpoints(ctx)
	if err != nil {
		return "", p.named(err)
	}
	scopes := p.c.Scopes
	if q.Scopes != nil {
		scopes = q.Scopes
		if p.row.openID() && len(scopes) > 0 && !slices.Contains(scopes, "openid") {
			scopes = slices.Concat([]string{"openid"}, scopes)
		}
	}
	out := query{to: at.auth}
	out.add("response_type", "code")
	out.add("client_id", p.c.ClientID)
	out.add("redirect_uri", q.RedirectURL)
	out.add("state", q.State)
	out.add("scope", strings.Join(scopes, " "))
	if !p.c.WithoutPKCE {
		out.add("code_challenge", oauth2.S256ChallengeFromVerifier(q.Verifier))
		out.add("code_challenge_method", "S256")
	}
	if p.row.openID() {
		out.add("nonce", q.Nonce)
	}
	if p.row.formPost && (slices.Contains(scopes, "email") || slices.Contains(scopes, "name")) {
		out.add("response_mode", "form_post")
	}
	out.addAll(p.row.params)
	out.addAll(p.c.Extra)
	return out.to, nil
}

// query builds a URL whose parameters keep their order.
type query struct{ to string }

func (q *query) add(name, value string) {
	sep := "?"
	if strings.Contains(q.to, "?") {
		sep = "&"
	}
	q.to += sep + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

func (q *query) addAll(v url.Values) {
	if len(v) > 0 {
		q.to += "&" + v.Encode()
	}
}

// endpoints are where a provider is asked.
type endpoints struct {
	auth, token string
	basic       bool // whether the client's secret goes into a header
}

func (p *Provider) endpoints(ctx context.Context) (endpoints, error) {
	if !p.row.openID() {
		return endpoints{p.row.auth, p.row.token, p.row.basic}, nil
	}
	m, err := p.metadata(ctx)
	return m.endpoints, err
}

// oauth returns what makes token requests.
func (p *Provider) oauth(ctx context.Context) (*oauth2.Config, error) {
	at, err := p.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	style, secret := oauth2.AuthStyleInParams, p.c.ClientSecret
	if at.basic {
		style = oauth2.AuthStyleInHeader
	}
	if p.row.secret != nil {
		if secret, err = p.row.secret(p.c.Now()); err != nil {
			return nil, outage("client secret", err)
		}
	}
	return &oauth2.Config{
		ClientID: p.c.ClientID, ClientSecret: secret, Endpoint: oauth2.Endpoint{TokenURL: at.token, AuthStyle: style},
	}, nil
}

// Identify implements [ports.IdentityProvider].
func (p *Provider) Identify(ctx context.Context, r ports.AuthorizationResponse) (ports.Identity, error) {
	ctx, cancel := p.within(ctx)
	defer cancel()
	who, err := p.redeem(ctx, r)
	return who, p.named(err)
}

// redeem checks the callback, gets the tokens, and asks whose they are.
func (p *Provider) redeem(ctx context.Context, r ports.AuthorizationResponse) (ports.Identity, error) {
	switch {
	case r.Code == "":
		return ports.Identity{}, refused("there is no code")
	case r.Verifier == "" && !p.c.WithoutPKCE:
		return ports.Identity{}, refused("there is no verifier")
	}
	if p.row.openID() {
		if err := p.checkIssuer(ctx, r.Issuer); err != nil {
			return ports.Identity{}, err
		}
	}
	config, err := p.oauth(ctx)
	if err != nil {
		return ports.Identity{}, err
	}
	config.RedirectURL = r.RedirectURL
	var options []oauth2.AuthCodeOption
	if !p.c.WithoutPKCE {
		options = append(options, oauth2.VerifierOption(r.Verifier))
	}
	token, err := config.Exchange(ctx, r.Code, options...)
	if err != nil {
		return ports.Identity{}, tokenError(err)
	}
	who, err := p.whose(ctx, token, r.Nonce)
	if err != nil {
		return ports.Identity{}, err
	}
	if who.Subject == "" {
		return ports.Identity{}, refused("the account has no id")
	}
	if who.Email == "" {
		who.EmailVerified = false
	}
	who.Tokens = p.tokens(token)
	return who, nil
}

// whose asks whose account it is.
func (p *Provider) whose(ctx context.Context, token *oauth2.Token, nonce string) (ports.Identity, error) {
	if p.row.openID() {
		return p.identify(ctx, token, nonce)
	}
	return p.row.profile(ctx, func(ctx context.Context, from string, into any) error {
		return p.getJSON(ctx, "profile", from, token.AccessToken, into)
	})
}

// Refresh implements [ports.IdentityProvider]. The error is
// core.ErrCodeRefused only where the provider says of the refresh token that it
// is worth nothing any more: by invalid_grant (RFC 6749, section 5.2), or
// GitHub's bad_refresh_token. Whatever else is answered is an outage.
func (p *Provider) Refresh(ctx context.Context, refresh string) (ports.ProviderTokens, error) {
	ctx, cancel := p.within(ctx)
	defer cancel()
	tokens, err := p.renew(ctx, refresh)
	return tokens, p.named(err)
}

func (p *Provider) renew(ctx context.Context, refresh string) (ports.ProviderTokens, error) {
	if refresh == "" {
		return ports.ProviderTokens{}, refused("there is no refresh token")
	}
	config, err := p.oauth(ctx)
	if err != nil {
		return ports.ProviderTokens{}, err
	}
	token, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: refresh}).Token()
	if err != nil {
		return ports.ProviderTokens{}, refreshError(err)
	}
	out := p.tokens(token)
	if out.Refresh == refresh {
		out.Refresh = "" // the library fills it in where the provider sent none
	}
	return out, nil
}

func (p *Provider) tokens(token *oauth2.Token) ports.ProviderTokens {
	out := ports.ProviderTokens{Access: token.AccessToken, Refresh: token.RefreshToken}
	if token.ExpiresIn > 0 {
		out.Expires = p.c.Now().Add(time.Duration(token.ExpiresIn) * time.Second)
	} else if !token.Expiry.IsZero() { // of an answer that was no JSON
		out.Expires = token.Expiry
	}
	return out
}
