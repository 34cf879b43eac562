package run

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// switches is a link in the program itself.
type switches struct {
	mu    sync.Mutex
	state string        // "", "cut", "stalled" or "muted"
	ended chan struct{} // closed when the state ends
}

func newSwitches() *switches { return &switches{ended: make(chan struct{})} }

func (s *switches) set(state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
	close(s.ended)
	s.ended = make(chan struct{})
}

func (s *switches) Cut()   { s.set("cut") }
func (s *switches) Stall() { s.set("stalled") }
func (s *switches) Mute()  { s.set("muted") }
func (s *switches) Mend()  { s.set("") }

var errCut = errors.New("disk I/O error")

// through does f behind the link: what f does happens unless the link is cut
// or stalled, and nobody hears of it unless it is well.
func (s *switches) through(ctx context.Context, f func() error) error {
	s.mu.Lock()
	state, ended := s.state, s.ended
	s.mu.Unlock()
	switch state {
	case "":
		return f()
	case "cut":
		return errCut
	case "muted":
		_ = f()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-ended:
		return errCut // the connection did not survive
	}
}

// linkedConn is a connection of a driver behind a link.
type linkedConn struct {
	sqlConn
	link *switches
}

func (c *linkedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Result, err error) {
	err = c.link.through(ctx, func() (err error) { r, err = c.sqlConn.ExecContext(ctx, query, args); return err })
	return r, err
}

func (c *linkedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Rows, err error) {
	failed := c.link.through(ctx, func() (err error) { r, err = c.sqlConn.QueryContext(ctx, query, args); return err })
	if failed != nil && err == nil && r != nil {
		r.Close() // the rows that nobody hears of
	}
	return r, failed
}

// linkedSQLite returns SQLite, in this process, behind a link.
func linkedSQLite(t testing.TB) (*sql.DB, *switches) {
	t.Helper()
	link := newSwitches()
	pool := sql.OpenDB(wrapped(t, engine.SQLite(t), func(c sqlConn) driver.Conn { return &linkedConn{c, link} }))
	pool.SetMaxOpenConns(poolSize)
	t.Cleanup(func() { pool.Close() })
	return pool, link
}

// linkedStores are stores in memory behind a link, with faults of their own
// that can be switched on.
type linkedStores struct {
	s    stores
	link *switches

	absent   error // what an outage is taken for
	muffles  bool  // tells nobody that the context ended
	dies     bool  // works no more once it was cut off
	repeats  bool  // does again what it has heard nothing of
	rereads  bool  // takes by reading, once it was cut off
	careless bool  // acknowledges what it did not do

	mu  sync.Mutex
	cut bool
}

// wasCut reports whether the link ever failed.
func (l *linkedStores) wasCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut
}

// do does f behind the link.
func (l *linkedStores) do(ctx context.Context, f func(ctx context.Context) error) error {
	if l.dies && l.wasCut() {
		return errCut
	}
	err := l.link.through(ctx, func() error { return f(context.WithoutCancel(ctx)) })
	if !errors.Is(err, errCut) && ctx.Err() == nil {
		return err
	}
	l.mu.Lock()
	l.cut = true
	l.mu.Unlock()
	switch {
	case l.repeats:
		return f(context.WithoutCancel(ctx))
	case l.careless:
		return nil
	case l.absent != nil:
		return l.absent
	case l.muffles:
		return errCut
	}
	return err
}

// linked does f, which returns a value, behind the link.
func linked[T any](l *linkedStores, ctx context.Context, f func(ctx context.Context) (T, error)) (got T, err error) {
	err = l.do(ctx, func(ctx context.Context) (err error) { got, err = f(ctx); return err })
	return got, err
}

func (l *linkedStores) Create(ctx context.Context, m *member) error {
	return l.do(ctx, func(ctx context.Context) error { return l.s.Users.Create(ctx, m) })
}

func (l *linkedStores) ByID(ctx context.Context, id string) (*member, error) {
	return linked(l, ctx, func(ctx context.Context) (*member, error) { return l.s.Users.ByID(ctx, id) })
}

func (l *linkedStores) ByEmail(ctx context.Context, key string) (*member, error) {
	return linked(l, ctx, func(ctx context.Context) (*member, error) { return l.s.Users.ByEmail(ctx, key) })
}

func (l *linkedStores) Update(ctx context.Context, id string, change func(*member) error) (*member, error) {
	return linked(l, ctx, func(ctx context.Context) (*member, error) { return l.s.Users.Update(ctx, id, change) })
}

func (l *linkedStores) Delete(ctx context.Context, id string) error {
	return l.do(ctx, func(ctx context.Context) error { return l.s.Users.Delete(ctx, id) })
}

func (l *linkedStores) Put(ctx context.Context, t ports.Token) error {
	return l.do(ctx, func(ctx context.Context) error { return l.s.Tokens.Put(ctx, t) })
}

func (l *linkedStores) Take(ctx context.Context, purpose, digest string) (ports.Token, error) {
	if l.rereads && l.wasCut() {
		return l.Get(ctx, purpose, digest)
	}
	return linked(l, ctx, func(ctx context.Context) (ports.Token, error) {
		if l.rereads {
			return l.s.Tokens.Get(ctx, purpose, digest)
		}
		return l.s.Tokens.Take(ctx, purpose, digest)
	})
}

func (l *linkedStores) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return linked(l, ctx, func(ctx context.Context) (ports.Token, error) { return l.s.Tokens.Get(ctx, purpose, digest) })
}

func (l *linkedStores) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	return l.do(ctx, func(ctx context.Context) error { return l.s.Tokens.Extend(ctx, purpose, digest, until) })
}

func (l *linkedStores) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	return l.do(ctx, func(ctx context.Context) error { return l.s.Tokens.Restamp(ctx, purpose, digest, epoch) })
}

func (l *linkedStores) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	return linked(l, ctx, func(ctx context.Context) ([]ports.Token, error) { return l.s.Tokens.ListUser(ctx, purpose, userID) })
}

func (l *linkedStores) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	return l.do(ctx, func(ctx context.Context) error { return l.s.Tokens.EndUser(ctx, purpose, userID, exceptFamily) })
}

func (l *linkedStores) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	return linked(l, ctx, func(ctx context.Context) (int, error) { return l.s.Tokens.Purge(ctx, before, limit) })
}

func (l *linkedStores) UserByToken(ctx context.Context, purpose, digest string) (u *member, t ports.Token, err error) {
	err = l.do(ctx, func(ctx context.Context) (err error) {
		u, t, err = l.s.Joined.UserByToken(ctx, purpose, digest)
		return err
	})
	return u, t, err
}

func TestFaultMutants(t *testing.T) {
	with := func(faults func(l *linkedStores)) func(testing.TB) conformance.Faulty {
		return func(t testing.TB) conformance.Faulty {
			l := &linkedStores{s: memoryStores(t), link: newSwitches()}
			faults(l)
			return conformance.Faulty{Stores: stores{Users: l, Tokens: l, Joined: l}, Link: l.link}
		}
	}
	runNamedMutants(t, "faults", conformance.FaultCases(), with(func(*linkedStores) {}), []mutant[conformance.Faulty]{
		{"takes an outage for a user who is not there", "FT-01", with(func(l *linkedStores) { l.absent = core.ErrUserNotFound })},
		{"takes an outage for a token that is not there", "FT-01", with(func(l *linkedStores) { l.absent = core.ErrTokenNotFound })},
		{"stays broken", "FT-01", with(func(l *linkedStores) { l.dies = true })},
		{"tells nobody that the context ended", "FT-02", with(func(l *linkedStores) { l.muffles = true })},
		{"does again what it has heard nothing of", "FT-03", with(func(l *linkedStores) { l.repeats = true })},
		{"takes by reading once it was cut off", "FT-04", with(func(l *linkedStores) { l.rereads = true })},
		{"acknowledges what it did not do", "FT-05", with(func(l *linkedStores) { l.careless = true })},
	})
}
