package oauthclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"golang.org/x/oauth2"
)

// MaxBody is how many bytes of an answer are read. A longer one is an outage.
const MaxBody = 1 << 20

var errTooLong = errors.New("the answer is too long")

// newClient returns a client that holds the limits whatever sends its requests.
func newClient(t http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     limited{t},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// limited reads answers to their end before anybody looks at them, so that one
// that breaks off or is too long is an error of the request.
type limited struct{ base http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "usher") // GitHub and Reddit answer nobody without one
	res, err := l.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, MaxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > MaxBody {
		return nil, errTooLong
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// within returns a context for the requests of one operation.
func (p *Provider) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, p.http) // go-oidc takes it, too
	return context.WithTimeout(ctx, p.c.Timeout)
}

// getJSON decodes what is at a URL, for the bearer of an access token, or for
// anybody where that is empty. what names the place in errors.
func (p *Provider) getJSON(ctx context.Context, what, from, access string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return outage(what, errors.New("its URL is none"))
	}
	if access != "" {
		r.Header.Set("Authorization", "Bearer "+access)
	}
	res, err := p.http.Do(r)
	if err != nil {
		return outage(what, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return answered(what, res.StatusCode, "")
	}
	if err := json.NewDecoder(res.Body).Decode(into); err != nil {
		return refused(what + ": the answer is not the JSON that it should be")
	}
	return nil
}
