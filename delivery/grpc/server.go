package grpcauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/gousher/usher/core"
)

// ServerConfig sets up a [Server]. Its zero value is fit for the internet. A
// negative duration stands for no limit.
type ServerConfig struct {
	// MaxMessageBytes bounds a message that a client sends. Zero or less means
	// 1 MiB. A larger one is RESOURCE_EXHAUSTED.
	MaxMessageBytes int
	// MaxHeaderBytes bounds the metadata of a call. Zero means 64 KiB. A call
	// with more is cut off by the transport.
	MaxHeaderBytes uint32
	// MaxStreams is how many calls a connection may have under way. Zero means
	// 256.
	MaxStreams uint32
	// HandshakeTimeout bounds how long a new connection may take to begin.
	// Zero means 10 seconds.
	HandshakeTimeout time.Duration
	// IdleTimeout bounds how long a connection waits for its next call. Zero
	// means 5 minutes.
	IdleTimeout time.Duration
	// MaxConnectionAge bounds how long a connection lives; calls under way have
	// ShutdownGrace to end. Zero means an hour.
	MaxConnectionAge time.Duration
	// PingInterval is how long a connection may be silent before the server
	// asks whether the client is there, and PingTimeout how long that may
	// take. Zero means a minute and 20 seconds.
	PingInterval, PingTimeout time.Duration
	// MinPingInterval is how often a client may ask; one that asks more often
	// is cut off. Zero means 20 seconds, less than zero that it may ask as
	// often as it likes.
	MinPingInterval time.Duration
	// HealthInterval is how often the stores are asked whether they are there,
	// and HealthTimeout how long they have to answer. Zero means 5 seconds and
	// 2 seconds. With a HealthInterval of less than zero they are asked once,
	// when Run begins, and health stays what that came to.
	HealthInterval, HealthTimeout time.Duration
	// ShutdownGrace bounds how long calls may go on once the context has
	// ended. Zero means 10 seconds.
	ShutdownGrace time.Duration
	// Log gets what changes of the stores' state. Nil means slog.Default().
	Log *slog.Logger
}

// forever is what gRPC takes for no limit.
const forever = time.Duration(math.MaxInt64)

func (c *ServerConfig) setDefaults() {
	if c.MinPingInterval < 0 {
		c.MinPingInterval = 1 // it is a minimum, and of zero gRPC makes 5 minutes
	}
	for _, d := range []struct {
		value *time.Duration
		zero  time.Duration
	}{
		{&c.HandshakeTimeout, 10 * time.Second},
		{&c.IdleTimeout, 5 * time.Minute},
		{&c.MaxConnectionAge, time.Hour},
		{&c.PingInterval, time.Minute},
		{&c.PingTimeout, 20 * time.Second},
		{&c.MinPingInterval, 20 * time.Second},
		{&c.HealthInterval, 5 * time.Second},
		{&c.HealthTimeout, 2 * time.Second},
		{&c.ShutdownGrace, 10 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.zero
		}
		if *d.value < 0 {
			*d.value = forever
		}
	}
	if c.MaxMessageBytes <= 0 {
		c.MaxMessageBytes = 1 << 20
	}
	if c.MaxHeaderBytes == 0 {
		c.MaxHeaderBytes = 64 << 10
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = 256
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

func (c *ServerConfig) options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.MaxRecvMsgSize(c.MaxMessageBytes),
		grpc.MaxHeaderListSize(c.MaxHeaderBytes),
		grpc.MaxConcurrentStreams(c.MaxStreams),
		grpc.ConnectionTimeout(c.HandshakeTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: c.IdleTimeout, MaxConnectionAge: c.MaxConnectionAge, MaxConnectionAgeGrace: c.ShutdownGrace,
			Time: c.PingInterval, Timeout: c.PingTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: c.MinPingInterval, PermitWithoutStream: true}),
	}
}

// Server is a [grpc.Server] that has the interceptors and the services of an
// API. Register the application's services on it, and then run it.
type Server struct {
	*grpc.Server
	cfg        ServerConfig
	undeclared func() []string
	watch      func(ctx context.Context, cfg ServerConfig, services []string)
	health     *health.Server
}

// NewServer returns a server for api. Options are added to those that cfg
// stands for, such as grpc.Creds for TLS; interceptors of options, by
// grpc.ChainUnaryInterceptor, run behind those of api.
func NewServer[U core.AnyUser](api *API[U], cfg ServerConfig, options ...grpc.ServerOption) *Server {
	cfg.setDefaults()
	all := append(cfg.options(), grpc.ChainUnaryInterceptor(api.UnaryInterceptor), grpc.ChainStreamInterceptor(api.StreamInterceptor))
	s := &Server{Server: grpc.NewServer(append(all, options...)...), cfg: cfg, watch: api.watchStores, health: api.health}
	s.undeclared = func() []string { return api.Undeclared(s) }
	api.RegisterServices(s)
	return s
}

// Run serves on listener, which it closes, until ctx ends. It then takes no new
// calls, lets those under way finish, and returns nil. Those that take longer
// than the grace are cut off: their contexts end, and Run returns an error. It
// also returns the error of a listener that fails and, before it serves
// anything, a *[core.ConfigError] where a method has no policy.
//
// While it runs, the health service says whether the stores answer: of the
// server, and of each service on it. Until they have answered for the first
// time it says that they do not.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	if names := s.undeclared(); names != nil {
		listener.Close()
		err := &core.ConfigError{Of: "grpcauth.Config"}
		for _, name := range names {
			err.Problems = append(err.Problems, fmt.Sprintf("Policies has no %q", name))
		}
		return err
	}
	services := []string{""}
	for name := range s.GetServiceInfo() {
		services = append(services, name)
	}
	for _, name := range services {
		s.health.SetServingStatus(name, grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	}
	watching, done := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		s.watch(watching, s.cfg, services)
	}()
	defer func() { done(); <-watched }()
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- s.shutdown() })
	err := s.Serve(listener)
	if stop() {
		s.Stop()
		return fmt.Errorf("grpcauth: serve: %w", err)
	}
	return <-stopped
}

// shutdown stops the server, by force once the grace is over.
func (s *Server) shutdown() error {
	s.health.Shutdown() // tells those who watch it
	var cut error
	timer := time.AfterFunc(s.cfg.ShutdownGrace, s.Stop)
	s.GracefulStop()
	if !timer.Stop() {
		cut = errors.New("grpcauth: calls were cut off after " + s.cfg.ShutdownGrace.String())
	}
	return cut
}

// watchStores asks the stores again and again, until ctx ends, and tells the
// health service.
func (a *API[U]) watchStores(ctx context.Context, cfg ServerConfig, services []string) {
	ticker := time.NewTicker(cfg.HealthInterval)
	defer ticker.Stop()
	last := grpc_health_v1.HealthCheckResponse_UNKNOWN
	for {
		now, err := a.state(ctx, cfg.HealthTimeout)
		if ctx.Err() != nil {
			return
		}
		if now != last {
			logState(ctx, cfg.Log, last, err) // first, so that whoever sees the change finds it in the log
			for _, service := range services {
				a.health.SetServingStatus(service, now)
			}
			last = now
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (a *API[U]) state(ctx context.Context, timeout time.Duration) (grpc_health_v1.HealthCheckResponse_ServingStatus, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := a.auth.Ping(ctx); err != nil {
		return grpc_health_v1.HealthCheckResponse_NOT_SERVING, err
	}
	return grpc_health_v1.HealthCheckResponse_SERVING, nil
}

// logState logs that the stores do not answer, or that they do so again.
func logState(ctx context.Context, log *slog.Logger, last grpc_health_v1.HealthCheckResponse_ServingStatus, err error) {
	switch {
	case err != nil:
		log.ErrorContext(ctx, "usher: stores do not answer", "error", err)
	case last != grpc_health_v1.HealthCheckResponse_UNKNOWN:
		log.InfoContext(ctx, "usher: stores answer again")
	}
}
