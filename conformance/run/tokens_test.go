package run

import (
	"strings"
	"testing"

	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

type stores = ports.Stores[*member]

func TestMemoryTokens(t *testing.T) {
	engine.Memory(t)
	for _, form := range forms {
		t.Run(form.name, func(t *testing.T) {
			open := func(testing.TB) stores { return memory.New[member](memory.Config{IDs: form.ids}) }
			conformance.TestTokenStore(t, open)
			conformance.TestSessionUsers(t, open)
		})
	}
}

func TestSQLTokens(t *testing.T) {
	onForms(t, func(t *testing.T, open func(testing.TB) stores) {
		conformance.TestTokenStore(t, open)
		conformance.TestSessionUsers(t, open)
	})
}

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
	conformance.TestStrategy(t, newSessions)
}

func newSigner(t testing.TB, clock *conformance.Clock) ports.Signer {
	t.Helper()
	s, err := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{[]byte(strings.Repeat("s", 32))}, Now: clock.Now})
	require.NoError(t, err)
	return s
}

func TestJWXSigner(t *testing.T) {
	conformance.TestSigner(t, newSigner)
}
