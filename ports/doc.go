// Package ports holds the interfaces that usher's core is built on and the
// records that cross them. It imports the standard library only.
//
// Whoever adapts usher to a database, a token format, a hash function or a
// wire protocol implements one of these interfaces. The sentences in their
// comments are rules, and the rules that a test can see from outside are cases
// of [github.com/gousher/usher/conformance]: run the suite of a port against an
// implementation to learn whether it keeps them.
//
// # Errors
//
// The domain errors that the comments name live in
// [github.com/gousher/usher/core]. A method of a port returns nil, one of the
// domain errors that its comment names, the error of its context, or anything
// else. Anything else is an outage: callers answer 503 (HTTP) or UNAVAILABLE
// (gRPC), never "not found" and never "bad credentials". Wrap freely: callers
// match with [errors.Is] and [errors.As].
//
// # Guarantees to implementors
//
// Every method is called with a context that is not nil, and may be called
// from many goroutines at once. When the context ends, a method returns
// promptly with the context's error, and what it was asked to do has then
// happened wholly or not at all. A value that is passed in may be kept only
// as a copy, and a value that is returned shares no memory with what is kept.
package ports
