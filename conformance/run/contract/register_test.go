package contract

import (
	"context"

	"github.com/gousher/usher/core"
)

// enrol sends a registration of Lancelot with further fields.
func enrol(further string) string {
	return post("/auth/register", `{"email":"lancelot@camelot.bt","password":"guinevere"`+further+`}`)
}

const tooShort = "Password should be at least 3 characters"

var taken = refused("REGISTER_USER_ALREADY_EXISTS")

// registerTests are about registering.
var registerTests = []test{
	{name: "created", happened: "registered, logged in", talk: talk{
		enrol(""), created("lancelot@camelot.bt"),
		form("/auth/db/login", "username=lancelot@camelot.bt&password=guinevere"), answer(200, `{"access_token":"«session»","token_type":"bearer"}`),
		get("/users/me", "Authorization: Bearer «session»"),
		answer(200, `{"id":"«same id»","email":"lancelot@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false,"first_name":null,"shield":null}`),
	}},
	{name: "case-kept", happened: "registered", talk: talk{
		post("/auth/register", `{"email":"Lancelot@camelot.bt","password":"guinevere"}`), created("Lancelot@camelot.bt"),
	}},
	{name: "own-fields", happened: "registered", talk: talk{
		enrol(`,"shield":{"colours":["or","gules"],"beast":"lion","x":1},"first_name":"Lancelot"`),
		answer(201, `{"id":"«id»","email":"lancelot@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false,"first_name":"Lancelot","shield":{"beast":"lion","colours":["or","gules"]}}`),
	}},
	{name: "superuser-ignored", happened: "registered", talk: talk{enrol(`,"is_superuser":true`), created("lancelot@camelot.bt")}},
	{name: "inactive-ignored", happened: "registered", talk: talk{enrol(`,"is_active":false`), created("lancelot@camelot.bt")}},
	{name: "verified-ignored", happened: "registered", talk: talk{enrol(`,"is_verified":true`), created("lancelot@camelot.bt")}},
	{name: "flags-typed", talk: talk{enrol(`,"is_active":"maybe"`), invalid(flagParsing(`"maybe"`))}},
	{name: "empty-body", talk: talk{post("/auth/register", `{}`), invalid(missing("email", `{}`), missing("password", `{}`))}},
	{name: "no-email", talk: talk{post("/auth/register", `{"password":"guinevere"}`), invalid(missing("email", `{"password":"guinevere"}`))}},
	{name: "no-password", talk: talk{post("/auth/register", `{"email":"king.arthur@camelot.bt"}`), invalid(missing("password", `{"email":"king.arthur@camelot.bt"}`))}},
	{name: "bad-email", talk: talk{post("/auth/register", `{"email":"king.arthur","password":"guinevere"}`), invalid(notEmail(`"king.arthur"`, noAt))}},
	{name: "weak-password", talk: talk{
		post("/auth/register", `{"email":"lancelot@camelot.bt","password":"g"}`), weak("REGISTER_INVALID_PASSWORD", tooShort),
		post("/auth/register", `{"email":"lancelot@camelot.bt","password":""}`), weak("REGISTER_INVALID_PASSWORD", tooShort),
	}},
	{name: "reason-of-any-kind", setup: func(s *setup) {
		s.core.ValidatePassword = func(_ context.Context, password string, m *member) error {
			return &core.PasswordError{Reason: []any{m.Email, map[string]any{"<é>": nil}, len(password)}}
		}
	}, talk: talk{enrol(""), answer(400, `{"detail":{"code":"REGISTER_INVALID_PASSWORD","reason":["lancelot@camelot.bt",{"<é>":null},9]}}`)}},
	{name: "taken", talk: talk{post("/auth/register", `{"email":"king.arthur@camelot.bt","password":"guinevere"}`), taken}},
	{name: "taken-other-case", talk: talk{post("/auth/register", `{"email":"King.Arthur@camelot.bt","password":"guinevere"}`), taken}},
	{name: "taken-and-weak", talk: talk{post("/auth/register", `{"email":"king.arthur@camelot.bt","password":"g"}`), weak("REGISTER_INVALID_PASSWORD", tooShort)}},
	{name: "twice", happened: "registered", talk: talk{enrol(""), created("lancelot@camelot.bt"), enrol(""), taken}},
}
