package contract

import "strings"

// flagParsing and flagType are errors: is_active is no boolean but input.
func flagParsing(input string) string {
	return `{"type":"bool_parsing","loc":["body","is_active"],"msg":"Input should be a valid boolean, unable to interpret input","input":` + input + `}`
}

func flagType(input string) string {
	return `{"type":"bool_type","loc":["body","is_active"],"msg":"Input should be a valid boolean","input":` + input + `}`
}

// registering sends a registration of Lancelot with is_active as given.
func registering(isActive string) string {
	return post("/auth/register", `{"email":"lancelot@camelot.bt","password":"guinevere","is_active":`+isActive+`}`)
}

// noFields is the answer to a body without the fields of a reset.
var noFields = invalid(missing("token", "null"), missing("password", "null"))

// noObject are bodies that are no objects, as JSON.
var noObject = []string{`[]`, `[1,"a",null]`, `"king.arthur@camelot.bt"`, `""`, `1`, `-1.5`, `true`, `false`}

// everywhere asks each of the routes that take a whole object for the answer
// that it gives to body.
func everywhere(body, want string) talk {
	return talk{
		post("/auth/register", body), want,
		patch("/users/me", "arthur", body), want,
		patch("/users/"+people["lady"].id, "merlin", body), want,
	}
}

// eachField asks each of the routes that take fields for the answer that it
// gives to body, where no field counts.
func eachField(body string) talk {
	return talk{
		post("/auth/forgot-password", body), noEmail,
		post("/auth/request-verify-token", body), noEmail,
		post("/auth/verify", body), invalid(missing("token", "null")),
		post("/auth/reset-password", body), noFields,
	}
}

// invalidTests are about the answers to bodies that are wrong.
var invalidTests = []test{
	{name: "object-null", talk: everywhere(`null`, invalid(`{"type":"missing","loc":["body"],"msg":"Field required","input":null}`))},
	{name: "fields-null", talk: eachField(`null`)},
	{name: "object-empty", talk: talk{post("/auth/register", `{ }`), invalid(missing("email", `{}`), missing("password", `{}`))}},
	{name: "fields-empty", talk: eachField(`{}`)},
	{name: "object-lacks-one", talk: talk{
		post("/auth/register", `{"password":"abc"}`), invalid(missing("email", `{"password":"abc"}`)),
		post("/auth/register", `{"z":[1.50,{"b":null}], "email":"a@camelot.bt","é":"<"}`),
		invalid(missing("password", `{"z":[1.5,{"b":null}],"email":"a@camelot.bt","é":"<"}`)),
	}},
	{name: "fields-lack-one", talk: talk{
		post("/auth/reset-password", `{"token":"x"}`), invalid(missing("password", "null")),
		post("/auth/reset-password", `{"password":"x"}`), invalid(missing("token", "null")),
	}},
	{name: "object-null-field", happened: "registered", talk: talk{
		post("/auth/register", `{"email":null,"password":null}`), invalid(notText("email", "null"), notText("password", "null")),
		registering(`null,"first_name":null,"shield":null,"is_superuser":null,"is_verified":null`), created("lancelot@camelot.bt"),
	}},
	{name: "fields-null-field", talk: append(eachField(`{"email":null,"token":null,"password":null}`),
		post("/auth/reset-password", `{"token":null,"password":"x"}`), invalid(missing("token", "null")))},
	{name: "object-is-none", talk: func() (all talk) {
		for _, body := range noObject {
			all = append(all, everywhere(body, invalid(notObject(body)))...)
		}
		return all
	}()},
	{name: "fields-in-none", talk: func() (all talk) {
		for _, body := range noObject {
			all = append(all, eachField(body)...)
		}
		return all
	}()},
	{name: "object-of-other-type", talk: talk{
		"POST /auth/register\nContent-Type: application/x-www-form-urlencoded\n\nemail=a", invalid(notObject(`"email=a"`)),
		"PATCH /users/me\nContent-Type: text/plain\n" + as("arthur") + "\n\n{\"a\":\n\"b\\\"}", invalid(notObject(`"{\"a\":\n\"b\\\"}"`)),
	}},
	{name: "fields-of-other-type", talk: talk{
		"POST /auth/reset-password\nContent-Type: text/plain\n\n{\"token\":\"x\",\"password\":\"y\"}", noFields,
		"POST /auth/verify\nContent-Type: text/plain\n\n{\"token\":\"x\"}", invalid(missing("token", "null")),
	}},
	{name: "missing", talk: talk{post("/auth/verify", `{"Token":"x"}`), invalid(missing("token", "null"))}},
	{name: "text", talk: talk{
		post("/auth/register", `{"email":["a"],"password":12345}`), invalid(notText("email", `["a"]`), notText("password", "12345")),
		post("/auth/verify", `{"token":true}`), invalid(notText("token", "true")),
		post("/auth/reset-password", `{"token":1,"password":{"a":[]}}`), invalid(notText("token", "1"), notText("password", `{"a":[]}`)),
		post("/auth/forgot-password", `{"email":1.0}`), invalid(notText("email", "1.0")),
	}},
	{name: "email", talk: talk{
		post("/auth/register", `{"email":"king.arthur","password":"guinevere"}`), invalid(notEmail(`"king.arthur"`, "An email address must have an @-sign.")),
		post("/auth/forgot-password", `{"email":"a@"}`), invalid(notEmail(`"a@"`, "There must be something after the @-sign.")),
		post("/auth/request-verify-token", `{"email":"@b.com"}`), invalid(notEmail(`"@b.com"`, "There must be something before the @-sign.")),
		patch("/users/me", "arthur", `{"email":""}`), invalid(notEmail(`""`, "An email address must have an @-sign.")),
	}},
	{name: "flag-parsing", talk: talk{
		registering(`2`), invalid(flagParsing(`2`)), registering(`-1`), invalid(flagParsing(`-1`)),
		registering(`"maybe"`), invalid(flagParsing(`"maybe"`)), registering(`""`), invalid(flagParsing(`""`)),
		registering(`" true"`), invalid(flagParsing(`" true"`)), registering(`2.0`), invalid(flagParsing(`2.0`)),
	}},
	{name: "flag-type", talk: talk{
		registering(`[]`), invalid(flagType(`[]`)), registering(`{"a":1}`), invalid(flagType(`{"a":1}`)),
		registering(`0.5`), invalid(flagType(`0.5`)),
		registering(`99999999999999999999`), invalid(flagType(`99999999999999999999`)),
	}},
	{name: "grant-type", talk: talk{
		form("/auth/jwt/login", "grant_type=refresh_token&"+loginArthur),
		invalid(`{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String should match pattern '^password$'","input":"refresh_token","ctx":{"pattern":"^password$"}}`),
	}},
	{name: "syntax", talk: func() (all talk) {
		for _, path := range []string{"/auth/register", "/auth/forgot-password", "/auth/reset-password", "/auth/request-verify-token", "/auth/verify"} {
			all = append(all, post(path, `{"email": `), invalid(syntax(10, "Expecting value")))
		}
		return append(all, patch("/users/me", "arthur", `{"email": `), invalid(syntax(10, "Expecting value")))
	}()},
	{name: "key-order", talk: talk{
		post("/auth/register", `{"is_verified":"x","password":1,"email":2}`),
		invalid(notText("email", "2"), notText("password", "1"),
			`{"type":"bool_parsing","loc":["body","is_verified"],"msg":"Input should be a valid boolean, unable to interpret input","input":"x"}`),
		patch("/users/me", "arthur", `{"is_active":"x","email":2,"password":1}`), invalid(notText("password", "1"), notText("email", "2"), flagParsing(`"x"`)),
		form("/auth/jwt/login", "grant_type=x&password=y"),
		invalid(`{"type":"string_pattern_mismatch","loc":["body","grant_type"],"msg":"String should match pattern '^password$'","input":"x","ctx":{"pattern":"^password$"}}`, missing("username", "null")),
	}},
	{name: "flags", happened: strings.TrimSuffix(strings.Repeat("updated is_active, ", 27), ", "), talk: func() (all talk) {
		yes, no := answer(200, lady), answer(200, strings.Replace(lady, `"is_active":true`, `"is_active":false`, 1))
		for _, word := range strings.Fields(`true 1 1.0 "1" "t" "T" "true" "TRUE" "y" "Y" "yes" "Yes" "on" "ON"`) {
			all = append(all, patch("/users/"+people["lady"].id, "merlin", `{"is_active":`+word+`}`), yes)
		}
		for _, word := range strings.Fields(`false 0 0.0 "0" "f" "F" "false" "False" "n" "no" "NO" "off" "Off"`) {
			all = append(all, patch("/users/"+people["lady"].id, "merlin", `{"is_active":`+word+`}`), no)
		}
		return all
	}()},
	{name: "syntax-texts", talk: talk{
		post("/auth/register", ``+`}`), invalid(syntax(0, "Expecting value")),
		post("/auth/register", `{"é":nul}`), invalid(syntax(5, "Expecting value")),
		post("/auth/register", `{a}`), invalid(syntax(1, "Expecting property name enclosed in double quotes")),
		post("/auth/register", `{"a":1,}`), invalid(syntax(7, "Expecting property name enclosed in double quotes")),
		post("/auth/register", `{"a" 1}`), invalid(syntax(5, "Expecting ':' delimiter")),
		post("/auth/register", `{"a":1 "b":2}`), invalid(syntax(7, "Expecting ',' delimiter")),
		post("/auth/register", `[1 2]`), invalid(syntax(3, "Expecting ',' delimiter")),
		post("/auth/register", `{} x`), invalid(syntax(3, "Extra data")),
		post("/auth/register", `{"a":"b`), invalid(syntax(5, "Unterminated string starting at")),
		post("/auth/register", "\"a\x01\""), invalid(syntax(2, "Invalid control character at")),
		post("/auth/register", `"\x"`), invalid(syntax(1, `Invalid \\escape`)),
		post("/auth/register", `"\u12g4"`), invalid(syntax(2, `Invalid \\uXXXX escape`)),
	}},
	{name: "form-empty", talk: talk{form("/auth/jwt/login", ""), nothingSent}},
	{name: "long-input", talk: talk{
		post("/auth/register", `{"email":"`+strings.Repeat("x", 3000)+`","password":"p"}`),
		invalid(notEmail(`"`+strings.Repeat("x", 3000)+`"`, "Length must not exceed 2048 characters")),
	}},
}
