package httpauth_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
)

func expectStrings(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRegister(t *testing.T) {
	created := func(email string) string {
		return jsonAnswer(201, `{"id":"00000000-0000-7000-8000-000000000001","email":"`+email+`","is_active":true,"is_superuser":false,"is_verified":false}`)
	}
	taken := jsonAnswer(400, `{"detail":"REGISTER_USER_ALREADY_EXISTS"}`)
	tooShort := jsonAnswer(400, `{"detail":{"code":"REGISTER_INVALID_PASSWORD","reason":"Password should be at least 8 characters"}}`)
	run(t, []exchange{
		{"created", register(`{"email":"lancelot@camelot.bt","password":"guinevere"}`), created("lancelot@camelot.bt")},
		{"address as typed", register(`{"email":" Lancelot@Camelot.bt","password":"guinevere"}`), created("Lancelot@Camelot.bt")},
		{"flags are ignored", register(`{"email":"a@b.com","password":"guinevere","is_active":false,"is_superuser":true,"is_verified":1}`), created("a@b.com")},
		{"other fields are ignored", register(`{"id":"` + kingID + `","hashed_password":"x","nickname":"x","email":"a@b.com","password":"guinevere"}`), created("a@b.com")},
		{"nobody's token", "POST /auth/register\nAuthorization: Bearer x\nContent-Type: application/json\n\n" + `{"email":"a@b.com","password":"guinevere"}`, created("a@b.com")},
		{"taken", register(`{"email":"king@camelot.bt","password":"guinevere"}`), taken},
		{"taken in another case", register(`{"email":"KING@camelot.bt","password":"guinevere"}`), taken},
		{"password too short", register(`{"email":"a@b.com","password":""}`), tooShort},
		{"password before address", register(`{"email":"king@camelot.bt","password":"x"}`), tooShort},
	})
}

// A reason may be any value, and is sent as it is.
func TestPasswordReason(t *testing.T) {
	const code = `{"detail":{"code":"UPDATE_USER_INVALID_PASSWORD","reason":`
	for _, c := range []struct {
		name   string
		reason any
		want   string
	}{
		{"sentence", "too <weak>\u2028", jsonAnswer(400, code+"\"too <weak>\u2028\"}}")},
		{"list", []string{"a", "b"}, jsonAnswer(400, code+`["a","b"]}}`)},
		{"nothing", nil, jsonAnswer(400, code+`null}}`)},
		{"not a value", func() {}, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, func(w *world) {
				w.core.ValidatePassword = func(context.Context, string, *Member) error { return &core.PasswordError{Reason: c.reason} }
			})
			if got := w.do(t, "PATCH /users/me\nAuthorization: "+king+"\nContent-Type: application/json\n\n"+`{"password":"guinevere"}`); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestReadUsers(t *testing.T) {
	const queenJSON = `{"id":"` + queenID + `","email":"queen@camelot.bt","is_active":true,"is_superuser":true,"is_verified":true}`
	run(t, []exchange{
		{"me", "GET /users/me\nAuthorization: " + king, jsonAnswer(200, kingJSON)},
		{"me, scheme in any case", "GET /users/me\nAuthorization: bEARER  king ", jsonAnswer(200, kingJSON)},
		{"me, first header", "GET /users/me\nAuthorization: " + king + "\nAuthorization: Bearer x", jsonAnswer(200, kingJSON)},
		{"me, second header", "GET /users/me\nAuthorization: Bearer x\nAuthorization: " + king, unauthorized},
		{"me, body is not read", "GET /users/me\nAuthorization: " + king + "\nContent-Type: application/json\n\n{", jsonAnswer(200, kingJSON)},
		{"me, nobody", "GET /users/me", unauthorized},
		{"me, no token", "GET /users/me\nAuthorization: Bearer", unauthorized},
		{"me, tab for a space", "GET /users/me\nAuthorization: Bearer\tking", unauthorized},
		{"me, other scheme", "GET /users/me\nAuthorization: Basic king", unauthorized},
		{"me, unknown token", "GET /users/me\nAuthorization: Bearer x", unauthorized},
		{"me, deleted", "GET /users/me\nAuthorization: Bearer nobody", unauthorized},
		{"me, inactive", "GET /users/me\nAuthorization: Bearer mordred", unauthorized},
		{"me, not verified", "GET /users/me\nAuthorization: " + squire, jsonAnswer(200, `{"id":"`+squireID+`","email":"squire@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false}`)},
		{"id, nobody", "GET /users/" + kingID, unauthorized},
		{"id, no superuser", "GET /users/" + kingID + "\nAuthorization: " + king, forbidden},
		{"id, unknown, no superuser", "GET /users/" + nobodyID + "\nAuthorization: " + king, forbidden},
		{"id, superuser", "GET /users/" + kingID + "\nAuthorization: " + queen, jsonAnswer(200, kingJSON)},
		{"id, superuser who is not verified", "GET /users/" + kingID + "\nAuthorization: Bearer ruler", jsonAnswer(200, kingJSON)},
		{"id, oneself", "GET /users/" + queenID + "\nAuthorization: " + queen, jsonAnswer(200, queenJSON)},
		{"id, unknown", "GET /users/" + nobodyID + "\nAuthorization: " + queen, notFound},
		{"id, no id", "GET /users/d35d213e\nAuthorization: " + queen, notFound},
		{"id, NUL", "GET /users/%00\nAuthorization: " + queen, notFound},
		{"id, upper case", "GET /users/" + strings.ToUpper(kingID) + "\nAuthorization: " + queen, jsonAnswer(200, kingJSON)},
		{"id, no hyphens", "GET /users/" + strings.ReplaceAll(kingID, "-", "") + "\nAuthorization: " + queen, jsonAnswer(200, kingJSON)},
		{"id, braces", "GET /users/%7B" + kingID + "%7D\nAuthorization: " + queen, jsonAnswer(200, kingJSON)},
		{"id, URN", "GET /users/urn:uuid:" + kingID + "\nAuthorization: " + queen, jsonAnswer(200, kingJSON)},
		{"id, space", "GET /users/%20" + kingID + "\nAuthorization: " + queen, notFound},
	})
}

func TestUsersRequireVerified(t *testing.T) {
	run(t, []exchange{
		{"me, verified", "GET /users/me\nAuthorization: " + king, jsonAnswer(200, kingJSON)},
		{"me, not verified", "GET /users/me\nAuthorization: " + squire, forbidden},
		{"me, inactive", "GET /users/me\nAuthorization: Bearer mordred", unauthorized},
		{"PATCH me, not verified", "PATCH /users/me\nAuthorization: " + squire, forbidden},
		{"id, superuser who is not verified", "GET /users/" + kingID + "\nAuthorization: Bearer ruler", forbidden},
		{"PATCH id, superuser who is not verified", "PATCH /users/" + kingID + "\nAuthorization: Bearer ruler", forbidden},
		{"DELETE id, superuser who is not verified", "DELETE /users/" + kingID + "\nAuthorization: Bearer ruler", forbidden},
		{"id, superuser", "GET /users/" + kingID + "\nAuthorization: " + queen, jsonAnswer(200, kingJSON)},
	}, func(w *world) {
		w.mounts = []httpauth.Mount{httpauth.Include("/users", httpauth.Users{RequireVerified: true})}
	})
}

func patch(path, credentials, body string) string {
	return "PATCH /users/" + path + "\nAuthorization: " + credentials + "\nContent-Type: application/json\n\n" + body
}

// member is king or squire as JSON, after a change.
func member(id, email, active, superuser, verified string) string {
	return jsonAnswer(200, `{"id":"`+id+`","email":"`+email+`","is_active":`+active+`,"is_superuser":`+superuser+`,"is_verified":`+verified+`}`)
}

func TestPatchMe(t *testing.T) {
	same := jsonAnswer(200, kingJSON)
	taken := jsonAnswer(400, `{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}`)
	tooShort := jsonAnswer(400, `{"detail":{"code":"UPDATE_USER_INVALID_PASSWORD","reason":"Password should be at least 8 characters"}}`)
	run(t, []exchange{
		{"nothing", patch("me", king, `{}`), same},
		{"no body", patch("me", king, ``), wrong(noBody)},
		{"password", patch("me", king, `{"password":"lady of the lake"}`), same},
		{"password null", patch("me", king, `{"password":null}`), same},
		{"password refused", patch("me", king, `{"password":"x"}`), tooShort},
		{"address", patch("me", king, `{"email":"arthur@camelot.bt"}`), member(kingID, "arthur@camelot.bt", "true", "false", "false")},
		{"same address", patch("me", king, `{"email":"king@camelot.bt"}`), same},
		{"same address in another case", patch("me", king, `{"email":"King@Camelot.bt"}`), member(kingID, "King@Camelot.bt", "true", "false", "true")},
		{"address taken", patch("me", king, `{"email":"queen@camelot.bt"}`), taken},
		{"address taken in another case", patch("me", king, `{"email":"QUEEN@camelot.bt"}`), taken},
		{"address null", patch("me", king, `{"email":null}`), wrong(`{"type":"string_type","loc":["body","email"],"msg":"Input should be a valid string","input":null}`)},
		{"flags are ignored", patch("me", king, `{"is_active":false,"is_superuser":true,"is_verified":false}`), same},
		{"flags null", patch("me", king, `{"is_active":null,"is_superuser":null,"is_verified":null}`), same},
		{"flags are checked", patch("me", king, `{"is_active":"perhaps"}`), wrong(`{"type":"bool_parsing","loc":["body","is_active"],"msg":"Input should be a valid boolean, unable to interpret input","input":"perhaps"}`)},
		{"verified with a new address", patch("me", king, `{"is_verified":true,"email":"arthur@camelot.bt"}`), member(kingID, "arthur@camelot.bt", "true", "false", "false")},
		{"other fields are ignored", patch("me", king, `{"id":"x","hashed_password":"x","x":1}`), same},
		{"password before address", patch("me", king, `{"email":"queen@camelot.bt","password":"x"}`), tooShort},
		{"nobody", patch("me", "Bearer x", `{}`), unauthorized},
		{"inactive", patch("me", "Bearer mordred", `{}`), unauthorized},
	})
}

func TestPatchUser(t *testing.T) {
	same := jsonAnswer(200, kingJSON)
	null := func(field string) string {
		return `{"type":"bool_type","loc":["body","` + field + `"],"msg":"Input should be a valid boolean","input":null}`
	}
	run(t, []exchange{
		{"nothing", patch(kingID, queen, `{}`), same},
		{"flags", patch(kingID, queen, `{"is_active":false,"is_superuser":true,"is_verified":"no"}`), member(kingID, "king@camelot.bt", "false", "true", "false")},
		{"flags null", patch(kingID, queen, `{"is_active":null,"is_superuser":null,"is_verified":null}`), wrong(null("is_active") + "," + null("is_superuser") + "," + null("is_verified"))},
		{"verified with a new address", patch(kingID, queen, `{"is_verified":true,"email":"arthur@camelot.bt"}`), member(kingID, "arthur@camelot.bt", "true", "false", "true")},
		{"address", patch(kingID, queen, `{"email":"arthur@camelot.bt"}`), member(kingID, "arthur@camelot.bt", "true", "false", "false")},
		{"address taken", patch(kingID, queen, `{"email":"queen@camelot.bt"}`), jsonAnswer(400, `{"detail":"UPDATE_USER_EMAIL_ALREADY_EXISTS"}`)},
		{"password refused", patch(kingID, queen, `{"password":"x"}`), jsonAnswer(400, `{"detail":{"code":"UPDATE_USER_INVALID_PASSWORD","reason":"Password should be at least 8 characters"}}`)},
		{"nobody", patch(kingID, "Bearer x", `{}`), unauthorized},
		{"no superuser", patch(kingID, king, `{}`), forbidden},
		{"unknown id", patch(nobodyID, queen, `{}`), notFound},
		{"no id", patch("x", queen, `{}`), notFound},
	})
}

func TestDelete(t *testing.T) {
	run(t, []exchange{
		{"nobody", "DELETE /users/" + kingID, unauthorized},
		{"no superuser", "DELETE /users/" + kingID + "\nAuthorization: " + king, forbidden},
		{"superuser", "DELETE /users/" + kingID + "\nAuthorization: " + queen, noContent},
		{"oneself", "DELETE /users/" + queenID + "\nAuthorization: " + queen, noContent},
		{"unknown", "DELETE /users/" + nobodyID + "\nAuthorization: " + queen, notFound},
		{"me, nobody", "DELETE /users/me", unauthorized},
		{"me, no superuser", "DELETE /users/me\nAuthorization: " + king, forbidden},
		{"me, superuser", "DELETE /users/me\nAuthorization: " + queen, notFound},
	})
}

// What was changed shows in what is asked next.
func TestEffects(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []exchange
	}{
		{"deletion ends sessions", []exchange{
			{"delete", "DELETE /users/" + kingID + "\nAuthorization: " + queen, noContent},
			{"me", "GET /users/me\nAuthorization: " + king, unauthorized},
			{"again", "DELETE /users/" + kingID + "\nAuthorization: " + queen, notFound},
		}},
		{"a ban ends sessions", []exchange{
			{"ban", patch(kingID, queen, `{"is_active":false}`), member(kingID, "king@camelot.bt", "false", "false", "true")},
			{"me", "GET /users/me\nAuthorization: " + king, unauthorized},
			{"login", login("username=king@camelot.bt&password=guinevere"), badLogin},
		}},
		{"a new password ends sessions", []exchange{
			{"change", patch("me", king, `{"password":"lady of the lake"}`), jsonAnswer(200, kingJSON)},
			{"me", "GET /users/me\nAuthorization: " + king, unauthorized},
			{"old password", login("username=king@camelot.bt&password=guinevere"), badLogin},
			{"new password", login("username=king@camelot.bt&password=lady+of+the+lake"), loggedIn},
			{"me again", "GET /users/me\nAuthorization: Bearer t1", jsonAnswer(200, kingJSON)},
		}},
		{"registration and login", []exchange{
			{"register", register(`{"email":"Percival@b.com","password":"holy grail"}`), jsonAnswer(201, `{"id":"00000000-0000-7000-8000-000000000001","email":"Percival@b.com","is_active":true,"is_superuser":false,"is_verified":false}`)},
			{"login", login("username=percival%40B.com&password=holy+grail"), loggedIn},
			{"me", "GET /users/me\nAuthorization: Bearer t1", member("00000000-0000-7000-8000-000000000001", "Percival@b.com", "true", "false", "false")},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			for _, s := range c.steps {
				if got := w.do(t, s.request); got != s.want {
					t.Fatalf("%s: got\n%s\nwant\n%s", s.name, got, s.want)
				}
			}
		})
	}
}
