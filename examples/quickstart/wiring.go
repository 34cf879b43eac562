package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gousher/usher/adapters/argon2"
	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
	"github.com/uptrace/bun"
)

// server is what wire makes.
type server struct {
	users   *core.Manager[*Member]
	tokens  ports.TokenStore
	handler http.Handler
}

// begin

// wire makes a server of a database, a secret and a mailer.
func wire(ctx context.Context, db *bun.DB, secret []byte, mailer ports.Mailer) (*server, error) {
	stores, err1 := bunstore.New[Member](db, bunstore.Config{})
	hasher, err2 := argon2hash.New(argon2hash.Config{})
	jwt, err3 := jwxtoken.New(jwxtoken.Config{Secret: secret, Lifetime: time.Hour})
	signer, err4 := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{secret}})
	cookie, err5 := core.NewCookie(core.CookieConfig{})
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	users, err6 := core.NewManager(core.Config[*Member]{Stores: stores, Hasher: hasher, Emails: email.New(),
		Mail: core.Mailing{Signer: signer, Mailer: mailer}})
	sessions, err7 := session.Backend("db", stores, session.Config{}, core.Bearer{})
	browser, err8 := session.Backend("cookie", stores, session.Config{}, cookie)
	if err := errors.Join(err6, err7, err8, bunstore.Migrate[Member](ctx, db, bunstore.Config{})); err != nil {
		return nil, err
	}
	auth, err := core.NewAuthenticator(users, sessions, browser,
		core.Backend[*Member]{Name: "jwt", Strategy: jwt, Transport: core.Bearer{}})
	if err != nil {
		return nil, err
	}
	api, err := httpauth.New(auth, httpauth.Config[*Member]{Schema: schema},
		httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt"}),
		httpauth.Include("/auth/db", httpauth.Auth{Backend: "db"}),
		httpauth.Include("/auth/cookie", httpauth.Auth{Backend: "cookie"}),
		httpauth.Include("/auth", httpauth.Register{}, httpauth.Reset{}, httpauth.Verify{}),
		httpauth.Include("/users", httpauth.Users{}))
	if err != nil {
		return nil, err
	}
	mux := withDemo(api)
	mux.Handle("GET /hello", api.Current(core.Policy[*Member]{})(hello(auth)))
	return &server{users, stores.Tokens, mux}, nil
}

// end
