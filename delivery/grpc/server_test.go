package grpcauth_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
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

// A message that is larger than allowed is refused.
func TestMessageSize(t *testing.T) {
	w := newWorld(t, withOpenApp, func(w *world) { w.server.MaxMessageBytes = 1000 })
	for size, want := range map[int]codes.Code{900: codes.OK, 1001: codes.ResourceExhausted} {
		_, err := testpb.NewTestServiceClient(w.conn).UnaryCall(as(t, "king"), &testpb.SimpleRequest{Payload: &testpb.Payload{Body: make([]byte, size)}})
		if got := status.Code(err); got != want {
			t.Errorf("%d bytes: got %v, want %v", size, got, want)
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
