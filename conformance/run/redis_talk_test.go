package run

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// crossTalk makes checks by many callers, some of whom give up at any time,
// through links that are slow, and counts what came of them. Check is asked
// about the user of that number, who is nobody where it is 0, and returns whom
// it found; an error is that nobody knows.
func crossTalk(links *engine.Links, users, checks int, check func(ctx context.Context, user int) (found int, err error)) (ok, failed, confused int) {
	type result struct {
		err      error
		confused bool
	}
	const callers = 32
	links.Delay(20*time.Millisecond, 20*time.Millisecond)
	defer links.Mend()
	results := make(chan result, checks)
	for range callers {
		go func() {
			for range checks / callers {
				ctx, cancel := context.WithCancel(context.Background())
				switch patience := time.Duration(rand.Int64N(int64(60 * time.Millisecond))); rand.IntN(3) {
				case 0:
					ctx, cancel = context.WithTimeout(ctx, patience)
				case 1:
					time.AfterFunc(patience, cancel)
				}
				user := rand.IntN(users + 1)
				found, err := check(ctx, user)
				cancel()
				results <- result{err: err, confused: err == nil && found != user}
			}
		}()
	}
	for range checks / callers * callers {
		switch r := <-results; {
		case r.confused:
			confused++
		case r.err != nil:
			failed++
		default:
			ok++
		}
	}
	return ok, failed, confused
}

// Of 10,000 checks of sessions, during which answers are late and callers give
// up, none sees another user's session, and none takes a session for ended.
func TestRedisCrossTalk(t *testing.T) {
	const users, checks = 40, 10_016
	onRedis(t, func(t *testing.T, name string, fresh func(testing.TB) engine.Keys) {
		keys, links := fresh(t).Through(t)
		rdb := keys.Open(t, redis.UniversalOptions{
			PoolSize: 32, ReadTimeout: 36 * time.Millisecond, ContextTimeoutEnabled: name == "Redis", MaxRetries: 3,
		})
		sessions, err := session.New(redisTokens(t, rdb, keys), session.Config{})
		require.NoError(t, err)
		held := []string{strings.Repeat("A", 43)} // of nobody
		for user := range users {
			token, _, err := sessions.Issue(t.Context(), ports.Grant{UserID: strconv.Itoa(user + 1)})
			require.NoError(t, err)
			held = append(held, token)
		}
		ok, failed, confused := crossTalk(links, users, checks, func(ctx context.Context, user int) (int, error) {
			g, err := sessions.Verify(ctx, held[user])
			if errors.Is(err, core.ErrInvalidToken) {
				return 0, nil // nobody's
			}
			if err != nil {
				return 0, err
			}
			return strconv.Atoi(g.UserID)
		})
		engine.Note(fmt.Sprintf("cross-talk of sessions in %s: %d checks; %d right, %d failed in time-outs, %d confused", name, checks, ok, failed, confused))
		require.Zero(t, confused)
		require.Greater(t, ok, checks/20, "too little came through")
		require.Greater(t, failed, checks/50, "too little failed")
	})
}

// sloppy is a client that goes on with its connections after it gave up
// waiting for an answer.
type sloppy chan *sloppyConn

type sloppyConn struct {
	net.Conn
	in *bufio.Reader
}

func (s sloppy) get(ctx context.Context, key string) (string, error) {
	conn := <-s
	defer func() { s <- conn }()
	_ = conn.SetReadDeadline(time.Now().Add(time.Second))
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := fmt.Fprintf(conn, "GET %s\r\n", key); err != nil {
		return "", err
	}
	if _, err := conn.in.ReadString('\n'); err != nil { // the length
		return "", err
	}
	return conn.in.ReadString('\n')
}

// The same checks find the cross-talk of a client that has it.
func TestCrossTalkIsFound(t *testing.T) {
	const users = 40
	keys, links := engine.Redis(t).Through(t)
	rdb := keys.Open(t, redis.UniversalOptions{})
	for user := range users + 1 {
		require.NoError(t, rdb.Set(t.Context(), fmt.Sprint(keys.Prefix, user), user, time.Hour).Err())
	}
	s := make(sloppy, 32)
	for range cap(s) {
		conn, err := net.Dial("tcp", keys.Addr())
		require.NoError(t, err)
		defer conn.Close()
		s <- &sloppyConn{conn, bufio.NewReader(conn)}
	}
	_, failed, confused := crossTalk(links, users, 640, func(ctx context.Context, user int) (int, error) {
		found, err := s.get(ctx, fmt.Sprint(keys.Prefix, user))
		if err != nil {
			return 0, err
		}
		return strconv.Atoi(strings.TrimSpace(found))
	})
	require.NotZero(t, failed)
	require.NotZero(t, confused)
}
