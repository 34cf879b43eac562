package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/delivery/grpc/usherv1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// deadline is how long a caller of gRPC waits for an answer, and work how long
// the server does.
const (
	deadline = 8 * time.Second
	work     = 3 * time.Second
)

// echo is an application's service: it answers each message of a stream, and
// notes which streams are over.
type echo struct {
	testpb.UnimplementedTestServiceServer
	open atomic.Int32
}

func (e *echo) FullDuplexCall(s grpc.BidiStreamingServer[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse]) error {
	e.open.Add(1)
	defer e.open.Add(-1)
	for {
		if _, err := s.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := s.Send(&testpb.StreamingOutputCallResponse{}); err != nil {
			return err
		}
	}
}

// rpcSite is a server of gRPC on a database, and a client of it.
type rpcSite struct {
	t    *testing.T
	conn *grpc.ClientConn
	echo *echo
	// email and token are those of who is logged in.
	email, token string
}

func openRPCSite(t *testing.T, dsn string) *rpcSite {
	t.Helper()
	db := servedOn(t, dsn)
	manager, err := newManager(db.stores, &drawer{}, 1)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, manager.Drain(context.Background())) })
	sessions, err := session.Backend("db", db.stores, session.Config{}, core.Bearer{})
	require.NoError(t, err)
	auth, err := core.NewAuthenticator(manager, sessions)
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	api, err := grpcauth.New(auth, grpcauth.Config[*member]{
		Timeout: work, StreamCheck: 200 * time.Millisecond, Log: log, Public: others(testpb.TestService_ServiceDesc, testpb.TestService_FullDuplexCall_FullMethodName),
		Policies: map[string]core.Policy[*member]{testpb.TestService_FullDuplexCall_FullMethodName: {}},
	}, grpcauth.Auth{}, grpcauth.Register{}, grpcauth.Reset{}, grpcauth.Verify{}, grpcauth.Users{})
	require.NoError(t, err)
	s := &rpcSite{t: t, echo: &echo{}}
	srv := grpcauth.NewServer(api, grpcauth.ServerConfig{HealthInterval: 200 * time.Millisecond, HealthTimeout: work, Log: log})
	testpb.RegisterTestServiceServer(srv, s.echo)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- srv.Run(ctx, listener) }()
	s.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.conn.Close())
		stop()
		require.NoError(t, <-ended)
	})
	return s
}

// others are the methods of a service but the one of that name.
func others(of grpc.ServiceDesc, name string) (out []string) {
	add := func(method string) {
		if full := "/" + of.ServiceName + "/" + method; full != name {
			out = append(out, full)
		}
	}
	for _, m := range of.Methods {
		add(m.MethodName)
	}
	for _, m := range of.Streams {
		add(m.StreamName)
	}
	return out
}

// calls are one of each kind that asks the database, by name.
func (s *rpcSite) calls() map[string]func(ctx context.Context) error {
	registration, authentication := usherv1.NewRegistrationServiceClient(s.conn), usherv1.NewAuthenticationServiceClient(s.conn)
	reset, users := usherv1.NewPasswordResetServiceClient(s.conn), usherv1.NewUserServiceClient(s.conn)
	me := func(token string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := users.GetMe(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token), &usherv1.GetMeRequest{})
			return err
		}
	}
	in := func(email string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := authentication.Login(ctx, &usherv1.LoginRequest{Backend: "db", Email: email, Password: "correct horse battery"})
			return err
		}
	}
	return map[string]func(context.Context) error{
		"register": func(ctx context.Context) error {
			_, err := registration.Register(ctx, newcomer("late-"+s.email))
			return err
		},
		"login":                   in(s.email),
		"login, unknown":          in("nobody@example.com"),
		"me":                      me(s.token),
		"me, a token of nobody's": me(strings.Repeat("A", len(s.token))),
		"forgot": func(ctx context.Context) error {
			_, err := reset.ForgotPassword(ctx, &usherv1.ForgotPasswordRequest{Email: "nobody@example.com"})
			return err
		},
	}
}

func newcomer(email string) *usherv1.RegisterRequest {
	password := "correct horse battery"
	return &usherv1.RegisterRequest{User: &usherv1.UserCreate{Email: &email, Password: &password}}
}

// waitFor returns once the health is as it should be, by itself.
func waitFor(t *testing.T, watch grpc.ServerStreamingClient[grpc_health_v1.HealthCheckResponse], want grpc_health_v1.HealthCheckResponse_ServingStatus) {
	t.Helper()
	for {
		answer, err := watch.Recv()
		require.NoError(t, err)
		if answer.GetStatus() == want {
			return
		}
	}
}

// A database that is stopped, or does not answer any more, is UNAVAILABLE, to
// everybody alike and before the caller's deadline; streams end, and their
// handlers with them; the health service says so, and that it is over when it
// is, by itself.
func TestOutageOverGRPC(t *testing.T) {
	server := engine.PostgresServer(t)
	for _, fault := range []struct {
		name       string
		begin, end func()
	}{
		{"stopped", server.Stop, server.Start},
		{"stalled", server.Stall, server.Mend},
	} {
		t.Run(fault.name, func(t *testing.T) {
			s := openRPCSite(t, server.DSN)
			watch, err := grpc_health_v1.NewHealthClient(s.conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
			require.NoError(t, err)
			waitFor(t, watch, grpc_health_v1.HealthCheckResponse_SERVING)
			s.login(fault.name)
			open := s.stream()
			require.NoError(t, s.echoed(open))

			fault.begin()
			_, err = open.Recv()
			require.Equal(t, codes.Unavailable, status.Code(err), "the open stream: %v", err)
			waitFor(t, watch, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
			n, slowest := s.refused()
			require.Zero(t, s.echo.open.Load(), "streams whose handlers go on")

			fault.end()
			waitFor(t, watch, grpc_health_v1.HealthCheckResponse_SERVING)
			for name, call := range s.calls() {
				if name != "me, a token of nobody's" && name != "login, unknown" {
					require.NoError(t, call(t.Context()), name)
				}
			}
			open = s.stream()
			require.NoError(t, s.echoed(open))
			require.NoError(t, open.CloseSend())
			_, err = open.Recv()
			require.ErrorIs(t, err, io.EOF)
			engine.Note(fmt.Sprintf("outage over gRPC, PostgreSQL %s: %d calls, each UNAVAILABLE, the slowest after %v; health and the session came back",
				fault.name, n, slowest.Round(time.Millisecond)))
		})
	}
}

// login registers somebody and keeps the token of a session.
func (s *rpcSite) login(name string) {
	s.t.Helper()
	s.email = name + "@example.com"
	_, err := usherv1.NewRegistrationServiceClient(s.conn).Register(s.t.Context(), newcomer(s.email))
	require.NoError(s.t, err)
	in, err := usherv1.NewAuthenticationServiceClient(s.conn).Login(s.t.Context(),
		&usherv1.LoginRequest{Backend: "db", Email: s.email, Password: "correct horse battery"})
	require.NoError(s.t, err)
	s.token = in.GetAccessToken()
}

type duplex = grpc.BidiStreamingClient[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse]

func (s *rpcSite) stream() duplex {
	s.t.Helper()
	ctx := metadata.AppendToOutgoingContext(s.t.Context(), "authorization", "Bearer "+s.token)
	stream, err := testpb.NewTestServiceClient(s.conn).FullDuplexCall(ctx)
	require.NoError(s.t, err)
	return stream
}

// echoed sends a message and waits for its answer.
func (s *rpcSite) echoed(stream duplex) error {
	if err := stream.Send(&testpb.StreamingOutputCallRequest{}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_, err := stream.Recv()
	return err
}

// refused makes calls of each kind, all at a time, and checks that each is
// UNAVAILABLE in time and says no more. It returns how many there were.
func (s *rpcSite) refused() (n int, slowest time.Duration) {
	s.t.Helper()
	calls := s.calls()
	calls["a new stream"] = func(context.Context) error { return s.echoed(s.stream()) }
	type result struct {
		name string
		took time.Duration
		err  error
	}
	results := make(chan result)
	const times = 3
	for range times {
		for name, call := range calls {
			go func() {
				ctx, cancel := context.WithTimeout(s.t.Context(), deadline)
				defer cancel()
				began := time.Now()
				err := call(ctx)
				results <- result{name, time.Since(began), err}
			}()
		}
	}
	for range times * len(calls) {
		r := <-results
		slowest = max(slowest, r.took)
		assert.Equal(s.t, codes.Unavailable, status.Code(r.err), "%s: %v", r.name, r.err)
		assert.Equal(s.t, "Service Unavailable", status.Convert(r.err).Message(), "what %s tells", r.name)
	}
	require.LessOrEqual(s.t, slowest, deadline, "an answer came late")
	return times * len(calls), slowest
}
