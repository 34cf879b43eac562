package scenarios

import (
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/stretchr/testify/require"
)

// step is one thing that happens in a scenario: a use case, or what the world
// does.
type step struct {
	use string
	// as names whose session the caller has, "" for none and "nobody" for one
	// that is none; of names the user that the call is about, "nobody" for
	// nobody.
	as, of string
	in     fields
	want   string
	// world changes the world in the place of a use case.
	world func(*testing.T, *world)
	// except are the deliveries that have no such step.
	except string
}

// scenario is a list of steps in a world of their own.
type scenario struct {
	name  string
	setup setup
	steps []step
}

// What the world does between calls.
var (
	cut      = step{world: func(_ *testing.T, w *world) { w.state.Store(fails) }}
	heal     = step{world: func(_ *testing.T, w *world) { w.state.Store(works) }}
	conflict = step{world: func(_ *testing.T, w *world) { w.state.Store(conflicts) }}
	later    = step{world: func(_ *testing.T, w *world) { w.clock.Advance(2 * time.Hour) }}
)

// alter changes a user behind the deliveries' back.
func alter(name string, c core.Change[*member]) step {
	return step{world: func(t *testing.T, w *world) {
		u, err := w.stores.Users.ByEmail(t.Context(), name+"@example.org")
		require.NoError(t, err)
		_, err = w.users.Update(t.Context(), u, c)
		require.NoError(t, err)
	}}
}

func ban(name string) step { return alter(name, core.Change[*member]{IsActive: new(bool)}) }

func remove(name string) step {
	return step{world: func(t *testing.T, w *world) {
		require.NoError(t, w.stores.Users.Delete(t.Context(), w.id(t, name)))
	}}
}

func endSessions(name string) step {
	return step{world: func(t *testing.T, w *world) {
		u, err := w.stores.Users.ByEmail(t.Context(), name+"@example.org")
		require.NoError(t, err)
		_, err = w.users.EndSessions(t.Context(), u)
		require.NoError(t, err)
	}}
}

// The tokens of mails, put in the place of these words.
const (
	resetMail  = "the last mail of kind reset"
	verifyMail = "the last mail of kind verify"
)

const (
	short    = "Password should be at least 8 characters"
	common   = "Password is too common"
	badLogin = "LOGIN_BAD_CREDENTIALS"
)

func address(name string) fields { return fields{"email": name + "@example.org"} }

// plus is a copy of f with more.
func (f fields) plus(name string, value any) fields {
	out := fields{name: value}
	for n, v := range f {
		if n != name {
			out[n] = v
		}
	}
	return out
}

func credentials(name, password string) fields { return address(name).plus("password", password) }

// strangers are steps of a use case that asks who calls.
func strangers(use, of string, more ...step) []step {
	return append([]step{
		{use: use, of: of, want: unauthorized},
		{use: use, as: "nobody", of: of, want: unauthorized},
		{use: use, as: "eve", of: of, want: unauthorized}, // banned
	}, more...)
}

// forSuperusers are steps of a use case that is for superusers.
func forSuperusers(use string, more ...step) []step {
	return append(strangers(use, "bob",
		step{use: use, as: "ann", of: "bob", want: forbidden},
		step{use: use, as: "ann", of: "nobody", want: forbidden},
		step{use: use, as: "root", of: "nobody", want: notFound}), more...)
}

var scenarios = []scenario{
	{name: "a life", steps: []step{
		{use: register, in: credentials("Joe", password).plus("nickname", "J").plus("age", 30), want: ok},
		{use: login, in: credentials("joe", password), want: ok},
		{use: readMe, as: "joe", want: ok},
		{use: changeMe, as: "joe", in: fields{"nickname": "Joey", "age": nil}, want: ok},
		{use: changeMe, as: "joe", in: fields{}, want: ok},
		{use: requestVerify, in: address("JOE"), want: ok},
		{use: verify, in: fields{"token": verifyMail}, want: ok},
		{use: changeMe, as: "joe", in: fields{"password": "battery staple"}, want: ok},
		{use: readMe, as: "joe", want: ok},
		{use: login, in: credentials("joe", password), want: badLogin},
		{use: changeMe, as: "joe", in: address("joseph"), want: ok},
		{use: forgot, in: address("joseph"), want: ok},
		{use: resetPassword, in: fields{"token": resetMail, "password": "another horse"}, want: ok},
		{use: readMe, as: "joe", want: unauthorized},
		{use: login, in: credentials("joseph", "another horse"), want: ok},
		{use: logout, as: "joseph", want: ok},
		{use: readMe, as: "joseph", want: unauthorized},
		{use: readUser, as: "root", of: "joseph", want: ok},
		{use: listUsers, as: "root", want: ok, except: "HTTP"},
		{use: changeUser, as: "root", of: "joseph", in: fields{"is_superuser": true, "nickname": "Jo"}, want: ok},
		{use: login, in: credentials("joseph", "another horse"), want: ok},
		{use: readUser, as: "joseph", of: "ann", want: ok},
		{use: deleteUser, as: "root", of: "joseph", want: ok},
		{use: readMe, as: "joseph", want: unauthorized},
	}},
	{name: "register", steps: []step{
		{use: register, in: fields{}, want: invalid("email missing", "password missing")},
		{use: register, in: fields{"email": "joe", "password": password}, want: invalid("email value_error")},
		{use: register, in: credentials("joe", "short"), want: refused("REGISTER_INVALID_PASSWORD", short)},
		{use: register, in: credentials("joe", "password1"), want: refused("REGISTER_INVALID_PASSWORD", common)},
		{use: register, in: credentials("ANN", password), want: "REGISTER_USER_ALREADY_EXISTS"},
		{use: register, in: credentials("joe", password).plus("nickname", 7), want: invalid("nickname string_type")},
		{use: register, in: credentials("joe", password).plus("nickname", nil), want: invalid("nickname string_type")},
		{use: register, in: credentials("joe", password).plus("age", "old").plus("nickname", true), want: invalid("age int_parsing", "nickname string_type")},
		cut,
		{use: register, in: credentials("joe", password), want: outage},
		{use: register, in: credentials("joe", "short"), want: refused("REGISTER_INVALID_PASSWORD", short)},
		heal,
		{use: register, in: credentials("joe", password).plus("age", nil), want: ok},
	}},
	{name: "log in", steps: []step{
		{use: login, in: credentials("ann", password), want: ok},
		{use: login, in: fields{"email": "ANN@EXAMPLE.ORG ", "password": password}, want: ok},
		{use: login, in: credentials("bob", password), want: ok},
		{use: login, in: credentials("ann", "wrong"), want: badLogin},
		{use: login, in: credentials("nobody", password), want: badLogin},
		{use: login, in: fields{"email": "no address", "password": password}, want: badLogin},
		{use: login, in: credentials("eve", password), want: badLogin},
		{use: login, in: credentials("eve", "wrong"), want: badLogin},
		{use: login, in: fields{}, want: invalid("email missing", "password missing"), except: "Go"},
		cut,
		{use: login, in: credentials("ann", password), want: outage},
		{use: login, in: credentials("nobody", password), want: outage},
	}},
	{name: "verified users only", setup: setup{verified: true}, steps: []step{
		{use: login, in: credentials("bob", password), want: "LOGIN_USER_NOT_VERIFIED"},
		{use: login, in: credentials("bob", "wrong"), want: badLogin},
		{use: login, in: credentials("ann", password), want: ok},
		{use: readMe, as: "bob", want: forbidden},
		{use: changeMe, as: "bob", in: fields{"nickname": "B"}, want: forbidden},
		{use: logout, as: "bob", want: forbidden},
		{use: logout, as: "ann", want: ok},
	}},
	{name: "log out", steps: append(strangers(logout, "",
		step{use: logout, as: "ann", want: ok},
		step{use: logout, as: "ann", want: unauthorized}),
		cut,
		step{use: logout, as: "bob", want: outage},
		heal,
		step{use: readMe, as: "bob", want: ok},
	)},
	{name: "read oneself", steps: append(strangers(readMe, "",
		step{use: readMe, as: "ann", want: ok}),
		ban("ann"), step{use: readMe, as: "ann", want: unauthorized},
		remove("bob"), step{use: readMe, as: "bob", want: unauthorized},
		cut, step{use: readMe, as: "root", want: outage}, step{use: readMe, want: unauthorized},
		heal, step{use: readMe, as: "root", want: ok},
		endSessions("root"), step{use: readMe, as: "root", want: unauthorized},
	)},
	{name: "a session that expires", steps: []step{
		{use: readMe, as: "ann", want: ok},
		{world: func(_ *testing.T, w *world) { w.clock.Advance(365 * 24 * time.Hour) }},
		{use: readMe, as: "ann", want: unauthorized},
	}},
	{name: "change oneself", steps: append(strangers(changeMe, ""), []step{
		{use: changeMe, as: "bob", in: fields{"email": "bob"}, want: invalid("email value_error")},
		{use: changeMe, as: "bob", in: fields{"email": nil}, want: invalid("email string_type")},
		{use: changeMe, as: "bob", in: address("Ann"), want: "UPDATE_USER_EMAIL_ALREADY_EXISTS"},
		{use: changeMe, as: "bob", in: fields{"password": "short"}, want: refused("UPDATE_USER_INVALID_PASSWORD", short)},
		{use: changeMe, as: "bob", in: fields{"password": nil}, want: ok},
		{use: changeMe, as: "bob", in: fields{"nickname": nil}, want: invalid("nickname string_type")},
		{use: changeMe, as: "bob", in: fields{"age": 1.5}, want: invalid("age int_from_float")},
		{use: changeMe, as: "bob", in: fields{"is_superuser": true, "is_verified": true, "is_active": false}, want: ok},
		{use: changeMe, as: "bob", in: fields{"is_superuser": nil}, want: ok},
		{use: changeMe, as: "ann", in: address("ANN"), want: ok}, // stays verified
		{use: changeMe, as: "ann", in: address("anna"), want: ok},
		cut, {use: changeMe, as: "bob", in: fields{"nickname": "B"}, want: outage},
		conflict, {use: changeMe, as: "bob", in: fields{"nickname": "B"}, want: outage},
		heal, {use: login, in: credentials("bob", password), want: ok},
		{use: changeMe, as: "bob", in: fields{"password": "battery staple"}, want: ok},
		{use: readMe, as: "bob", want: ok},
	}...)},
	{name: "read a user", steps: forSuperusers(readUser,
		step{use: readUser, as: "root", of: "eve", want: ok},
		step{use: readUser, as: "root", of: "root", want: ok},
		cut, step{use: readUser, as: "root", of: "nobody", want: outage},
	)},
	{name: "list users", steps: []step{
		{use: listUsers, want: unauthorized, except: "HTTP"},
		{use: listUsers, as: "eve", want: unauthorized, except: "HTTP"},
		{use: listUsers, as: "ann", want: forbidden, except: "HTTP"},
		{use: listUsers, as: "root", want: ok, except: "HTTP"},
		{use: listUsers, as: "root", in: fields{"page_token": "\x00"}, want: invalid("page_token value_error"), except: "HTTP"},
		cut, {use: listUsers, as: "root", want: outage, except: "HTTP"},
	}},
	{name: "list users of stores that do not", setup: setup{noLister: true}, steps: []step{
		{use: listUsers, as: "root", want: noLister, except: "HTTP"},
	}},
	{name: "change a user", steps: forSuperusers(changeUser, []step{
		{use: changeUser, as: "root", of: "bob", in: fields{"email": "bob"}, want: invalid("email value_error")},
		{use: changeUser, as: "root", of: "bob", in: fields{"is_active": nil}, want: invalid("is_active bool_type")},
		{use: changeUser, as: "root", of: "bob", in: address("ann"), want: "UPDATE_USER_EMAIL_ALREADY_EXISTS"},
		{use: changeUser, as: "root", of: "bob", in: fields{"password": "short"}, want: refused("UPDATE_USER_INVALID_PASSWORD", short)},
		cut, {use: changeUser, as: "root", of: "nobody", in: fields{}, want: outage},
		conflict, {use: changeUser, as: "root", of: "bob", in: fields{"nickname": "B"}, want: outage},
		heal, {use: changeUser, as: "root", of: "bob", in: fields{"is_verified": true, "is_superuser": true, "age": 40}, want: ok},
		{use: readUser, as: "bob", of: "ann", want: ok},
		{use: changeUser, as: "bob", of: "ann", in: fields{"is_active": false}, want: ok},
		{use: readMe, as: "ann", want: unauthorized},
		{use: login, in: credentials("ann", password), want: badLogin},
		{use: changeUser, as: "root", of: "ann", in: fields{"is_active": true, "password": "battery staple"}, want: ok},
		{use: readMe, as: "ann", want: unauthorized},
		{use: login, in: credentials("ann", "battery staple"), want: ok},
	}...)},
	{name: "delete a user", steps: forSuperusers(deleteUser, []step{
		cut, {use: deleteUser, as: "root", of: "nobody", want: outage},
		heal, {use: deleteUser, as: "root", of: "ann", want: ok},
		{use: deleteUser, as: "root", of: "nobody", want: notFound},
		{use: readMe, as: "ann", want: unauthorized},
		{use: login, in: credentials("ann", password), want: badLogin},
		{use: register, in: credentials("ann", "battery staple"), want: ok},
	}...)},
	{name: "delete a user whom a hook keeps", setup: setup{keep: true}, steps: []step{
		{use: deleteUser, as: "root", of: "bob", want: forbidden},
		{use: readMe, as: "bob", want: ok},
	}},
	{name: "forgot password", steps: []step{
		{use: forgot, in: address("Ann"), want: ok},
		{use: forgot, in: address("bob"), want: ok},
		{use: forgot, in: address("nobody"), want: ok},
		{use: forgot, in: address("eve"), want: ok},
		{use: forgot, in: fields{"email": "ann"}, want: invalid("email value_error")},
		cut,
		{use: forgot, in: address("ann"), want: outage},
		{use: forgot, in: address("nobody"), want: outage},
	}},
	{name: "reset password", steps: []step{
		{use: resetPassword, in: fields{"token": "x", "password": "battery staple"}, want: "RESET_PASSWORD_BAD_TOKEN"},
		{use: requestVerify, in: address("bob"), want: ok},
		{use: resetPassword, in: fields{"token": verifyMail, "password": "battery staple"}, want: "RESET_PASSWORD_BAD_TOKEN"},
		{use: forgot, in: address("bob"), want: ok},
		{use: resetPassword, in: fields{"token": resetMail, "password": "short"}, want: refused("RESET_PASSWORD_INVALID_PASSWORD", short)},
		cut, {use: resetPassword, in: fields{"token": resetMail, "password": "battery staple"}, want: outage},
		heal, {use: readMe, as: "bob", want: ok},
		{use: resetPassword, in: fields{"token": resetMail, "password": "battery staple"}, want: ok},
		{use: resetPassword, in: fields{"token": resetMail, "password": "another horse"}, want: "RESET_PASSWORD_BAD_TOKEN"},
		{use: readMe, as: "bob", want: unauthorized},
		{use: login, in: credentials("bob", "battery staple"), want: ok},
		{use: forgot, in: address("ann"), want: ok},
		later, {use: resetPassword, in: fields{"token": resetMail, "password": "battery staple"}, want: "RESET_PASSWORD_BAD_TOKEN"},
		{use: forgot, in: address("ann"), want: ok},
		ban("ann"), {use: resetPassword, in: fields{"token": resetMail, "password": "battery staple"}, want: "RESET_PASSWORD_BAD_TOKEN"},
		remove("ann"), {use: resetPassword, in: fields{"token": resetMail, "password": "battery staple"}, want: "RESET_PASSWORD_BAD_TOKEN"},
	}},
	{name: "request verification", steps: []step{
		{use: requestVerify, in: address("BOB"), want: ok},
		{use: requestVerify, in: address("ann"), want: ok},
		{use: requestVerify, in: address("nobody"), want: ok},
		{use: requestVerify, in: address("eve"), want: ok},
		{use: requestVerify, in: fields{"email": ""}, want: invalid("email value_error")},
		cut,
		{use: requestVerify, in: address("bob"), want: outage},
		{use: requestVerify, in: address("nobody"), want: outage},
	}},
	{name: "verify", steps: []step{
		{use: verify, in: fields{"token": ""}, want: "VERIFY_USER_BAD_TOKEN"},
		{use: forgot, in: address("bob"), want: ok},
		{use: verify, in: fields{"token": resetMail}, want: "VERIFY_USER_BAD_TOKEN"},
		{use: requestVerify, in: address("bob"), want: ok},
		later, {use: verify, in: fields{"token": verifyMail}, want: "VERIFY_USER_BAD_TOKEN"},
		{use: requestVerify, in: address("bob"), want: ok},
		cut, {use: verify, in: fields{"token": verifyMail}, want: outage},
		heal, {use: verify, in: fields{"token": verifyMail}, want: ok},
		{use: verify, in: fields{"token": verifyMail}, want: "VERIFY_USER_ALREADY_VERIFIED"},
		{use: register, in: credentials("joe", password), want: ok},
		{use: requestVerify, in: address("joe"), want: ok},
		{use: login, in: credentials("joe", password), want: ok},
		{use: changeMe, as: "joe", in: address("joseph"), want: ok},
		{use: verify, in: fields{"token": verifyMail}, want: "VERIFY_USER_BAD_TOKEN"},
	}},
	{name: "too often", setup: setup{limited: true}, steps: []step{
		{use: login, in: credentials("ann", "wrong"), want: badLogin},
		{use: login, in: credentials("ANN", password), want: tooMany},
		{use: login, in: credentials("nobody", password), want: badLogin},
		{use: login, in: credentials("nobody", password), want: tooMany},
		{use: register, in: credentials("joe", password), want: ok},
		{use: register, in: credentials("joe", password), want: tooMany},
		{use: forgot, in: address("ann"), want: ok},
		{use: forgot, in: address("ann"), want: tooMany},
		{use: requestVerify, in: address("nobody"), want: ok},
		{use: requestVerify, in: address("nobody"), want: tooMany},
		later, {use: forgot, in: address("ann"), want: ok},
	}},
	{name: "the queue of mails is full", setup: setup{full: true}, steps: []step{
		{use: forgot, in: address("ann"), want: busy},
		{use: forgot, in: address("nobody"), want: busy},
		{use: requestVerify, in: address("bob"), want: busy},
		{use: requestVerify, in: address("nobody"), want: busy},
		{use: register, in: credentials("joe", password), want: ok},
	}},
}
