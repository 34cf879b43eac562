package ports

import (
	"context"
	"time"
)

// IdentityProvider lets people log in with the account that they have
// elsewhere, by the authorization code flow of OAuth 2.0 (RFC 6749) with PKCE
// (RFC 7636), and by OpenID Connect where the provider speaks it.
//
// Core makes state, nonce and verifier, keeps them between the two halves of
// the flow, and checks the state before it calls Identify.
type IdentityProvider interface {
	// Name is the provider's, as [Account] has it.
	Name() string
	// AuthorizationURL returns where the browser is sent to log in.
	AuthorizationURL(ctx context.Context, q AuthorizationRequest) (string, error)
	// Identify redeems the code of a callback and returns whose it is. It
	// returns core.ErrCodeRefused, wrapped, where the provider refuses the
	// code or what it answers is not to be trusted, such as an ID token for
	// somebody else; any other error says that the provider could not be
	// asked. Neither holds a code, a token or a secret.
	Identify(ctx context.Context, r AuthorizationResponse) (Identity, error)
	// Refresh returns new tokens for a refresh token. It returns
	// core.ErrCodeRefused, wrapped, only where the provider says that the
	// refresh token is worth nothing any more, for it is forgotten then; any
	// other error says that the provider could not be asked. Neither holds a
	// token or a secret. Refresh is empty in what it returns where the old one
	// stays good.
	Refresh(ctx context.Context, refresh string) (ProviderTokens, error)
}

// AuthorizationRequest is what is asked of a provider.
type AuthorizationRequest struct {
	// RedirectURL is where the provider sends the browser back to.
	RedirectURL string
	// State comes back with the browser.
	State string
	// Verifier is the code verifier of RFC 7636: the provider is given its
	// SHA-256 digest.
	Verifier string
	// Nonce comes back in the ID token of OpenID Connect. Providers without
	// one pay no heed.
	Nonce string
	// Scopes are what is asked for; nil means the provider's own choice, and
	// an empty list none.
	Scopes []string
}

// AuthorizationResponse is what the browser came back with, and what the
// request had.
type AuthorizationResponse struct {
	Code string
	// Issuer is the parameter iss of RFC 9207, or "".
	Issuer                       string
	RedirectURL, Verifier, Nonce string
}

// Identity is who somebody is at a provider.
type Identity struct {
	// Subject names the account for ever, as [Account] has it.
	Subject string
	// Email is the account's address, or "" where the provider gives none.
	Email string
	// EmailVerified says that the provider vouches for it: the address is
	// known to be the account holder's own.
	EmailVerified bool
	Tokens        ProviderTokens
}

// ProviderTokens are tokens for the provider's own interfaces. All of them are
// secrets.
type ProviderTokens struct {
	Access  string
	Refresh string // "" where there is none
	// Expires is when Access does, zero where the provider did not say.
	Expires time.Time
}
