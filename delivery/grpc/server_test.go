package grpcauth_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"

	"github.com/gousher/usher/delivery/grpc/usherv1"
)

const (
	serving    = grpc_health_v1.HealthCheckResponse_SERVING
	notServing = grpc_health_v1.HealthCheckResponse_NOT_SERVING
)

// The health service follows the stores, by itself, for the server and for each
// service.
func TestHealth(t *testing.T) {
	w := newWorld(t)
	watch := func(service string) func(want grpc_health_v1.HealthCheckResponse_ServingStatus) {
		stream, err := grpc_health_v1.NewHealthClient(w.conn).Watch(as(t, ""), &grpc_health_v1.HealthCheckRequest{Service: service})
		must(t, 0, err)
		return func(want grpc_health_v1.HealthCheckResponse_ServingStatus) {
			t.Helper()
			for {
				answer, err := stream.Recv()
				if err != nil {
					t.Fatalf("%q never was %v: %v", service, want, err)
				}
				if answer.GetStatus() == want {
					return
				}
			}
		}
	}
	whole, one := watch(""), watch(usherv1.UserService_ServiceDesc.ServiceName)
	for _, down := range []bool{false, true, false} {
		w.stores.down.Store(down)
		want := serving
		if down {
			want = notServing
		}
		whole(want)
		one(want)
	}
	if log := w.log.String(); !strings.Contains(log, "stores do not answer") || !strings.Contains(log, "stores answer again") {
		t.Errorf("the log does not tell of it:\n%s", log)
	}
	_, err := grpc_health_v1.NewHealthClient(w.conn).Check(as(t, ""), &grpc_health_v1.HealthCheckRequest{Service: "x"})
	if got := status.Code(err); got != codes.NotFound {
		t.Errorf("an unknown service: %v", got)
	}
}

// Until the stores have answered, nobody is told that they do.
func TestHealthBeforeTheFirstAnswer(t *testing.T) {
	w := newBareWorld(t, withOpenApp, func(w *world) { w.server.HealthTimeout = -1 })
	w.stores.slow.Store(true)
	w.serve(t)
	for _, service := range []string{"", usherv1.UserService_ServiceDesc.ServiceName, testpb.TestService_ServiceDesc.ServiceName} {
		answer, err := grpc_health_v1.NewHealthClient(w.conn).Check(as(t, ""), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil || answer.GetStatus() != notServing {
			t.Errorf("%q: got %v, %v, want %v", service, answer.GetStatus(), err, notServing)
		}
	}
}

// On a server of the application's own, health is the application's to set.
func TestHealthWithoutRun(t *testing.T) {
	w := newBareWorld(t)
	srv := grpc.NewServer(grpc.UnaryInterceptor(w.api.UnaryInterceptor), grpc.StreamInterceptor(w.api.StreamInterceptor))
	w.api.RegisterServices(srv)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, 0, err)
	go func() { _ = srv.Serve(listener) }()
	defer srv.Stop()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, 0, err)
	defer conn.Close()
	want := notServing
	for range 2 {
		answer, err := grpc_health_v1.NewHealthClient(conn).Check(as(t, ""), &grpc_health_v1.HealthCheckRequest{})
		if err != nil || answer.GetStatus() != want {
			t.Errorf("got %v, %v, want %v", answer.GetStatus(), err, want)
		}
		want = serving
		w.api.Health().SetServingStatus("", want)
	}
}

// With a negative interval the stores are asked once.
func TestHealthOnce(t *testing.T) {
	w := newWorld(t, func(w *world) { w.server.HealthInterval = -1 })
	stream, err := grpc_health_v1.NewHealthClient(w.conn).Watch(as(t, ""), &grpc_health_v1.HealthCheckRequest{})
	must(t, 0, err)
	for {
		answer, err := stream.Recv()
		must(t, 0, err)
		if answer.GetStatus() == serving {
			break
		}
	}
	w.stores.down.Store(true)
	time.Sleep(50 * time.Millisecond)
	answer, err := grpc_health_v1.NewHealthClient(w.conn).Check(as(t, ""), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != serving {
		t.Errorf("got %v, %v, want %v", answer.GetStatus(), err, serving)
	}
}

// A message that is larger than allowed is refused.
func TestMessageSize(t *testing.T) {
	for _, test := range []struct {
		limit, size int
		want        codes.Code
	}{
		{1000, 900, codes.OK},
		{1000, 1001, codes.ResourceExhausted},
		{0, 1 << 20, codes.ResourceExhausted},
		{-1, 1001, codes.OK},
		{-1, 1 << 20, codes.ResourceExhausted},
	} {
		w := newWorld(t, withOpenApp, func(w *world) { w.server.MaxMessageBytes = test.limit })
		_, err := testpb.NewTestServiceClient(w.conn).UnaryCall(as(t, "king"), &testpb.SimpleRequest{Payload: &testpb.Payload{Body: make([]byte, test.size)}})
		if got := status.Code(err); got != test.want {
			t.Errorf("%d bytes of %d: got %v, want %v", test.size, test.limit, got, test.want)
		}
	}
}

// A client that asks too often whether the server is there is cut off, unless
// it may ask as often as it likes. It speaks HTTP/2 by itself, as that of gRPC
// asks every ten seconds at most.
func TestPings(t *testing.T) {
	for _, test := range []struct {
		least time.Duration
		cut   bool
	}{{0, true}, {time.Hour, true}, {-1, false}, {-time.Hour, false}} {
		t.Run(test.least.String(), func(t *testing.T) {
			w := newWorld(t, func(w *world) { w.server.MinPingInterval = test.least })
			conn, err := net.Dial("tcp", w.addr)
			must(t, 0, err)
			defer conn.Close()
			must(t, 0, conn.SetDeadline(time.Now().Add(30*time.Second)))
			_, err = conn.Write([]byte(http2.ClientPreface))
			must(t, 0, err)
			framer := http2.NewFramer(conn, conn)
			must(t, 0, framer.WriteSettings())
			cut := false
			for i := byte(0); i < 10 && !cut; i++ {
				cut = !ping(framer, i)
			}
			if cut != test.cut {
				t.Errorf("cut off: %v, want %v", cut, test.cut)
			}
		})
	}
}

// ping asks whether the server is there, and reports whether it says so.
func ping(framer *http2.Framer, id byte) bool {
	data := [8]byte{id}
	if framer.WritePing(false, data) != nil {
		return false
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return false
		}
		switch f := frame.(type) {
		case *http2.GoAwayFrame:
			return false
		case *http2.PingFrame:
			if f.IsAck() && f.Data == data {
				return true
			}
		}
	}
}

// When the context ends, calls under way are answered, and Run returns nil;
// what takes longer than the grace is cut off, and Run says so.
func TestShutdown(t *testing.T) {
	for name, grace := range map[string]time.Duration{"in time": time.Minute, "too late": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			w := newBareWorld(t, withOpenApp, func(w *world) { w.server.ShutdownGrace = grace })
			w.people(t)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			ended := w.run(t, ctx)
			stream, err := testpb.NewTestServiceClient(w.conn).FullDuplexCall(as(t, "king"))
			must(t, 0, err)
			<-w.app.(*app).open
			stop()
			if grace == time.Minute {
				must(t, 0, stream.Send(&testpb.StreamingOutputCallRequest{}))
				_, err := stream.Recv()
				must(t, 0, err)
				must(t, 0, stream.CloseSend())
				must(t, 0, <-ended)
				return
			}
			if err := <-ended; err == nil || !strings.Contains(err.Error(), "cut off after 1ns") {
				t.Errorf("Run returned %v", err)
			}
			if _, err := stream.Recv(); status.Code(err) != codes.Unavailable && status.Code(err) != codes.Canceled {
				t.Errorf("the stream ended with %v", err)
			}
		})
	}
}

// A listener that fails ends Run with its error.
func TestListenerFails(t *testing.T) {
	w := newBareWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, 0, err)
	listener.Close()
	if err := w.srv.Run(t.Context(), listener); err == nil || !strings.Contains(err.Error(), "grpcauth: serve: ") {
		t.Errorf("Run returned %v", err)
	}
}

// A caller that goes away is not waited for, and is no outage.
func TestCallerGoesAway(t *testing.T) {
	w := newWorld(t)
	w.stores.slow.Store(true)
	ctx, cancel := context.WithCancel(as(t, "king"))
	done := make(chan error, 1)
	go func() { done <- w.me(ctx) }()
	cancel()
	if got := status.Code(<-done); got != codes.Canceled {
		t.Errorf("got %v, want %v", got, codes.Canceled)
	}
	w.stores.slow.Store(false)
	if got := told(t, w.me(as(t, "king"))); got != "OK" {
		t.Errorf("afterwards: %s", got)
	}
	if log := w.log.String(); strings.Contains(log, "call failed") {
		t.Errorf("it is in the log:\n%s", log)
	}
}
