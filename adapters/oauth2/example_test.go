package oauthclient_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	oauthclient "github.com/gousher/usher/adapters/oauth2"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// A login, from the link to the account. Core does this for an application.
func Example() {
	// In production, the issuer is somewhere else, and Transport stays empty.
	issuer, err := authtest.OpenProvider(authtest.ProviderConfig{URL: "https://login.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	company, err := oauthclient.OpenID(oauthclient.Config{
		Name: "company", ClientID: issuer.Client.ID, ClientSecret: issuer.Client.Secret,
		Transport: authtest.NewClient(issuer).Transport,
	}, "https://login.example.com")
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	request := ports.AuthorizationRequest{
		RedirectURL: "https://app.test/auth/company/callback",
		State:       "s-t-a-t-e", Verifier: "v-e-r-i-f-i-e-r-of-43-characters-or-more-0123", Nonce: "n-o-n-c-e",
	}
	link, err := company.AuthorizationURL(ctx, request)
	if err != nil {
		log.Fatal(err)
	}
	callback, err := issuer.Authorize(link) // which the browser does
	if err != nil {
		log.Fatal(err)
	}
	response := ports.AuthorizationResponse{
		Code: callback.Get("code"), Issuer: callback.Get("iss"),
		RedirectURL: request.RedirectURL, Verifier: request.Verifier, Nonce: request.Nonce,
	}
	who, err := company.Identify(ctx, response)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(company.Name(), who.Subject, who.Email, who.EmailVerified)

	_, err = company.Identify(ctx, response) // again
	fmt.Println(errors.Is(err, core.ErrCodeRefused), err)
	// Output:
	// company 1001 ann@example.com true
	// true oauthclient: company: token endpoint answered 400 invalid_grant: usher: identity provider refused
}
