package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The use cases, in the order of the table.
const (
	register      = "register"
	login         = "login"
	logout        = "logout"
	readMe        = "read oneself"
	changeMe      = "change oneself"
	readUser      = "read a user"
	listUsers     = "list users"
	changeUser    = "change a user"
	deleteUser    = "delete a user"
	forgot        = "forgot password"
	resetPassword = "reset password"
	requestVerify = "request verification"
	verify        = "verify"
)

// fields are what a caller sends, by their JSON names. "token" and "password"
// of a reset are among them.
type fields map[string]any

func (f fields) text(name string) string {
	text, _ := f[name].(string)
	return text
}

// call is one use of a use case.
type call struct {
	t *testing.T
	// token is the caller's session, "" for none; id names the user that the
	// call is about.
	token, id string
	in        fields
}

// answer is what the caller is told.
type answer struct {
	// code is "OK" or that of an error, with what belongs to it.
	code string
	// token is that of a login, users are those who are shown.
	token string
	users []fields
}

// The codes of errors that no use case has for itself. The others are those of
// the HTTP contract.
const (
	ok           = "OK"
	unauthorized = "UNAUTHORIZED"
	forbidden    = "FORBIDDEN"
	notFound     = "NOT_FOUND"
	tooMany      = "TOO_MANY_REQUESTS"
	busy         = "SERVICE_UNAVAILABLE, retry"
	outage       = "SERVICE_UNAVAILABLE"
	noLister     = "NOT_IMPLEMENTED"
)

// invalid is the code for fields that are wrong: each as "name type".
func invalid(wrong ...string) string {
	slices.Sort(wrong)
	return "UNPROCESSABLE_ENTITY: " + strings.Join(wrong, ", ")
}

// refused is the code for a password that was refused.
func refused(code, reason string) string { return code + ": " + reason }

// driver takes use cases through a delivery of a world.
type driver interface {
	do(use string, c call) answer
}

// unknown is the answer where a driver does not know what it was told.
func unknown(what any) answer { return answer{code: fmt.Sprintf("unknown answer: %v", what)} }
