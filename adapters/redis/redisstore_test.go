package redisstore

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
)

// client is one that leads nowhere.
func client(t *testing.T, alter func(o *redis.Options)) *redis.Client {
	t.Helper()
	o := &redis.Options{Addr: "127.0.0.1:1", Password: "secret", MaxRetries: -1, DialerRetries: 1}
	if alter != nil {
		alter(o)
	}
	rdb := redis.NewClient(o)
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

func cluster(t *testing.T, alter func(o *redis.ClusterOptions)) *redis.ClusterClient {
	t.Helper()
	o := &redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}}
	alter(o)
	rdb := redis.NewClusterClient(o)
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

func TestProblems(t *testing.T) {
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:1"}})
	t.Cleanup(func() { ring.Close() })
	none, noCluster := (*redis.Client)(nil), (*redis.ClusterClient)(nil)
	tests := []struct {
		name   string
		rdb    redis.UniversalClient
		prefix string
		want   string // how the only problem begins
	}{
		{"good", client(t, nil), "", ""},
		{"good, a prefix", client(t, nil), "my-app:v1.2/_", ""},
		{"good, a cluster", cluster(t, func(*redis.ClusterOptions) {}), "", ""},
		{"nothing", nil, "", "rdb is missing"},
		{"no client", none, "", "rdb is missing"},
		{"no cluster", noCluster, "", "rdb is missing"},
		{"a ring", ring, "", "rdb is a *redis.Ring"},
		{"waits for ever", client(t, func(o *redis.Options) { o.ReadTimeout = -1 }), "", "rdb has no ReadTimeout"},
		{"caches", client(t, func(o *redis.Options) {
			o.Protocol, o.ClientSideCacheConfig = 3, &redis.ClientSideCacheConfig{}
		}), "", "rdb has ClientSideCache"},
		{"a cluster that waits for ever", cluster(t, func(o *redis.ClusterOptions) { o.ReadTimeout = -1 }), "", "rdb has no ReadTimeout"},
		{"reads replicas", cluster(t, func(o *redis.ClusterOptions) { o.ReadOnly = true }), "", "rdb reads from replicas"},
		{"reads whoever is near", cluster(t, func(o *redis.ClusterOptions) { o.RouteByLatency = true }), "", "rdb reads from replicas"},
		{"reads anybody", cluster(t, func(o *redis.ClusterOptions) { o.RouteRandomly = true }), "", "rdb reads from replicas"},
		{"one slot", client(t, nil), "{app}:", "Config.Prefix"},
		{"a pattern", client(t, nil), "app*", "Config.Prefix"},
		{"a blank", client(t, nil), "app ", "Config.Prefix"},
		{"not ASCII", client(t, nil), "äpp", "Config.Prefix"},
		{"two lines", client(t, nil), "app\n", "Config.Prefix"},
		{"long", client(t, nil), strings.Repeat("a", 65), "Config.Prefix"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Config{Prefix: tt.prefix}
			tokens, ofTokens := New(tt.rdb, cfg)
			limiter, ofLimiter := NewLimiter(tt.rdb, cfg)
			legacy, ofLegacy := NewLegacy(tt.rdb, cfg, LegacyConfig{})
			for of, err := range map[string]error{"New": ofTokens, "NewLimiter": ofLimiter, "NewLegacy": ofLegacy} {
				wantProblem(t, err, "redisstore."+of, tt.want)
			}
			if bad := tt.want != ""; bad != (tokens == nil) || bad != (limiter == nil) || bad != (legacy == nil) {
				t.Errorf("got %v, %v, %v", tokens, limiter, legacy)
			}
		})
	}
}

func wantProblem(t *testing.T, err error, of, want string) {
	t.Helper()
	var config *core.ConfigError
	switch {
	case want == "" && err == nil:
	case !errors.As(err, &config) || config.Of != of || len(config.Problems) != 1 || !strings.HasPrefix(config.Problems[0], want):
		t.Errorf("got %v, want of %s: %s", err, of, want)
	}
}

func TestLegacyProblems(t *testing.T) {
	const alike = "LegacyConfig.Prefix and Config.Prefix begin alike"
	tests := []struct {
		name, ours string
		from       LegacyConfig
		want       string
	}{
		{"good", "a:", LegacyConfig{Prefix: "b:"}, ""},
		{"the same", "a:", LegacyConfig{Prefix: "a:"}, alike},
		{"the default", "", LegacyConfig{Prefix: "usher:"}, alike},
		{"ours below theirs", "a:b:", LegacyConfig{Prefix: "a:"}, alike},
		{"theirs below ours", "a:", LegacyConfig{Prefix: "a:b:"}, alike},
		{"a purpose that is no text", "a:", LegacyConfig{Prefix: "b:", Purpose: "\x00"}, "LegacyConfig.Purpose"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewLegacy(client(t, nil), Config{Prefix: tt.ours}, tt.from)
			wantProblem(t, err, "redisstore.NewLegacy", tt.want)
		})
	}
}

func TestValues(t *testing.T) {
	at := time.Date(2026, 5, 17, 11, 42, 13, 987654000, time.UTC)
	for _, want := range []ports.Token{
		{UserID: "ann", CreatedAt: at},
		{UserID: "ann", Family: "a \"b\"\n{é😀\u2028", Epoch: math.MaxInt64, CreatedAt: at, ExpiresAt: at.AddDate(7973, 0, 0), Data: []byte("\n\x00\xff")},
		{Epoch: math.MinInt64, ExpiresAt: time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)},
	} {
		got, err := decode(encode(want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	good := encode(ports.Token{UserID: "ann"})
	for name, bad := range map[string]string{
		"nothing": "", "another layout": "2" + good[1:], "cut in the numbers": good[:30], "cut in the time": good[:fixed+5],
		"no number": good[:1] + strings.Repeat("x", digits) + good[1+digits:], "no epoch": good[:1+digits] + strings.Repeat("x", digits) + good[fixed:],
		"no time": good[:fixed] + strings.Repeat("x", digits) + good[fixed+digits:], "cut in the user": good[:fixed+digits+2], "no end of the family": good[:len(good)-1],
	} {
		if got, err := decode(bad); err == nil {
			t.Errorf("%s: got %+v, want an error", name, got)
		}
	}
}

// Texts compare as the numbers do that they stand for.
func TestSortable(t *testing.T) {
	numbers := []int64{math.MinInt64, -1, 0, 1, 1<<53 + 1, 1<<53 + 2, math.MaxInt64}
	var texts []string
	for _, n := range numbers {
		text := sortable(n)
		if back, err := parse(text); err != nil || back != n || len(text) != digits {
			t.Errorf("%d: got %s, and back %d, %v", n, text, back, err)
		}
		texts = append(texts, text)
	}
	texts = append(texts, never)
	if !slices.IsSorted(texts) || len(slices.Compact(slices.Clone(texts))) != len(texts) {
		t.Errorf("got %q, want them in order", texts)
	}
}

func TestLife(t *testing.T) {
	now := time.Date(2026, 5, 17, 11, 42, 13, 0, time.UTC)
	for _, tt := range []struct {
		expires time.Time
		want    time.Duration
	}{
		{now.Add(time.Hour), time.Hour + slack},
		{now.Add(time.Hour + time.Microsecond), time.Hour + time.Millisecond + slack},
		{now, slack}, {now.Add(-time.Hour), slack}, {time.Date(2, 1, 1, 0, 0, 0, 0, time.UTC), slack},
		{time.Time{}, forever},
	} {
		if got := life(tt.expires, now); got != tt.want.Milliseconds() {
			t.Errorf("%v: got %d ms, want %v", tt.expires, got, tt.want)
		}
	}
	if got := life(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), now); got < 7000*365*24*3600*1000 {
		t.Errorf("the year 9999: got %d ms", got)
	}
}

// No two tokens have one key, and the two keys of one token have one slot.
func TestKeys(t *testing.T) {
	s := &store{prefix: "p:"}
	seen := map[string]bool{}
	for _, purpose := range []string{"a", "a:", "a:{b}", "A", "", "%"} {
		for _, digest := range []string{"b", "{b}", "}b", "b}", ":b", "B", "%62", "é"} {
			key := s.tokenKey(purpose, digest)
			if seen[key] {
				t.Errorf("%q of %q has the key %s of another", digest, purpose, key)
			}
			seen[key] = true
			if tag(key) == "" || tag(key) != tag(s.adoptedKey(purpose, digest)) {
				t.Errorf("%q: tags %q and %q", digest, tag(key), tag(s.adoptedKey(purpose, digest)))
			}
		}
	}
	if a, b := s.userKey("a", "b:c"), s.userKey("a:b", "c"); a == b {
		t.Errorf("two users have the key %s", a)
	}
	if got := s.tokenKey("session", "0af"); got != "p:token:session:{0af}" {
		t.Errorf("got %s", got)
	}
}

// tag is what decides the slot, as the cluster specification has it.
func tag(key string) string {
	_, after, _ := strings.Cut(key, "{")
	within, _, _ := strings.Cut(after, "}")
	return within
}

// Redis that cannot be reached is an outage, and says no secrets.
func TestOutage(t *testing.T) {
	ctx, rdb := t.Context(), client(t, nil)
	tokens, _ := New(rdb, Config{})
	limiter, _ := NewLimiter(rdb, Config{})
	legacy, _ := NewLegacy(rdb, Config{}, LegacyConfig{})
	_, take := tokens.Take(ctx, "session", "the-digest")
	_, get := tokens.Get(ctx, "session", "the-digest")
	_, list := tokens.ListUser(ctx, "session", "ann")
	_, purge := tokens.Purge(ctx, time.Now(), 10)
	_, adopt := legacy.Adopt(ctx, "the-token", "the-digest")
	_, allow := limiter.Allow(ctx, "the-key", ports.Limit{Events: 1, Per: time.Hour})
	for name, err := range map[string]error{
		"Put":  tokens.Put(ctx, ports.Token{Purpose: "session", Digest: "the-digest", UserID: "ann"}),
		"Take": take, "Get": get, "ListUser": list, "Purge": purge, "Adopt": adopt, "Allow": allow,
		"Extend":  tokens.Extend(ctx, "session", "the-digest", time.Now()),
		"Restamp": tokens.Restamp(ctx, "session", "the-digest", 1),
		"EndUser": tokens.EndUser(ctx, "session", "ann", ""),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "redisstore: ") {
			t.Errorf("%s: got %v, want an outage", name, err)
			continue
		}
		for _, domain := range []error{core.ErrTokenNotFound, core.ErrTokenTaken, context.Canceled, context.DeadlineExceeded} {
			if errors.Is(err, domain) {
				t.Errorf("%s: got %v, want an outage", name, err)
			}
		}
		for _, secret := range []string{"secret", "the-digest", "the-token", "the-key"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v tells %q", name, err, secret)
			}
		}
	}
}
