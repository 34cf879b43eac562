package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gousher/usher/core"
	"github.com/redis/go-redis/v9"
)

// within does f, which is one method of a store, and returns when ctx ends, if
// not before: go-redis does not notice while it waits for an answer that a
// context is cancelled, nor, unless it is told to, that one is late. F then
// goes on for as long as go-redis waits, on a connection that nobody else
// has, and nobody hears of it.
func within[T any](ctx context.Context, s *store, op string, f func() (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	type outcome struct {
		got T
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		deepen(0)
		got, err := f()
		s.lookAgain(err)
		done <- outcome{got, err}
	}()
	select {
	case o := <-done:
		if o.err != nil {
			return none, failure(ctx, op, o.err)
		}
		return o.got, nil
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// deepen grows the stack of a new goroutine to what go-redis needs, and returns
// zero. It is called while the stack is all but empty: further in, all that is
// on it would be copied.
//
//go:noinline
func deepen(at int) byte {
	var room [8 << 10]byte
	return room[at]
}

// lookAgain asks the cluster who has which slots, where err says that a node
// does not answer: another may have taken over. By itself go-redis asks when a
// node sends it to another, which a dead one does not, and every minute.
func (s *store) lookAgain(err error) {
	if err == nil || domainOf(err) != nil || errors.Is(err, context.Canceled) {
		return
	}
	cluster, ok := s.rdb.(interface{ ReloadState(ctx context.Context) })
	if answer := redis.Error(nil); !ok || errors.As(err, &answer) {
		return
	}
	cluster.ReloadState(context.Background()) // in the background, and not more often than it can
}

// domainOf returns which of core's errors err is, or nil.
func domainOf(err error) error {
	for _, domain := range []error{core.ErrTokenNotFound, core.ErrTokenTaken, core.ErrInvalidValue} {
		if errors.Is(err, domain) {
			return domain
		}
	}
	return nil
}

// failure is what a method returns for an error within it: one of core's, that
// of the context, or an outage.
func failure(ctx context.Context, op string, err error) error {
	if domain := domainOf(err); domain != nil {
		return domain
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var timeout net.Error
	if end, ok := ctx.Deadline(); ok && errors.As(err, &timeout) && timeout.Timeout() && !time.Now().Before(end) {
		return context.DeadlineExceeded // the context is about to notice
	}
	return fmt.Errorf("redisstore: %s: %w", op, err)
}

// once is a command that is not sent again when its answer is lost: Redis may
// have done what it was asked to.
type once struct{ *redis.Cmd }

// NoRetry implements [redis.Cmder].
func (once) NoRetry() bool { return true }

// Clone implements [redis.Cmder].
func (c once) Clone() redis.Cmder { return once{c.Cmd.Clone().(*redis.Cmd)} }

// script is Lua that runs on keys of one slot.
type script struct {
	*redis.Script
	text string
}

func newScript(text string) script { return script{redis.NewScript(text), text} }

var (
	put     = newScript(putScript)
	take    = newScript(takeScript)
	extend  = newScript(extendScript)
	restamp = newScript(restampScript)
	note    = newScript(noteScript)
	peek    = newScript(peekScript)
	adopt   = newScript(adoptScript)
	allow   = newScript(allowScript)
)

// again runs a script that may just as well run twice.
func (c script) again(ctx context.Context, rdb redis.UniversalClient, keys []string, args ...any) *redis.Cmd {
	return c.Run(ctx, rdb, keys, args...)
}

// once runs a script at most once.
func (c script) once(ctx context.Context, rdb redis.UniversalClient, keys []string, args ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx, command("evalsha", c.Hash(), keys, args)...)
	if err := rdb.Process(ctx, once{cmd}); redis.HasErrorPrefix(err, "NOSCRIPT") {
		cmd = redis.NewCmd(ctx, command("eval", c.text, keys, args)...)
		_ = rdb.Process(ctx, once{cmd})
	}
	return cmd
}

func command(name, what string, keys []string, args []any) []any {
	all := make([]any, 0, 3+len(keys)+len(args))
	all = append(all, name, what, len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	return append(all, args...)
}
