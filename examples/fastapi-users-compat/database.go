package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite"
)

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// open opens the database and checks that it answers.
func open(ctx context.Context, dsn string) (*bun.DB, error) {
	var db *bun.DB
	if isPostgres(dsn) {
		pool, err := sql.Open("pgx", dsn)
		if err != nil {
			return nil, err
		}
		pool.SetMaxOpenConns(16)
		pool.SetMaxIdleConns(16)
		db = bun.NewDB(pool, pgdialect.New())
	} else {
		if err := createFile(dsn); err != nil {
			return nil, err
		}
		path, err := filepath.Abs(dsn)
		if err != nil {
			return nil, err
		}
		pool, err := sql.Open("sqlite", sqliteDSN(path))
		if err != nil {
			return nil, err
		}
		pool.SetMaxOpenConns(16)
		pool.SetMaxIdleConns(16)
		pool.SetConnMaxLifetime(time.Minute) // a file that was moved is let go
		db = bun.NewDB(pool, sqlitedialect.New())
	}
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", shownDatabase(dsn), err)
	}
	return db, nil
}

// sqliteDSN opens file, an absolute path, so that several processes can write
// to it: they wait for one another, and readers do not wait.
func sqliteDSN(file string) string {
	uri := url.URL{Scheme: "file", Path: file, RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(1)"}, "_txlock": {"immediate"},
		"mode": {"rw"}, // a file that is gone is not made anew
	}.Encode()}
	return uri.String()
}

// createFile makes sure that the file is there, is the user's alone if it is
// new, and can be written.
func createFile(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("%s is read-only", file)
	}
	return nil
}

// shownDatabase is dsn without what it may hold of a password.
func shownDatabase(dsn string) string {
	if !isPostgres(dsn) {
		return dsn
	}
	u, err := url.Parse(dsn)
	if err != nil {
		return "PostgreSQL"
	}
	return "PostgreSQL " + u.Host + u.Path
}
