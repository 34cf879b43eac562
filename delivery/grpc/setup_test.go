package grpcauth_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/core"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/delivery/grpc/usherv1"
	"github.com/gousher/usher/ports"
)

// Member is the application's user.
type Member struct {
	core.User
	Nickname string
	Age      *int
}

type (
	memberRead struct {
		core.UserRead
		Nickname string `json:"nickname"`
		Age      *int   `json:"age"`
	}
	memberCreate struct {
		core.UserCreate
		Nickname core.Optional[string] `json:"nickname"`
	}
	memberUpdate struct {
		core.UserUpdate
		Nickname core.Optional[string] `json:"nickname"`
		Age      core.Optional[*int]   `json:"age"`
	}
)

var schema = core.Schema[*Member]{
	Read:   core.Reading(func(u *Member) memberRead { return memberRead{core.ReadUser(u), u.Nickname, u.Age} }),
	Create: core.Creating(func(in memberCreate) *Member { return &Member{Nickname: in.Nickname.Value} }),
	Update: core.Updating(func(in memberUpdate, u *Member) {
		in.Nickname.Apply(&u.Nickname)
		in.Age.Apply(&u.Age)
	}),
}

type policy = core.Policy[*Member]

// The people who live in every world, with the password "guinevere".
const (
	kingID   = "11111111-1111-7111-8111-111111111111" // active and verified
	queenID  = "22222222-2222-7222-8222-222222222222" // superuser and verified
	squireID = "33333333-3333-7333-8333-333333333333" // active only
	bannedID = "44444444-4444-7444-8444-444444444444" // not active, verified
	nobodyID = "99999999-9999-7999-8999-999999999999"
)

// everything are all of usher's services.
var everything = []grpcauth.Service{grpcauth.Auth{}, grpcauth.Register{}, grpcauth.Reset{}, grpcauth.Verify{}, grpcauth.Users{}}

// world is a server with what it stands on.
type world struct {
	core     core.Config[*Member]
	grpc     grpcauth.Config[*Member]
	services []grpcauth.Service
	// app are the application's methods, if any.
	app    testpb.TestServiceServer
	server grpcauth.ServerConfig
	// oauth serves an identity provider, by what outsideOf says.
	oauth     bool
	outsideOf grpcauth.OAuth

	users  *core.Manager[*Member]
	auth   *core.Authenticator[*Member]
	api    *grpcauth.API[*Member]
	srv    *grpcauth.Server
	conn   *grpc.ClientConn
	tokens *tokens
	stores *stopped
	mails  *mailbox
	log    *syncBuffer
	addr   string
}

// newWorld returns a world that alter has changed before it was put together.
// People live in it, and its server runs.
func newWorld(t testing.TB, alter ...func(*world)) *world {
	t.Helper()
	w := newBareWorld(t, alter...)
	w.people(t)
	w.serve(t)
	return w
}

// newBareWorld returns a world without people whose server does not run.
func newBareWorld(t testing.TB, alter ...func(*world)) *world {
	t.Helper()
	log := &syncBuffer{}
	stores := memory.New[Member](memory.Config{})
	w := &world{
		stores: &stopped{UserStore: stores.Users}, mails: &mailbox{}, log: log, services: everything,
		tokens: &tokens{grants: map[string]ports.Grant{}},
	}
	stores.Users = w.stores
	logger := slog.New(slog.NewTextHandler(log, nil))
	w.core = core.Config[*Member]{
		Stores: stores, Hasher: plainHasher{}, Emails: emails{}, Limits: core.Limits{Off: true}, Log: logger,
		Mail: core.Mailing{Signer: &signer{}, Mailer: w.mails},
	}
	w.grpc = grpcauth.Config[*Member]{Schema: schema, Log: logger}
	w.server = grpcauth.ServerConfig{Log: logger, HealthInterval: 10 * time.Millisecond}
	for _, f := range alter {
		f(w)
	}
	w.assemble(t)
	return w
}

func (w *world) assemble(t testing.TB) {
	t.Helper()
	var err error
	if w.users, err = core.NewManager(w.core); err != nil {
		t.Fatal(err)
	}
	cookie, err := core.NewCookie(core.CookieConfig{Name: "auth"})
	if err != nil {
		t.Fatal(err)
	}
	w.auth, err = core.NewAuthenticator(w.users,
		core.Backend[*Member]{Name: "bearer", Strategy: w.tokens, Transport: core.Bearer{}},
		core.Backend[*Member]{Name: "cookie", Strategy: w.tokens, Transport: cookie})
	if err != nil {
		t.Fatal(err)
	}
	if w.oauth {
		w.withProvider(t)
	}
	if w.api, err = grpcauth.New(w.auth, w.grpc, w.services...); err != nil {
		t.Fatal(err)
	}
	w.srv = grpcauth.NewServer(w.api, w.server)
	if w.app != nil {
		testpb.RegisterTestServiceServer(w.srv, w.app)
	}
}

func (w *world) people(t testing.TB) {
	t.Helper()
	for _, p := range []struct {
		name, id                    string
		active, superuser, verified bool
	}{
		{"king", kingID, true, false, true},
		{"queen", queenID, true, true, true},
		{"squire", squireID, true, false, false},
		{"mordred", bannedID, false, false, true},
	} {
		_, err := w.users.Create(t.Context(), &Member{User: core.User{
			ID: p.id, Email: p.name + "@camelot.bt", IsActive: p.active, IsSuperuser: p.superuser, IsVerified: p.verified,
		}}, "guinevere")
		if err != nil {
			t.Fatal(err)
		}
		w.tokens.grants[p.name] = ports.Grant{UserID: p.id}
	}
	w.tokens.grants["nobody"] = ports.Grant{UserID: nobodyID}
}

// serve runs the server until the test is over.
func (w *world) serve(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := w.run(t, ctx)
	t.Cleanup(func() {
		w.conn.Close() // first, so that no stream is waited for
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
}

// run runs the server until ctx ends, connects to it, and returns what gets the
// error that Run returns.
func (w *world) run(t testing.TB, ctx context.Context) <-chan error {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.addr = listener.Addr().String()
	ended := make(chan error, 1)
	go func() { ended <- w.srv.Run(ctx, listener) }()
	w.conn, err = grpc.NewClient(w.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.conn.Close() })
	return ended
}

// as returns a context with which a client calls with that token; "" is none.
func as(t testing.TB, token string) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func (w *world) registration() usherv1.RegistrationServiceClient {
	return usherv1.NewRegistrationServiceClient(w.conn)
}
func (w *world) login() usherv1.AuthenticationServiceClient {
	return usherv1.NewAuthenticationServiceClient(w.conn)
}
func (w *world) reset() usherv1.PasswordResetServiceClient {
	return usherv1.NewPasswordResetServiceClient(w.conn)
}
func (w *world) verification() usherv1.VerificationServiceClient {
	return usherv1.NewVerificationServiceClient(w.conn)
}
func (w *world) user() usherv1.UserServiceClient { return usherv1.NewUserServiceClient(w.conn) }

// told is what a client is told of an error, in one line: the code, the
// message where it is not the reason, the reason, and what else there is.
func told(t testing.TB, err error) string {
	t.Helper()
	s, ok := status.FromError(err)
	if !ok {
		t.Fatalf("%v is no status", err)
	}
	if s.Code() == codes.OK {
		return "OK"
	}
	text := s.Code().String() + " " + s.Message()
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			text += " | " + d.GetDomain() + " " + d.GetReason()
			if reason := d.GetMetadata()["reason"]; reason != "" {
				text += " (" + reason + ")"
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				text += " | " + v.GetField() + ": " + v.GetReason() + ": " + v.GetDescription()
			}
		case *errdetails.RetryInfo:
			text += " | retry"
		}
	}
	return text
}

// What many calls are told.
const (
	unauthorized = "Unauthenticated Unauthorized | usher UNAUTHORIZED"
	forbidden    = "PermissionDenied Forbidden | usher FORBIDDEN"
	notFound     = "NotFound Not Found | usher NOT_FOUND"
	unavailable  = "Unavailable Service Unavailable | usher SERVICE_UNAVAILABLE"
	internal     = "Internal Internal Server Error | usher INTERNAL_SERVER_ERROR"
	badLogin     = "InvalidArgument LOGIN_BAD_CREDENTIALS | usher LOGIN_BAD_CREDENTIALS"
	invalid      = "InvalidArgument Unprocessable Entity | usher UNPROCESSABLE_ENTITY"
)

var errBoom = errors.New("boom: 10.0.0.7 said no")

func ptr[T any](v T) *T { return &v }
