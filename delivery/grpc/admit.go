package grpcauth

import (
	"context"
	"net/http"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// header is metadata as a [ports.Header].
type header metadata.MD

// Values implements [ports.Header].
func (h header) Values(key string) []string { return metadata.MD(h).Get(key) }

// Add implements [ports.Header].
func (h header) Add(key, value string) { metadata.MD(h).Append(key, value) }

// call is a call on its way through its method.
type call[U core.AnyUser] struct {
	method  *method[U]
	req     ports.Request
	session core.Session[U]
}

// callKey is unique to an API, so that a call that another one admitted is not
// taken for one of its own.
type callKey[U core.AnyUser] struct{ of *API[U] }

// UnaryInterceptor lets a call through to whom the method's policy allows.
func (a *API[U]) UnaryInterceptor(
	ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler,
) (out any, err error) {
	defer a.rescue(ctx, info.FullMethod, &err)
	m, err := a.find(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	inner := ctx
	if m.own {
		bounded, cancel := context.WithTimeout(ctx, a.timeout)
		defer cancel()
		inner = bounded
	}
	inner, _, err = a.admit(inner, m)
	if err != nil {
		return nil, a.fail(ctx, m, err)
	}
	out, err = next(inner, in)
	if err != nil && m.own {
		return nil, a.fail(ctx, m, err)
	}
	return out, err
}

// find returns the method of that name, or a status where it has no policy.
func (a *API[U]) find(ctx context.Context, name string) (*method[U], error) {
	if m, ok := a.methods[name]; ok {
		return m, nil
	}
	a.log.ErrorContext(ctx, "usher: method has no policy", "method", name)
	return nil, answerTo(core.ErrForbidden, words{}).err()
}

// admit returns ctx with the call in it, or an error of core's.
func (a *API[U]) admit(ctx context.Context, m *method[U]) (context.Context, *call[U], error) {
	c := &call[U]{method: m, req: a.request(ctx, m.name)}
	inner := core.WithRequest(ctx, c.req)
	if !m.public {
		check, cancel := context.WithTimeout(inner, a.timeout)
		err := error(nil)
		c.session, err = a.authenticate(check, c)
		cancel()
		if err != nil {
			return nil, nil, err
		}
		inner = a.auth.WithSession(inner, c.session)
	}
	return context.WithValue(inner, callKey[U]{a}, c), c, nil
}

// authenticate asks who calls. Of two authorizations it believes neither: what
// stands between the caller and this server may have believed the other one.
func (a *API[U]) authenticate(ctx context.Context, c *call[U]) (core.Session[U], error) {
	if len(c.req.Header.Values("authorization")) > 1 {
		return core.Session[U]{}, errAmbiguous
	}
	return a.auth.Authenticate(ctx, c.req, c.method.policy)
}

// request is what a policy and hooks get to know of a call.
func (a *API[U]) request(ctx context.Context, method string) ports.Request {
	md, _ := metadata.FromIncomingContext(ctx)
	h := header(md)
	if h == nil {
		h = header{}
	}
	req := ports.Request{Header: h}
	if agent := h.Values("user-agent"); len(agent) > 0 {
		req.UserAgent = agent[0]
	}
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		req.Peer = a.proxies.Peer(p.Addr.String(), h.Values("x-forwarded-for"))
	}
	req.CrossSite = a.crossSite(h)
	return req
}

// crossSite tells whether a browser sent the call, through a proxy that
// translates from gRPC-Web, for a page of another site. Every call counts as
// one that changes state.
func (a *API[U]) crossSite(h header) bool {
	origin, site := h.Values("origin"), h.Values("sec-fetch-site")
	if len(origin)+len(site) == 0 {
		return false
	}
	r := &http.Request{Method: http.MethodPost, Header: http.Header{}}
	for _, v := range origin {
		r.Header.Add("Origin", v)
	}
	for _, v := range site {
		r.Header.Add("Sec-Fetch-Site", v)
	}
	if host := h.Values(":authority"); len(host) > 0 {
		r.Host = host[0]
	}
	return a.origins.Check(r) != nil
}

// rescue answers for a call that panicked.
func (a *API[U]) rescue(ctx context.Context, method string, err *error) {
	if p := recover(); p != nil {
		a.log.ErrorContext(ctx, "usher: panic", "method", method, "panic", p, "stack", string(debug.Stack()))
		*err = broken.err()
	}
}

// call returns the call that the interceptors of a have let through to the
// method of that name, which is one of usher's.
func (a *API[U]) call(ctx context.Context, name string) (*call[U], error) {
	c, ok := ctx.Value(callKey[U]{a}).(*call[U])
	if !ok || c.method.name != name {
		a.log.ErrorContext(ctx, "usher: call did not pass the interceptors", "method", name)
		return nil, answerTo(core.ErrForbidden, words{}).err()
	}
	return c, nil
}

// send puts what core wrote for the caller into the header of the answer.
func send(ctx context.Context, out header) {
	if len(out) > 0 {
		_ = grpc.SetHeader(ctx, metadata.MD(out)) // it fails where the call is over
	}
}
