// Fastapi-users-compat serves what an application made with FastAPI Users served,
// on its own tables in SQLite or PostgreSQL, to the clients that it had. The
// wiring is in wiring.go; what is beside it any program needs.
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
	"time"

	"github.com/redis/go-redis/v9"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// startTimeout is how long the program waits for its database.
const startTimeout = 15 * time.Second

// run returns the exit status: 0 after a graceful stop, 1 where the program
// could not start or serve, 2 where it was called wrongly.
func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) int {
	err := start(ctx, args, env, stdout, stderr)
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "fastapi-users-compat:", oneLine(err))
		return 2
	default:
		fmt.Fprintln(stderr, "fastapi-users-compat:", oneLine(err))
		return 1
	}
}

// start serves until ctx ends. Its errors name the flag that they are about.
func start(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) error {
	opt, err := parse(args, env, stdout)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", opt.addr)
	if err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	defer listener.Close()
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	db, err := open(starting, opt.db)
	if err != nil {
		return fmt.Errorf("-db: %w", err)
	}
	defer db.Close()
	secret, err := loadSecret(opt)
	if err != nil {
		return fmt.Errorf("-secret: %w", err)
	}
	mails, closeMails, err := openMailbox(opt.mailbox, stderr)
	if err != nil {
		return fmt.Errorf("-mailbox: %w", err)
	}
	defer closeMails()
	var rdb redis.UniversalClient // nil: no sessions in Redis
	if opt.redis != "" {
		settings, err := redis.ParseURL(opt.redis)
		if err != nil {
			return errors.New("-redis: write redis://user:password@host:port/database") // the error repeats it
		}
		rdb = redis.NewClient(settings)
		defer rdb.Close()
		if err := rdb.Ping(starting).Err(); err != nil {
			return fmt.Errorf("-redis: %w", err)
		}
	}
	srv, err := wire(starting, db, rdb, mails, settings{
		secret: secret, jwtSecret: []byte(cmp.Or(opt.jwtSecret, string(secret))), verified: opt.verified, migrate: opt.migrate, limited: opt.limits == "on",
	})
	if err != nil {
		return err
	}
	if err := ensureSuperuser(starting, srv.users, opt.superuser); err != nil {
		return fmt.Errorf("-superuser: %w", err)
	}
	announce(stdout, opt, listener.Addr(), srv.routes)
	return serve(ctx, listener, srv)
}

// oneLine is the text of err on one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// announce prints what is served and how to try it.
func announce(w io.Writer, opt options, addr net.Addr, routes []string) {
	url := "http://" + addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		url = fmt.Sprintf("http://127.0.0.1:%d", tcp.Port)
	}
	fmt.Fprintf(w, "serving at %s what FastAPI Users served, users in %s, mails in %s\n\n", url, shownDatabase(opt.db), cmp.Or(opt.mailbox, "the log"))
	for _, route := range routes {
		fmt.Fprintln(w, " ", route)
	}
	fmt.Fprintf(w, "\nThe document of all of it is at %s/docs\n", url)
}
