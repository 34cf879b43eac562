package httpauth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServerConfig sets up [Serve]. Its zero value is fit for the internet. A
// negative duration stands for no limit.
type ServerConfig struct {
	// ReadHeaderTimeout bounds how long a client may take to send a request's
	// header. Zero means 5 seconds.
	ReadHeaderTimeout time.Duration
	// ReadTimeout bounds how long it may take to send the whole request. Zero
	// means 15 seconds.
	ReadTimeout time.Duration
	// WriteTimeout bounds the time from the end of the request's header to the
	// end of the answer. Zero means 30 seconds.
	WriteTimeout time.Duration
	// IdleTimeout bounds how long a connection waits for its next request.
	// Zero means 2 minutes.
	IdleTimeout time.Duration
	// MaxHeaderBytes bounds the header of a request, to within 4 KiB. Zero
	// means 64 KiB.
	MaxHeaderBytes int
	// ShutdownGrace bounds how long requests may go on once the context has
	// ended. Zero means 10 seconds.
	ShutdownGrace time.Duration
	// Log gets what goes wrong with connections. Nil means slog.Default().
	Log *slog.Logger
}

func (c *ServerConfig) setDefaults() {
	for _, d := range []struct {
		value *time.Duration
		zero  time.Duration
	}{
		{&c.ReadHeaderTimeout, 5 * time.Second},
		{&c.ReadTimeout, 15 * time.Second},
		{&c.WriteTimeout, 30 * time.Second},
		{&c.IdleTimeout, 2 * time.Minute},
		{&c.ShutdownGrace, 10 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	if c.MaxHeaderBytes == 0 {
		c.MaxHeaderBytes = 64 << 10
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
}

// Serve serves handler on listener, which it closes, until ctx ends. It then
// takes no new requests, lets those under way finish, and returns nil. Those
// that take longer than the grace are cut off: their contexts end, and Serve
// returns an error. It also returns the error of a listener that fails.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, cfg ServerConfig) error {
	cfg.setDefaults()
	srv := cfg.server(handler)
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- shutdown(srv, cfg.ShutdownGrace) })
	err := srv.Serve(listener)
	if stop() {
		srv.Close()
		return fmt.Errorf("httpauth: serve: %w", err)
	}
	return <-stopped
}

func (c *ServerConfig) server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: c.ReadHeaderTimeout,
		ReadTimeout:       c.ReadTimeout,
		WriteTimeout:      c.WriteTimeout,
		IdleTimeout:       c.IdleTimeout,
		MaxHeaderBytes:    c.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
	}
}

// shutdown stops srv, by force once the grace is over.
func shutdown(srv *http.Server, grace time.Duration) error {
	ctx, cancel := context.Background(), func() {}
	if grace > 0 {
		ctx, cancel = context.WithTimeout(ctx, grace)
	}
	defer cancel()
	err := srv.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		srv.Close()
		return fmt.Errorf("httpauth: requests were cut off after %v: %w", grace, err)
	}
	if err != nil {
		return fmt.Errorf("httpauth: shut down: %w", err)
	}
	return nil
}
