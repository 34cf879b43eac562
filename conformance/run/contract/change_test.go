package contract

// movedLady is the lady with another address that somebody vouches for.
const movedLady = `{"id":"33333333-3333-7333-8333-333333333333","email":"lady@tintagel.bt","is_active":true,"is_superuser":false,"is_verified":true,"first_name":null,"shield":null}`

// changeTests are about what each key of a change does.
var changeTests = []test{
	{name: "password-logs-in", happened: "updated password, logged in", talk: talk{
		patch("/users/me", "arthur", `{"password":"excalibur"}`), seeArthur,
		form("/auth/db/login", "username=king.arthur@camelot.bt&password=excalibur"), answer(200, `{"access_token":"«session»","token_type":"bearer"}`),
	}},
	{name: "password-ends-sessions", happened: "updated password", talk: talk{
		get("/users/me", bearer("«db arthur»")), seeArthur,
		patch("/users/me", "arthur", `{"password":"excalibur"}`), seeArthur,
		get("/users/me", bearer("«db arthur»")), unauthorized,
		get("/users/me", as("arthur")), unauthorized,
	}},
	{name: "password-null", happened: "updated password, updated password, logged in", talk: talk{
		patch("/users/me", "arthur", `{"password":null}`), seeArthur,
		patch(updateID, "merlin", `{"password":null}`), seeArthur,
		form("/auth/jwt/login", loginArthur), hail,
	}},
	{name: "email-same", happened: "updated email, updated email", talk: talk{
		patch("/users/me", "lady", `{"email":"lake.lady@camelot.bt"}`), seeLady,
		patch("/users/"+ladyID, "merlin", `{"email":"lake.lady@camelot.bt"}`), seeLady,
	}},
	{name: "email-other", happened: "updated email, updated email", talk: talk{
		patch("/users/me", "lady", `{"email":"lady@tintagel.bt"}`), answer(200, unverifiedLady),
		patch("/users/"+people["real"].id, "merlin", `{"email":"real@tintagel.bt"}`),
		answer(200, `{"id":"55555555-5555-7555-8555-555555555555","email":"real@tintagel.bt","is_active":true,"is_superuser":true,"is_verified":false,"first_name":null,"shield":null}`),
		patch("/users/me", "arthur", `{"email":"LADY@tintagel.bt"}`), emailTaken,
		patch(updateID, "merlin", `{"email":"Merlin@camelot.bt"}`), emailTaken,
	}},
	{name: "email-own-case", happened: "updated email, updated email", talk: talk{
		patch("/users/me", "lady", `{"email":"Lake.Lady@camelot.bt"}`), with(lady, "lake.lady@camelot.bt", "Lake.Lady@camelot.bt"),
		patch("/users/"+ladyID, "merlin", `{"email":"LAKE.lady@camelot.bt"}`), with(lady, "lake.lady@camelot.bt", "LAKE.lady@camelot.bt"),
	}},
	{name: "email-null", talk: talk{
		patch("/users/me", "arthur", `{"email":null}`), invalid(notText("email", "null")),
		patch(updateID, "merlin", `{"email":null}`), invalid(notText("email", "null")),
	}},
	{name: "flags-ignored", happened: "updated ", talk: talk{
		patch("/users/me", "arthur", `{"is_active":"maybe"}`), invalid(flagParsing(`"maybe"`)),
		patch("/users/me", "arthur", `{"is_active":false,"is_superuser":true,"is_verified":"yes"}`), seeArthur,
	}},
	{name: "flags-stored", happened: "updated is_active is_superuser is_verified", talk: talk{
		patch(updateID, "merlin", `{"is_verified":1,"is_superuser":"on","is_active":false}`),
		answer(200, `{"id":"11111111-1111-7111-8111-111111111111","email":"king.arthur@camelot.bt","is_active":false,"is_superuser":true,"is_verified":true,"first_name":null,"shield":null}`),
	}},
	{name: "flags-null", happened: "updated ", talk: talk{patch("/users/me", "arthur", `{"is_active":null,"is_superuser":null,"is_verified":null}`), seeArthur}},
	{name: "flags-null-by-superuser", talk: talk{
		patch(updateID, "merlin", `{"is_active":null}`), invalid(flagType("null")),
	}},
	{name: "email-and-verified", happened: "updated email is_verified", talk: talk{
		patch("/users/"+ladyID, "merlin", `{"is_verified":true,"email":"lady@tintagel.bt"}`), answer(200, movedLady),
	}},
	{name: "email-and-verified-by-oneself", happened: "updated email", talk: talk{
		patch("/users/me", "lady", `{"email":"lady@tintagel.bt","is_verified":true}`), answer(200, unverifiedLady),
	}},
	{name: "unknown", happened: "updated , updated ", talk: talk{
		patch("/users/me", "arthur", `{"id":"`+nobody+`","x":1}`), seeArthur,
		patch(updateID, "merlin", `{"id":"`+nobody+`","hashed_password":"x"}`), seeArthur,
	}},
	{name: "own-fields", happened: "updated first_name shield, updated first_name, updated first_name shield", talk: talk{
		patch("/users/me", "arthur", `{"shield":{"beast":"bear","colours":[]},"first_name":"Arthur","is_superuser":true}`),
		answer(200, `{"id":"11111111-1111-7111-8111-111111111111","email":"king.arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false,"first_name":"Arthur","shield":{"beast":"bear","colours":[]}}`),
		patch(updateID, "merlin", `{"first_name":"Wart"}`),
		answer(200, `{"id":"11111111-1111-7111-8111-111111111111","email":"king.arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false,"first_name":"Wart","shield":{"beast":"bear","colours":[]}}`),
		patch("/users/me", "arthur", `{"first_name":null,"shield":null}`), seeArthur,
	}},
	{name: "own-fields-and-flags-by-superuser", happened: "updated is_superuser first_name", talk: talk{
		patch(updateID, "merlin", `{"first_name":"Arthur","is_superuser":true}`),
		answer(200, `{"id":"11111111-1111-7111-8111-111111111111","email":"king.arthur@camelot.bt","is_active":true,"is_superuser":true,"is_verified":false,"first_name":"Arthur","shield":null}`),
	}},
	{name: "nothing", happened: "updated ", talk: talk{patch("/users/me", "arthur", `{}`), seeArthur}},
	{name: "password-and-email-bad", talk: talk{
		patch("/users/me", "arthur", `{"email":"lake.lady@camelot.bt","password":"m"}`), weakUpdate,
		patch(updateID, "merlin", `{"email":"lake.lady@camelot.bt","password":"m"}`), weakUpdate,
	}},
	{name: "delete-oneself", happened: "deleting, deleted", talk: talk{
		ask("DELETE", "/users/"+people["merlin"].id, "merlin"), noContent, ask("GET", "/users/me", "merlin"), unauthorized,
	}},
	{name: "delete-me", talk: talk{
		send("DELETE", "/users/me", ""), unauthorized, ask("DELETE", "/users/me", "arthur"), forbidden, ask("DELETE", "/users/me", "merlin"), notFound,
	}},
	{name: "delete-me-of-the-application", setup: func(s *setup) { s.own = true }, talk: talk{send("DELETE", "/users/me", ""), who("null")}},
	{name: "id-spelt", talk: talk{
		ask("GET", "/users/11111111111171118111111111111111", "merlin"), seeArthur,
		ask("GET", "/users/1111-1111111171118111-11111111111-1", "merlin"), seeArthur,
		ask("GET", "/users/%7B11111111-1111-7111-8111-111111111111%7D", "merlin"), seeArthur,
		ask("GET", "/users/urn:uuid:11111111-1111-7111-8111-111111111111", "merlin"), seeArthur,
		ask("GET", "/users/uuid:11111111-1111-7111-8111-111111111111", "merlin"), seeArthur,
		ask("GET", "/users/D35D213E-F3D8-4F08-954A-7E0D1BEA286F", "merlin"), notFound,
		ask("GET", "/users/%2011111111-1111-7111-8111-111111111111", "merlin"), notFound,
		ask("GET", "/users/11111111-1111-7111-8111-11111111111", "merlin"), notFound,
	}},
}
