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
