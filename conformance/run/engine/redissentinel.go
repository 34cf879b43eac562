package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/redis/go-redis/v9"
)

const (
	sentinels  = 3
	masterName = "usher"
)

// Watched is a Redis master and its replica, with Sentinels that watch them, in
// containers.
type Watched struct {
	nodes nodesOf // master, replica, Sentinels
}

// RedisSentinel starts a master, a replica and three Sentinels for t alone.
// Clients ask the Sentinels which of the two is the master.
func RedisSentinel(t testing.TB) (*Watched, Keys) {
	t.Helper()
	process.mustSupervise(t)
	ctx, cancel := context.WithTimeout(t.Context(), pullTimeout+2*time.Minute)
	defer cancel()
	all, err := startNodes(ctx, append([]server{redisServer(), redisServer()}, slices.Repeat([]server{redisSentinel()}, sentinels)...)...)
	if err != nil {
		unavailable(t, err)
	}
	all.removed(t)
	w := &Watched{all}
	if err := w.watch(ctx); err != nil {
		t.Fatalf("engine: redis sentinel: %v", err)
	}
	o := redis.UniversalOptions{MasterName: masterName}
	for _, n := range all[2:] {
		o.Addrs = append(o.Addrs, n.inside)
	}
	source := &redisSource{"Redis Sentinel", o, all.at}
	return w, source.keys(t)
}

// redisSentinel is a Sentinel that watches nothing yet. It keeps what it
// watches in its file of settings, which it must be able to write.
func redisSentinel() server {
	s := redisServer()
	s.entrypoint = []string{"sh", "-c", "echo port 6379 >/tmp/sentinel.conf && exec redis-server /tmp/sentinel.conf --sentinel --protected-mode no"}
	s.cmd = nil
	return s
}

// watch makes the second node the replica of the first, and the Sentinels
// watch both. It returns when all of them know each other.
func (w *Watched) watch(ctx context.Context) error {
	ip, port, err := net.SplitHostPort(w.nodes[0].inside)
	if err != nil {
		return err
	}
	replica := redis.NewClient(&redis.Options{Addr: w.nodes[1].addr})
	defer replica.Close()
	if err := replica.ReplicaOf(ctx, ip, port).Err(); err != nil {
		return err
	}
	if err := until(ctx, func() error { return says(ctx, replica, "replication", "master_link_status:up") }); err != nil {
		return err
	}
	watching := []string{
		fmt.Sprintf("master0:name=%s,status=ok", masterName), fmt.Sprintf("slaves=1,sentinels=%d", sentinels),
	}
	for _, n := range w.nodes[2:] {
		n.rdb = redis.NewClient(&redis.Options{Addr: n.addr})
		defer n.rdb.Close()
		for _, command := range [][]any{
			{"sentinel", "monitor", masterName, ip, port, sentinels/2 + 1},
			{"sentinel", "set", masterName, "down-after-milliseconds", 1000},
			{"sentinel", "set", masterName, "failover-timeout", 5000},
		} {
			if err := n.rdb.Do(ctx, command...).Err(); err != nil {
				return err
			}
		}
	}
	for _, n := range w.nodes[2:] {
		if err := until(ctx, func() error { return says(ctx, n.rdb, "sentinel", watching...) }); err != nil {
			return err
		}
	}
	return nil
}

// says returns which of the lines a section of INFO does not have.
func says(ctx context.Context, rdb *redis.Client, section string, want ...string) error {
	info, err := rdb.Info(ctx, section).Result()
	if err != nil {
		return err
	}
	for _, line := range want {
		if !strings.Contains(info, line) {
			return errors.New("not yet " + line)
		}
	}
	return nil
}

// KillMaster kills the master, as the loss of its machine would, and returns
// how long it took until the replica took writes in its place. It is called
// once.
func (w *Watched) KillMaster(t testing.TB, key string) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	docker, err := dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	if _, err := docker.ContainerKill(ctx, w.nodes[0].GetContainerID(), client.ContainerKillOptions{}); err != nil {
		t.Fatalf("engine: kill redis: %v", err)
	}
	killed := time.Now()
	if err := until(ctx, func() error { return w.nodes[1].takes(ctx, key) }); err != nil {
		t.Fatalf("engine: nobody took over: %v", err)
	}
	return time.Since(killed)
}
