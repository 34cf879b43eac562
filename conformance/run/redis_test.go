package run

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	redisstore "github.com/gousher/usher/adapters/redis"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// redisEngines are those that adapters/redis works on.
var redisEngines = []struct {
	name  string
	fresh func(testing.TB) engine.Keys
}{{"Redis", engine.Redis}, {"Redis Cluster", engine.RedisCluster}}

// onRedis runs f on one node and on a cluster.
func onRedis(t *testing.T, f func(t *testing.T, name string, fresh func(testing.TB) engine.Keys)) {
	t.Helper()
	for _, on := range redisEngines {
		t.Run(on.name, func(t *testing.T) { f(t, on.name, on.fresh) })
	}
}

// redisTokens returns a store of tokens under the keys.
func redisTokens(t testing.TB, rdb redis.UniversalClient, keys engine.Keys) ports.TokenStore {
	t.Helper()
	tokens, err := redisstore.New(rdb, redisstore.Config{Prefix: keys.Prefix})
	require.NoError(t, err)
	return tokens
}

// redisTokensOf returns a store of tokens, beside which no users lie.
func redisTokensOf(t testing.TB, rdb redis.UniversalClient, keys engine.Keys) stores {
	t.Helper()
	return stores{Tokens: redisTokens(t, rdb, keys)}
}

// Every suite of token stores and limiters, on one node and on a cluster.
func TestRedis(t *testing.T) {
	onRedis(t, func(t *testing.T, name string, fresh func(testing.TB) engine.Keys) {
		fresh(t) // the engine has a version once it runs
		of := conformance.Subject{Adapter: "redisstore", Engine: engine.Version(name)}
		t.Run("tokens", func(t *testing.T) {
			conformance.TestTokenStore(t, func(t testing.TB) stores {
				keys := fresh(t)
				return redisTokensOf(t, keys.Open(t, redis.UniversalOptions{}), keys)
			}, of)
		})
		t.Run("legacy", func(t *testing.T) {
			conformance.TestLegacyTokens(t, func(t testing.TB) conformance.Legacy {
				keys := fresh(t)
				return redisLegacyOf(t, keys.Open(t, redis.UniversalOptions{}), keys)
			}, of)
		})
		t.Run("faults", func(t *testing.T) {
			conformance.TestFaults(t, func(t testing.TB) conformance.Faulty {
				keys, links := fresh(t).Through(t)
				rdb := keys.Open(t, redis.UniversalOptions{MaxRetries: -1, MaxRedirects: -1}) // so that faults are felt
				return conformance.Faulty{Stores: redisTokensOf(t, rdb, keys), Link: links}
			}, of)
		})
		t.Run("at rest", func(t *testing.T) {
			conformance.TestAtRest(t, func(t testing.TB) conformance.AtRest {
				keys := fresh(t)
				return redisAtRest(t, keys.Open(t, redis.UniversalOptions{}), keys)
			}, of)
		})
		t.Run("limiter", func(t *testing.T) {
			conformance.TestLimiter(t, func(t testing.TB) limiters {
				keys := fresh(t)
				a := redisLimiterOf(t, keys.Open(t, redis.UniversalOptions{}), keys)
				b := redisLimiterOf(t, keys.Open(t, redis.UniversalOptions{}), keys)
				return limiters{a[0], b[0]}
			}, of)
		})
	})
}

// redisAtRest returns a store of tokens and what Redis keeps of it.
func redisAtRest(t testing.TB, rdb redis.UniversalClient, keys engine.Keys) conformance.AtRest {
	t.Helper()
	dump := func(t testing.TB) []byte { return dumpRedis(t, rdb, keys.Prefix) }
	return atRest(t, redisTokensOf(t, rdb, keys), dump)
}

// redisLimiterOf returns a limiter, as its only process would use it.
func redisLimiterOf(t testing.TB, rdb redis.UniversalClient, keys engine.Keys) limiters {
	t.Helper()
	l, err := redisstore.NewLimiter(rdb, redisstore.Config{Prefix: keys.Prefix})
	require.NoError(t, err)
	return limiters{l, l}
}

// redisLegacyOf returns what is adopted of keys of the other system's. Ours and
// theirs are both below those of the test.
func redisLegacyOf(t testing.TB, rdb redis.UniversalClient, keys engine.Keys) conformance.Legacy {
	t.Helper()
	theirs := keys.Prefix + "theirs:"
	keys.Prefix += "ours:"
	plain, err := redisstore.NewLegacy(rdb, redisstore.Config{Prefix: keys.Prefix}, redisstore.LegacyConfig{Prefix: theirs})
	require.NoError(t, err)
	return conformance.Legacy{
		Stores: stores{Tokens: redisTokens(t, rdb, keys)}, Plain: plain,
		Plant: func(t testing.TB, token, userID string, expires time.Time) {
			// As RedisStrategy.write_token does: SET key id EX lifetime_seconds.
			life := time.Until(expires).Round(time.Second)
			require.NoError(t, rdb.Set(t.Context(), theirs+token, userID, life).Err())
		},
		Left: func(t testing.TB) (left []string) {
			for _, key := range keysOfRedis(t, rdb, theirs) {
				left = append(left, strings.TrimPrefix(key, theirs))
			}
			return left
		},
	}
}

// keysOfRedis returns the keys with a prefix, of all masters.
func keysOfRedis(t testing.TB, rdb redis.UniversalClient, prefix string) (all []string) {
	t.Helper()
	found := make(chan []string, 16)
	scan := func(ctx context.Context, c *redis.Client) error {
		var keys []string
		for at := c.Scan(ctx, 0, prefix+"*", 1000).Iterator(); ; {
			if !at.Next(ctx) {
				found <- keys
				return at.Err()
			}
			keys = append(keys, at.Val())
		}
	}
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		require.NoError(t, cluster.ForEachMaster(t.Context(), scan))
	} else {
		require.NoError(t, scan(t.Context(), rdb.(*redis.Client)))
	}
	close(found)
	for keys := range found {
		all = append(all, keys...)
	}
	return all
}

// dumpRedis returns every key with that prefix and what it holds, and checks
// that it has an expiry.
func dumpRedis(t testing.TB, rdb redis.UniversalClient, prefix string) []byte {
	t.Helper()
	ctx := t.Context()
	var dump bytes.Buffer
	for _, key := range keysOfRedis(t, rdb, prefix) {
		raw, err := rdb.Dump(ctx, key).Result()
		require.NoError(t, err)
		fmt.Fprintf(&dump, "\n%s=%s\n", key, raw)
		left, err := rdb.PTTL(ctx, key).Result()
		require.NoError(t, err)
		require.Positive(t, left, "%s has no expiry", key)
		switch kind := rdb.Type(ctx, key).Val(); kind {
		case "string": // which DUMP compresses
			dump.WriteString(rdb.Get(ctx, key).Val())
		case "zset":
			fmt.Fprint(&dump, rdb.ZRangeWithScores(ctx, key, 0, -1).Val())
		default:
			t.Errorf("%s is a %q", key, kind)
		}
	}
	return dump.Bytes()
}
