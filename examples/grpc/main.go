// Grpc serves registration, login and user management over HTTP and over gRPC
// in one process, on one user base, and a gRPC service of the application's own
// behind the same logins. Users and sessions are in memory: they are gone when
// the program ends.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	httpauth "github.com/gousher/usher/delivery/http"
)

func main() {
	httpAddr := flag.String("http", "127.0.0.1:8000", "the `address` for HTTP")
	grpcAddr := flag.String("grpc", "127.0.0.1:9000", "the `address` for gRPC")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *httpAddr, *grpcAddr); err != nil {
		fmt.Fprintln(os.Stderr, "grpc:", err)
		os.Exit(1)
	}
}

// run serves on both addresses until ctx ends or one of the servers fails.
func run(ctx context.Context, httpAddr, grpcAddr string) error {
	app, err := wire()
	if err != nil {
		return err
	}
	web, err := net.Listen("tcp", httpAddr)
	if err != nil {
		return fmt.Errorf("-http: %w", err)
	}
	defer web.Close()
	rpc, err := net.Listen("tcp", grpcAddr)
	if err != nil {
		return fmt.Errorf("-grpc: %w", err)
	}
	defer rpc.Close()
	srv, err := app.server()
	if err != nil {
		return err
	}
	fmt.Printf("HTTP on http://%s, gRPC on %s\n", web.Addr(), rpc.Addr())

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error)
	go func() { defer stop(); ended <- httpauth.Serve(ctx, web, app.web, httpauth.ServerConfig{}) }()
	go func() { defer stop(); ended <- srv.Run(ctx, rpc) }()
	return errors.Join(<-ended, <-ended, app.users.Drain(context.WithoutCancel(ctx)))
}
