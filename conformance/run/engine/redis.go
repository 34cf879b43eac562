package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/testcontainers/testcontainers-go/wait"
)

// redisEnv and clusterEnv name a server, or nodes of a cluster, by a URL of
// go-redis: redis://127.0.0.1:6379/0, redis://127.0.0.1:7000?addr=127.0.0.1:7001.
const (
	redisEnv   = "USHER_TEST_REDIS"
	clusterEnv = "USHER_TEST_REDIS_CLUSTER"
)

// redisImage is the official image, as in conformance/images/engines.
const redisImage = "redis:7"

// Keys are a test's own in a Redis server or a Redis Cluster: all that begin
// with Prefix. They are removed when the test ends.
type Keys struct {
	Prefix string
	source *redisSource
	// at is where a node is reached, by the address that it has for others.
	at func(addr string) string
}

// redisSource is a server or a cluster.
type redisSource struct {
	name    string // "Redis"
	options redis.UniversalOptions
	at      func(addr string) string
}

// Redis returns keys of a server that is one node.
func Redis(t testing.TB) Keys {
	t.Helper()
	return keysOf(t, redisEnv, redisNode)
}

// RedisCluster returns keys of a cluster of three masters, each with a replica.
func RedisCluster(t testing.TB) Keys {
	t.Helper()
	return keysOf(t, clusterEnv, redisNodes)
}

func keysOf(t testing.TB, env string, find func() (*redisSource, error)) Keys {
	t.Helper()
	process.mustSupervise(t)
	s, err := find()
	if err != nil && isSet(env) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, err)
	}
	return s.keys(t)
}

// keys returns keys that nobody has.
func (s *redisSource) keys(t testing.TB) Keys {
	k := Keys{"usher_test_" + strings.ToLower(rand.Text()) + ":", s, s.at}
	t.Cleanup(func() {
		rdb := k.client(redis.UniversalOptions{})
		defer rdb.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := clearKeys(ctx, rdb, k.Prefix); err != nil {
			t.Errorf("engine: clear keys of %s: %v", s.name, err)
		}
	})
	return k
}

// Open returns a client, which is closed when t ends. Settings are those that
// matter to the test: addresses and credentials are filled in.
func (k Keys) Open(t testing.TB, settings redis.UniversalOptions) redis.UniversalClient {
	t.Helper()
	rdb := k.client(settings)
	t.Cleanup(func() {
		if err := rdb.Close(); err != nil {
			t.Errorf("engine: close client of %s: %v", k.source.name, err)
		}
	})
	return rdb
}

// Addr is where the first node is reached.
func (k Keys) Addr() string { return k.at(k.source.options.Addrs[0]) }

func (k Keys) client(o redis.UniversalOptions) redis.UniversalClient {
	quiet()
	s := k.source.options
	o.Addrs, o.MasterName, o.IsClusterMode = s.Addrs, s.MasterName, s.IsClusterMode
	o.Username, o.Password, o.DB, o.TLSConfig = s.Username, s.Password, s.DB, s.TLSConfig
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, k.at(addr))
	}
	return redis.NewUniversalClient(&o)
}

// quiet keeps go-redis from logging each connection that a test cuts.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// clearKeys removes all keys with a prefix.
func clearKeys(ctx context.Context, rdb redis.UniversalClient, prefix string) error {
	clear := func(ctx context.Context, c redis.Cmdable) error {
		for keys := c.Scan(ctx, 0, prefix+"*", 1000).Iterator(); ; {
			if !keys.Next(ctx) {
				return keys.Err()
			}
			if err := c.Del(ctx, keys.Val()).Err(); err != nil {
				return err
			}
		}
	}
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return clear(ctx, c) })
	}
	return clear(ctx, rdb)
}

// redisNode starts or finds the server, once.
var redisNode = sync.OnceValues(func() (*redisSource, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pullTimeout+2*time.Minute)
	defer cancel()
	if dsn := os.Getenv(redisEnv); dsn != "" {
		o, err := redis.ParseURL(dsn)
		if err != nil {
			return nil, fmt.Errorf("engine: %s is not a redis:// URL", redisEnv)
		}
		return foundRedis(ctx, "Redis", redisEnv, redis.UniversalOptions{
			Addrs: []string{o.Addr}, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig,
		}, nil)
	}
	c, err := redisServer().start(ctx)
	if err != nil {
		return nil, err
	}
	return foundRedis(ctx, "Redis", "container "+c.image, redis.UniversalOptions{Addrs: []string{c.addr}}, nil)
})

// foundRedis returns a source, and notes what it is.
func foundRedis(ctx context.Context, name, from string, o redis.UniversalOptions, at func(string) string) (*redisSource, error) {
	if at == nil {
		at = func(addr string) string { return addr }
	}
	s := &redisSource{name, o, at}
	rdb := Keys{source: s, at: at}.client(redis.UniversalOptions{})
	defer rdb.Close()
	info, err := rdb.Info(ctx, "server").Result()
	if err != nil {
		return nil, fmt.Errorf("engine: %s: %w", name, err)
	}
	_, version, _ := strings.Cut(info, "redis_version:")
	version, _, _ = strings.Cut(version, "\r")
	seen.add(name + " " + version + " (" + from + ")")
	return s, nil
}

const redisPort = "6379/tcp"

// redisServer writes to its disk what it acknowledges, before it does.
func redisServer(more ...string) server {
	return server{
		engine:   "redis",
		official: redisImage,
		cmd:      append([]string{"redis-server", "--save", "", "--appendonly", "yes", "--appendfsync", "always"}, more...),
		port:     redisPort,
		ready:    redisReady{},
	}
}

// redisReady waits until a server answers.
type redisReady struct{}

// WaitUntilReady implements [wait.Strategy].
func (redisReady) WaitUntilReady(ctx context.Context, target wait.StrategyTarget) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := answers(ctx, target)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("engine: redis does not answer: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func answers(ctx context.Context, target wait.StrategyTarget) error {
	host, err := target.Host(ctx)
	if err != nil {
		return err
	}
	port, err := target.MappedPort(ctx, redisPort)
	if err != nil {
		return err
	}
	rdb := redis.NewClient(&redis.Options{Addr: net.JoinHostPort(host, port.Port()), MaxRetries: -1})
	defer rdb.Close()
	return rdb.Ping(ctx).Err()
}

// RedisServer starts a Redis server for t alone, which loses nothing that it
// has acknowledged. It can be stopped and started.
func RedisServer(t testing.TB) (*Server, Keys) {
	t.Helper()
	s := ownServer(t, redisServer(), func(addr string) string { return addr })
	source := &redisSource{"Redis", redis.UniversalOptions{Addrs: []string{s.DSN}}, func(addr string) string { return addr }}
	return s, source.keys(t)
}
