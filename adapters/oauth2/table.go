package oauthclient

import (
	"net/url"
	"time"
)

// row is what is particular to a provider. One with an issuer speaks OpenID
// Connect: its endpoints are discovered, and its ID tokens say who somebody is.
// The others have endpoints, and a profile says so.
type row struct {
	title, name string
	scopes      []string
	params      url.Values                          // of the authorization URL
	secret      func(now time.Time) (string, error) // makes the client's secret, if it is no text

	issuer    string
	prefix    string // of the subject, so that accounts of FastAPI Users are found
	nonceless bool   // whether ID tokens lack the nonce
	formPost  bool   // whether the scopes email and name need response_mode=form_post

	auth, token string
	basic       bool // whether the client's secret goes into a header; with OpenID Connect, metadata says so
	profile     Profile
	fields      fields // what profile reads
}

func (r row) openID() bool { return r.issuer != "" }

// The table. Names, scopes, endpoints, ids and addresses of the first kind are
// those of the OAuth clients of FastAPI Users, so that its accounts are found;
// docs/oauth-providers.md says what differs.
func microsoft(tenant string) row {
	at := "https://login.microsoftonline.com/" + tenant + "/oauth2/v2.0/"
	return plain(row{
		title: "Microsoft", name: "microsoft", scopes: []string{"User.Read"}, params: url.Values{"response_mode": {"query"}},
		auth: at + "authorize", token: at + "token",
		fields: fields{at: "https://graph.microsoft.com/v1.0/me", id: "id", email: "userPrincipalName"},
	})
}

func github() row {
	return plain(row{
		title: "GitHub", name: "github", scopes: []string{"user", "user:email"},
		auth: "https://github.com/login/oauth/authorize", token: "https://github.com/login/oauth/access_token",
		fields: fields{at: "https://api.github.com/user", id: "id", email: "email", list: "https://api.github.com/user/emails"},
	})
}

func facebook() row {
	return plain(row{
		title: "Facebook", name: "facebook", scopes: []string{"email", "public_profile"},
		auth: "https://www.facebook.com/v5.0/dialog/oauth", token: "https://graph.facebook.com/v5.0/oauth/access_token",
		fields: fields{at: "https://graph.facebook.com/v5.0/me?fields=id,email", id: "id", email: "email"},
	})
}

func discord() row {
	return plain(row{
		title: "Discord", name: "discord", scopes: []string{"identify", "email"}, basic: true,
		auth: "https://discord.com/api/oauth2/authorize", token: "https://discord.com/api/oauth2/token",
		fields: fields{at: "https://discord.com/api/users/@me", id: "id", email: "email", verified: "verified"},
	})
}

func reddit() row {
	return plain(row{
		title: "Reddit", name: "reddit", scopes: []string{"identity"}, basic: true,
		auth: "https://www.reddit.com/api/v1/authorize", token: "https://www.reddit.com/api/v1/access_token",
		fields: fields{at: "https://oauth.reddit.com/api/v1/me", id: "name"},
	})
}

func plain(r row) row {
	r.profile = r.fields.read
	return r
}

func google() row {
	return row{title: "Google", name: "google", scopes: []string{"openid", "email"}, issuer: "https://accounts.google.com", prefix: "people/"}
}

func gitlab(base string) row {
	return row{title: "GitLab", name: "gitlab", scopes: []string{"openid", "email"}, issuer: base}
}

func apple() row {
	return row{title: "Apple", name: "apple", scopes: []string{"openid", "email"}, issuer: "https://appleid.apple.com", formPost: true}
}

func linkedin() row {
	return row{title: "LinkedIn", name: "linkedin", scopes: []string{"openid", "profile", "email"}, issuer: "https://www.linkedin.com/oauth", nonceless: true}
}

func okta(domain string) row {
	return row{title: "Okta", name: "okta", scopes: []string{"openid", "email"}, issuer: "https://" + domain}
}

func openid(issuer string) row {
	return row{title: "OpenID Connect", name: "openid", scopes: []string{"openid", "email"}, issuer: issuer}
}
