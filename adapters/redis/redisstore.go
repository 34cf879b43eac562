package redisstore

import (
	"context"
	"regexp"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
)

// Config sets up what is kept in Redis. Its zero value will do.
type Config struct {
	// Prefix is what every key begins with: at most 64 letters, digits and
	// any of ._:-/ in ASCII. Empty means "usher:".
	Prefix string
}

const defaultPrefix = "usher:"

// prefixForm has no braces, which would put every key into one slot, and
// nothing that has a meaning in patterns.
var prefixForm = regexp.MustCompile(`^[A-Za-z0-9._:/-]{1,64}$`)

// New returns a store of tokens that works through rdb, a *redis.Client, also
// one that goes by Sentinel, or a *redis.ClusterClient. It returns a
// *core.ConfigError, and does not connect.
//
// A call returns when its context ends, whether or not rdb has
// ContextTimeoutEnabled. Without it the connection stays with what it waits
// for until ReadTimeout.
func New(rdb redis.UniversalClient, cfg Config) (ports.TokenStore, error) {
	s, err := open("redisstore.New", rdb, cfg, nil)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// store keeps tokens. It implements ports.TokenStore.
type store struct {
	rdb    redis.UniversalClient
	prefix string
}

var _ ports.TokenStore = (*store)(nil)

// open checks what New and its like are given. More are further problems.
func open(of string, rdb redis.UniversalClient, cfg Config, more []string) (*store, error) {
	if cfg.Prefix == "" {
		cfg.Prefix = defaultPrefix
	}
	problems := append(clientProblems(rdb), more...)
	if !prefixForm.MatchString(cfg.Prefix) {
		problems = append(problems, "Config.Prefix is not of 1 to 64 letters, digits and ._:-/")
	}
	if problems != nil {
		return nil, &core.ConfigError{Of: of, Problems: problems}
	}
	return &store{rdb, cfg.Prefix}, nil
}

// clientProblems returns why a client would not do.
func clientProblems(rdb redis.UniversalClient) []string {
	const (
		missing = "rdb is missing"
		stale   = "rdb reads from replicas (ReadOnly, RouteByLatency or RouteRandomly): a session that was ended would live on there"
		cached  = "rdb has ClientSideCache: a session that was ended would live on in it"
		endless = "rdb has no ReadTimeout: a call that is not answered would hold its connection for ever"
	)
	var problems []string
	switch c := rdb.(type) {
	case nil:
		return []string{missing}
	case *redis.Client:
		if c == nil {
			return []string{missing}
		}
		o := c.Options()
		if o.ReadTimeout <= 0 {
			problems = append(problems, endless)
		}
		if o.ClientSideCacheConfig != nil || o.ClientSideCache != nil {
			problems = append(problems, cached)
		}
	case *redis.ClusterClient:
		if c == nil {
			return []string{missing}
		}
		o := c.Options()
		if o.ReadOnly || o.RouteByLatency || o.RouteRandomly {
			problems = append(problems, stale)
		}
		if o.ReadTimeout <= 0 {
			problems = append(problems, endless)
		}
	case *redis.Ring:
		return []string{"rdb is a *redis.Ring: where a shard is away it looks for its sessions elsewhere"}
	}
	return problems
}

// eachMaster calls f for every server that keeps keys of its own.
func (s *store) eachMaster(ctx context.Context, f func(ctx context.Context, master redis.Cmdable) error) error {
	cluster, ok := s.rdb.(interface {
		ForEachMaster(ctx context.Context, fn func(ctx context.Context, c *redis.Client) error) error
	})
	if !ok {
		return f(ctx, s.rdb)
	}
	return cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return f(ctx, c) })
}
