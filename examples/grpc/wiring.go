package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"

	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	argon2hash "github.com/gousher/usher/adapters/argon2"
	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/examples/grpc/greetv1"
	"github.com/gousher/usher/ports"
)

// app is what both servers stand on.
type app struct {
	users *core.Manager[*Member]
	auth  *core.Authenticator[*Member]
	web   http.Handler
}

// printer prints mails in the place of sending them.
type printer struct{}

// Send implements [ports.Mailer].
func (printer) Send(_ context.Context, m ports.Mail) error {
	_, err := fmt.Fprintf(os.Stderr, "mail to %s: %s with %s\n", m.Email, m.Kind, m.Token)
	return err
}

// wire makes one user base with one backend, and serves it over HTTP.
func wire() (*app, error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // it never fails
	stores := memory.New[Member](memory.Config{})
	hasher, err1 := argon2hash.New(argon2hash.Config{})
	signer, err2 := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{secret}})
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	users, err1 := core.NewManager(core.Config[*Member]{Stores: stores, Hasher: hasher, Emails: email.New(),
		Mail: core.Mailing{Signer: signer, Mailer: printer{}}})
	sessions, err2 := session.Backend("bearer", stores, session.Config{}, core.Bearer{})
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	auth, err := core.NewAuthenticator(users, sessions)
	if err != nil {
		return nil, err
	}
	web, err := httpauth.New(auth, httpauth.Config[*Member]{Schema: schema},
		httpauth.Include("/auth", httpauth.Auth{Backend: "bearer"}, httpauth.Register{}, httpauth.Reset{}, httpauth.Verify{}),
		httpauth.Include("/users", httpauth.Users{}))
	return &app{users, auth, web}, err
}

// server serves the same user base over gRPC, and the application's service.
func (a *app) server() (*grpcauth.Server, error) {
	api, err := grpcauth.New(a.auth, grpcauth.Config[*Member]{
		Schema: schema,
		Policies: map[string]core.Policy[*Member]{
			greetv1.GreetService_Greet_FullMethodName: {}, // every active user
			greetv1.GreetService_Count_FullMethodName: {},
		},
		Public: []string{reflectionpb.ServerReflection_ServerReflectionInfo_FullMethodName},
	}, grpcauth.Auth{}, grpcauth.Register{}, grpcauth.Reset{}, grpcauth.Verify{}, grpcauth.Users{})
	if err != nil {
		return nil, err
	}
	srv := grpcauth.NewServer(api, grpcauth.ServerConfig{})
	greetv1.RegisterGreetServiceServer(srv, &greeter{auth: a.auth})
	reflection.RegisterV1(srv) // for grpcurl
	return srv, nil
}
