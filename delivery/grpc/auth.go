package grpcauth

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// Auth is the service usher.v1.AuthenticationService: Login for everybody, and
// Logout for whoever is logged in.
type Auth struct {
	// Backends names the backends that one can log in at. Nil means all.
	Backends []string
	// RequireVerified refuses users who are not verified.
	RequireVerified bool
}

func (Auth) isService() {}

type authServer[U core.AnyUser] struct {
	usherv1.UnimplementedAuthenticationServiceServer
	*API[U]
	cfg Auth
}

func (a *API[U]) authService(cfg Auth) ([]*method[U], func(grpc.ServiceRegistrar)) {
	cfg.Backends = slices.Clone(cfg.Backends)
	return []*method[U]{
			{name: usherv1.AuthenticationService_Login_FullMethodName, public: true},
			{name: usherv1.AuthenticationService_Logout_FullMethodName, policy: core.Policy[U]{Verified: cfg.RequireVerified}},
		}, func(s grpc.ServiceRegistrar) {
			usherv1.RegisterAuthenticationServiceServer(s, &authServer[U]{API: a, cfg: cfg})
		}
}

// backend returns an error where one cannot log in or out at name.
func (s *authServer[U]) backend(name string) error {
	_, ok := s.auth.Backend(name)
	if !ok || s.cfg.Backends != nil && !slices.Contains(s.cfg.Backends, name) {
		return wrongField("backend", "NOT_FOUND", "There is no such backend")
	}
	return nil
}

// Login implements [usherv1.AuthenticationServiceServer].
func (s *authServer[U]) Login(ctx context.Context, in *usherv1.LoginRequest) (*usherv1.LoginResponse, error) {
	c, err := s.call(ctx, usherv1.AuthenticationService_Login_FullMethodName)
	if err != nil {
		return nil, err
	}
	if err := s.backend(in.GetBackend()); err != nil {
		return nil, err
	}
	if err := required(field{"email", in.GetEmail()}, field{"password", in.GetPassword()}); err != nil {
		return nil, err
	}
	out := header{}
	issued, err := s.auth.LoginWithPassword(ctx, in.GetEmail(), in.GetPassword(), core.Entry{
		Backend: in.GetBackend(), Verified: s.cfg.RequireVerified, Request: c.req, Out: out,
	})
	if err != nil {
		return nil, err
	}
	return loggedIn(ctx, issued, out), nil
}

// loggedIn is the answer to a login, and sends what the transport put into out.
func loggedIn(ctx context.Context, issued core.Issued, out header) *usherv1.LoginResponse {
	send(ctx, out)
	answer := &usherv1.LoginResponse{}
	if !issued.Sent {
		answer.AccessToken, answer.TokenType = issued.Token, "bearer"
	}
	if !issued.Expires.IsZero() {
		answer.ExpireTime = timestamppb.New(issued.Expires)
	}
	return answer
}

// Logout implements [usherv1.AuthenticationServiceServer].
func (s *authServer[U]) Logout(ctx context.Context, in *usherv1.LogoutRequest) (*usherv1.LogoutResponse, error) {
	c, err := s.call(ctx, usherv1.AuthenticationService_Logout_FullMethodName)
	if err != nil {
		return nil, err
	}
	via := in.GetBackend()
	if via == "" {
		via = c.session.Backend
	} else if err := s.backend(via); err != nil {
		return nil, err
	}
	out := header{}
	if err := s.auth.Logout(ctx, c.session, via, out); err != nil {
		return nil, err
	}
	send(ctx, out)
	return &usherv1.LogoutResponse{}, nil
}
