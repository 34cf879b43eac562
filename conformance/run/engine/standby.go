package engine

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Replicated is a PostgreSQL server with a hot standby, to which it replicates
// each transaction before it acknowledges it, behind a link that leads to the
// primary.
type Replicated struct {
	*Link
	// DSN leads to the primary through the link.
	DSN string
	t   testing.TB
	// primary and standby are the servers.
	primary, standby *running
}

// beStandby copies the server at the address $1 and follows it.
const beStandby = `
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
install -d -m 700 -o postgres -g postgres /tmp/standby
as_postgres="setpriv --reuid=postgres --regid=postgres --clear-groups"
cd /tmp/standby
$as_postgres pg_basebackup -d "host=$1 user=$POSTGRES_USER password=$POSTGRES_PASSWORD" \
	-D /tmp/standby -R -X stream -C -S standby --checkpoint=fast
exec $as_postgres postgres -D /tmp/standby -c listen_addresses='*' -c unix_socket_directories=/tmp -c max_connections=200
`

// PostgresReplicated starts a primary and a standby for t alone.
func PostgresReplicated(t testing.TB) *Replicated {
	t.Helper()
	primary := postgresServer()
	p := ownContainer(t, primary)
	mustExec(t, p.addr, `COPY (SELECT 'host replication all all scram-sha-256') TO PROGRAM 'cat >> pg_hba.conf'`,
		"SELECT pg_reload_conf()")
	ip, err := p.ContainerIP(t.Context())
	if err != nil {
		t.Fatalf("engine: address of the primary: %v", err)
	}
	follower := postgresServer()
	follower.entrypoint = []string{"bash", "-c", beStandby, "standby"}
	follower.cmd = []string{ip}
	s := ownContainer(t, follower)
	mustExec(t, p.addr, "ALTER SYSTEM SET synchronous_standby_names = '*'", "ALTER SYSTEM SET synchronous_commit = 'remote_apply'",
		"SELECT pg_reload_conf()")
	link := newLink(t, p.addr)
	r := &Replicated{link, postgresURL(link.Addr()).String(), t, p, s}
	r.wantSynchronous()
	return r
}

// wantSynchronous waits until the primary waits for the standby.
func (r *Replicated) wantSynchronous() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, postgresURL(r.primary.addr).String())
	if err != nil {
		r.t.Fatalf("engine: the primary: %v", err)
	}
	defer conn.Close(context.Background())
	for {
		var n int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&n); err != nil {
			r.t.Fatalf("engine: no standby follows: %v", err)
		}
		if n == 1 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Kill ends the primary as a power cut would.
func (r *Replicated) Kill() {
	r.t.Helper()
	var grace time.Duration
	if err := r.primary.Stop(context.Background(), &grace); err != nil {
		r.t.Errorf("engine: kill the primary: %v", err)
	}
}

// Promote makes the standby a primary that waits for no standby, and leads the
// link to it.
func (r *Replicated) Promote() {
	r.t.Helper()
	mustExec(r.t, r.standby.addr, "SELECT pg_promote()", "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
	r.lead(r.standby.addr)
}

// mustExec executes statements as the superuser of the server at addr.
func mustExec(t testing.TB, addr string, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, postgresURL(addr).String())
	if err != nil {
		t.Fatalf("engine: %s: %v", addr, err)
	}
	defer conn.Close(ctx)
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("engine: %s: %v", statement, err)
		}
	}
}
