// Package httpauth serves usher over HTTP, with the routes, bodies and error
// codes that clients of FastAPI Users know. It imports the standard library,
// core and ports only.
//
//	api, err := httpauth.New(auth, httpauth.Config[*Member]{Schema: schema},
//		httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt"}),
//		httpauth.Include("/auth", httpauth.Register{}, httpauth.Reset{}, httpauth.Verify{}),
//		httpauth.Include("/users", httpauth.Users{}),
//	)
//
// The [API] is an [net/http.Handler] that owns the routes of what it includes:
// it answers 404, 405 and 307 itself, so mount it where it gets all paths of
// its prefixes, without a middleware that changes them. [API.Current] protects
// the application's own routes. [Serve] runs a server with timeouts that a
// server on the internet needs.
//
// # Mails
//
// The routes of [Reset] and [Verify] that ask for a mail answer 202 as soon as
// the mail is queued, to known and unknown addresses alike. What becomes of
// the mail shows in the log only. While the queue is full, everybody gets 503
// with Retry-After.
//
// # Errors
//
// An error that is not one of core's is an outage: it is logged, and the
// client gets 503 and no reason. A hook that refuses something returns one of
// core's errors, [core.ErrForbidden] as a rule. A panic is logged and answered
// with 500. A client that went away in the meantime gets no answer: its
// connection is aborted with [net/http.ErrAbortHandler].
//
// Every answer carries Cache-Control: no-store.
package httpauth
