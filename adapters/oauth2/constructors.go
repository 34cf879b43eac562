package oauthclient

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
)

// Google returns Google. Accounts are kept under "people/" and the number of
// the account, as FastAPI Users keeps them.
func Google(c Config) (*Provider, error) { return newProvider(c, google()) }

// GitHub returns GitHub.com.
func GitHub(c Config) (*Provider, error) { return newProvider(c, github()) }

// GitLab returns the GitLab at a URL such as "https://gitlab.example.com"; ""
// means gitlab.com.
func GitLab(c Config, base string) (*Provider, error) {
	base = cmp.Or(base, "https://gitlab.com")
	var problems []string
	if !isIssuer(base) {
		problems = append(problems, "base is no URL of https")
	}
	return newProvider(c, gitlab(base), problems...)
}

// tenants are names of tenants, their ids and their domains.
var tenants = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)

// Microsoft returns Microsoft, for the accounts of a tenant: its id or domain,
// or "organizations", "consumers" or "common"; "" means "common".
func Microsoft(c Config, tenant string) (*Provider, error) {
	tenant = cmp.Or(tenant, "common")
	var problems []string
	if !tenants.MatchString(tenant) {
		problems = append(problems, "tenant is neither a name nor an id nor a domain")
	}
	return newProvider(c, microsoft(tenant), problems...)
}

// Apple returns Sign in with Apple. Config.ClientID is the id of a service, and
// Config.ClientSecret is empty: secrets are made of the key. The answer to a
// request with the scope email comes by POST, as a form.
func Apple(c Config, key AppleKey) (*Provider, error) {
	r := apple()
	secret, problems := key.secret(c.ClientID, r.issuer)
	r.secret = secret
	return newProvider(c, r, problems...)
}

// Facebook returns Facebook.
func Facebook(c Config) (*Provider, error) { return newProvider(c, facebook()) }

// Discord returns Discord.
func Discord(c Config) (*Provider, error) { return newProvider(c, discord()) }

// LinkedIn returns LinkedIn, by OpenID Connect: its former interface, by which
// FastAPI Users asks, is closed to new applications and names members by other
// ids. Its ID tokens have no nonce. See [Config.WithoutPKCE].
func LinkedIn(c Config) (*Provider, error) { return newProvider(c, linkedin()) }

// Okta returns the Okta at a domain such as "example.okta.com". An
// authorization server of one's own there is an [OpenID].
func Okta(c Config, domain string) (*Provider, error) {
	var problems []string
	if u, err := url.Parse("https://" + domain); err != nil || u.Host != domain || domain == "" || u.User != nil {
		problems = append(problems, "domain is no domain")
	}
	return newProvider(c, okta(domain), problems...)
}

// Reddit returns Reddit, which gives no address.
func Reddit(c Config) (*Provider, error) { return newProvider(c, reddit()) }

// OpenID returns any issuer of OpenID Connect, whose metadata lies below it and
// names it, to the letter.
func OpenID(c Config, issuer string) (*Provider, error) {
	var problems []string
	if !isIssuer(issuer) {
		problems = append(problems, "issuer is no URL of https")
	}
	return newProvider(c, openid(issuer), problems...)
}

func isIssuer(raw string) bool { return secure(raw) && !strings.Contains(raw, "?") }

// Endpoints are where a server that speaks OAuth 2.0 alone is asked, by https,
// or by http on this machine.
type Endpoints struct {
	Authorization, Token string
	// Basic sends the client's secret in a header (client_secret_basic) and not
	// in the form (client_secret_post).
	Basic bool
}

// OAuth2 returns a server that speaks OAuth 2.0 alone; profile asks it whose
// the access token is. Without Config.Name it is "oauth2", and without
// Config.Scopes it is asked for none.
func OAuth2(c Config, at Endpoints, profile Profile) (*Provider, error) {
	var problems []string
	if !secure(at.Authorization) {
		problems = append(problems, "Endpoints.Authorization is no URL of https")
	}
	if !secure(at.Token) {
		problems = append(problems, "Endpoints.Token is no URL of https")
	}
	if profile == nil {
		problems = append(problems, "profile is nil")
	}
	return newProvider(c, row{title: "OAuth 2.0", name: "oauth2", auth: at.Authorization, token: at.Token, basic: at.Basic, profile: profile}, problems...)
}
