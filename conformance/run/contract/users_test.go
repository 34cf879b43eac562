package contract

import "strings"

// A usersTest is asked twice: of routers that serve every active user, and of
// routers that ask for verified users.
type usersTest struct {
	name string
	// request is answered with open, and with strict where verified users
	// are asked for.
	request, open, strict string
	// happened are the hooks that run where the answer is open, or strict
	// where that is the same.
	happened string
	// then is what follows where the request was not refused.
	then talk
}

// both returns the tests for both kinds of routers.
func both(list []usersTest) (all []test) {
	for _, u := range list {
		t := test{name: u.name, talk: append(talk{u.request, u.open}, u.then...), happened: u.happened}
		all = append(all, t)
		t.name, t.setup = u.name+"-strict", verifiedOnly
		if u.strict != u.open {
			t.talk, t.happened = talk{u.request, u.strict}, ""
		}
		all = append(all, t)
	}
	return all
}

// with is a user with one thing that is other than it was.
func with(user, old, now string) string {
	if !strings.Contains(user, old) {
		panic(old + " is not in " + user)
	}
	return answer(200, strings.Replace(user, old, now, 1))
}

// unverifiedLady is the lady with another address.
const unverifiedLady = `{"id":"33333333-3333-7333-8333-333333333333","email":"lady@tintagel.bt","is_active":true,"is_superuser":false,"is_verified":false,"first_name":null,"shield":null}`

const (
	ladyID   = "33333333-3333-7333-8333-333333333333"
	updateID = "/users/" + arthurID
)

var (
	emailTaken = refused("UPDATE_USER_EMAIL_ALREADY_EXISTS")
	weakUpdate = weak("UPDATE_USER_INVALID_PASSWORD", tooShort)
	seeArthur  = answer(200, arthur)
	seeLady    = answer(200, lady)
)

// oldOut is what follows where Arthur's password was changed to "merlin": the
// old one does not log in any more.
var oldOut = talk{login("king.arthur@camelot.bt", "guinevere"), badLogin}

// meTests are about what users see and change of themselves.
var meTests = both([]usersTest{
	{name: "me-nobody", request: get("/users/me"), open: unauthorized, strict: unauthorized},
	{name: "me-junk", request: get("/users/me", bearer("foo")), open: unauthorized, strict: unauthorized},
	{name: "me-inactive", request: ask("GET", "/users/me", "percival"), open: unauthorized, strict: unauthorized},
	{name: "me-unverified", request: ask("GET", "/users/me", "arthur"), open: seeArthur, strict: forbidden},
	{name: "me-verified", request: ask("GET", "/users/me", "lady"), open: seeLady, strict: seeLady},

	{name: "change-nobody", request: send("PATCH", "/users/me", ""), open: unauthorized, strict: unauthorized},
	{name: "change-inactive", request: ask("PATCH", "/users/me", "percival"), open: unauthorized, strict: unauthorized},
	{name: "change-taken", request: patch("/users/me", "arthur", `{"email":"lake.lady@camelot.bt"}`), open: emailTaken, strict: forbidden},
	{name: "change-weak", request: patch("/users/me", "arthur", `{"password":"m"}`), open: weakUpdate, strict: forbidden},
	{name: "change-nothing", request: patch("/users/me", "arthur", `{}`), open: seeArthur, strict: forbidden, happened: "updated "},
	{name: "change-email", request: patch("/users/me", "arthur", `{"email":"arthur@Tintagel.bt"}`),
		open: with(arthur, "king.arthur@camelot.bt", "arthur@tintagel.bt"), strict: forbidden, happened: "updated email"},
	{name: "change-email-unverifies", request: patch("/users/me", "lady", `{"email":"lady@tintagel.bt"}`), open: answer(200, unverifiedLady), strict: answer(200, unverifiedLady), happened: "updated email"},
	{name: "change-superuser", request: patch("/users/me", "arthur", `{"is_superuser":true}`), open: seeArthur, strict: forbidden, happened: "updated "},
	{name: "change-active", request: patch("/users/me", "arthur", `{"is_active":false}`), open: seeArthur, strict: forbidden, happened: "updated "},
	{name: "change-verified", request: patch("/users/me", "arthur", `{"is_verified":true}`), open: seeArthur, strict: forbidden, happened: "updated "},
	{name: "change-password", request: patch("/users/me", "arthur", `{"password":"merlin"}`), open: seeArthur, strict: forbidden, happened: "updated password", then: oldOut},
	{name: "change-nothing-verified", request: patch("/users/me", "lady", `{}`), open: seeLady, strict: seeLady, happened: "updated "},
	{name: "change-superuser-verified", request: patch("/users/me", "lady", `{"is_superuser":true}`), open: seeLady, strict: seeLady, happened: "updated "},
	{name: "change-active-verified", request: patch("/users/me", "lady", `{"is_active":false}`), open: seeLady, strict: seeLady, happened: "updated "},
	{name: "change-verified-verified", request: patch("/users/me", "lady", `{"is_verified":false}`), open: seeLady, strict: seeLady, happened: "updated "},
	{name: "change-password-verified", request: patch("/users/me", "lady", `{"password":"merlin"}`), open: seeLady, strict: seeLady,
		happened: "updated password", then: talk{login("lake.lady@camelot.bt", "excalibur"), badLogin}},
})

// byIDTests are about what superusers see, change and delete of others.
var byIDTests = both(func() (all []usersTest) {
	for _, m := range []struct{ name, method string }{{"see", "GET"}, {"edit", "PATCH"}, {"delete", "DELETE"}} {
		path := "/users/" + nobody
		all = append(all,
			usersTest{name: m.name + "-nobody", request: send(m.method, path, ""), open: unauthorized, strict: unauthorized},
			usersTest{name: m.name + "-inactive", request: ask(m.method, path, "percival"), open: unauthorized, strict: unauthorized},
			usersTest{name: m.name + "-user", request: ask(m.method, path, "arthur"), open: forbidden, strict: forbidden},
			usersTest{name: m.name + "-verified", request: ask(m.method, path, "lady"), open: forbidden, strict: forbidden},
			usersTest{name: m.name + "-unknown", request: ask(m.method, path, "merlin"), open: notFound, strict: forbidden},
			usersTest{name: m.name + "-unknown-verified", request: ask(m.method, path, "real"), open: notFound, strict: notFound},
			usersTest{name: m.name + "-odd-id", request: ask(m.method, "/users/foo", "real"), open: notFound, strict: notFound})
	}
	for _, by := range []struct{ name, who string }{{"", "merlin"}, {"-verified", "real"}} {
		edit := func(name, body, open, happened string, then talk) {
			strict := open
			if by.who == "merlin" {
				strict = forbidden
			}
			all = append(all, usersTest{name: "edit-" + name + by.name, request: patch(updateID, by.who, body), open: open, strict: strict, happened: happened, then: then})
		}
		edit("nothing", `{}`, seeArthur, "updated ", nil)
		edit("email", `{"email":"arthur@tintagel.bt"}`, with(arthur, "king.arthur@camelot.bt", "arthur@tintagel.bt"), "updated email", nil)
		edit("taken", `{"email":"lake.lady@camelot.bt"}`, emailTaken, "", nil)
		edit("weak", `{"password":"m"}`, weakUpdate, "", nil)
		edit("superuser", `{"is_superuser":true}`, with(arthur, `"is_superuser":false`, `"is_superuser":true`), "updated is_superuser", nil)
		edit("active", `{"is_active":false}`, with(arthur, `"is_active":true`, `"is_active":false`), "updated is_active", nil)
		edit("is-verified", `{"is_verified":true}`, with(arthur, `"is_verified":false`, `"is_verified":true`), "updated is_verified", nil)
		edit("password-null", `{"password":null}`, seeArthur, "updated password", nil)
		edit("password", `{"password":"merlin"}`, seeArthur, "updated password", oldOut)
		strict := forbidden
		if by.who == "real" {
			strict = seeArthur
		}
		all = append(all,
			usersTest{name: "see-user" + "-by" + by.name, request: ask("GET", updateID, by.who), open: seeArthur, strict: strict})
		strict = forbidden
		if by.who == "real" {
			strict = noContent
		}
		all = append(all, usersTest{name: "delete-user" + "-by" + by.name, request: ask("DELETE", updateID, by.who), open: noContent, strict: strict,
			happened: "deleting, deleted", then: talk{ask("GET", updateID, by.who), notFound}})
	}
	return all
}())
