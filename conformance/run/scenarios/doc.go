// Package scenarios holds a user's life, from registration to deletion, with
// every failure on the way, as a list of steps that is written once. Its tests
// take the steps through the Go API, over HTTP and over gRPC, and compare what
// the caller is told, what is stored afterwards, and which mails were sent.
package scenarios
