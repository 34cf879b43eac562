package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Keys of a test are gone when it ends, and those of others are not.
func TestRedisKeys(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) Keys{"one node": Redis, "cluster": RedisCluster} {
		t.Run(name, func(t *testing.T) {
			others := fresh(t)
			rdb := others.Open(t, redis.UniversalOptions{})
			var all []string
			t.Run("a test", func(t *testing.T) {
				keys := fresh(t)
				for _, suffix := range []string{"a", "b", "c", "d", "e", "f"} {
					all = append(all, keys.Prefix+suffix)
					for _, key := range []string{keys.Prefix + suffix, others.Prefix + suffix} {
						if err := rdb.Set(t.Context(), key, "x", 0).Err(); err != nil {
							t.Fatal(err)
						}
					}
				}
			})
			for _, key := range all {
				if n, err := rdb.Exists(t.Context(), key).Result(); n != 0 || err != nil {
					t.Errorf("a key that a test left: %d, %v", n, err)
				}
			}
			if n, err := rdb.Exists(t.Context(), others.Prefix+"a").Result(); n != 1 || err != nil {
				t.Errorf("a key of another test: %d, %v", n, err)
			}
		})
	}
}

func TestRedisCluster(t *testing.T) {
	rdb := RedisCluster(t).Open(t, redis.UniversalOptions{})
	info, err := rdb.ClusterInfo(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	wants := []string{"cluster_state:ok"}
	if !isSet(clusterEnv) { // one that is named may have another shape
		wants = append(wants, "cluster_size:3", "cluster_known_nodes:6")
	}
	for _, want := range wants {
		if !strings.Contains(info, want) {
			t.Errorf("no %s in %s", want, info)
		}
	}
}

// What goes through links feels their faults, on every node.
func TestRedisLinks(t *testing.T) {
	for name, fresh := range map[string]func(testing.TB) Keys{"one node": Redis, "cluster": RedisCluster} {
		t.Run(name, func(t *testing.T) {
			keys, links := fresh(t).Through(t)
			rdb := keys.Open(t, redis.UniversalOptions{MaxRetries: -1, MaxRedirects: -1, ContextTimeoutEnabled: true})
			get := func(key string) error {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second/5)
				defer cancel()
				if err := rdb.Get(ctx, keys.Prefix+key).Err(); !errors.Is(err, redis.Nil) {
					return err
				}
				return nil
			}
			all := []string{"a", "b", "c", "d", "e", "f"}
			for _, key := range all {
				if err := until(t.Context(), func() error { return get(key) }); err != nil {
					t.Fatal(err)
				}
			}
			for name, fault := range map[string]func(){"cut": links.Cut, "stalled": links.Stall, "mute": links.Mute} {
				fault()
				for _, key := range all {
					if get(key) == nil {
						t.Errorf("an answer through links that are %s", name)
					}
				}
				links.Mend()
			}
		})
	}
}
