package run

import (
	"fmt"
	"testing"
	"time"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// redisToken is a token of Ann's that lives for so long; zero is for ever.
func redisToken(digest string, life time.Duration) ports.Token {
	now := time.Now().UTC().Truncate(time.Microsecond)
	t := ports.Token{Purpose: "session", Digest: digest, UserID: "ann", Family: "f-" + digest, CreatedAt: now}
	if life != 0 {
		t.ExpiresAt = now.Add(life)
	}
	return t
}

// Every key expires: not before what it stands for, and not long after.
func TestRedisExpiries(t *testing.T) {
	onRedis(t, func(t *testing.T, _ string, fresh func(testing.TB) engine.Keys) {
		keys, ctx := fresh(t), t.Context()
		rdb := keys.Open(t, redis.UniversalOptions{})
		tokens := redisTokens(t, rdb, keys)
		const minute, tenYears = time.Minute, 10 * 365 * 24 * time.Hour
		want := func(key string, life, slack time.Duration) {
			t.Helper()
			left, err := rdb.PTTL(ctx, keys.Prefix+key).Result()
			require.NoError(t, err)
			require.GreaterOrEqual(t, left, life-minute, key)
			require.LessOrEqual(t, left, life+slack, key)
		}
		put := func(digest string, life time.Duration) {
			t.Helper()
			require.NoError(t, tokens.Put(ctx, redisToken(digest, life)))
		}
		put("past", -time.Hour)
		want("token:session:{past}", 10*minute, 0)
		put("hour", time.Hour)
		want("token:session:{hour}", time.Hour+10*minute, 0)
		want("user:session:ann", time.Hour+10*minute, 0)
		require.NoError(t, tokens.Restamp(ctx, "session", "hour", 5))
		want("token:session:{hour}", time.Hour+10*minute, 0)
		require.NoError(t, tokens.Extend(ctx, "session", "hour", time.Now().Add(2*time.Hour)))
		want("token:session:{hour}", 2*time.Hour+10*minute, 0)
		want("user:session:ann", 2*time.Hour+10*minute, 0)
		put("minute", minute)
		want("user:session:ann", 2*time.Hour+10*minute, 0)
		put("forever", 0)
		want("token:session:{forever}", tenYears, 0)
		want("user:session:ann", tenYears, 0)

		n, err := tokens.Purge(ctx, time.Time{}, 10)
		require.NoError(t, err)
		require.Zero(t, n, "tokens that expired before the year 1")

		limiter := redisLimiterOf(t, rdb, keys)[0]
		limit := ports.Limit{Events: 4, Per: time.Hour}
		for range 2 {
			_, err := limiter.Allow(ctx, "key", limit)
			require.NoError(t, err)
		}
		want("limit:key", 30*minute, 0)
		_, err = limiter.Allow(ctx, "brief", ports.Limit{Events: 1, Per: 20 * time.Millisecond})
		require.NoError(t, err)
		require.Eventually(t, func() bool { return rdb.Exists(ctx, keys.Prefix+"limit:brief").Val() == 0 }, 10*time.Second, 10*time.Millisecond)
		require.NotEmpty(t, dumpRedis(t, rdb, keys.Prefix)) // no key without an expiry
	})
}

// What is over is forgotten in the list of a user's tokens, too.
func TestRedisForgetsNotes(t *testing.T) {
	onRedis(t, func(t *testing.T, _ string, fresh func(testing.TB) engine.Keys) {
		keys, ctx := fresh(t), t.Context()
		rdb := keys.Open(t, redis.UniversalOptions{})
		tokens, notes := redisTokens(t, rdb, keys), keys.Prefix+"user:session:ann"
		// Notes as time leaves them: of one the time is over, of the other the
		// token is gone.
		require.NoError(t, rdb.ZAdd(ctx, notes, redis.Z{Score: 1, Member: "over"}, redis.Z{Score: 1e14, Member: "gone"}).Err())
		require.NoError(t, tokens.Put(ctx, redisToken("a", time.Hour)))
		require.NoError(t, tokens.Put(ctx, redisToken("b", time.Hour)))
		require.ElementsMatch(t, []string{"gone", "a", "b"}, rdb.ZRange(ctx, notes, 0, -1).Val())
		list, err := tokens.ListUser(ctx, "session", "ann")
		require.NoError(t, err)
		require.Len(t, list, 2)
		_, err = tokens.Take(ctx, "session", "a")
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"gone", "b"}, rdb.ZRange(ctx, notes, 0, -1).Val())
		require.NoError(t, tokens.EndUser(ctx, "session", "ann", ""))
		require.Equal(t, []string{"gone"}, rdb.ZRange(ctx, notes, 0, -1).Val())

		// A note of a token that is another user's ends nothing of his.
		bob := redisToken("of-bob", time.Hour)
		bob.UserID = "bob"
		require.NoError(t, tokens.Put(ctx, bob))
		require.NoError(t, rdb.ZAdd(ctx, notes, redis.Z{Score: 1e14, Member: "of-bob"}).Err())
		require.NoError(t, tokens.EndUser(ctx, "session", "ann", ""))
		_, err = tokens.Get(ctx, "session", "of-bob")
		require.NoError(t, err)
	})
}

// A session that was adopted and ended does not come back, although its old
// key could not be erased.
func TestRedisAdoptsOnce(t *testing.T) {
	onRedis(t, func(t *testing.T, _ string, fresh func(testing.TB) engine.Keys) {
		keys, ctx := fresh(t), t.Context()
		l := redisLegacyOf(t, keys.Open(t, redis.UniversalOptions{}), keys)
		plant := func() { l.Plant(t, "the-token", "ann", time.Now().Add(time.Hour)) }
		plant()
		_, err := l.Plain.Adopt(ctx, "the-token", "digest")
		require.NoError(t, err)
		plant() // as if it had not been erased
		_, err = l.Stores.Tokens.Take(ctx, "session", "digest")
		require.NoError(t, err)
		_, err = l.Plain.Adopt(ctx, "the-token", "digest")
		require.ErrorIs(t, err, core.ErrTokenNotFound)
		_, err = l.Stores.Tokens.Get(ctx, "session", "digest")
		require.ErrorIs(t, err, core.ErrTokenNotFound)
		require.Empty(t, l.Left(t))
	})
}

// A session without an end stays one.
func TestRedisAdoptsEndless(t *testing.T) {
	keys, ctx := engine.Redis(t), t.Context()
	rdb := keys.Open(t, redis.UniversalOptions{})
	l := redisLegacyOf(t, rdb, keys)
	require.NoError(t, rdb.Set(ctx, keys.Prefix+"theirs:the-token", "7", 0).Err()) // lifetime_seconds=None
	got, err := l.Plain.Adopt(ctx, "the-token", "digest")
	require.NoError(t, err)
	require.Equal(t, "7", got.UserID)
	require.Zero(t, got.ExpiresAt)
}

// What Redis did and could not tell is not done again by a client that tries
// again.
func TestRedisRepeatsNothing(t *testing.T) {
	onRedis(t, func(t *testing.T, _ string, fresh func(testing.TB) engine.Keys) {
		keys, ctx := fresh(t), t.Context()
		direct := keys.Open(t, redis.UniversalOptions{})
		linked, links := keys.Through(t)
		rdb := linked.Open(t, redis.UniversalOptions{MaxRetries: 3})
		tokens, limiter := redisTokens(t, rdb, keys), redisLimiterOf(t, rdb, keys)[0]
		limit := ports.Limit{Events: 2, Per: time.Hour}

		// lost does f, which makes or removes a key, while answers are lost,
		// and mends the link, which ends its connections, once Redis has done
		// what f asks for.
		exists := func(rdb redis.UniversalClient, key string) bool {
			n, err := rdb.Exists(ctx, keys.Prefix+key).Result()
			require.NoError(t, err)
			return n == 1
		}
		lost := func(key string, f func() error) error {
			before := exists(rdb, key) // on the connection that f has, then
			links.Mute()
			result := make(chan error, 1)
			go func() { result <- f() }()
			require.Eventually(t, func() bool { return exists(direct, key) != before }, 10*time.Second, time.Millisecond)
			links.Mend()
			return <-result
		}
		for n := range 60 { // so that every master has the scripts
			_, err := tokens.Take(ctx, "nothing", fmt.Sprint(n))
			require.ErrorIs(t, err, core.ErrTokenNotFound)
			_, err = limiter.Allow(ctx, fmt.Sprint(n), limit)
			require.NoError(t, err)
		}
		for n := range 5 {
			digest := string(rune('a' + n))
			require.NoError(t, tokens.Put(ctx, redisToken(digest, time.Hour)))
			err := lost("token:session:{"+digest+"}", func() error {
				_, err := tokens.Take(ctx, "session", digest)
				return err
			})
			require.Error(t, err)
			require.NotErrorIs(t, err, core.ErrTokenNotFound, "Take did not find what it took")

			err = lost("limit:"+digest, func() error {
				_, err := limiter.Allow(ctx, digest, limit)
				return err
			})
			require.Error(t, err)
			wait, err := limiter.Allow(ctx, digest, limit)
			require.NoError(t, err)
			require.Zero(t, wait, "an event was counted twice")
		}
	})
}
