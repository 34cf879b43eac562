package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// options are the flags. Each is also an environment variable; the flag wins.
type options struct {
	addr, db, secret, superuser, mailbox string
	redis, jwtSecret, limits             string
	verified, migrate                    bool
}

// usageError is a wrong call of the program.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func parse(args []string, env func(string) string, help io.Writer) (options, error) {
	var opt options
	flags := flag.NewFlagSet("fastapi-users-compat", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&opt.addr, "addr", cmp.Or(env("USHER_ADDR"), "127.0.0.1:8000"), "`address` to listen on (USHER_ADDR)")
	flags.StringVar(&opt.db, "db", env("USHER_DB"), "SQLite `file` or postgres:// URL (USHER_DB; default a file in the user's cache folder)")
	flags.StringVar(&opt.secret, "secret", env("USHER_SECRET"), "`secret` that signs the tokens of mails, of 32 bytes or more (USHER_SECRET; default generated and kept beside the database)")
	flags.StringVar(&opt.superuser, "superuser", env("USHER_SUPERUSER"), "`email:password` of a superuser to create if missing (USHER_SUPERUSER)")
	flags.StringVar(&opt.mailbox, "mailbox", env("USHER_MAILBOX"), "`file` to append outgoing mails to, as lines of JSON (USHER_MAILBOX; default the log on standard error). "+
		"For trying out only: mails hold tokens, and whoever reads them can set passwords")
	flags.StringVar(&opt.redis, "redis", env("USHER_REDIS"), "redis:// `URL` of a server that keeps the sessions of /auth/redis (USHER_REDIS; default no /auth/redis)")
	flags.StringVar(&opt.jwtSecret, "jwt-secret", env("USHER_JWT_SECRET"), "`secret` of FastAPI Users' JWTStrategy, of 32 bytes or more (USHER_JWT_SECRET; default that of -secret)")
	flags.StringVar(&opt.limits, "limits", cmp.Or(env("USHER_LIMITS"), "on"), "`on` or off: limits on logins, registrations and mails (USHER_LIMITS). Off is for tests alone")
	flags.BoolVar(&opt.verified, "verification-required", env("USHER_VERIFICATION_REQUIRED") == "true", "let nobody in who has not verified the address (USHER_VERIFICATION_REQUIRED=true)")
	flags.BoolVar(&opt.migrate, "migrate", env("USHER_MIGRATE") == "true", "take FastAPI Users' tables over, in place (USHER_MIGRATE=true)")
	if err := flags.Parse(args); err == flag.ErrHelp {
		fmt.Fprintln(help, "fastapi-users-compat serves what FastAPI Users served, on its database.")
		flags.SetOutput(help)
		flags.PrintDefaults()
		return opt, err
	} else if err != nil {
		return opt, &usageError{err}
	}
	if flags.NArg() > 0 {
		return opt, &usageError{fmt.Errorf("there is no argument %q, only flags", flags.Arg(0))}
	}
	if opt.limits != "on" && opt.limits != "off" {
		return opt, fmt.Errorf("-limits: %q is neither on nor off", opt.limits)
	}
	if n := len(opt.jwtSecret); opt.jwtSecret != "" && n < minSecret {
		return opt, fmt.Errorf("-jwt-secret: the secret is %d bytes, at least %d are needed", n, minSecret)
	}
	if err := checkDatabase(opt.db); err != nil {
		return opt, fmt.Errorf("-db: %w", err)
	}
	if opt.db == "" {
		cache, err := cacheFolder()
		if err != nil {
			return opt, fmt.Errorf("-db: %w", err)
		}
		opt.db = filepath.Join(cache, "fastapi-users.db")
	}
	return opt, nil
}

// cacheFolder returns usher's folder in the user's cache folder.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "usher")
	return cache, os.MkdirAll(cache, 0o700)
}

// checkDatabase refuses what is neither a file nor a postgres:// URL. It does
// not repeat it: there may be a password in it.
func checkDatabase(dsn string) error {
	if scheme, _, ok := strings.Cut(dsn, "://"); ok && !isPostgres(dsn) {
		return fmt.Errorf("there is no database %s://, only postgres:// and files", scheme)
	}
	if strings.HasPrefix(dsn, "postgres:") || strings.HasPrefix(dsn, "postgresql:") {
		address, _, _ := strings.Cut(dsn, "?")
		if u, err := url.Parse(dsn); err != nil || !isPostgres(dsn) || strings.Count(address, "@") > 1 || strings.Contains(u.Path, "@") {
			return errors.New("write postgres://user:password@host:port/database, with @ : / ? # % in the password as %40 %3A %2F %3F %23 %25")
		}
		return nil
	}
	if dsn == ":memory:" {
		return errors.New("every connection would have a database of its own: name a file")
	}
	if strings.Contains(dsn, "host=") || strings.Contains(dsn, "password=") {
		return errors.New("write it as a URL: postgres://user:password@host:port/database")
	}
	return nil
}
