package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

const (
	// purgeEvery is how often sessions that have expired are removed, and
	// purgeBatch how many of them in one statement.
	purgeEvery = time.Hour
	purgeBatch = 1000
	// drainTimeout is how long mails may take that are under way at the end.
	drainTimeout = 10 * time.Second
)

// serve serves until ctx ends, and returns when the last mail is handed over.
func serve(ctx context.Context, listener net.Listener, s *server) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ticker := time.NewTicker(purgeEvery)
	defer ticker.Stop()
	var purging sync.WaitGroup
	purging.Go(func() { purge(ctx, s.tokens, ticker.C) })

	err := httpauth.Serve(ctx, listener, s.handler, httpauth.ServerConfig{})
	stop()
	purging.Wait()
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if failed := s.users.Drain(draining); failed != nil {
		err = errors.Join(err, fmt.Errorf("mails are left: %w", failed))
	}
	return err
}

// purge removes the sessions that have expired now, and then at every tick,
// until ctx ends.
func purge(ctx context.Context, tokens ports.TokenStore, ticks <-chan time.Time) {
	for now := time.Now(); ; {
		n, err := purgeBatch, error(nil)
		for n == purgeBatch && err == nil {
			n, err = tokens.Purge(ctx, now.UTC(), purgeBatch)
		}
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "fastapi-users-compat: expired sessions not removed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case now = <-ticks:
		}
	}
}
