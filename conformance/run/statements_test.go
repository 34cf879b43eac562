package run

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	jwxtoken "github.com/gousher/usher/adapters/jwx"
	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/dialect"
	mongoevent "go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// counter counts what reaches an engine: statements, and apart from them what
// begins, ends and divides transactions.
type counter struct {
	mu                sync.Mutex
	statements, marks int
}

func (c *counter) count(query string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch first, _, _ := strings.Cut(strings.TrimSpace(query), " "); strings.ToUpper(first) {
	case "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE":
		c.marks++
	default:
		c.statements++
	}
}

// reset returns what was counted and starts again.
func (c *counter) reset() (statements, marks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	statements, marks = c.statements, c.marks
	c.statements, c.marks = 0, 0
	return statements, marks
}

// countedConn is a connection of a driver whose statements are counted.
type countedConn struct {
	sqlConn
	*counter
}

func (c *countedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	r, err := c.sqlConn.ExecContext(ctx, query, args)
	if err != driver.ErrSkip { // it is prepared then
		c.count(query)
	}
	return r, err
}

func (c *countedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	r, err := c.sqlConn.QueryContext(ctx, query, args)
	if err != driver.ErrSkip {
		c.count(query)
	}
	return r, err
}

func (c *countedConn) Prepare(query string) (driver.Stmt, error) {
	s, err := c.sqlConn.Prepare(query)
	return &countedStmt{s, c.counter, query}, err
}

func (c *countedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.count("BEGIN")
	tx, err := c.sqlConn.BeginTx(ctx, opts)
	return countedTx{tx, c.counter}, err
}

type countedTx struct {
	driver.Tx
	*counter
}

func (t countedTx) Commit() error   { t.count("COMMIT"); return t.Tx.Commit() }
func (t countedTx) Rollback() error { t.count("ROLLBACK"); return t.Tx.Rollback() }

type countedStmt struct {
	driver.Stmt
	*counter
	query string
}

func (s *countedStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	s.count(s.query)
	return s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
}

func (s *countedStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	s.count(s.query)
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}

// bounds are how many statements operations may take, by their names.
type bounds map[string]int

var sqlBounds = bounds{
	"check by JWT": 1, "check by token": 1, "check by token, later": 2, "login by JWT": 3, "login by token": 3, "reset": 4,
}

// Without a join, a check of a stored session asks for the session, and then
// for its user.
var mongoBounds = bounds{
	"check by JWT": 1, "check by token": 2, "check by token, later": 3, "login by JWT": 3, "login by token": 3, "reset": 4,
}

// Users lie elsewhere. To put a token, and to extend it, is a command and a note
// of whose it is.
var redisBounds = bounds{
	"register": 0, "check by JWT": 0, "check by token": 1, "check by token, later": 3, "login by JWT": 0, "login by token": 2,
	"update": 0, "reset": 0, "delete": 0,
}

// What each operation takes of an SQL database.
func TestStatements(t *testing.T) {
	for _, a := range sqlAdapters {
		for _, on := range sqlEngines {
			t.Run(a.name+"/"+on.name, func(t *testing.T) {
				c := &counter{}
				dsn := on.fresh(t)
				kind := kindOf(dsn)
				if kind == dialect.MySQL {
					dsn += "?interpolateParams=true" // so that the driver prepares nothing
				}
				pool := sql.OpenDB(wrapped(t, dsn, func(conn sqlConn) driver.Conn { return &countedConn{conn, c} }))
				t.Cleanup(func() { pool.Close() })
				countStatements(t, a.name+"store on "+engine.Version(on.name), a.on(pool, kind, tableNames{}).stores(t, core.UUIDs), c.reset, sqlBounds)
			})
		}
	}
}

// What each operation takes of MongoDB.
func TestStatementsOfMongo(t *testing.T) {
	onMongo(t, func(t *testing.T, on mongoEngine) {
		c := &counter{}
		db := mongoOn(t, on.fresh(t), options.Client().SetMonitor(&mongoevent.CommandMonitor{
			Started: func(_ context.Context, e *mongoevent.CommandStartedEvent) { c.count(e.CommandName) },
		}))
		countStatements(t, "mongostore on "+engine.Version(on.name), mongoStores(t, db, mongostore.UUIDs), c.reset, mongoBounds)
	})
}

// countHook counts the commands that a client of Redis sends.
type countHook struct{ *counter }

func (h countHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h countHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if !redis.HasErrorPrefix(err, "NOSCRIPT") { // the script is sent then
			h.count(cmd.Name())
		}
		return err
	}
}

func (h countHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			h.count(cmd.Name())
		}
		return next(ctx, cmds)
	}
}

// What each operation takes of Redis, where the users lie in memory. A first life
// leaves the connections that the second finds.
func TestStatementsOfRedis(t *testing.T) {
	onRedis(t, func(t *testing.T, name string, fresh func(testing.TB) engine.Keys) {
		c := &counter{}
		keys := fresh(t)
		rdb := keys.Open(t, redis.UniversalOptions{})
		s := memoryStores(t)
		s.Tokens, s.Joined = redisTokens(t, rdb, keys), nil
		liveCounted(t, s, c.reset)
		rdb.AddHook(countHook{c})
		countStatements(t, "redisstore on "+engine.Version(name), s, c.reset, redisBounds)
	})
}

// counted is an operation, and what it took.
type counted struct {
	name              string
	statements, marks int
}

// countStatements lets a user live on s, notes what each operation took by
// reset, and checks the bounds.
func countStatements(t *testing.T, on string, s stores, reset func() (statements, marks int), most bounds) {
	t.Helper()
	var report []string
	bound := 0
	for _, step := range liveCounted(t, s, reset) {
		if n, ok := most[step.name]; ok {
			require.LessOrEqual(t, step.statements, n, "%s on %s", step.name, on)
			bound++
		}
		report = append(report, fmt.Sprintf("%s %d+%d", step.name, step.statements, step.marks))
	}
	require.Equal(t, len(most), bound, "a bound is for no operation")
	engine.Note("statements + BEGIN and the like, " + on + ": " + strings.Join(report, ", "))
}

// liveCounted lets a user live on s, and returns what each operation took.
func liveCounted(t *testing.T, s stores, reset func() (statements, marks int)) (steps []counted) {
	t.Helper()
	mails := &drawer{}
	users, err := newManager(s, mails, 1)
	require.NoError(t, err)
	now := time.Now()
	stored, err := session.Backend("token", s, session.Config{Now: func() time.Time { return now }}, core.Bearer{})
	require.NoError(t, err)
	jwt, err := jwxtoken.New(jwxtoken.Config{Secret: []byte(strings.Repeat("s", 32)), Lifetime: time.Hour})
	require.NoError(t, err)
	auth, err := core.NewAuthenticator(users, core.Backend[*member]{Name: "JWT", Strategy: jwt, Transport: core.Bearer{}}, stored)
	require.NoError(t, err)

	do := func(name string, f func() error) {
		t.Helper()
		reset()
		require.NoError(t, f(), name)
		n, marks := reset()
		steps = append(steps, counted{name, n, marks})
	}
	ctx, tokens := t.Context(), map[string]string{}
	request := func(token string) ports.Request {
		return ports.Request{Header: http.Header{"Authorization": {"Bearer " + token}}}
	}
	check := func(backend string) func() error {
		return func() error {
			_, err := auth.Authenticate(ctx, request(tokens[backend]), core.Policy[*member]{
				Backends: func(context.Context, ports.Request) []string { return []string{backend} },
			})
			return err
		}
	}
	var u *member
	do("register", func() (err error) {
		u, err = users.Register(ctx, &member{User: core.User{Email: "ann@example.com"}}, "the first password")
		return err
	})
	for _, backend := range []string{"JWT", "token"} {
		do("login by "+backend, func() error {
			out, err := auth.LoginWithPassword(ctx, "ann@example.com", "the first password", core.Entry{Backend: backend, Request: request(""), Out: http.Header{}})
			tokens[backend] = out.Token
			return err
		})
		do("check by "+backend, check(backend))
	}
	now = now.Add(30 * time.Minute)
	do("check by token, later", check("token")) // which extends the session
	do("update", func() error {
		_, err := users.UpdateSelf(ctx, u, core.Change[*member]{Apply: func(m *member) error { m.Nickname = "Ann"; return nil }})
		return err
	})
	require.NoError(t, users.ForgotPassword(ctx, "ann@example.com"))
	token := mailed(t, users, mails)
	do("reset", func() error { return users.ResetPassword(ctx, token, "the other password") })
	do("delete", func() error { return users.Delete(ctx, u) })
	return steps
}
