package run

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
)

const (
	// calm is how long the load runs before the engine is stopped, and down
	// how long it is stopped.
	calm = 4 * time.Second
	down = 5 * time.Second
	// back is how long the service may take to return by itself once the
	// engine takes connections, and unavailable how long an answer of 503.
	back        = 5 * time.Second
	unavailable = 5 * time.Second
)

// event is an answer and when its request began and ended.
type event struct {
	began, ended time.Time
	what         string
	answer
	ok bool
}

// visitor is one user of the load after the other, and what the server has
// acknowledged to them.
type visitor struct {
	url    string
	client *http.Client
	name   string

	events []event
	guests []*guest
}

// guest is a user whose registration was acknowledged.
type guest struct {
	address string
	// sure is the last nickname that was acknowledged, and tried the last
	// that was asked for.
	sure, tried int
	// ended are sessions whose logout was acknowledged.
	ended []string
}

// do sends a request and reports whether the answer has the status.
func (v *visitor) do(c call, status int) (answer, bool) {
	began := time.Now()
	p := pair{urls: [2]string{v.url, v.url}, client: v.client}
	a := p.do(0, c)
	ok := a.status == status
	v.events = append(v.events, event{began, time.Now(), c.method + " " + c.path, a, ok})
	return a, ok
}

// live registers, logs in, edits, looks and logs out.
func (v *visitor) live(n int) {
	g := &guest{address: fmt.Sprintf("%s.%d@example.com", v.name, n)}
	if _, ok := v.do(registration(g.address, "correct horse battery"), http.StatusCreated); !ok {
		return
	}
	v.guests = append(v.guests, g)
	in := login(g.address, "correct horse battery")
	in.path = "/auth/db/login"
	a, ok := v.do(in, http.StatusOK)
	if !ok {
		return
	}
	var session struct {
		Token string `json:"access_token"`
	}
	_ = json.Unmarshal([]byte(a.body), &session)
	for range 3 {
		g.tried++
		if _, ok := v.do(edit(session.Token, "/users/me", map[string]any{"nickname": fmt.Sprint(g.tried)}), http.StatusOK); ok {
			g.sure = g.tried
		}
		v.do(call{method: http.MethodGet, path: "/users/me", token: session.Token}, http.StatusOK)
	}
	if _, ok := v.do(call{method: http.MethodPost, path: "/auth/db/logout", token: session.Token}, http.StatusNoContent); ok {
		g.ended = append(g.ended, session.Token)
	}
}

// outage lets visitors live with a server on the database that dsn names,
// while the engine is stopped and started again, and checks what they saw and
// what is left.
func outage(t *testing.T, dsn string, stop, start func()) {
	db := servedOn(t, dsn)
	base := startServer(t, dsn, "brief")
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	t.Cleanup(client.CloseIdleConnections)

	visitors := make([]*visitor, 8)
	leave := make(chan struct{})
	var gone sync.WaitGroup
	for i := range visitors {
		v := &visitor{url: base, client: client, name: fmt.Sprint("visitor", i)}
		visitors[i] = v
		gone.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-leave:
					return
				default:
					v.live(n)
				}
			}
		})
	}
	time.Sleep(calm)
	stopping := time.Now()
	stop()
	time.Sleep(down)
	start()
	ready := time.Now()
	time.Sleep(back + calm)
	close(leave)
	gone.Wait()

	var events []event
	var guests []*guest
	for _, v := range visitors {
		events, guests = append(events, v.events...), append(guests, v.guests...)
	}
	report := judge(t, events, stopping, ready)
	audit(t, db, base, client, guests)
	engine.Note(fmt.Sprintf("outage of %s: %s; %d users, all kept", t.Name(), report, len(guests)))
}

// judge checks the answers: what was asked, or 503 in time, and that only
// while the engine was away.
func judge(t *testing.T, events []event, stopping, ready time.Time) string {
	t.Helper()
	returned := ready.Add(time.Hour)
	for _, e := range events {
		if e.ok && e.began.After(ready) && e.ended.Before(returned) {
			returned = e.ended
		}
	}
	require.LessOrEqual(t, returned.Sub(ready), back, "the service returned late")
	calls, failed, refused := 0, 0, 0
	var slowest time.Duration
	for _, e := range events {
		if !e.ok && e.status != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d %s %v after the stop", e.what, e.status, e.body, e.ended.Sub(stopping))
		}
		if !e.ok {
			slowest = max(slowest, e.ended.Sub(e.began))
		}
		switch away := e.ended.After(stopping) && e.began.Before(returned); {
		case away && !e.ok:
			refused++
		case away:
		default:
			calls++
			if !e.ok {
				failed++
			}
		}
	}
	require.LessOrEqual(t, slowest, unavailable+time.Second, "an answer of 503 came late")
	require.NotZero(t, refused, "nobody noticed the outage")
	require.Greater(t, calls, 100, "there was no load")
	require.LessOrEqual(t, failed*100, calls, "%d of %d calls failed outside of the outage", failed, calls)
	return fmt.Sprintf("%d calls outside of it, %d failed; %d answers of 503 within it, the slowest after %v; back after %v",
		calls, failed, refused, slowest.Round(time.Millisecond), returned.Sub(ready).Round(time.Millisecond))
}

// audit checks that every acknowledged write is there, and none twice.
func audit(t *testing.T, db *served, base string, client *http.Client, guests []*guest) {
	t.Helper()
	p := pair{urls: [2]string{base, base}, client: client, db: db}
	for _, g := range guests {
		require.EqualValues(t, 1, p.rows(t, g.address), "%s: rows", g.address)
		a := p.do(0, call{method: http.MethodGet, path: "/users/me", token: p.token(t, g.address, "correct horse battery")})
		require.Equal(t, http.StatusOK, a.status, a.body)
		var me struct {
			Nickname string `json:"nickname"`
		}
		require.NoError(t, json.Unmarshal([]byte(a.body), &me))
		n := 0
		_, _ = fmt.Sscan(me.Nickname, &n) // "" before the first edit
		require.True(t, g.sure <= n && n <= g.tried, "%s: nickname %q, want %d to %d", g.address, me.Nickname, g.sure, g.tried)
		for _, token := range g.ended {
			a := p.do(0, call{method: http.MethodGet, path: "/users/me", token: token})
			require.Equal(t, http.StatusUnauthorized, a.status, "%s: a session that was ended lives", g.address)
		}
	}
}

func TestOutageOfPostgres(t *testing.T) {
	s := engine.PostgresServer(t)
	outage(t, s.DSN, s.Stop, s.Start)
}

func TestOutageOfMariaDB(t *testing.T) {
	s := engine.MariaDBServer(t)
	outage(t, s.DSN, s.Stop, s.Start)
}

func TestOutageOfFerretDB(t *testing.T) {
	s := engine.FerretDBServer(t)
	outage(t, s.URI, s.Stop, s.Start)
}

// A standby that takes over has all that was acknowledged.
func TestPromotionOfPostgres(t *testing.T) {
	r := engine.PostgresReplicated(t)
	outage(t, r.DSN, r.Kill, r.Promote)
}
