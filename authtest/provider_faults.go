package authtest

import (
	"net/http"
	"time"
)

// Endpoint is one of a [Provider].
type Endpoint string

// The endpoints of a Provider. AtUser and AtEmails answer as GitHub's /user and
// /user/emails do, for clients that speak OAuth 2.0 alone.
const (
	AtAuthorize Endpoint = "authorize"
	AtDiscovery Endpoint = "discovery"
	AtKeys      Endpoint = "keys"
	AtToken     Endpoint = "token"
	AtUserinfo  Endpoint = "userinfo"
	AtUser      Endpoint = "user"
	AtEmails    Endpoint = "emails"
)

// paths are below the URL of a provider.
var paths = map[Endpoint]string{
	AtAuthorize: "/authorize", AtDiscovery: "/.well-known/openid-configuration", AtKeys: "/keys",
	AtToken: "/token", AtUserinfo: "/userinfo", AtUser: "/user", AtEmails: "/user/emails",
}

// Endpoint returns the URL of an endpoint.
func (p *Provider) Endpoint(e Endpoint) string { return p.URL + paths[e] }

// Fault is something that a [Provider] does wrong. Of the fields that are set,
// each is done.
type Fault struct {
	// At is the endpoint that is at fault. Empty means all but AtAuthorize.
	At Endpoint
	// Delay is waited before the answer, or until the client gives up.
	Delay time.Duration
	// Cut closes the connection in place of an answer. It needs a server that
	// has connections, as [NewProvider] starts one.
	Cut bool
	// Status and Body are answered in place of the answer, Body as JSON. A
	// Status alone has no body, and a Body alone has status 200.
	Status int
	Body   string
	// Location is where a Status such as 307 leads.
	Location string
	// Edit changes the answer, if it is a JSON object: what discovery says, an
	// access token, a claim of the user. It does not change an error.
	Edit func(answer map[string]any)
	// Claims changes the claims of an ID token before it is signed.
	Claims func(claims map[string]any)
	// Signature is how ID tokens are signed in place of RS256 with the key.
	Signature Signature
}

// Signature is what is wrong with the signature of an ID token.
type Signature string

// What a forger tries.
const (
	// SignedByNone has the algorithm none and no signature.
	SignedByNone Signature = "none"
	// SignedByOther has the id of the provider's key, and was signed with
	// another one.
	SignedByOther Signature = "other"
	// SignedByPublicKey is HS256 with the public key as the secret.
	SignedByPublicKey Signature = "HS256"
)

// Misbehave lets the provider have these faults from now on, in place of those
// that it had. Without any it behaves again.
func (p *Provider) Misbehave(faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = faults
}

// Calls returns how many requests an endpoint had.
func (p *Provider) Calls(e Endpoint) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[e]
}

// called counts a request and returns the faults that it meets.
func (p *Provider) called(e Endpoint) []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[e]++
	var found []Fault
	for _, f := range p.faults {
		if f.At == e || f.At == "" && e != AtAuthorize {
			found = append(found, f)
		}
	}
	return found
}

// meet does what f does before an answer. It reports whether that was all.
func (f Fault) meet(w http.ResponseWriter, r *http.Request) (done bool) {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
	if f.Cut {
		panic(http.ErrAbortHandler)
	}
	if f.Status == 0 && f.Body == "" {
		return false
	}
	if f.Location != "" {
		w.Header().Set("Location", f.Location)
	}
	w.Header().Set("Content-Type", "application/json")
	if f.Status != 0 {
		w.WriteHeader(f.Status)
	}
	_, _ = w.Write([]byte(f.Body)) // the client's loss
	return true
}
