package redisstore_test

import (
	"fmt"
	"time"

	redisstore "github.com/gousher/usher/adapters/redis"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
)

// setUp is what an application does at its start, with the stores of its
// users.
func setUp(stores ports.Stores[*core.User], addrs ...string) (core.Backend[*core.User], error) {
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:       addrs,           // more than one: a cluster; with MasterName: Sentinel
		ReadTimeout: time.Second / 2, // an answer is late after that
		PoolSize:    20,
	})
	tokens, err := redisstore.New(rdb, redisstore.Config{Prefix: "myapp:"})
	if err != nil {
		return core.Backend[*core.User]{}, err
	}
	stores.Tokens = tokens
	return session.Backend("redis", stores, session.Config{}, core.Bearer{})
}

func Example() {
	backend, err := setUp(ports.Stores[*core.User]{}, "redis:6379")
	fmt.Println(backend.Name, err)
	// Output: redis <nil>
}

func ExampleNew() {
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"redis:6379"}, RouteByLatency: true})
	_, err := redisstore.New(rdb, redisstore.Config{Prefix: "{myapp}:"})
	fmt.Println(err)
	// Output: redisstore.New: rdb reads from replicas (ReadOnly, RouteByLatency or RouteRandomly): a session that was ended would live on there; Config.Prefix is not of 1 to 64 letters, digits and ._:-/
}
