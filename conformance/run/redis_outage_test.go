package run

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// sessionUser is a user of a load of sessions, and what was acknowledged to it.
type sessionUser struct {
	id       string
	sessions *session.Strategy
	tally    *sessionTally

	live, ended []string // tokens
}

// sessionTally is what came of all calls.
type sessionTally struct {
	issued, ended, calls, failed atomic.Int64
	// lost are sessions that were refused and not ended, back those that were
	// ended and accepted, and confused those of another user.
	lost, back, confused atomic.Int64

	mu     sync.Mutex
	last   error     // why a call failed last
	lastAt time.Time // and when
	amiss  error     // what is none of an outage
}

// note counts a call, and reports whether it was done. An error of core's is
// not one of an outage.
func (s *sessionTally) note(err error) bool {
	s.calls.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		return true
	}
	s.failed.Add(1)
	s.last, s.lastAt = err, time.Now()
	for _, domain := range []error{core.ErrTokenNotFound, core.ErrTokenTaken, core.ErrInvalidToken, core.ErrInvalidValue} {
		if errors.Is(err, domain) {
			s.amiss = err
		}
	}
	return false
}

// do calls f with the patience of a request.
func (u *sessionUser) do(f func(ctx context.Context) error) (ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return u.tally.note(f(ctx))
}

// look checks a session, and tells whether it is accepted.
func (u *sessionUser) look(token string) (accepted, known bool) {
	known = u.do(func(ctx context.Context) error {
		g, err := u.sessions.Verify(ctx, token)
		if errors.Is(err, core.ErrInvalidToken) {
			return nil
		}
		if accepted = err == nil; accepted && g.UserID != u.id {
			u.tally.confused.Add(1)
		}
		return err
	})
	return accepted, known
}

// step logs in, looks at some of its sessions, and logs out of one.
func (u *sessionUser) step() {
	var token string
	if u.do(func(ctx context.Context) (err error) {
		token, _, err = u.sessions.Issue(ctx, ports.Grant{UserID: u.id, Methods: []string{"pwd"}})
		return err
	}) {
		u.tally.issued.Add(1)
		u.live = append(u.live, token)
	}
	for range 3 {
		if len(u.live) > 0 {
			i := rand.IntN(len(u.live))
			if accepted, known := u.look(u.live[i]); known && !accepted {
				u.tally.lost.Add(1)
				u.live = append(u.live[:i], u.live[i+1:]...)
			}
		}
		if len(u.ended) > 0 {
			i := rand.IntN(len(u.ended))
			if accepted, _ := u.look(u.ended[i]); accepted {
				u.tally.back.Add(1)
				u.ended = append(u.ended[:i], u.ended[i+1:]...)
			}
		}
	}
	if len(u.live) > 0 && rand.IntN(2) == 0 {
		token, u.live = u.live[0], u.live[1:]
		if u.do(func(ctx context.Context) error { return u.sessions.End(ctx, token) }) {
			u.tally.ended.Add(1)
			u.ended = append(u.ended, token)
		} // else nobody knows
	}
}

// audit looks at every session.
func (u *sessionUser) audit(t *testing.T) {
	t.Helper()
	for _, token := range u.live {
		accepted, known := u.look(token)
		require.True(t, known, "a call failed long after the outage: %v", u.tally.last)
		if !accepted {
			u.tally.lost.Add(1)
		}
	}
	for _, token := range u.ended {
		accepted, known := u.look(token)
		require.True(t, known, "a call failed long after the outage: %v", u.tally.last)
		if accepted {
			u.tally.back.Add(1)
		}
	}
}

// sessionOutage lets users come and go while fault takes its course, and
// returns what was seen. Fault returns once the engine takes calls again.
func sessionOutage(t *testing.T, tokens ports.TokenStore, fault func()) *sessionTally {
	t.Helper()
	sessions, err := session.New(tokens, session.Config{})
	require.NoError(t, err)
	tally := &sessionTally{}
	var users []*sessionUser
	leave := make(chan struct{})
	var gone sync.WaitGroup
	for i := range 8 {
		u := &sessionUser{id: strconv.Itoa(i), sessions: sessions, tally: tally}
		users = append(users, u)
		gone.Go(func() {
			for {
				select {
				case <-leave:
					return
				default:
					u.step()
				}
			}
		})
	}
	time.Sleep(calm / 2)
	require.Zero(t, tally.failed.Load(), "calls that failed before the outage")
	fault()
	ready := time.Now()
	time.Sleep(back + calm/2)
	close(leave)
	gone.Wait()
	late := max(0, tally.lastAt.Sub(ready))
	require.NotZero(t, tally.failed.Load(), "nobody noticed the outage")
	require.LessOrEqual(t, late, back, "a call failed long after the outage: %v", tally.last)
	require.NoError(t, tally.amiss, "an error in the outage that is none of an outage")
	for _, u := range users {
		u.audit(t)
	}
	require.Zero(t, tally.confused.Load(), "sessions that were taken for another user's")
	require.Greater(t, tally.ended.Load(), int64(100), "there was no load")
	engine.Note(fmt.Sprintf("outage of %s: %d calls, %d failed, the last of them %v after the engine was back; %d sessions acknowledged, %d of them lost; %d ends acknowledged, %d of them lost; none confused",
		t.Name(), tally.calls.Load(), tally.failed.Load(), late.Round(time.Millisecond),
		tally.issued.Load(), tally.lost.Load(), tally.ended.Load(), tally.back.Load()))
	return tally
}

// A server that writes to its disk before it answers loses nothing.
func TestOutageOfRedis(t *testing.T) {
	s, keys := engine.RedisServer(t)
	tally := sessionOutage(t, redisTokens(t, keys.Open(t, redis.UniversalOptions{}), keys), func() {
		s.Stop()
		time.Sleep(down / 2)
		s.Start()
	})
	require.Zero(t, tally.lost.Load(), "sessions that were acknowledged and are gone")
	require.Zero(t, tally.back.Load(), "sessions that were ended and live")
}

// The replica of a master that dies takes over, and lacks what the master
// acknowledged last: a session that is lost is refused, and one whose end is
// lost is its user's still.
func TestFailoverOfRedis(t *testing.T) {
	cluster, keys := engine.RedisClusterServers(t)
	tokens := redisTokens(t, keys.Open(t, redis.UniversalOptions{}), keys)
	tally := sessionOutage(t, tokens, func() {
		took := cluster.KillMaster(t, keys.Prefix+"probe", time.Second)
		engine.Note(fmt.Sprintf("failover of Redis Cluster: a replica that was a second behind took over after %v", took.Round(time.Millisecond)))
	})
	require.NotZero(t, tally.lost.Load(), "nothing was lost: the replica was not behind")
	require.Less(t, tally.lost.Load()*4, tally.issued.Load(), "far more was lost than the last second")
}

// The same behind Sentinels, whose replica was not behind: clients find the new
// master by themselves.
func TestFailoverOfRedisSentinel(t *testing.T) {
	watched, keys := engine.RedisSentinel(t)
	tokens := redisTokens(t, keys.Open(t, redis.UniversalOptions{}), keys)
	tally := sessionOutage(t, tokens, func() {
		took := watched.KillMaster(t, keys.Prefix+"probe")
		engine.Note(fmt.Sprintf("failover of Redis Sentinel: the replica took over after %v", took.Round(time.Millisecond)))
	})
	require.Less(t, tally.lost.Load()*4, tally.issued.Load(), "far more was lost than the last moment")
}
