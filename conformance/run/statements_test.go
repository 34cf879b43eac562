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
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/dialect"
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

// A bound is how many statements an operation may take.
var bounds = map[string]int{
	"check by JWT": 1, "check by token": 1, "check by token, later": 2, "login by JWT": 3, "login by token": 3, "reset": 4,
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
				countStatements(t, a.name+"store on "+engine.Version(on.name), a.on(pool, kind, tableNames{}).stores(t, core.UUIDs), c.reset)
			})
		}
	}
}

// countStatements lets a user live on s, notes what each operation took by
// reset, and checks the bounds.
func countStatements(t *testing.T, on string, s stores, reset func() (statements, marks int)) {
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

	var report []string
	step := func(name string, f func() error) {
		t.Helper()
		reset()
		require.NoError(t, f(), name)
		n, marks := reset()
		if bound, ok := bounds[name]; ok {
			require.LessOrEqual(t, n, bound, "%s on %s", name, on)
		}
		report = append(report, fmt.Sprintf("%s %d+%d", name, n, marks))
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
	step("register", func() (err error) {
		u, err = users.Register(ctx, &member{User: core.User{Email: "ann@example.com"}}, "the first password")
		return err
	})
	for _, backend := range []string{"JWT", "token"} {
		step("login by "+backend, func() error {
			out, err := auth.LoginWithPassword(ctx, "ann@example.com", "the first password", core.Entry{Backend: backend, Request: request(""), Out: http.Header{}})
			tokens[backend] = out.Token
			return err
		})
		step("check by "+backend, check(backend))
	}
	now = now.Add(30 * time.Minute)
	step("check by token, later", check("token")) // which extends the session
	step("update", func() error {
		_, err := users.UpdateSelf(ctx, u, core.Change[*member]{Apply: func(m *member) error { m.Nickname = "Ann"; return nil }})
		return err
	})
	require.NoError(t, users.ForgotPassword(ctx, "ann@example.com"))
	token := mailed(t, users, mails)
	step("reset", func() error { return users.ResetPassword(ctx, token, "the other password") })
	step("delete", func() error { return users.Delete(ctx, u) })
	engine.Note("statements + BEGIN and the like, " + on + ": " + strings.Join(report, ", "))
}
