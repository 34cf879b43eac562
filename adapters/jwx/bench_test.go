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

func BenchmarkIssue(b *testing.B) {
	s := strategy(b, noon)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Issue(b.Context(), ports.Grant{UserID: userID, Epoch: 3}); err != nil {
			b.Fatal(err)
		}
	}
}
