package jwxtoken

import (
	"testing"
	"time"

	"github.com/gousher/usher/ports"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// BenchmarkVerify compares Verify with the usual call of jwx.
func BenchmarkVerify(b *testing.B) {
	s := strategy(b, noon)
	token, _ := issue(b, s, ports.Grant{UserID: userID, Epoch: 3})
	b.Run("Strategy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("jwt.Parse", func(b *testing.B) {
		key, err := jwk.FromRaw([]byte(secret))
		if err != nil {
			b.Fatal(err)
		}
		clock := jwt.ClockFunc(func() time.Time { return noon })
		b.ReportAllocs()
		for b.Loop() {
			_, err := jwt.Parse([]byte(token), jwt.WithKey(jwa.HS256, key), jwt.WithValidate(true), jwt.WithAudience(DefaultAudience), jwt.WithClock(clock))
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkKeys verifies tokens of each algorithm, and of a ring whose last
// key signed.
func BenchmarkKeys(b *testing.B) {
	file := vectorKeys(b)
	for _, bench := range []struct {
		name   string
		ring   []string
		signer int // its place in the ring
	}{
		{"HS256", []string{"secret=a"}, 0},
		{"RS256", []string{"rsa1=a"}, 0},
		{"ES256", []string{"ec1=a"}, 0},
		{"EdDSA", []string{"ed1=a"}, 0},
		{"RS256, second of two", []string{"rsa1=a", "rsa2=b"}, 1},
		{"RS256, second of two, no names", []string{"rsa1", "rsa2"}, 1},
	} {
		b.Run(bench.name, func(b *testing.B) {
			s := file.strategy(b, bench.ring...)
			token, _ := issue(b, file.strategy(b, bench.ring[bench.signer]), ports.Grant{UserID: userID, Epoch: 3})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkIssue(b *testing.B) {
	s := strategy(b, noon)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Issue(b.Context(), ports.Grant{UserID: userID, Epoch: 3}); err != nil {
			b.Fatal(err)
		}
	}
}
