package grpcauth_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/gousher/usher/core"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/ports"
)

// app is the application's service. It says who called.
type app struct {
	testpb.UnimplementedTestServiceServer
	w *world
	// open is told of each stream that begins.
	open chan struct{}
}

func newApp(w *world) *app { return &app{w: w, open: make(chan struct{}, 10)} }

func (a *app) caller(ctx context.Context) *testpb.SimpleResponse {
	name := "nobody"
	if u, ok := a.w.auth.User(ctx); ok {
		name = u.Email
	}
	return &testpb.SimpleResponse{Username: name}
}

func (a *app) UnaryCall(ctx context.Context, in *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	if in.GetFillUsername() {
		panic("the round table")
	}
	if in.GetFillServerId() {
		return nil, core.ErrForbidden
	}
	return a.caller(ctx), nil
}

// FullDuplexCall answers each message with who called.
func (a *app) FullDuplexCall(s grpc.BidiStreamingServer[testpb.StreamingOutputCallRequest, testpb.StreamingOutputCallResponse]) error {
	a.open <- struct{}{}
	for {
		in, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if in.GetResponseStatus() != nil {
			panic("the round table")
		}
		out := &testpb.StreamingOutputCallResponse{Payload: &testpb.Payload{Body: []byte(a.caller(s.Context()).GetUsername())}}
		if err := s.Send(out); err != nil {
			return err
		}
	}
}

func withApp(w *world) { w.app = newApp(w) }

// withOpenApp lets active users call the methods of the application.
func withOpenApp(w *world) {
	withApp(w)
	w.grpc.Policies = map[string]policy{
		testpb.TestService_UnaryCall_FullMethodName:      {},
		testpb.TestService_FullDuplexCall_FullMethodName: {},
	}
	declareRest(w)
}

// declare makes a method public that has no policy yet.
func (w *world) declare(name string) {
	if _, ok := w.grpc.Policies[name]; !ok {
		w.grpc.Public = append(w.grpc.Public, name)
	}
}

// serveUnchecked runs a server that Run would refuse to start.
func (w *world) serveUnchecked(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, 0, err)
	go func() { _ = w.srv.Serve(listener) }()
	t.Cleanup(w.srv.Stop)
	w.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, 0, err)
	t.Cleanup(func() { w.conn.Close() })
}

// Every method that is registered and has no policy is refused, to a superuser
// too, unary or stream; and a server with such a method does not start.
func TestMethodsWithoutPolicy(t *testing.T) {
	w := newBareWorld(t, withApp)
	w.people(t)
	w.serveUnchecked(t)
	n := 0
	for service, info := range w.srv.GetServiceInfo() {
		for _, m := range info.Methods {
			name := "/" + service + "/" + m.Name
			ours := strings.HasPrefix(name, "/usher.v1.") || strings.HasPrefix(name, "/grpc.health.v1.")
			for _, token := range []string{"", "king", "queen"} {
				got := told(t, invoke(t, w.conn, name, as(t, token)))
				if refused := got == forbidden && strings.Contains(w.log.String(), "method="+name+"\n"); refused == ours {
					t.Errorf("%s for %q: %s", name, token, got)
				}
			}
			if !ours {
				n++
			}
		}
	}
	if want := len(testpb.TestService_ServiceDesc.Methods) + len(testpb.TestService_ServiceDesc.Streams); n != want {
		t.Errorf("tried %d methods of the application, which has %d", n, want)
	}
	if got := len(w.api.Undeclared(w.srv)); got != n {
		t.Errorf("Undeclared lists %d methods, want %d", got, n)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, 0, err)
	srv := grpcauth.NewServer(w.api, grpcauth.ServerConfig{})
	testpb.RegisterTestServiceServer(srv, w.app)
	problems, ok := errors.AsType[*core.ConfigError](srv.Run(t.Context(), listener))
	if !ok || len(problems.Problems) != n || !slices.Contains(problems.Problems, `Policies has no "/grpc.testing.TestService/UnaryCall"`) {
		t.Errorf("the server started, or said %v", problems)
	}
}

// invoke calls a method of any kind with an empty message and returns its
// error.
func invoke(t *testing.T, conn *grpc.ClientConn, name string, ctx context.Context) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, name)
	must(t, 0, err)
	if err := stream.SendMsg(&emptypb.Empty{}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	must(t, 0, stream.CloseSend())
	if strings.HasSuffix(name, "/Watch") {
		return nil // it goes on
	}
	if err := stream.RecvMsg(&emptypb.Empty{}); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// Each kind of policy lets pass whom it should, on a unary method and on a
// stream.
func TestPolicies(t *testing.T) {
	type want map[string]string // by token; who the handler saw, or what the caller is told
	kings := func(_ context.Context, u *Member) error {
		if u.ID != kingID {
			return core.ErrForbidden
		}
		return nil
	}
	tests := []struct {
		name   string
		policy *policy // nil is public
		want   want
	}{
		{"public", nil, want{"": "nobody", "zzz": "nobody", "king": "nobody", "mordred": "nobody"}},
		{"optional", &policy{Optional: true}, want{"": "nobody", "zzz": "nobody", "king": "king@camelot.bt", "mordred": "nobody"}},
		{"active", &policy{}, want{"": unauthorized, "zzz": unauthorized, "squire": "squire@camelot.bt", "mordred": unauthorized, "nobody": unauthorized}},
		{"verified", &policy{Verified: true}, want{"": unauthorized, "squire": forbidden, "king": "king@camelot.bt"}},
		{"superuser", &policy{Superuser: true}, want{"": unauthorized, "king": forbidden, "queen": "queen@camelot.bt"}},
		{"custom", &policy{Check: kings}, want{"": unauthorized, "queen": forbidden, "king": "king@camelot.bt"}},
		{"one backend", &policy{Backends: func(context.Context, ports.Request) []string { return []string{"cookie"} }},
			want{"king": unauthorized}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(w *world) {
				withApp(w)
				if test.policy != nil {
					w.grpc.Policies = map[string]policy{
						testpb.TestService_UnaryCall_FullMethodName:      *test.policy,
						testpb.TestService_FullDuplexCall_FullMethodName: *test.policy,
					}
				}
				declareRest(w)
			})
			for token, want := range test.want {
				if got := w.unary(t, as(t, token)); got != want {
					t.Errorf("unary, %q: got %s, want %s", token, got, want)
				}
				if got := w.duplex(t, as(t, token)); got != want {
					t.Errorf("stream, %q: got %s, want %s", token, got, want)
				}
			}
		})
	}
}

func declareRest(w *world) {
	for _, m := range testpb.TestService_ServiceDesc.Methods {
		w.declare("/grpc.testing.TestService/" + m.MethodName)
	}
	for _, m := range testpb.TestService_ServiceDesc.Streams {
		w.declare("/grpc.testing.TestService/" + m.StreamName)
	}
}

// unary is who the handler saw, or what the caller is told.
func (w *world) unary(t *testing.T, ctx context.Context) string {
	t.Helper()
	out, err := testpb.NewTestServiceClient(w.conn).UnaryCall(ctx, &testpb.SimpleRequest{})
	if err != nil {
		return told(t, err)
	}
	return out.GetUsername()
}

func (w *world) duplex(t *testing.T, ctx context.Context) string {
	t.Helper()
	stream, err := testpb.NewTestServiceClient(w.conn).FullDuplexCall(ctx)
	must(t, 0, err)
	if err := stream.Send(&testpb.StreamingOutputCallRequest{}); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	out, err := stream.Recv()
	if err != nil {
		return told(t, err)
	}
	must(t, 0, stream.CloseSend())
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v", err)
	}
	return string(out.GetPayload().GetBody())
}

// Panics of the application are contained: the caller learns nothing, the
// operator everything, and the server goes on.
func TestPanics(t *testing.T) {
	w := newWorld(t, withOpenApp)
	client := testpb.NewTestServiceClient(w.conn)
	_, err := client.UnaryCall(as(t, "king"), &testpb.SimpleRequest{FillUsername: true})
	if got := told(t, err); got != internal {
		t.Errorf("unary: got %s, want %s", got, internal)
	}
	stream, err := client.FullDuplexCall(as(t, "king"))
	must(t, 0, err)
	must(t, 0, stream.Send(&testpb.StreamingOutputCallRequest{ResponseStatus: &testpb.EchoStatus{}}))
	if _, err := stream.Recv(); told(t, err) != internal {
		t.Errorf("stream: got %s, want %s", told(t, err), internal)
	}
	if n := strings.Count(w.log.String(), "the round table"); n != 2 {
		t.Errorf("%d panics are in the log, want 2:\n%s", n, w.log)
	}
	if got := w.unary(t, as(t, "king")); got != "king@camelot.bt" {
		t.Errorf("afterwards: %s", got)
	}
}

// Errors of the application's methods pass as they are.
func TestErrorsOfTheApplication(t *testing.T) {
	w := newWorld(t, withOpenApp)
	_, err := testpb.NewTestServiceClient(w.conn).UnaryCall(as(t, "king"), &testpb.SimpleRequest{FillServerId: true})
	if got, want := status.Convert(err).Message(), core.ErrForbidden.Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A stream that is open ends soon after its caller's session, or the caller, or
// the store did, also while its handler waits for a message.
func TestOpenStreams(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(*world)
		want string
	}{
		{"ban", func(w *world) {
			king, err := w.users.ByID(t.Context(), kingID)
			must(t, 0, err)
			_, err = w.users.Update(t.Context(), king, core.Change[*Member]{IsActive: ptr(false)})
			must(t, 0, err)
		}, unauthorized},
		{"logout", func(w *world) { must(t, 0, w.tokens.End(t.Context(), "king")) }, unauthorized},
		{"outage", func(w *world) { w.stores.down.Store(true) }, unavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, withOpenApp, func(w *world) { w.grpc.StreamCheck = 10 * time.Millisecond })
			stream, err := testpb.NewTestServiceClient(w.conn).FullDuplexCall(as(t, "king"))
			must(t, 0, err)
			<-w.app.(*app).open
			must(t, 0, stream.Send(&testpb.StreamingOutputCallRequest{}))
			_, err = stream.Recv()
			must(t, 0, err)
			test.end(w)
			if _, err := stream.Recv(); told(t, err) != test.want {
				t.Errorf("got %s, want %s", told(t, err), test.want)
			}
		})
	}
}

// A call that did not pass the interceptors, or those of another API only, is
// refused by usher's methods.
func TestServicesWithoutInterceptors(t *testing.T) {
	w := newBareWorld(t)
	w.people(t)
	other, err := grpcauth.New(w.auth, w.grpc)
	must(t, 0, err)
	for name, options := range map[string][]grpc.ServerOption{
		"none": nil,
		"another": {grpc.UnaryInterceptor(func(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			return other.UnaryInterceptor(ctx, in, &grpc.UnaryServerInfo{FullMethod: "/grpc.health.v1.Health/Check"}, next)
		})},
	} {
		srv := grpc.NewServer(options...)
		w.api.RegisterServices(srv)
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, 0, err)
		go func() { _ = srv.Serve(listener) }()
		w.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		must(t, 0, err)
		for what, call := range map[string]do{
			"me": w.me, "list": w.list, "delete": w.delete(kingID), "forgot": w.forgot("king@camelot.bt"),
			"login": w.loginAs("bearer", "king@camelot.bt", "guinevere"),
		} {
			if err := call(metadata.AppendToOutgoingContext(as(t, ""), "authorization", "Bearer queen")); !strings.Contains(err.Error(), "Forbidden") {
				t.Errorf("%s, %s: got %v", name, what, err)
			}
		}
		w.conn.Close()
		srv.Stop()
	}
}
