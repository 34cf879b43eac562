package grpcauth_test

import (
	"context"
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// welcome is the application's service.
type welcome struct {
	testpb.UnimplementedTestServiceServer
	auth *core.Authenticator[*Member]
}

func (w *welcome) UnaryCall(ctx context.Context, _ *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	u, _ := w.auth.User(ctx)
	return &testpb.SimpleResponse{Username: u.Nickname}, nil
}

// policies lets every active user call every method of the service.
func policies(service grpc.ServiceDesc) map[string]core.Policy[*Member] {
	out := map[string]core.Policy[*Member]{}
	for _, m := range service.Methods {
		out["/"+service.ServiceName+"/"+m.MethodName] = core.Policy[*Member]{}
	}
	for _, m := range service.Streams {
		out["/"+service.ServiceName+"/"+m.StreamName] = core.Policy[*Member]{}
	}
	return out
}

// wire makes a server of users in memory, with a service of the application's
// own.
func wire() (*grpcauth.Server, error) {
	stores := memory.New[Member](memory.Config{})
	users, err := core.NewManager(core.Config[*Member]{Stores: stores, Hasher: plainHasher{}, Emails: emails{}})
	if err != nil {
		return nil, err
	}
	sessions, err := session.Backend("bearer", stores, session.Config{}, core.Bearer{})
	if err != nil {
		return nil, err
	}
	auth, err := core.NewAuthenticator(users, sessions)
	if err != nil {
		return nil, err
	}
	api, err := grpcauth.New(auth, grpcauth.Config[*Member]{Schema: schema, Policies: policies(testpb.TestService_ServiceDesc)},
		grpcauth.Auth{}, grpcauth.Register{}, grpcauth.Users{})
	if err != nil {
		return nil, err
	}
	srv := grpcauth.NewServer(api, grpcauth.ServerConfig{})
	testpb.RegisterTestServiceServer(srv, &welcome{auth: auth})
	return srv, nil
}

// Example registers a user, logs in, and calls a method of the application.
func Example() {
	srv, err := wire()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- srv.Run(ctx, listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}

	email, password := "ann@example.com", "correct horse"
	registered, err := usherv1.NewRegistrationServiceClient(conn).Register(ctx, &usherv1.RegisterRequest{
		User: &usherv1.UserCreate{Email: &email, Password: &password}})
	fmt.Println(registered.GetUser().GetEmail(), err)

	app := testpb.NewTestServiceClient(conn)
	_, err = app.UnaryCall(ctx, &testpb.SimpleRequest{})
	fmt.Println(status.Convert(err).Code())

	in, err := usherv1.NewAuthenticationServiceClient(conn).Login(ctx, &usherv1.LoginRequest{Backend: "bearer", Email: email, Password: password})
	if err != nil {
		log.Fatal(err)
	}
	as := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+in.GetAccessToken())
	_, err = app.UnaryCall(as, &testpb.SimpleRequest{})
	fmt.Println(status.Convert(err).Code())

	conn.Close()
	stop()
	fmt.Println(<-ended)
	// Output:
	// ann@example.com <nil>
	// Unauthenticated
	// OK
	// <nil>
}
