package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/redis/go-redis/v9"
	"github.com/testcontainers/testcontainers-go"
)

const (
	masters = 3
	nodes   = 2 * masters // each master has a replica
	slots   = 16384
)

// redisNodes starts or finds the cluster, once.
var redisNodes = sync.OnceValues(func() (*redisSource, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pullTimeout+2*time.Minute)
	defer cancel()
	if dsn := os.Getenv(clusterEnv); dsn != "" {
		o, err := redis.ParseClusterURL(dsn)
		if err != nil {
			return nil, fmt.Errorf("engine: %s is not a redis:// URL", clusterEnv)
		}
		return foundRedis(ctx, "Redis Cluster", clusterEnv, redis.UniversalOptions{
			Addrs: o.Addrs, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig, IsClusterMode: true,
		}, nil)
	}
	c, err := startCluster(ctx)
	if err != nil {
		return nil, err
	}
	return foundRedis(ctx, "Redis Cluster", "container "+c.nodes[0].image, c.options(), c.nodes.at)
})

// Cluster is a Redis Cluster in containers.
type Cluster struct {
	nodes nodesOf
}

// node is a server among others. Its inside address is the one that it has for
// them, and that it tells clients.
type node struct {
	*running
	inside string
	rdb    *redis.Client
}

// nodesOf are servers that work together.
type nodesOf []*node

// at returns where the node is published that has the address inside.
func (all nodesOf) at(inside string) string {
	for _, n := range all {
		if n.inside == inside {
			return n.addr
		}
	}
	return inside
}

// removed removes the nodes when t ends.
func (all nodesOf) removed(t testing.TB) {
	t.Cleanup(func() {
		for _, n := range all {
			if err := testcontainers.TerminateContainer(n.running, testcontainers.StopTimeout(0)); err != nil {
				t.Errorf("engine: remove redis: %v", err)
			}
		}
	})
}

// startNodes starts a server of each kind.
func startNodes(ctx context.Context, kinds ...server) (nodesOf, error) {
	all := make(nodesOf, len(kinds))
	errs := make([]error, len(kinds))
	var started sync.WaitGroup
	for i, kind := range kinds {
		started.Go(func() { all[i], errs[i] = startNode(ctx, kind) })
	}
	started.Wait()
	return all, errors.Join(errs...)
}

func (c *Cluster) options() redis.UniversalOptions {
	o := redis.UniversalOptions{IsClusterMode: true}
	for _, n := range c.nodes {
		o.Addrs = append(o.Addrs, n.inside)
	}
	return o
}

// RedisClusterServers starts a cluster for t alone, whose masters can be
// killed.
func RedisClusterServers(t testing.TB) (*Cluster, Keys) {
	t.Helper()
	process.mustSupervise(t)
	ctx, cancel := context.WithTimeout(t.Context(), pullTimeout+2*time.Minute)
	defer cancel()
	c, err := startCluster(ctx)
	if err != nil {
		unavailable(t, err)
	}
	c.nodes.removed(t)
	source := &redisSource{"Redis Cluster", c.options(), c.nodes.at}
	return c, source.keys(t)
}

// KillMaster kills the master that has the slot of a key, as the loss of its
// machine would, when its replica has heard nothing from it for a while, and
// returns how long it took until the replica answered in its place. It is
// called once.
func (c *Cluster) KillMaster(t testing.TB, key string, behind time.Duration) time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	i, err := c.masterOf(ctx, key)
	if err != nil {
		t.Fatalf("engine: master of %q: %v", key, err)
	}
	docker, err := dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	replica, master := c.nodes[i+masters].GetContainerID(), c.nodes[i].GetContainerID()
	if _, err := docker.ContainerPause(ctx, replica, client.ContainerPauseOptions{}); err != nil {
		t.Fatalf("engine: pause redis: %v", err)
	}
	if err := c.nodes[i].disown(ctx); err != nil {
		t.Fatalf("engine: end replication: %v", err)
	}
	time.Sleep(behind)
	if _, err := docker.ContainerKill(ctx, master, client.ContainerKillOptions{}); err != nil {
		t.Fatalf("engine: kill redis: %v", err)
	}
	killed := time.Now()
	if _, err := docker.ContainerUnpause(ctx, replica, client.ContainerUnpauseOptions{}); err != nil {
		t.Fatalf("engine: unpause redis: %v", err)
	}
	if err := until(ctx, func() error { return c.nodes[i+masters].takes(ctx, key) }); err != nil {
		t.Fatalf("engine: nobody took over: %v", err)
	}
	return time.Since(killed)
}

// masterOf returns the number of the master that takes writes to a key.
func (c *Cluster) masterOf(ctx context.Context, key string) (int, error) {
	for i, n := range c.nodes[:masters] {
		if n.takes(ctx, key) == nil {
			return i, nil
		}
	}
	return 0, errors.New("no master takes it")
}

// takes returns why a node does not take writes to a key.
func (n *node) takes(ctx context.Context, key string) error {
	rdb := redis.NewClient(&redis.Options{Addr: n.addr, MaxRetries: -1})
	defer rdb.Close()
	return rdb.SetNX(ctx, key, "", time.Minute).Err()
}

// disown ends the connection to a replica that is paused, so that nothing more
// waits for it.
func (n *node) disown(ctx context.Context) error {
	rdb := redis.NewClient(&redis.Options{Addr: n.addr})
	defer rdb.Close()
	return rdb.Do(ctx, "client", "kill", "type", "replica").Err()
}

// startCluster starts the nodes and makes a cluster of them.
func startCluster(ctx context.Context) (*Cluster, error) {
	all, err := startNodes(ctx, slices.Repeat([]server{redisServer("--cluster-enabled", "yes", "--cluster-node-timeout", "2000")}, nodes)...)
	if err != nil {
		return nil, err
	}
	c := &Cluster{all}
	for _, n := range c.nodes {
		n.rdb = redis.NewClient(&redis.Options{Addr: n.addr})
		defer n.rdb.Close()
	}
	if err := c.join(ctx); err != nil {
		return nil, fmt.Errorf("engine: redis cluster: %w", err)
	}
	return c, nil
}

func startNode(ctx context.Context, kind server) (*node, error) {
	c, err := kind.start(ctx)
	if err != nil {
		return nil, err
	}
	ip, err := c.ContainerIP(ctx)
	if err != nil {
		return nil, fmt.Errorf("engine: address of %s: %w", c.image, err)
	}
	return &node{running: c, inside: ip + ":6379"}, nil
}

// join makes the nodes one cluster, and returns when all of them say so.
func (c *Cluster) join(ctx context.Context) error {
	for i, n := range c.nodes {
		if err := n.rdb.Do(ctx, "cluster", "set-config-epoch", i+1).Err(); err != nil {
			return err
		}
		if i < masters {
			if err := n.rdb.ClusterAddSlotsRange(ctx, i*slots/masters, (i+1)*slots/masters-1).Err(); err != nil {
				return err
			}
		}
		ip, port, _ := strings.Cut(n.inside, ":")
		if err := c.nodes[0].rdb.ClusterMeet(ctx, ip, port).Err(); err != nil {
			return err
		}
	}
	for i, n := range c.nodes[masters:] {
		master, err := c.nodes[i].rdb.Do(ctx, "cluster", "myid").Text()
		if err != nil {
			return err
		}
		if err := until(ctx, func() error { return n.rdb.ClusterReplicate(ctx, master).Err() }); err != nil {
			return err
		}
	}
	for i, n := range c.nodes {
		if err := until(ctx, func() error { return n.ready(ctx, i >= masters) }); err != nil {
			return err
		}
	}
	return nil
}

// ready returns why a node is not ready yet.
func (n *node) ready(ctx context.Context, replica bool) error {
	info, err := n.rdb.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	for _, want := range []string{"cluster_state:ok", fmt.Sprint("cluster_known_nodes:", nodes), fmt.Sprint("cluster_size:", masters)} {
		if !strings.Contains(info, want+"\r") {
			return errors.New("not yet " + want)
		}
	}
	replication, err := n.rdb.Info(ctx, "replication").Result()
	if err == nil && replica && !strings.Contains(replication, "master_link_status:up") {
		err = errors.New("a replica has no link to its master")
	}
	if err == nil && !replica && !strings.Contains(replication, "state=online") {
		err = errors.New("a master has no replica")
	}
	return err
}

// until calls f again and again until it returns no error.
func until(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
