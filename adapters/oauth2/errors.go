package oauthclient

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/gousher/usher/core"
	"golang.org/x/oauth2"
)

// refused says that the provider refused, or that its answer is not to be
// trusted.
func refused(why string) error { return fmt.Errorf("%s: %w", why, core.ErrCodeRefused) }

// outage says that the provider could not be asked.
func outage(what string, err error) error { return fmt.Errorf("%s: %w", what, bare(err)) }

// bare returns what went wrong with a request without its URL, which may tell
// more than a log should have.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// denied is a refusal to those who were granted too little.
type denied struct{ error }

func (d denied) Unwrap() error { return d.error }

func isDenied(err error) bool {
	_, ok := errors.AsType[denied](err)
	return ok
}

// named tells which provider an error of a method is about.
func (p *Provider) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("oauthclient: %s: %w", p.c.Name, err)
}

// Codes of errors (RFC 6749, sections 4.1.2.1 and 5.2, and GitHub's own), by
// what they are about. Others are not repeated: they could be anything.
var (
	aboutCode = []string{"invalid_grant", "invalid_request", "invalid_scope", "unsupported_grant_type", "access_denied",
		"bad_verification_code", "redirect_uri_mismatch", "bad_refresh_token"}
	aboutClient = []string{"invalid_client", "unauthorized_client", "incorrect_client_credentials"}
	aboutServer = []string{"server_error", "temporarily_unavailable"}
	// aboutRefresh say that a refresh token is worth nothing any more.
	aboutRefresh = []string{"invalid_grant", "bad_refresh_token"}
)

// answer is a status, and a code where it is a known one, in words.
func answer(status int, code string) string {
	text := fmt.Sprintf("answered %d", status)
	if slices.Contains(slices.Concat(aboutCode, aboutClient, aboutServer), code) {
		text += " " + code
	}
	return text
}

// answered says what a status and a code of an error mean. It is the
// application that is not accepted, and no login's fault, if the code is about
// the client.
func answered(what string, status int, code string) error {
	text := answer(status, code)
	busy := status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
	switch {
	case slices.Contains(aboutClient, code) || slices.Contains(aboutServer, code) || busy:
	case status == http.StatusForbidden || status == http.StatusNotFound:
		return denied{refused(what + " " + text)}
	case status >= 400 && status < 500, status < 300 && code != "":
		return refused(what + " " + text)
	}
	return outage(what, errors.New(text))
}

const (
	tokenEndpoint = "token endpoint"
	noAccessToken = "the answer has no access token"
)

// tokenError maps what golang.org/x/oauth2 returns where a code is redeemed. Its
// texts have the provider's answer in them and are dropped.
func tokenError(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return answered(tokenEndpoint, e.Response.StatusCode, e.ErrorCode)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return outage(tokenEndpoint, e)
	}
	return refused(tokenEndpoint + ": " + noAccessToken)
}

// refreshError is tokenError where a token is refreshed. Core forgets a refresh
// token that is refused, for good, so a refusal is what the provider itself
// says of the token. Anything else may be a gateway's, or the configuration's
// fault, and passes: it is an outage.
func refreshError(err error) error {
	if e, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		if slices.Contains(aboutRefresh, e.ErrorCode) {
			return answered(tokenEndpoint, e.Response.StatusCode, e.ErrorCode)
		}
		return outage(tokenEndpoint, errors.New(answer(e.Response.StatusCode, e.ErrorCode)))
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return outage(tokenEndpoint, e)
	}
	return outage(tokenEndpoint, errors.New(noAccessToken))
}
