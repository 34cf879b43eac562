package core

import (
	"context"

	"github.com/gousher/usher/ports"
)

// Hooks are functions of the application that run at moments of a user's
// life. All of them are optional. They run in the goroutine of the call, so a
// slow one slows its answer. [RequestFrom] tells which request they run for.
//
// Before hooks may refuse: their error is returned to the caller as it is,
// and nothing happens. After hooks run when the deed is done and kept. They
// cannot undo it, so they return nothing. Their context does not end when the
// caller goes away or its time is up: what may take long needs a limit of its
// own. No hook is handed a password or a token, but the request's header may
// hold the caller's credentials, and the user holds the hash: do not log them.
type Hooks[U AnyUser] struct {
	// AfterRegister runs for every new user.
	AfterRegister func(ctx context.Context, u U)
	// AfterUpdate runs after a change through Update or UpdateSelf, also an
	// empty one. Fields names what was asked for, in the order of the schema:
	// "password", "email" and so on. It does not run for changes that usher
	// makes by itself, such as a new hash at login.
	AfterUpdate func(ctx context.Context, u U, fields []string)
	// AfterLogin runs once the session is made. It may add to out.
	AfterLogin func(ctx context.Context, u U, req ports.Request, out ports.Header)
	// AfterRequestVerify and AfterForgotPassword run in the background, once
	// the mail was handed over.
	AfterRequestVerify  func(ctx context.Context, u U)
	AfterForgotPassword func(ctx context.Context, u U)
	AfterVerify         func(ctx context.Context, u U)
	AfterResetPassword  func(ctx context.Context, u U)
	// BeforeDelete may keep a user from being deleted.
	BeforeDelete func(ctx context.Context, u U) error
	// AfterDelete gets the user as it was.
	AfterDelete func(ctx context.Context, u U)
}

type requestKey struct{}

// WithRequest returns a context that carries req, for hooks. Deliveries call
// it.
func WithRequest(ctx context.Context, req ports.Request) context.Context {
	return context.WithValue(ctx, requestKey{}, req)
}

// RequestFrom returns the request that ctx belongs to, and false outside of
// one.
func RequestFrom(ctx context.Context) (ports.Request, bool) {
	req, ok := ctx.Value(requestKey{}).(ports.Request)
	return req, ok
}
