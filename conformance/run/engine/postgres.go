package engine

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go/wait"
)

// postgresEnv names a PostgreSQL server by a URL of a user that may create
// databases.
const postgresEnv = "USHER_TEST_POSTGRES"

// postgresImage is the official image, as in conformance/images/engines.
const postgresImage = "postgres:17"

// postgresPort is the port in the container.
const postgresPort = "5432/tcp"

// Postgres returns the URL of an empty PostgreSQL database for the database/sql
// driver "pgx" or any other. No other test uses it until t ends; then what t
// left in it is gone and connections to it are cut.
func Postgres(t testing.TB) string {
	t.Helper()
	process.mustSupervise(t)
	server, err := postgres()
	if err != nil && os.Getenv(postgresEnv) != "" {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, err)
	}
	name, err := server.take()
	if err != nil {
		t.Fatalf("engine: create database: %v", err)
	}
	t.Cleanup(func() {
		if err := server.give(name); err != nil {
			t.Errorf("engine: clear database: %v", err)
		}
	})
	return server.at(name)
}

// postgres starts or finds the server, once.
var postgres = sync.OnceValues(func() (*postgresServer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pullTimeout+2*time.Minute)
	defer cancel()
	base, source, err := findPostgres(ctx)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("pgx", base.String())
	if err != nil {
		return nil, fmt.Errorf("engine: postgres: %w", err)
	}
	var version string
	if err := db.QueryRowContext(ctx, "SHOW server_version").Scan(&version); err != nil {
		db.Close()
		return nil, fmt.Errorf("engine: postgres: %w", err)
	}
	version, _, _ = strings.Cut(version, " ") // what follows is the distribution's
	seen.add(fmt.Sprintf("PostgreSQL %s (%s)", version, source))
	server := &postgresServer{url: base, admin: db}
	if source == postgresEnv {
		process.atEnd(server.close) // a container takes its databases with it
	}
	return server, nil
})

func findPostgres(ctx context.Context) (base *url.URL, source string, err error) {
	if dsn := os.Getenv(postgresEnv); dsn != "" {
		base, err := url.Parse(dsn)
		if err != nil || !strings.HasPrefix(base.Scheme, "postgres") {
			return nil, "", fmt.Errorf("engine: %s is not a postgres:// URL", postgresEnv)
		}
		return base, postgresEnv, nil
	}
	const user, password = "usher", "usher"
	at := func(addr string) *url.URL {
		return &url.URL{
			Scheme: "postgres", User: url.UserPassword(user, password), Host: addr,
			Path: "/" + user, RawQuery: "sslmode=disable",
		}
	}
	addr, image, err := server{
		engine:   "postgres",
		official: postgresImage,
		cmd:      []string{"postgres", "-c", "max_connections=200"},
		env:      map[string]string{"POSTGRES_USER": user, "POSTGRES_PASSWORD": password, "POSTGRES_DB": user},
		port:     postgresPort,
		ready: wait.ForSQL(postgresPort, "pgx", func(host string, port network.Port) string {
			return at(net.JoinHostPort(host, port.Port())).String()
		}),
	}.start(ctx)
	if err != nil {
		return nil, "", err
	}
	return at(addr), "container " + image, nil
}
