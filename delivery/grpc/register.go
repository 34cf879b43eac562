package grpcauth

import (
	"context"

	"google.golang.org/grpc"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// Register is the service usher.v1.RegistrationService, which makes a user of
// what anybody sends.
type Register struct{}

func (Register) isService() {}

type registerServer[U core.AnyUser] struct {
	usherv1.UnimplementedRegistrationServiceServer
	*API[U]
}

func (a *API[U]) registerService() ([]*method[U], func(grpc.ServiceRegistrar)) {
	return []*method[U]{{
			name: usherv1.RegistrationService_Register_FullMethodName, public: true,
			words: words{emailTaken: "REGISTER_USER_ALREADY_EXISTS", invalidPassword: "REGISTER_INVALID_PASSWORD", password: "user.password"},
		}}, func(s grpc.ServiceRegistrar) {
			usherv1.RegisterRegistrationServiceServer(s, &registerServer[U]{API: a})
		}
}

// Register implements [usherv1.RegistrationServiceServer].
func (s *registerServer[U]) Register(ctx context.Context, in *usherv1.RegisterRequest) (*usherv1.RegisterResponse, error) {
	if _, err := s.call(ctx, usherv1.RegistrationService_Register_FullMethodName); err != nil {
		return nil, err
	}
	object, err := s.creation(in.GetUser())
	if err != nil {
		return nil, err
	}
	u, password, err := s.schema.Registration(object, s.users.ParseEmail)
	if err != nil {
		return nil, err
	}
	if u, err = s.users.Register(ctx, u, password); err != nil {
		return nil, err
	}
	shown, err := s.show(u)
	return &usherv1.RegisterResponse{User: shown}, err
}
