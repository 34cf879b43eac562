// Quickstart serves registration, login and user management on a SQLite or
// PostgreSQL database, for users with a nickname. The wiring is in wiring.go;
// everything beside it is what any program needs: flags, a database, a
// listener.
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
		fmt.Fprintln(stderr, "quickstart:", oneLine(err))
		return 2
	default:
		fmt.Fprintln(stderr, "quickstart:", oneLine(err))
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
	srv, err := wire(starting, db, secret, mails)
	if err != nil {
		return err
	}
	if err := ensureSuperuser(starting, srv.users, opt.superuser); err != nil {
		return fmt.Errorf("-superuser: %w", err)
	}
	announce(stdout, opt, listener.Addr())
	return serve(ctx, listener, srv)
}

// oneLine is the text of err on one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// announce prints what is served and how to try it.
func announce(w io.Writer, opt options, addr net.Addr) {
	url := "http://" + addr.String()
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		url = fmt.Sprintf("http://127.0.0.1:%d", tcp.Port)
	}
	fmt.Fprintf(w, `usher quickstart on %s, users in %s, mails in %s

  POST   /auth/register              e-mail, password and nickname, as JSON
  POST   /auth/request-verify-token  e-mail; a token comes by mail
  POST   /auth/verify                the token
  POST   /auth/forgot-password       e-mail; a token comes by mail
  POST   /auth/reset-password        the token and a new password
  POST   /auth/jwt/login             username and password, as a form
  POST   /auth/jwt/logout
  POST   /auth/db/login              the same, with sessions in the database
  POST   /auth/db/logout
  POST   /auth/cookie/login          the same, with a cookie in place of a token
  POST   /auth/cookie/logout
  GET    /users/me                   also PATCH
  GET    /users/{id}                 also PATCH and DELETE, for superusers
  GET    /hello                      the application's own route
  GET    /                           a page to try it in a browser

Register, log in, and see who you are, at %s/ or by:

curl -s %s/auth/register -H 'Content-Type: application/json' -d '{"email":"ann@example.com","password":"correct horse","nickname":"Ann"}'
curl -s %s/auth/jwt/login -d username=ann@example.com --data-urlencode 'password=correct horse' | tee usher-login.json
curl -s %s/users/me -H "Authorization: Bearer $(cut -d'"' -f4 usher-login.json)"

`, url, shownDatabase(opt.db), cmp.Or(opt.mailbox, "the log"), url, url, url, url)
}
