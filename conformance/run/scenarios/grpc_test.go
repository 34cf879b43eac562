package scenarios

import (
	"context"
	"net"
	"strings"
	"testing"

	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/delivery/grpc/usherv1"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// overGRPC is a client of delivery/grpc.
type overGRPC struct{ conn *grpc.ClientConn }

func newOverGRPC(t *testing.T, w *world) driver {
	t.Helper()
	api, err := grpcauth.New(w.auth, grpcauth.Config[*member]{Schema: schema, Log: w.log},
		grpcauth.Auth{RequireVerified: w.verified}, grpcauth.Register{}, grpcauth.Reset{}, grpcauth.Verify{},
		grpcauth.Users{RequireVerified: w.verified})
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- grpcauth.NewServer(api, grpcauth.ServerConfig{Log: w.log}).Run(ctx, listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		stop()
		require.NoError(t, <-ended)
	})
	return &overGRPC{conn}
}

func (d *overGRPC) do(use string, c call) answer {
	ctx := c.t.Context()
	if c.token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.token)
	}
	out, err := d.use(ctx, use, c)
	if err != nil {
		return answer{code: d.code(err)}
	}
	out.code = ok
	return out
}

func (d *overGRPC) use(ctx context.Context, use string, c call) (answer, error) {
	switch use {
	case register:
		out, err := usherv1.NewRegistrationServiceClient(d.conn).Register(ctx, &usherv1.RegisterRequest{User: creation(c)})
		return received(err, out.GetUser())
	case login:
		out, err := usherv1.NewAuthenticationServiceClient(d.conn).Login(ctx,
			&usherv1.LoginRequest{Backend: "bearer", Email: c.in.text("email"), Password: c.in.text("password")})
		return answer{token: out.GetAccessToken()}, err
	case logout:
		_, err := usherv1.NewAuthenticationServiceClient(d.conn).Logout(ctx, &usherv1.LogoutRequest{})
		return answer{}, err
	case forgot:
		_, err := usherv1.NewPasswordResetServiceClient(d.conn).ForgotPassword(ctx, &usherv1.ForgotPasswordRequest{Email: c.in.text("email")})
		return answer{}, err
	case resetPassword:
		_, err := usherv1.NewPasswordResetServiceClient(d.conn).ResetPassword(ctx,
			&usherv1.ResetPasswordRequest{Token: c.in.text("token"), Password: c.in.text("password")})
		return answer{}, err
	case requestVerify:
		_, err := usherv1.NewVerificationServiceClient(d.conn).RequestVerification(ctx, &usherv1.RequestVerificationRequest{Email: c.in.text("email")})
		return answer{}, err
	case verify:
		out, err := usherv1.NewVerificationServiceClient(d.conn).Verify(ctx, &usherv1.VerifyRequest{Token: c.in.text("token")})
		return received(err, out.GetUser())
	}
	return d.users(ctx, use, c)
}

func (d *overGRPC) users(ctx context.Context, use string, c call) (answer, error) {
	client := usherv1.NewUserServiceClient(d.conn)
	switch use {
	case readMe:
		out, err := client.GetMe(ctx, &usherv1.GetMeRequest{})
		return received(err, out.GetUser())
	case changeMe:
		out, err := client.UpdateMe(ctx, &usherv1.UpdateMeRequest{User: change(c), UpdateMask: nulls(c)})
		return received(err, out.GetUser())
	case readUser:
		out, err := client.GetUser(ctx, &usherv1.GetUserRequest{Id: c.id})
		return received(err, out.GetUser())
	case listUsers:
		out, err := client.ListUsers(ctx, &usherv1.ListUsersRequest{PageToken: c.in.text("page_token")})
		return received(err, out.GetUsers()...)
	case changeUser:
		out, err := client.UpdateUser(ctx, &usherv1.UpdateUserRequest{Id: c.id, User: change(c), UpdateMask: nulls(c)})
		return received(err, out.GetUser())
	case deleteUser:
		_, err := client.DeleteUser(ctx, &usherv1.DeleteUserRequest{Id: c.id})
		return answer{}, err
	}
	return unknown(use), nil
}

// value returns a field where it was sent.
func value[T any](in fields, name string) *T {
	if v, ok := in[name].(T); ok {
		return &v
	}
	return nil
}

// additional are the fields that the application adds.
func additional(c call) *structpb.Struct {
	of := map[string]any{}
	for _, name := range []string{"nickname", "age"} {
		if v, ok := c.in[name]; ok {
			of[name] = v
		}
	}
	out, err := structpb.NewStruct(of)
	require.NoError(c.t, err)
	return out
}

func creation(c call) *usherv1.UserCreate {
	return &usherv1.UserCreate{Email: value[string](c.in, "email"), Password: value[string](c.in, "password"), Fields: additional(c)}
}

func change(c call) *usherv1.UserUpdate {
	return &usherv1.UserUpdate{
		Email: value[string](c.in, "email"), Password: value[string](c.in, "password"),
		IsActive: value[bool](c.in, "is_active"), IsSuperuser: value[bool](c.in, "is_superuser"), IsVerified: value[bool](c.in, "is_verified"),
		Fields: additional(c),
	}
}

// nulls is a mask that names all that was sent, where null is among it for a
// field that has no other way to say so, or nil.
func nulls(c call) *fieldmaskpb.FieldMask {
	mask := &fieldmaskpb.FieldMask{}
	null := false
	for name, v := range c.in {
		own := name == "nickname" || name == "age"
		null = null || v == nil && !own
		if own {
			name = "fields." + name
		}
		mask.Paths = append(mask.Paths, name)
	}
	if !null {
		return nil
	}
	return mask
}

// received are users as the schema would show them.
func received(err error, users ...*usherv1.User) (answer, error) {
	var out answer
	if err != nil {
		return out, err
	}
	for _, u := range users {
		f := fields(u.GetFields().AsMap())
		f["id"], f["email"] = u.GetId(), u.GetEmail()
		f["is_active"], f["is_superuser"], f["is_verified"] = u.GetIsActive(), u.GetIsSuperuser(), u.GetIsVerified()
		out.users = append(out.users, f)
	}
	return out, nil
}

// code reads a status. The reasons are the codes of HTTP; each has its status.
func (d *overGRPC) code(err error) string {
	s := status.Convert(err)
	var info *errdetails.ErrorInfo
	var bad *errdetails.BadRequest
	var retry *errdetails.RetryInfo
	for _, detail := range s.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			info = detail
		case *errdetails.BadRequest:
			bad = detail
		case *errdetails.RetryInfo:
			retry = detail
		}
	}
	if info.GetDomain() != "usher" || s.Code() != statusOf(info.GetReason()) {
		return unknown(s).code
	}
	switch reason := info.GetReason(); {
	case reason == "UNPROCESSABLE_ENTITY":
		var wrong []string
		for _, v := range bad.GetFieldViolations() {
			name := strings.TrimPrefix(strings.TrimPrefix(v.GetField(), "user."), "fields.")
			wrong = append(wrong, name+" "+strings.ToLower(v.GetReason()))
		}
		return invalid(wrong...)
	case strings.HasSuffix(reason, "_INVALID_PASSWORD"):
		return refused(reason, info.GetMetadata()["reason"])
	case reason == tooMany && retry == nil:
		return unknown(s).code
	case reason == outage && retry != nil:
		return busy
	default:
		return reason
	}
}

// statusOf is the code of the status that belongs to a reason.
func statusOf(reason string) codes.Code {
	switch reason {
	case unauthorized:
		return codes.Unauthenticated
	case forbidden:
		return codes.PermissionDenied
	case notFound:
		return codes.NotFound
	case tooMany:
		return codes.ResourceExhausted
	case outage:
		return codes.Unavailable
	case noLister:
		return codes.Unimplemented
	case "REGISTER_USER_ALREADY_EXISTS", "UPDATE_USER_EMAIL_ALREADY_EXISTS":
		return codes.AlreadyExists
	case "LOGIN_USER_NOT_VERIFIED", "VERIFY_USER_ALREADY_VERIFIED":
		return codes.FailedPrecondition
	}
	return codes.InvalidArgument
}
