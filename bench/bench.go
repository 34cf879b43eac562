package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/redis/go-redis/v9"
)

// bench is a run of this program.
type bench struct {
	options
	program string
	env     []string // what tells servers where the databases are
	pprof   string   // where a server serves its profile, if anywhere
	cores   int

	setting    setting
	db         *sql.DB
	postmaster int
	people     *people
	joined     joined

	bounds []bound
}

func newBench(t testing.TB, o options) (*bench, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dsn, err := directPostgres(engine.Postgres(t))
	if err != nil {
		return nil, err
	}
	keys := engine.Redis(t)
	addr, err := directRedis(keys.Addr())
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, program: program, cores: runtime.NumCPU(), pprof: os.Getenv("BENCH_PPROF")}
	b.env = []string{
		postgresEnv + "=" + dsn, redisEnv + "=redis://" + addr, prefixEnv + "=" + keys.Prefix, secretEnv + "=" + rand.Text() + rand.Text(),
	}
	b.setting, err = settingOf(func(name string) string {
		for _, pair := range b.env {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}, false)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { b.setting.redis.Close() })
	ctx := context.Background()
	stores, db, err := b.setting.stores(false)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { db.Close() })
	b.db = db.DB
	if err := bunstore.Migrate[Member](ctx, db, bunstore.Config{}); err != nil {
		return nil, err
	}
	if b.postmaster, err = postmaster(db.DB, b.setting.postgres.Database); err != nil {
		return nil, err
	}
	b.people, err = b.settle(ctx, stores)
	return b, err
}

// directPostgres returns a URL without the proxy that docker puts between a
// container and the machine's own programs: a proxy costs both sides of what
// is compared, and hides differences.
func directPostgres(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", err
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var own string
	if err := db.QueryRow("SELECT coalesce(host(inet_server_addr()) || ':' || inet_server_port(), '')").Scan(&own); err != nil {
		return "", err
	}
	if host := u.Host; reachable(own) {
		u.Host = own
		if other, err := sql.Open("pgx", u.String()); err != nil || other.Ping() != nil || other.Close() != nil {
			u.Host = host
		}
	}
	return u.String(), nil
}

// directRedis does the same for an address of Redis.
func directRedis(addr string) (string, error) {
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	defer rdb.Close()
	info, err := rdb.ClientInfo(context.Background()).Result()
	if err != nil {
		return "", err
	}
	if reachable(info.LAddr) {
		return info.LAddr, nil
	}
	return addr, nil
}

func reachable(addr string) bool {
	if addr == "" {
		return false
	}
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// describe prints what the figures are of.
func (b *bench) describe() {
	fmt.Printf("%s, %s, %d cores, %s\n", time.Now().UTC().Format("2006-01-02 15:04 MST"), model(), b.cores, runtime.Version())
	for _, line := range engine.Describe() {
		fmt.Println(line)
	}
	fmt.Printf("%d rounds of %v; servers, databases and load share the cores; pools of %d connections.\n", b.rounds, b.measure, pool)
	fmt.Printf("A measurement with more than %.2f cores of other programs is repeated, up to %d times.\n", quiet, b.tries)
}

// model is the name of the processor.
func model() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
