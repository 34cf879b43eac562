package engine

import (
	"context"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
)

// Server is an engine in a container of a test's own, which can be stopped and
// started, behind a link.
type Server struct {
	*Link
	// DSN leads to it through the link, to a database that is there.
	DSN string
	t   testing.TB
	of  server
	c   *running
}

// PostgresServer starts a PostgreSQL server for t alone.
func PostgresServer(t testing.TB) *Server {
	t.Helper()
	return ownServer(t, postgresServer(), func(addr string) string { return postgresURL(addr).String() })
}

// MariaDBServer starts a MariaDB server for t alone. Its database is "mysql",
// in which a test may make tables.
func MariaDBServer(t testing.TB) *Server {
	t.Helper()
	return ownServer(t, mariadbServer(), func(addr string) string { return mariadbDSN(addr) + "mysql" })
}

func ownServer(t testing.TB, of server, dsn func(addr string) string) *Server {
	t.Helper()
	c := ownContainer(t, of)
	link := newLink(t, c.addr)
	return &Server{Link: link, DSN: dsn(link.Addr()), t: t, of: of, c: c}
}

// ownContainer starts a server that is removed when t ends.
func ownContainer(t testing.TB, of server) *running {
	t.Helper()
	process.mustSupervise(t)
	ctx, cancel := context.WithTimeout(t.Context(), pullTimeout+2*time.Minute)
	defer cancel()
	c, err := of.start(ctx)
	if err != nil {
		unavailable(t, err)
	}
	t.Cleanup(func() {
		if err := testcontainers.TerminateContainer(c, testcontainers.StopTimeout(time.Second)); err != nil {
			t.Errorf("engine: remove %s: %v", of.engine, err)
		}
	})
	return c
}

// Stop stops the engine as its operator would.
func (s *Server) Stop() {
	s.t.Helper()
	grace := 30 * time.Second
	if err := s.c.Stop(context.Background(), &grace); err != nil {
		s.t.Errorf("engine: stop %s: %v", s.of.engine, err)
	}
}

// Start starts the engine again, and returns when it takes connections.
func (s *Server) Start() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := s.c.Start(ctx); err != nil {
		s.t.Fatalf("engine: start %s: %v", s.of.engine, err)
	}
	addr, err := s.c.PortEndpoint(ctx, s.of.port, "") // docker may have published another port
	if err != nil {
		s.t.Fatalf("engine: address of %s: %v", s.of.engine, err)
	}
	s.lead(addr)
}
