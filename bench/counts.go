package main

import (
	"context"
	"net"
	"strings"

	"github.com/gousher/usher/ports"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// TraceQueryStart implements [pgx.QueryTracer]. It sees everything that is
// sent, also what database/sql sends to begin and end transactions.
func (c *counts) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	switch first, _, _ := strings.Cut(strings.TrimSpace(q.SQL), " "); strings.ToUpper(first) {
	case "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE":
		c.add(&c.marks, strings.ToUpper(first))
	case "-", "--", "", ";": // a ping
	default:
		c.add(&c.statements, q.SQL)
	}
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (c *counts) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// DialHook implements [redis.Hook].
func (c *counts) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements [redis.Hook].
func (c *counts) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.add(&c.commands, cmd.Name())
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook implements [redis.Hook]. What sets up a connection is a
// pipeline, and no command of a store.
func (c *counts) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// countedHasher counts hashes, made or verified.
type countedHasher struct {
	ports.PasswordHasher
	*counts
}

func (h countedHasher) Hash(password string) (string, error) {
	h.one()
	return h.PasswordHasher.Hash(password)
}

func (h countedHasher) Verify(password, hash string) (ok, outdated bool, err error) {
	h.one()
	return h.PasswordHasher.Verify(password, hash)
}

func (h countedHasher) one() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hashes++
}
