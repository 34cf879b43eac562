package httpauth_test

import "testing"

// Of several errors the first of these is told: the route, the body's syntax,
// who is calling, whom the path names, the body's values, and what the
// manager says.
func TestOrderOfErrors(t *testing.T) {
	syntax := wrong(`{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting property name enclosed in double quotes"}}`)
	flag := wrong(`{"type":"bool_type","loc":["body","is_active"],"msg":"Input should be a valid boolean","input":[]}`)
	run(t, []exchange{
		{"404 before syntax", "PATCH /users/a/b\nContent-Type: application/json\n\n{", notFound},
		{"405 before syntax", "PUT /users/me\nContent-Type: application/json\n\n{", notAllowed("GET")},
		{"405 before authentication", "PUT /users/me", notAllowed("GET")},
		{"307 before syntax", "PATCH /users/me/\nContent-Type: application/json\n\n{", redirect("http://example.com/users/me")},
		{"syntax before 401, me", "PATCH /users/me\nContent-Type: application/json\n\n{", syntax},
		{"syntax before 401, id", "PATCH /users/x\nContent-Type: application/json\n\n{", syntax},
		{"syntax before 403", patch(kingID, king, `{`), syntax},
		{"encoding before 401", "PATCH /users/me\nContent-Type: application/json\n\n\"\xff\"", unreadable},
		{"401 before values, me", "PATCH /users/me\nContent-Type: application/json\n\n[]", unauthorized},
		{"401 before values, id", "PATCH /users/" + kingID + "\nContent-Type: application/json\n\n[]", unauthorized},
		{"401 before 404", "PATCH /users/x\nContent-Type: application/json\n\n{}", unauthorized},
		{"403 before 404", patch(nobodyID, king, `{}`), forbidden},
		{"403 before values", patch(kingID, king, `[]`), forbidden},
		{"404 before values", patch(nobodyID, queen, `[]`), notFound},
		{"values before the manager", patch("me", king, `{"is_active":[],"email":"queen@camelot.bt","password":"x"}`), flag},
		{"values before the manager, id", patch(kingID, queen, `{"is_active":[],"email":"queen@camelot.bt"}`), flag},
		{"values before the manager, register", register(`{"email":"king@camelot.bt","password":"x","is_active":[]}`), flag},
	})
}

// A body that is announced as too large is refused before anything is read of
// it, and before anybody is authenticated.
func TestSizeBefore401(t *testing.T) {
	r := newRequest(t, "PATCH /users/me\nContent-Type: application/json\n\n{")
	r.ContentLength = 1<<20 + 1
	if got := answerOf(newWorld(t).api, r); got != tooLarge {
		t.Errorf("got\n%s\nwant\n%s", got, tooLarge)
	}
}
