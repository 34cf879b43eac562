package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go/wait"
)

// postgresEnv names a PostgreSQL server by a URL of a user that may create
// databases.
const postgresEnv = "USHER_TEST_POSTGRES"

// postgresImage is the official image, as in conformance/images/engines.
const postgresImage = "postgres:17"

// Postgres returns the URL of an empty PostgreSQL database for the database/sql
// driver "pgx" or any other. No other test uses it until t ends; then what t
// left in it is gone and connections to it are cut.
func Postgres(t testing.TB) string {
	t.Helper()
	return on(t, postgresEnv, postgres).fresh(t)
}

// postgres starts or finds the server, once.
var postgres = sync.OnceValues(func() (*databases, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pullTimeout+2*time.Minute)
	defer cancel()
	base, source, err := findPostgres(ctx)
	if err != nil {
		return nil, err
	}
	s, err := found(ctx, "pgx", base.String(), "SHOW server_version", source, func(version string) string {
		version, _, _ = strings.Cut(version, " ") // what follows is the distribution's
		return "PostgreSQL " + version
	})
	if err != nil {
		return nil, err
	}
	s.drop, s.after, s.clear = "DROP DATABASE IF EXISTS ", " WITH (FORCE)", clearPostgres
	s.at = func(name string) string {
		u := *base
		u.Path = "/" + name
		return u.String()
	}
	return s, nil
})

func findPostgres(ctx context.Context) (base *url.URL, source string, err error) {
	if dsn := os.Getenv(postgresEnv); dsn != "" {
		base, err := url.Parse(dsn)
		if err != nil || !strings.HasPrefix(base.Scheme, "postgres") {
			return nil, "", fmt.Errorf("engine: %s is not a postgres:// URL", postgresEnv)
		}
		return base, postgresEnv, nil
	}
	c, err := postgresServer().start(ctx)
	if err != nil {
		return nil, "", err
	}
	return postgresURL(c.addr), "container " + c.image, nil
}

// postgresUser is the user, the password and the first database of servers in
// containers.
const postgresUser = "usher"

func postgresURL(addr string) *url.URL {
	return &url.URL{
		Scheme: "postgres", User: url.UserPassword(postgresUser, postgresUser), Host: addr,
		Path: "/" + postgresUser, RawQuery: "sslmode=disable",
	}
}

// postgresServer is in a time zone that a store must not notice.
func postgresServer() server {
	const port = "5432/tcp"
	return server{
		engine:   "postgres",
		official: postgresImage,
		cmd:      []string{"postgres", "-c", "max_connections=200", "-c", "timezone=America/New_York"},
		env:      map[string]string{"POSTGRES_USER": postgresUser, "POSTGRES_PASSWORD": postgresUser, "POSTGRES_DB": postgresUser},
		port:     port,
		stop:     "SIGINT", // at SIGTERM it waits for its clients
		ready: wait.ForSQL(port, "pgx", func(host string, port network.Port) string {
			return postgresURL(net.JoinHostPort(host, port.Port())).String()
		}),
	}
}

// clearPostgres makes a database as it was when it was new.
func clearPostgres(dsn string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, `
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid();
		DROP SCHEMA public CASCADE;
		CREATE SCHEMA public`).ReadAll(); err != nil {
		return err
	}
	var asNew bool
	if err := conn.QueryRow(ctx, `
		SELECT NOT EXISTS (SELECT FROM pg_namespace
				WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('public', 'information_schema'))
			AND NOT EXISTS (SELECT FROM pg_extension WHERE extname <> 'plpgsql')
			AND NOT EXISTS (SELECT FROM pg_largeobject_metadata)
			AND NOT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
				WHERE d.datname = current_database())`).Scan(&asNew); err != nil {
		return err
	}
	if !asNew {
		return errors.New("engine: something is left that is not in the schema public")
	}
	return nil
}
