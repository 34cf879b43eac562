package jwxtoken_test

import (
	"context"
	"errors"
	"fmt"
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
	// Output: {Secret:[48 bytes] Lifetime:1h0m0s NoExpiry:false Audience:[]}
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
