package run

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"sync"
	"testing"
	"time"

	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// algorithms are those of adapters/jwx, each with a new pair of keys.
var algorithms = []struct {
	name string
	keys func() ([2]jwxtoken.Key, error)
}{
	{"HS256", func() (pair [2]jwxtoken.Key, err error) {
		pair[0].Secret, pair[1].Secret = []byte(strings.Repeat("s", 32)), []byte(strings.Repeat("t", 32))
		return pair, nil
	}},
	{"RS256", pairOf(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) })},
	{"ES256", pairOf(func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })},
	{"EdDSA", pairOf(func() (crypto.Signer, error) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	})},
}

// pairOf makes two keys, once.
func pairOf(generate func() (crypto.Signer, error)) func() ([2]jwxtoken.Key, error) {
	return sync.OnceValues(func() (pair [2]jwxtoken.Key, err error) {
		for i := range pair {
			if pair[i].Private, err = generate(); err != nil {
				return pair, err
			}
		}
		return pair, nil
	})
}

// newKeyed returns a strategy of a ring.
func newKeyed(t testing.TB, now func() time.Time, ring ...jwxtoken.Key) ports.Strategy {
	t.Helper()
	s, err := jwxtoken.New(jwxtoken.Config{Keys: ring, Lifetime: time.Hour, Now: now})
	require.NoError(t, err)
	return s
}

// Every algorithm keeps the rules of strategies, with one key that has no id
// and as the first of a ring.
func TestJWX(t *testing.T) {
	for _, alg := range algorithms {
		t.Run(alg.name, func(t *testing.T) {
			pair, err := alg.keys()
			require.NoError(t, err)
			one, two := pair[0], pair[1]
			t.Run("alone", func(t *testing.T) {
				conformance.TestStrategy(t, func(t testing.TB, clock *conformance.Clock) ports.Strategy {
					return newKeyed(t, clock.Now, one)
				}, conformance.Subject{Adapter: "jwx", Engine: "memory", Variant: alg.name})
			})
			t.Run("ring", func(t *testing.T) {
				one.ID, two.ID = "new", "old"
				conformance.TestStrategy(t, func(t testing.TB, clock *conformance.Clock) ports.Strategy {
					return newKeyed(t, clock.Now, one, two)
				}, conformance.Subject{Adapter: "jwx", Engine: "memory", Variant: alg.name + " ring"})
			})
		})
	}
}
