package conformance

import (
	"net/http"
	"testing"
	"time"

	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// TestTransport checks an implementation of [ports.Transport].
func TestTransport(t *testing.T, open func(t testing.TB) ports.Transport, of ...Subject) {
	run(t, "Transport", TransportCases(), of, open)
}

// exchange sends token with tr and returns what a client that follows the
// answers in turn sends back: cookies as a browser does, and, where the token
// is in an answer's body, an Authorization header.
func exchange(t testing.TB, tr ports.Transport, token string, forget bool) http.Header {
	t.Helper()
	out := http.Header{}
	sent := tr.Send(out, token, when)
	require.Equal(t, sent, len(out) > 0, "Send reports %v and put %v into the header", sent, out)
	jar := map[string]*http.Cookie{}
	keep := func(h http.Header) {
		for _, c := range (&http.Response{Header: h}).Cookies() {
			if jar[c.Name] = c; c.MaxAge < 0 || c.Value == "" {
				delete(jar, c.Name)
			}
		}
	}
	keep(out)
	if forget {
		again := http.Header{}
		tr.Forget(again)
		require.Equal(t, sent, len(again) > 0, "Forget put %v into the header", again)
		keep(again)
	}
	in := &http.Request{Header: http.Header{}}
	for _, c := range jar {
		in.AddCookie(c)
	}
	if !sent && !forget {
		in.Header.Set("Authorization", "Bearer "+token)
	}
	return in.Header
}

// TransportCases returns the cases of [TestTransport].
func TransportCases() []Case[ports.Transport] {
	const token = "eyJhbGciOiJIUzI1NiJ9.e30._-abc"
	return []Case[ports.Transport]{
		{
			ID: "TR-01", Name: "Token/none",
			Rule: "Token returns \"\" where there is none",
			Run: func(t testing.TB, tr ports.Transport) {
				for _, h := range []http.Header{
					{}, {"Authorization": nil}, {"Authorization": {""}}, {"Authorization": {"Basic " + token}}, {"Cookie": {""}}, {"Cookie": {"other=" + token}}, {"X-Token": {token}},
				} {
					require.Empty(t, tr.Token(h), "%v", h)
				}
			},
		},
		{
			ID: "TR-02", Name: "Send/comes back",
			Rule: "what Send put into out, Token finds once the caller sends it back; else the caller sends a bearer token",
			Run: func(t testing.TB, tr ports.Transport) {
				require.Equal(t, token, tr.Token(exchange(t, tr, token, false)))
			},
		},
		{
			ID: "TR-03", Name: "Forget/drops",
			Rule: "Forget tells the caller to drop the token that Send gave it",
			Run: func(t testing.TB, tr ports.Transport) {
				require.Empty(t, tr.Token(exchange(t, tr, token, true)))
			},
		},
		{
			ID: "TR-04", Name: "Ambient/cookies",
			Rule: "Ambient says whether browsers send the token of their own accord, as they do with cookies",
			Run: func(t testing.TB, tr ports.Transport) {
				require.Equal(t, exchange(t, tr, token, false).Get("Cookie") != "", tr.Ambient())
			},
		},
		{
			ID: "TR-05", Name: "Every/no state",
			Rule: "a transport keeps no state",
			Run: func(t testing.TB, tr ports.Transport) {
				tr.Send(http.Header{}, token, time.Time{})
				require.Empty(t, tr.Token(http.Header{}))
				tr.Forget(http.Header{})
				require.Equal(t, "other", tr.Token(exchange(t, tr, "other", false)))
			},
		},
	}
}
