package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gousher/usher/adapters/argon2"
	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/uptrace/bun"
)

// begin

// wire makes a server of a database and a secret.
func wire(ctx context.Context, db *bun.DB, secret []byte) (*core.Manager[*Member], http.Handler, error) {
	stores, err1 := bunstore.New[Member](db, bunstore.Config{})
	hasher, err2 := argon2hash.New(argon2hash.Config{})
	jwt, err3 := jwxtoken.New(jwxtoken.Config{Secret: secret, Lifetime: time.Hour})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, nil, err
	}
	if err := bunstore.Migrate[Member](ctx, db, bunstore.Config{}); err != nil {
		return nil, nil, err
	}
	users, err := core.NewManager(core.Config[*Member]{Stores: stores, Hasher: hasher, Emails: email.New()})
	if err != nil {
		return nil, nil, err
	}
	auth, err := core.NewAuthenticator(users,
		core.Backend[*Member]{Name: "jwt", Strategy: jwt, Transport: core.Bearer{}})
	if err != nil {
		return nil, nil, err
	}
	api, err := httpauth.New(auth, httpauth.Config[*Member]{Schema: schema},
		httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt"}),
		httpauth.Include("/auth", httpauth.Register{}),
		httpauth.Include("/users", httpauth.Users{}))
	if err != nil {
		return nil, nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("GET /hello", api.Current(core.Policy[*Member]{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := auth.User(r.Context())
		fmt.Fprintf(w, "Hello %s!\n", u.Nickname)
	})))
	return users, mux, nil
}

// end
