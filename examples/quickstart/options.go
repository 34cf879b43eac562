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
}

// usageError is a wrong call of the program.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }

func parse(args []string, env func(string) string, help io.Writer) (options, error) {
	var opt options
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&opt.addr, "addr", cmp.Or(env("USHER_ADDR"), "127.0.0.1:8000"), "`address` to listen on (USHER_ADDR)")
	flags.StringVar(&opt.db, "db", env("USHER_DB"), "SQLite `file` or postgres:// URL (USHER_DB; default a file in the user's cache folder)")
	flags.StringVar(&opt.secret, "secret", env("USHER_SECRET"), "`secret` that signs tokens, of 32 bytes or more (USHER_SECRET; default generated and kept beside the database)")
	flags.StringVar(&opt.superuser, "superuser", env("USHER_SUPERUSER"), "`email:password` of a superuser to create if missing (USHER_SUPERUSER)")
	flags.StringVar(&opt.mailbox, "mailbox", env("USHER_MAILBOX"), "`file` to append outgoing mails to, as lines of JSON (USHER_MAILBOX; default the log on standard error). "+
		"For trying out only: mails hold tokens, and whoever reads them can set passwords")
	if err := flags.Parse(args); err == flag.ErrHelp {
		fmt.Fprintln(help, "quickstart serves user management over HTTP.")
		flags.SetOutput(help)
		flags.PrintDefaults()
		return opt, err
	} else if err != nil {
		return opt, &usageError{err}
	}
	if flags.NArg() > 0 {
		return opt, &usageError{fmt.Errorf("there is no argument %q, only flags", flags.Arg(0))}
	}
	if err := checkDatabase(opt.db); err != nil {
		return opt, fmt.Errorf("-db: %w", err)
	}
	if opt.db == "" {
		cache, err := cacheFolder()
		if err != nil {
			return opt, fmt.Errorf("-db: %w", err)
		}
		opt.db = filepath.Join(cache, "quickstart.db")
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
