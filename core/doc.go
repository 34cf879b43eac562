// Package core is usher's domain: users, passwords, logins and the rules that
// hold for them, whatever database keeps the users and whatever protocol
// serves them. It imports the standard library and
// [github.com/gousher/usher/ports] only.
//
// An application embeds [User] by value in a struct of its own and works with
// two values:
//
//   - a [Manager], which registers, authenticates, reads, updates and deletes
//     users. It knows nothing of HTTP or of sessions;
//   - an [Authenticator], which logs users in and out through named backends
//     and tells who is calling. Each [Backend] is a [ports.Strategy], how a
//     token is made, and a [ports.Transport], how it travels.
//
// Only what touches the application's user is generic, and its one parameter
// is the pointer: core.Manager[*Member].
//
// # Errors
//
// The errors of this package are what a caller can act on: match them with
// [errors.Is], and those that carry data with [errors.As]. The error of the
// context passes through. Any other error that a method returns means that a
// store or a hasher could not do its work: nothing was half-done, and trying
// again later is right.
package core
