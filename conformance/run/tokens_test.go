package run

import (
	"strings"
	"testing"

	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

type stores = ports.Stores[*member]

// newSessions is a strategy of core/session, on memory stores, that goes by
// clock. The users of the suite's grants do not exist, so its tokens lie in a
// store that does not know users.
func newSessions(t testing.TB, clock *conformance.Clock) ports.Strategy {
	t.Helper()
	s, err := session.New(&unattached{tokens: map[[2]string]ports.Token{}}, session.Config{Idle: -1, Now: clock.Now})
	require.NoError(t, err)
	return s
}

func TestSessions(t *testing.T) {
	conformance.TestStrategy(t, newSessions, conformance.Subject{Adapter: "core/session", Engine: "memory"})
}

func newSigner(t testing.TB, clock *conformance.Clock) ports.Signer {
	t.Helper()
	s, err := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{[]byte(strings.Repeat("s", 32))}, Now: clock.Now})
	require.NoError(t, err)
	return s
}

func TestJWXSigner(t *testing.T) {
	conformance.TestSigner(t, newSigner, conformance.Subject{Adapter: "jwx", Engine: "memory"})
}
