package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/gousher/usher/core"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// rpcTargets are the kinds of servers of gRPC: usher's interceptor, or a bare
// one that does the same by hand, in front of one method.
var rpcTargets = map[string]func(s setting) (runner, error){
	"usher grpc jwt": usherRPC("jwt"), "usher grpc token": usherRPC("token"),
	"bare grpc jwt": bareRPC(func(b *bare) (identify, error) { return b.byJWT, nil }), "bare grpc token": bareRPC((*bare).byStored),
}

// greeter is the application's service: it tells callers who they are.
type greeter struct {
	testpb.UnimplementedTestServiceServer
	caller func(ctx context.Context) *Member
}

func (g *greeter) UnaryCall(ctx context.Context, _ *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	return &testpb.SimpleResponse{Username: g.caller(ctx).Email}, nil
}

func usherRPC(backend string) func(s setting) (runner, error) {
	return func(s setting) (runner, error) {
		auth, err := s.authenticator(backend)
		if err != nil {
			return nil, err
		}
		cfg := grpcauth.Config[*Member]{Schema: schema, Policies: map[string]core.Policy[*Member]{}}
		for _, m := range testpb.TestService_ServiceDesc.Methods {
			cfg.Policies["/grpc.testing.TestService/"+m.MethodName] = core.Policy[*Member]{}
		}
		for _, m := range testpb.TestService_ServiceDesc.Streams {
			cfg.Policies["/grpc.testing.TestService/"+m.StreamName] = core.Policy[*Member]{}
		}
		api, err := grpcauth.New(auth, cfg, grpcauth.Auth{}, grpcauth.Register{}, grpcauth.Users{})
		if err != nil {
			return nil, err
		}
		srv := grpcauth.NewServer(api, grpcauth.ServerConfig{})
		testpb.RegisterTestServiceServer(srv, &greeter{caller: func(ctx context.Context) *Member { u, _ := auth.User(ctx); return u }})
		return serveRPC(srv.Server), nil
	}
}

// memberKey is that of the caller in the context of a bare server.
type memberKey struct{}

func bareRPC(by func(*bare) (identify, error)) func(s setting) (runner, error) {
	return func(s setting) (runner, error) {
		b, err := newBare(s)
		if err != nil {
			return nil, err
		}
		who, err := by(b)
		if err != nil {
			return nil, err
		}
		check := func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			values := metadata.ValueFromIncomingContext(ctx, "authorization")
			if len(values) != 1 || !strings.HasPrefix(values[0], "Bearer ") {
				return nil, status.Error(codes.Unauthenticated, "Unauthorized")
			}
			m, err := who(ctx, strings.TrimPrefix(values[0], "Bearer "))
			switch {
			case errors.Is(err, errRefused):
				return nil, status.Error(codes.Unauthenticated, "Unauthorized")
			case err != nil:
				return nil, status.Error(codes.Unavailable, "Service Unavailable")
			}
			return next(context.WithValue(ctx, memberKey{}, m), in)
		}
		srv := grpc.NewServer(grpc.UnaryInterceptor(check))
		testpb.RegisterTestServiceServer(srv, &greeter{caller: func(ctx context.Context) *Member { return ctx.Value(memberKey{}).(*Member) }})
		return serveRPC(srv), nil
	}
}

// serveRPC serves without what grpcauth.Server.Run does beside: it asks the
// stores for the health service, which is no part of a call.
func serveRPC(srv *grpc.Server) runner {
	return func(ctx context.Context, listener net.Listener) error {
		defer context.AfterFunc(ctx, srv.Stop)()
		return srv.Serve(listener)
	}
}

// call calls the method with a token, and returns what it answers in the words
// of HTTP.
func (c *client) call(token string) (r reply, err error) {
	if c.rpc == nil {
		if c.rpc, err = grpc.NewClient(c.addr, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
			return r, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	out, err := testpb.NewTestServiceClient(c.rpc).UnaryCall(ctx, &testpb.SimpleRequest{})
	switch status.Code(err) {
	case codes.OK:
		return reply{status: http.StatusOK, body: []byte(out.GetUsername())}, nil
	case codes.Unauthenticated:
		return reply{status: http.StatusUnauthorized}, nil
	}
	return r, err
}
