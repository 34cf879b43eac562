package httpauth

import (
	"context"
	"net/http"
	"runtime/debug"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// call is a request on its way through its route.
type call struct {
	ctx context.Context
	w   http.ResponseWriter
	r   *http.Request
	req ports.Request
	// id is the path's.
	id string
	// body is the JSON value that was sent, nil for none.
	body any
	// form is what was sent to log in.
	form  form
	codes codes
	// answered is set before the first byte of the answer.
	answered bool
}

// serve takes a request through its route, in the order that decides which of
// several errors is told: the body, then whatever the route does.
func (a *API[U]) serve(rt *route, id string, w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, id: id, codes: rt.codes}
	defer a.rescue(c)
	if rt.read != nil {
		if err := rt.read(c); err != nil {
			a.fail(c, err)
			return
		}
	}
	cancel := a.begin(c)
	defer cancel()
	if err := rt.serve(c); err != nil {
		a.fail(c, err)
	}
}

// begin starts the time that the work may take.
func (a *API[U]) begin(c *call) context.CancelFunc {
	c.req = a.request(c.r)
	ctx, cancel := context.WithTimeout(c.r.Context(), a.timeout)
	c.ctx = core.WithRequest(ctx, c.req)
	return cancel
}

func (a *API[U]) request(r *http.Request) ports.Request {
	req := ports.Request{Header: r.Header, UserAgent: r.UserAgent(), Peer: a.peer(r)}
	req.CrossSite = r.Method != http.MethodTrace && a.origins.Check(r) != nil
	return req
}

// session authenticates the caller and, for hooks, puts the session into the
// context.
func (a *API[U]) session(c *call, p core.Policy[U]) (core.Session[U], error) {
	s, err := a.auth.Authenticate(c.ctx, c.req, p)
	if err == nil {
		c.ctx = a.auth.WithSession(c.ctx, s)
	}
	return s, err
}

// rescue answers for a call that panicked. Where the answer has begun it cuts
// the connection, so that the client does not take it for a whole one.
func (a *API[U]) rescue(c *call) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	a.log.ErrorContext(c.r.Context(), "usher: panic", "method", c.r.Method, "path", c.r.URL.Path,
		"panic", p, "stack", string(debug.Stack()))
	if c.answered {
		panic(http.ErrAbortHandler)
	}
	c.broken()
}

// Current returns a middleware that lets through whom p allows; it answers
// 401, 403 or 503 to everybody else. Behind it, the Session and User methods
// of the authenticator find the user in the request's context. Config.Timeout
// bounds the check and not what comes behind it.
func (a *API[U]) Current(p core.Policy[U]) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r, ok := a.admit(w, r, p); ok {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// admit returns r with the session in its context, or answers it and reports
// false.
func (a *API[U]) admit(w http.ResponseWriter, r *http.Request, p core.Policy[U]) (admitted *http.Request, ok bool) {
	c := &call{w: w, r: r}
	defer a.rescue(c)
	defer a.begin(c)()
	s, err := a.auth.Authenticate(c.ctx, c.req, p)
	if err != nil {
		a.fail(c, err)
		return nil, false
	}
	ctx := core.WithRequest(r.Context(), c.req)
	return r.WithContext(a.auth.WithSession(ctx, s)), true
}
