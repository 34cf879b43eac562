package jwxtoken_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func Example() {
	strategy, err := jwxtoken.New(jwxtoken.Config{
		Secret:   []byte("at least 32 random bytes, kept out of the source"),
		Lifetime: time.Hour,
		Now:      func() time.Time { return time.Unix(1700000000, 0) }, // for this example
	})
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	token, expires, err := strategy.Issue(ctx, ports.Grant{UserID: "42", Epoch: 3})
	if err != nil {
		panic(err)
	}
	fmt.Println(token)
	fmt.Println(expires.Unix())

	grant, err := strategy.Verify(ctx, token)
	fmt.Println(grant.UserID, grant.Epoch, err)

	_, err = strategy.Verify(ctx, token+"x")
	fmt.Println(errors.Is(err, core.ErrInvalidToken))
	// Output:
	// eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsImF1ZCI6WyJmYXN0YXBpLXVzZXJzOmF1dGgiXSwiZXhwIjoxNzAwMDAzNjAwLCJlcG9jaCI6M30.51aTAhYLjXag1qw47mVwnwJ3RNQF6odAdOGVAE66NBI
	// 1700003600
	// 42 3 <nil>
	// true
}

// The new key signs, and sessions of the old secret go on.
func ExampleConfig_keys() {
	_, private, err := ed25519.GenerateKey(nil) // a program reads it from a file, by PEM
	if err != nil {
		panic(err)
	}
	secret := []byte("at least 32 random bytes, kept out of the source")
	before, err1 := jwxtoken.New(jwxtoken.Config{Secret: secret, Lifetime: time.Hour})
	after, err2 := jwxtoken.New(jwxtoken.Config{
		Keys:     []jwxtoken.Key{{ID: "2026-11", Private: private}, {Secret: secret}},
		Lifetime: time.Hour,
	})
	if err := errors.Join(err1, err2); err != nil {
		panic(err)
	}

	ctx := context.Background()
	old, _, err1 := before.Issue(ctx, ports.Grant{UserID: "42"})
	token, _, err2 := after.Issue(ctx, ports.Grant{UserID: "42"})
	if err := errors.Join(err1, err2); err != nil {
		panic(err)
	}
	grant, err := after.Verify(ctx, old)
	fmt.Println(grant.UserID, err)
	grant, err = after.Verify(ctx, token)
	fmt.Println(grant.UserID, err)
	_, err = before.Verify(ctx, token)
	fmt.Println(err)
	// Output:
	// 42 <nil>
	// 42 <nil>
	// usher: invalid token
}

// Services that verify tokens themselves read the keys here.
func ExampleStrategy_JWKS() {
	key, err := jwxtoken.PEM("2026-11", []byte(`-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
`)) // that of RFC 8037, appendix A
	if err != nil {
		panic(err)
	}
	strategy, err := jwxtoken.New(jwxtoken.Config{Keys: []jwxtoken.Key{key}, Lifetime: time.Hour})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /.well-known/jwks.json", strategy.JWKS())

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/.well-known/jwks.json", nil))
	fmt.Println(w.Body)
	// Output:
	// {"keys":[{"alg":"EdDSA","crv":"Ed25519","kid":"2026-11","kty":"OKP","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
}

func ExampleStrategy_End() {
	strategy, err := jwxtoken.New(jwxtoken.Config{
		Secret:   []byte("at least 32 random bytes, kept out of the source"),
		Lifetime: time.Hour,
	})
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	token, _, err := strategy.Issue(ctx, ports.Grant{UserID: "42"})
	if err != nil {
		panic(err)
	}
	fmt.Println(strategy.End(ctx, token))
	fmt.Println(strategy.End(ctx, "of somebody else"))
	// Output:
	// usher: token cannot be revoked
	// <nil>
}

func ExampleNew_problems() {
	_, err := jwxtoken.New(jwxtoken.Config{Secret: []byte("secret")})
	fmt.Println(err)
	// Output: jwxtoken.Config: Secret is 6 bytes, at least 32 are needed; Lifetime is 0s, at least a second is needed, or NoExpiry
}

func ExampleConfig_Format() {
	cfg := jwxtoken.Config{Secret: []byte("at least 32 random bytes, kept out of the source"), Lifetime: time.Hour}
	fmt.Printf("%+v\n", cfg)
	// Output: {Secret:[48 bytes] Keys:[] Lifetime:1h0m0s NoExpiry:false Audience:[]}
}

// The ring's first secret signs. Tokens of the second are accepted until it is
// taken away.
func ExampleSigner() {
	signer, err := jwxtoken.NewSigner(jwxtoken.SignerConfig{
		Secrets: [][]byte{
			[]byte("the new one: 32 random bytes, kept out of the source"),
			[]byte("the old one: 32 random bytes, kept out of the source"),
		},
		Now: func() time.Time { return time.Unix(1700000000, 0) }, // for this example
	})
	if err != nil {
		panic(err)
	}

	ctx := context.Background()
	token, err := signer.Sign(ctx, ports.Claims{
		Subject:  "42",
		Values:   []ports.Claim{{Name: "email", Value: "ann@example.com"}},
		Audience: "fastapi-users:verify",
		Expires:  time.Unix(1700003600, 0),
	})
	if err != nil {
		panic(err)
	}
	claims, err := signer.Verify(ctx, token, "fastapi-users:verify")
	fmt.Println(claims.Subject, claims.Value("email"), err)

	_, err = signer.Verify(ctx, token, "fastapi-users:reset")
	fmt.Println(errors.Is(err, core.ErrInvalidToken))
	// Output:
	// 42 ann@example.com <nil>
	// true
}

func ExampleSignerConfig_Format() {
	cfg := jwxtoken.SignerConfig{Secrets: [][]byte{[]byte("at least 32 random bytes, kept out of the source")}}
	fmt.Printf("%+v\n", cfg)
	// Output: {Secrets:[[48 bytes]]}
}

// The strategy is one half of a backend.
func ExampleNew() {
	strategy, err := jwxtoken.New(jwxtoken.Config{
		Secret:   []byte("at least 32 random bytes, kept out of the source"),
		Lifetime: time.Hour,
	})
	if err != nil {
		panic(err)
	}
	backend := core.Backend[*core.User]{Name: "jwt", Strategy: strategy, Transport: core.Bearer{}}
	fmt.Println(backend.Name, backend.Transport.Ambient())
	// Output: jwt false
}
