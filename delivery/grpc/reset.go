package grpcauth

import (
	"context"

	"google.golang.org/grpc"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// Reset is the service usher.v1.PasswordResetService: ForgotPassword, which
// mails a token to the user with the address that is sent and answers the same
// whether or not there is one, and ResetPassword, which takes the token and a
// new password. The manager must send mails.
type Reset struct{}

func (Reset) isService() {}

type resetServer[U core.AnyUser] struct {
	usherv1.UnimplementedPasswordResetServiceServer
	*API[U]
}

func (a *API[U]) resetService() ([]*method[U], func(grpc.ServiceRegistrar)) {
	return []*method[U]{
			{name: usherv1.PasswordResetService_ForgotPassword_FullMethodName, public: true},
			{name: usherv1.PasswordResetService_ResetPassword_FullMethodName, public: true,
				words: words{invalidToken: "RESET_PASSWORD_BAD_TOKEN", invalidPassword: "RESET_PASSWORD_INVALID_PASSWORD", password: "password"}},
		}, func(s grpc.ServiceRegistrar) {
			usherv1.RegisterPasswordResetServiceServer(s, &resetServer[U]{API: a})
		}
}

// ForgotPassword implements [usherv1.PasswordResetServiceServer].
func (s *resetServer[U]) ForgotPassword(
	ctx context.Context, in *usherv1.ForgotPasswordRequest,
) (*usherv1.ForgotPasswordResponse, error) {
	if _, err := s.call(ctx, usherv1.PasswordResetService_ForgotPassword_FullMethodName); err != nil {
		return nil, err
	}
	email, err := s.address(in.GetEmail())
	if err != nil {
		return nil, err
	}
	return &usherv1.ForgotPasswordResponse{}, s.users.ForgotPassword(ctx, email)
}

// ResetPassword implements [usherv1.PasswordResetServiceServer].
func (s *resetServer[U]) ResetPassword(
	ctx context.Context, in *usherv1.ResetPasswordRequest,
) (*usherv1.ResetPasswordResponse, error) {
	if _, err := s.call(ctx, usherv1.PasswordResetService_ResetPassword_FullMethodName); err != nil {
		return nil, err
	}
	return &usherv1.ResetPasswordResponse{}, s.users.ResetPassword(ctx, in.GetToken(), in.GetPassword())
}
