package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"sync"
	"time"

	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// What a server is told by its environment.
const (
	postgresEnv = "BENCH_POSTGRES"
	redisEnv    = "BENCH_REDIS"
	prefixEnv   = "BENCH_REDIS_PREFIX"
	secretEnv   = "BENCH_SECRET"
)

// pool is how many connections a server has to each database.
const pool = 16

// setting is what a server is made of.
type setting struct {
	postgres *pgx.ConnConfig
	dsn      string
	redis    *redis.Client
	prefix   string
	secret   []byte
	count    *counts // nil where nothing is counted
}

// A target is a kind of server: usher, or a bare handler.
type target func(s setting) (http.Handler, error)

var targets = map[string]target{
	"usher jwt": usherBy("jwt"), "usher token": usherBy("token"), "usher redis": usherBy("redis"),
	"bare jwt": bareJWT, "bare jwt, crypto/hmac": bareHMAC, "bare jwt, pgx pool": barePool,
	"bare token": bareToken, "bare redis": bareRedis,
}

// serve runs a server until its standard input ends. It prints its address,
// and a line of JSON for each line that it reads.
func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	name := flags.String("target", "", "")
	counting := flags.Bool("count", false, "")
	profile := flags.String("pprof", "", "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := settingOf(os.Getenv, *counting)
	if err != nil {
		return err
	}
	run, err := s.server(*name)
	if err != nil {
		return err
	}
	if *profile != "" {
		go http.ListenAndServe(*profile, nil)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer cancel()
		report(os.Stdin, os.Stdout, s.count)
	}()
	// A connection that only waits for its next request is not waited for.
	err = run(ctx, listener)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// server returns what serves as the target of that name does.
func (s setting) server(name string) (runner, error) {
	if build, ok := rpcTargets[name]; ok {
		return build(s)
	}
	build, ok := targets[name]
	if !ok {
		return nil, fmt.Errorf("there is no target %q", name)
	}
	handler, err := build(s)
	return func(ctx context.Context, listener net.Listener) error {
		return httpauth.Serve(ctx, listener, handler, httpauth.ServerConfig{ShutdownGrace: time.Second})
	}, err
}

// runner serves until the context ends.
type runner func(ctx context.Context, listener net.Listener) error

func settingOf(env func(string) string, counting bool) (setting, error) {
	s := setting{dsn: env(postgresEnv), prefix: env(prefixEnv), secret: []byte(env(secretEnv))}
	cfg, err := pgx.ParseConfig(s.dsn)
	if err != nil {
		return s, errors.New(postgresEnv + " is no URL of PostgreSQL")
	}
	o, err := redis.ParseURL(env(redisEnv))
	if err != nil {
		return s, errors.New(redisEnv + " is no URL of Redis")
	}
	o.PoolSize, o.MaxIdleConns = pool, pool
	s.redis = redis.NewClient(o)
	if counting {
		s.count = &counts{}
		cfg.Tracer = s.count
		s.redis.AddHook(s.count)
	}
	s.postgres = cfg
	return s, nil
}

// facts are what a server tells of itself.
type facts struct {
	Mallocs, Bytes uint64
	// Statements are the texts of what was sent to PostgreSQL, and how often;
	// Marks are those that begin, divide and end transactions. Commands are
	// what was sent to Redis.
	Statements, Marks, Commands map[string]int
	Hashes                      int
}

func report(in io.Reader, out io.Writer, count *counts) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		f := facts{Mallocs: m.Mallocs, Bytes: m.TotalAlloc}
		if count != nil {
			count.into(&f)
		}
		_ = json.NewEncoder(out).Encode(f) // who cannot read it fails
	}
}

// counts counts what a server asks of databases and of its hasher.
type counts struct {
	mu                          sync.Mutex
	statements, marks, commands map[string]int
	hashes                      int
}

// into moves what was counted to f.
func (c *counts) into(f *facts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Statements, f.Marks, f.Commands, f.Hashes = c.statements, c.marks, c.commands, c.hashes
	c.statements, c.marks, c.commands, c.hashes = nil, nil, nil, 0
}

func (c *counts) add(to *map[string]int, what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *to == nil {
		*to = map[string]int{}
	}
	(*to)[what]++
}
