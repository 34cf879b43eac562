package run

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/email"
	redisstore "github.com/gousher/usher/adapters/redis"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// redisSite is what an application has in one process.
type redisSite struct {
	users *core.Manager[*member]
	auth  *core.Authenticator[*member]
}

// openRedisSite returns a process with the users s and connections of its own.
func openRedisSite(t testing.TB, keys engine.Keys, s stores) redisSite {
	t.Helper()
	rdb, cfg := keys.Open(t, redis.UniversalOptions{}), redisstore.Config{Prefix: keys.Prefix + "ours:"}
	tokens, err := redisstore.New(rdb, cfg)
	require.NoError(t, err)
	limiter, err := redisstore.NewLimiter(rdb, cfg)
	require.NoError(t, err)
	plain, err := redisstore.NewLegacy(rdb, cfg, redisstore.LegacyConfig{Prefix: keys.Prefix + "theirs:"})
	require.NoError(t, err)
	hasher, err := cheapHasher(1)
	require.NoError(t, err)
	s.Tokens = tokens
	users, err := core.NewManager(core.Config[*member]{
		Stores: s, Hasher: hasher, Emails: email.New(),
		Limits: core.Limits{Limiter: limiter, Login: core.Limit{Address: ports.Limit{Events: 4, Per: time.Hour}}},
	})
	require.NoError(t, err)
	backend, err := session.Backend("redis", s, session.Config{Plain: plain}, core.Bearer{})
	require.NoError(t, err)
	auth, err := core.NewAuthenticator(users, backend)
	require.NoError(t, err)
	return redisSite{users, auth}
}

func (s redisSite) login(t testing.TB, address, password string) (token string, err error) {
	req := ports.Request{Header: http.Header{}, Peer: netip.MustParseAddr("192.0.2.1")}
	issued, err := s.auth.LoginWithPassword(core.WithRequest(t.Context(), req), address, password,
		core.Entry{Backend: "redis", Out: http.Header{}, Request: req})
	if err != nil {
		return "", err
	}
	return issued.Token, nil
}

func (s redisSite) look(t testing.TB, token string) (*member, error) {
	got, err := s.auth.Authenticate(t.Context(), ports.Request{Header: http.Header{"Authorization": {"Bearer " + token}}}, core.Policy[*member]{})
	if err != nil {
		return nil, err
	}
	return got.User, nil
}

// Two processes behind one Redis are as one: sessions, their ends, limits, and
// the sessions of FastAPI Users.
func TestRedisSites(t *testing.T) {
	onRedis(t, func(t *testing.T, _ string, fresh func(testing.TB) engine.Keys) {
		keys, ctx, s := fresh(t), t.Context(), memoryStores(t)
		one, other := openRedisSite(t, keys, s), openRedisSite(t, keys, s)
		rdb := keys.Open(t, redis.UniversalOptions{})
		const first, second = "correct horse battery", "staple of another kind"
		ann, err := one.users.Register(ctx, &member{User: core.User{Email: "ann@example.com"}}, first)
		require.NoError(t, err)
		token, err := one.login(t, "ann@example.com", first)
		require.NoError(t, err)
		old := strings.Repeat("a", 42) + "A" // as secrets.token_urlsafe() makes them
		require.NoError(t, rdb.Set(ctx, keys.Prefix+"theirs:"+old, ann.ID, time.Hour).Err())
		for _, held := range []string{token, old} {
			for _, at := range []redisSite{other, one} {
				u, err := at.look(t, held)
				require.NoError(t, err)
				require.Equal(t, ann.ID, u.ID)
			}
		}
		require.Empty(t, keysOfRedis(t, rdb, keys.Prefix+"theirs:"))

		// A new password ends every session, also where the list of the user's
		// tokens is lost.
		for _, key := range keysOfRedis(t, rdb, keys.Prefix+"ours:user:") {
			require.NoError(t, rdb.Del(ctx, key).Err())
		}
		changed := second
		_, err = other.users.Update(ctx, ann, core.Change[*member]{Password: &changed})
		require.NoError(t, err)
		for _, held := range []string{token, old} {
			for _, at := range []redisSite{other, one} {
				_, err := at.look(t, held)
				require.ErrorIs(t, err, core.ErrUnauthenticated)
			}
		}

		// The first login was one of four that an hour has room for.
		for _, at := range []redisSite{one, other, one} {
			_, err := at.login(t, "ann@example.com", first)
			require.ErrorIs(t, err, core.ErrInvalidCredentials)
		}
		var limit *core.LimitError
		_, err = other.login(t, "ann@example.com", second)
		require.ErrorAs(t, err, &limit)
		require.InDelta(t, 15*time.Minute, limit.RetryAfter, float64(time.Minute))
	})
}
