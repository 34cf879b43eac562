package grpcauth

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
	"github.com/gousher/usher/ports"
)

// Users is the service usher.v1.UserService: GetMe and UpdateMe for every
// active user, and GetUser, ListUsers, UpdateUser and DeleteUser for
// superusers.
type Users struct {
	// RequireVerified refuses users who are not verified.
	RequireVerified bool
}

func (Users) isService() {}

type usersServer[U core.AnyUser] struct {
	usherv1.UnimplementedUserServiceServer
	*API[U]
}

func (a *API[U]) usersService(cfg Users) ([]*method[U], func(grpc.ServiceRegistrar)) {
	self := core.Policy[U]{Verified: cfg.RequireVerified}
	admin := core.Policy[U]{Verified: cfg.RequireVerified, Superuser: true}
	update := words{emailTaken: "UPDATE_USER_EMAIL_ALREADY_EXISTS", invalidPassword: "UPDATE_USER_INVALID_PASSWORD", password: "user.password"}
	return []*method[U]{
			{name: usherv1.UserService_GetMe_FullMethodName, policy: self},
			{name: usherv1.UserService_UpdateMe_FullMethodName, policy: self, words: update},
			{name: usherv1.UserService_GetUser_FullMethodName, policy: admin},
			{name: usherv1.UserService_ListUsers_FullMethodName, policy: admin},
			{name: usherv1.UserService_UpdateUser_FullMethodName, policy: admin, words: update},
			{name: usherv1.UserService_DeleteUser_FullMethodName, policy: admin},
		}, func(s grpc.ServiceRegistrar) {
			usherv1.RegisterUserServiceServer(s, &usersServer[U]{API: a})
		}
}

// GetMe implements [usherv1.UserServiceServer].
func (s *usersServer[U]) GetMe(ctx context.Context, _ *usherv1.GetMeRequest) (*usherv1.GetMeResponse, error) {
	c, err := s.call(ctx, usherv1.UserService_GetMe_FullMethodName)
	if err != nil {
		return nil, err
	}
	shown, err := s.show(c.session.User)
	return &usherv1.GetMeResponse{User: shown}, err
}

// UpdateMe implements [usherv1.UserServiceServer].
func (s *usersServer[U]) UpdateMe(ctx context.Context, in *usherv1.UpdateMeRequest) (*usherv1.UpdateMeResponse, error) {
	c, err := s.call(ctx, usherv1.UserService_UpdateMe_FullMethodName)
	if err != nil {
		return nil, err
	}
	object, err := s.update(in.GetUser(), in.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	change, err := s.schema.Changes(object, false, s.users.ParseEmail)
	if err != nil {
		return nil, err
	}
	u, err := s.users.UpdateSelf(ctx, c.session.User, change)
	if errors.Is(err, core.ErrUserNotFound) {
		return nil, core.ErrUnauthenticated // deleted since
	}
	if err != nil {
		return nil, err
	}
	s.carry(ctx, c, u)
	shown, err := s.show(u)
	return &usherv1.UpdateMeResponse{User: shown}, err
}

// carry lets the session go on where a change of u has ended all sessions. The
// change is made, so that the answer does not depend on it.
func (s *usersServer[U]) carry(ctx context.Context, c *call[U], u U) {
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	out := header{}
	if err := s.auth.Carry(inner, c.session, u, out); err != nil {
		s.log.ErrorContext(ctx, "usher: session not carried over a new password", "method", c.method.name, "error", err)
	}
	send(ctx, out)
}

// GetUser implements [usherv1.UserServiceServer].
func (s *usersServer[U]) GetUser(ctx context.Context, in *usherv1.GetUserRequest) (*usherv1.GetUserResponse, error) {
	if _, err := s.call(ctx, usherv1.UserService_GetUser_FullMethodName); err != nil {
		return nil, err
	}
	u, err := s.users.ByID(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	shown, err := s.show(u)
	return &usherv1.GetUserResponse{User: shown}, err
}

// ListUsers implements [usherv1.UserServiceServer].
func (s *usersServer[U]) ListUsers(ctx context.Context, in *usherv1.ListUsersRequest) (*usherv1.ListUsersResponse, error) {
	if _, err := s.call(ctx, usherv1.UserService_ListUsers_FullMethodName); err != nil {
		return nil, err
	}
	if in.GetPageSize() < 0 {
		return nil, wrongField("page_size", "VALUE_ERROR", "A page has at least one user")
	}
	page, err := s.users.List(ctx, ports.UserQuery{After: in.GetPageToken(), Limit: int(in.GetPageSize())})
	if errors.Is(err, core.ErrInvalidValue) {
		return nil, wrongField("page_token", "VALUE_ERROR", "The token is not that of a page")
	}
	if err != nil {
		return nil, err
	}
	out := &usherv1.ListUsersResponse{NextPageToken: page.Next}
	for _, u := range page.Users {
		shown, err := s.show(u)
		if err != nil {
			return nil, err
		}
		out.Users = append(out.Users, shown)
	}
	return out, nil
}

// UpdateUser implements [usherv1.UserServiceServer].
func (s *usersServer[U]) UpdateUser(ctx context.Context, in *usherv1.UpdateUserRequest) (*usherv1.UpdateUserResponse, error) {
	if _, err := s.call(ctx, usherv1.UserService_UpdateUser_FullMethodName); err != nil {
		return nil, err
	}
	u, err := s.users.ByID(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	object, err := s.update(in.GetUser(), in.GetUpdateMask())
	if err != nil {
		return nil, err
	}
	change, err := s.schema.Changes(object, true, s.users.ParseEmail)
	if err != nil {
		return nil, err
	}
	if u, err = s.users.Update(ctx, u, change); err != nil {
		return nil, err
	}
	shown, err := s.show(u)
	return &usherv1.UpdateUserResponse{User: shown}, err
}

// DeleteUser implements [usherv1.UserServiceServer].
func (s *usersServer[U]) DeleteUser(ctx context.Context, in *usherv1.DeleteUserRequest) (*usherv1.DeleteUserResponse, error) {
	if _, err := s.call(ctx, usherv1.UserService_DeleteUser_FullMethodName); err != nil {
		return nil, err
	}
	u, err := s.users.ByID(ctx, in.GetId())
	if err != nil {
		return nil, err
	}
	return &usherv1.DeleteUserResponse{}, s.users.Delete(ctx, u)
}
