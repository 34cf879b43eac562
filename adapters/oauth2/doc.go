// Package oauthclient lets people log in with the accounts that they have
// elsewhere: it implements [ports.IdentityProvider] for well-known providers,
// for any OpenID Connect issuer, and for servers that speak OAuth 2.0 alone, on
// golang.org/x/oauth2 and github.com/coreos/go-oidc/v3.
//
//	google, err := oauthclient.Google(oauthclient.Config{ClientID: id, ClientSecret: secret})
//	company, err := oauthclient.OpenID(oauthclient.Config{Name: "company", ClientID: id, ClientSecret: secret},
//		"https://login.example.com")
//
// Every login uses PKCE with S256 (RFC 7636). An ID token is believed after its
// signature, iss, aud, azp, exp, nonce and at_hash were checked, and the
// parameter iss of a callback (RFC 9207) before its code is sent anywhere.
//
// Nothing is asked of a provider before the first login. Each operation takes
// [Config.Timeout] at most, reads at most [MaxBody] of an answer and follows no
// redirects. Endpoints are those of the configuration and of the issuer's
// metadata; nothing that a browser brings along chooses one.
package oauthclient
