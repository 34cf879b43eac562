package grpcauth

import (
	"context"

	"google.golang.org/grpc"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// Verify is the service usher.v1.VerificationService: RequestVerification,
// which mails a token to the user with the address that is sent and answers
// the same whether or not there is one, and Verify, which takes the token. The
// manager must send mails.
type Verify struct{}

func (Verify) isService() {}

type verifyServer[U core.AnyUser] struct {
	usherv1.UnimplementedVerificationServiceServer
	*API[U]
}

func (a *API[U]) verifyService() ([]*method[U], func(grpc.ServiceRegistrar)) {
	return []*method[U]{
			{name: usherv1.VerificationService_RequestVerification_FullMethodName, public: true},
			{name: usherv1.VerificationService_Verify_FullMethodName, public: true,
				words: words{invalidToken: "VERIFY_USER_BAD_TOKEN"}},
		}, func(s grpc.ServiceRegistrar) {
			usherv1.RegisterVerificationServiceServer(s, &verifyServer[U]{API: a})
		}
}

// RequestVerification implements [usherv1.VerificationServiceServer].
func (s *verifyServer[U]) RequestVerification(
	ctx context.Context, in *usherv1.RequestVerificationRequest,
) (*usherv1.RequestVerificationResponse, error) {
	if _, err := s.call(ctx, usherv1.VerificationService_RequestVerification_FullMethodName); err != nil {
		return nil, err
	}
	email, err := s.address(in.GetEmail())
	if err != nil {
		return nil, err
	}
	return &usherv1.RequestVerificationResponse{}, s.users.RequestVerify(ctx, email)
}

// Verify implements [usherv1.VerificationServiceServer].
func (s *verifyServer[U]) Verify(ctx context.Context, in *usherv1.VerifyRequest) (*usherv1.VerifyResponse, error) {
	if _, err := s.call(ctx, usherv1.VerificationService_Verify_FullMethodName); err != nil {
		return nil, err
	}
	u, err := s.users.Verify(ctx, in.GetToken())
	if err != nil {
		return nil, err
	}
	shown, err := s.show(u)
	return &usherv1.VerifyResponse{User: shown}, err
}
