// Oauth serves logging in with identity providers, linking and unlinking, with
// a page to click through it. It plays two providers itself, so that nothing
// else is needed. Users are kept in memory. The wiring is in wiring.go.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	httpauth "github.com/gousher/usher/delivery/http"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "oauth:", strings.Join(strings.Fields(err.Error()), " "))
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, env func(string) string, stdout io.Writer) error {
	flags := flag.NewFlagSet("oauth", flag.ContinueOnError)
	addr := flags.String("addr", cmp.Or(env("USHER_ADDR"), "127.0.0.1:8000"), "`address` to listen on (USHER_ADDR)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	defer listener.Close()
	site := "http://" + listener.Addr().String()
	handler, err := wire(site, env)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "log in, link and unlink at %s/\n", site)
	return httpauth.Serve(ctx, listener, handler, httpauth.ServerConfig{})
}
