package grpcauth

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/gousher/usher/core"
)

// StreamInterceptor lets a stream begin for whom the method's policy allows,
// and ends it once the caller does not pass any more: see Config.StreamCheck.
func (a *API[U]) StreamInterceptor(
	srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler,
) (err error) {
	ctx := ss.Context()
	defer a.rescue(ctx, info.FullMethod, &err)
	m, err := a.find(ctx, info.FullMethod)
	if err != nil {
		return err
	}
	admitted, c, err := a.admit(ctx, m)
	if err != nil {
		return a.fail(ctx, m, err)
	}
	if !c.session.OK || a.recheck < 0 {
		return next(srv, &stream{ss, admitted})
	}
	admitted, end := context.WithCancelCause(admitted)
	defer end(nil)
	go a.watch(admitted, c, end)
	err = next(srv, &checkedStream{
		stream: stream{ss, admitted},
		rescue: func(err *error) { a.rescue(ctx, m.name, err) },
	})
	if cause := context.Cause(admitted); cause != nil && ctx.Err() == nil {
		return cause // a status: the handler's error is that of a stream that was ended
	}
	return err
}

// watch ends the stream of c with a status once its caller does not pass any
// more. It returns when the stream is over.
func (a *API[U]) watch(ctx context.Context, c *call[U], end context.CancelCauseFunc) {
	var err error
	defer func() {
		if err != nil {
			end(err)
		}
	}()
	defer a.rescue(ctx, c.method.name, &err)
	ticker := time.NewTicker(a.recheck)
	defer ticker.Stop()
	for err == nil {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			err = a.check(ctx, c)
		}
	}
}

// check returns a status where the user with whom the stream of c began does
// not pass any more.
func (a *API[U]) check(ctx context.Context, c *call[U]) error {
	check, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	s, err := a.authenticate(check, c)
	if err == nil && (!s.OK || s.User.AuthUser().ID != c.session.User.AuthUser().ID) {
		err = core.ErrUnauthenticated
	}
	if err == nil || ctx.Err() != nil {
		return nil
	}
	return a.fail(ctx, c.method, err)
}

// stream is a stream with a context of its own.
type stream struct {
	grpc.ServerStream
	ctx context.Context
}

// Context implements [grpc.ServerStream].
func (s *stream) Context() context.Context { return s.ctx }

// checkedStream is a stream that ends with its context, also for a handler
// that waits for a message.
type checkedStream struct {
	stream
	// rescue turns a panic into an error.
	rescue func(*error)
}

// RecvMsg implements [grpc.ServerStream].
func (s *checkedStream) RecvMsg(m any) error { return s.within(m, s.ServerStream.RecvMsg) }

// SendMsg implements [grpc.ServerStream].
func (s *checkedStream) SendMsg(m any) error { return s.within(m, s.ServerStream.SendMsg) }

// within returns what do returns, or why the context ended. What is left of do
// ends when the handler returns.
func (s *checkedStream) within(m any, do func(any) error) error {
	if s.ctx.Err() != nil {
		return s.ended()
	}
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() { done <- err }()
		defer s.rescue(&err)
		err = do(m)
	}()
	select {
	case err := <-done:
		return err
	case <-s.ctx.Done():
		return s.ended()
	}
}

// ended returns a status.
func (s *checkedStream) ended() error {
	cause := context.Cause(s.ctx)
	if _, ok := status.FromError(cause); ok {
		return cause
	}
	return status.FromContextError(cause).Err()
}
