package main

import (
	"errors"
	"net/http"

	oauthclient "github.com/gousher/usher/adapters/oauth2"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/ports"
)

// begin

// providers returns those that users log in with.
func providers(site string, env func(string) string) (list []ports.IdentityProvider, err error) {
	add := func(p ports.IdentityProvider, failed error) {
		list, err = append(list, p), errors.Join(err, failed)
	}
	if id := env("GOOGLE_CLIENT_ID"); id != "" {
		add(oauthclient.Google(oauthclient.Config{ClientID: id, ClientSecret: env("GOOGLE_CLIENT_SECRET")}))
	}
	if id := env("GITHUB_CLIENT_ID"); id != "" {
		add(oauthclient.GitHub(oauthclient.Config{ClientID: id, ClientSecret: env("GITHUB_CLIENT_SECRET")}))
	}
	if len(list) == 0 { // play two of them
		for _, name := range played {
			add(oauthclient.OpenID(oauthclient.Config{Name: name, ClientID: "client", ClientSecret: "client secret"}, site+"/"+name))
		}
	}
	return list, err
}

// end

// played are the names of the providers that the program plays.
var played = []string{"demo", "other"}

// play serves the providers that the program plays.
func play(mux *http.ServeMux, site string) error {
	for i, name := range played {
		accounts := [][]authtest.ProviderAccount{
			{{Subject: "1001", Name: "Ann", Email: "ann@example.com", EmailVerified: true}, {Subject: "1002", Name: "Bob", Email: "bob@example.com", EmailVerified: true}},
			{{Subject: "ann", Name: "Ann", Email: "ann@other.example", EmailVerified: true}},
		}[i]
		p, err := authtest.OpenProvider(authtest.ProviderConfig{URL: site + "/" + name, Accounts: accounts})
		if err != nil {
			return err
		}
		mux.Handle("/"+name+"/", p)
	}
	return nil
}
