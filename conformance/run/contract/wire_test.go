package contract

import (
	"context"
	"strings"
)

// wireTests are about what holds for every route.
var wireTests = []test{
	{name: "json", happened: "updated first_name", talk: talk{
		patch("/users/me", "arthur", `{"first_name":"<é>&'\u2028\ud83d\ude00\"\\\n\u0001/"}`),
		answer(200, strings.Replace(arthur, `"first_name":null`, `"first_name":"<é>&'`+"\u2028"+`😀\"\\\n\u0001/"`, 1)),
	}},
	{name: "no-content", talk: talk{ask("POST", "/auth/jwt/logout", "arthur"), "204\nCache-Control: no-store\n\n"}},
	{name: "unauthorized", talk: talk{get("/users/me"), unauthorized}},
	{name: "unauthorized-by-cookie", talk: talk{get("/users/me", "Cookie: fastapiusersauth=junk"), unauthorized}},
	{name: "forbidden", talk: talk{ask("GET", "/users/"+nobody, "arthur"), forbidden}},
	{name: "not-found", talk: talk{get("/nowhere"), notFound, get("/"), notFound}},
	{name: "panic", talk: talk{
		ask("DELETE", "/users/"+people["arthur"].id, "merlin"),
		"500\nCache-Control: no-store\nContent-Length: 21\nContent-Type: text/plain; charset=utf-8\n\nInternal Server Error",
	}, setup: func(s *setup) {
		s.logs = "the sword broke"
		s.core.Hooks.BeforeDelete = func(context.Context, *member) error { panic("the sword broke") }
	}},
	{name: "head", talk: talk{
		send("HEAD", "/users/me", ""), "405\nAllow: GET\nCache-Control: no-store\nContent-Length: 31\nContent-Type: application/json\n\n",
		send("HEAD", "/auth/register", ""), "405\nAllow: POST\nCache-Control: no-store\nContent-Length: 31\nContent-Type: application/json\n\n",
	}},
	{name: "options", talk: talk{
		send("OPTIONS", "/users/me", ""), notAllowed("GET"),
		send("OPTIONS", "/auth/jwt/login", "", "Origin: http://round.table", "Access-Control-Request-Method: POST"), notAllowed("POST"),
	}},
	{name: "allow-of-first-route", talk: talk{
		send("PUT", "/users/me", ""), notAllowed("GET"),
		send("POST", "/users/me", ""), notAllowed("GET"),
		send("PUT", "/users/"+nobody, ""), notAllowed("GET"),
		get("/auth/register"), notAllowed("POST"),
		send("DELETE", "/auth/jwt/login", ""), notAllowed("POST"),
		send("PATCH", "/auth/cookie/logout", ""), notAllowed("POST"),
		get("/auth/verify"), notAllowed("POST"),
	}},
	{name: "slash", talk: talk{
		get("/users/me/"), redirect("http://camelot.bt/users/me"),
		send("PUT", "/users/me/", ""), redirect("http://camelot.bt/users/me"),
		get("/users/" + nobody + "/"), redirect("http://camelot.bt/users/" + nobody),
		post("/auth/register/", "{"), redirect("http://camelot.bt/auth/register"),
	}},
	{name: "slash-keeps-query", talk: talk{
		get("/users/me/?b=%20+&a=%C3%A9&a"), redirect("http://camelot.bt/users/me?b=%20+&a=%C3%A9&a"),
	}},
	{name: "no-list", talk: talk{get("/users"), notFound, get("/users/"), notFound, ask("GET", "/users", "merlin"), notFound}},
	{name: "case", talk: talk{
		post("/auth/Register", "{}"), notFound,
		ask("GET", "/users/Me", "merlin"), notFound,
		ask("GET", "/users/Me", "arthur"), forbidden,
		get("/Users/me"), notFound,
	}},
	{name: "percent", talk: talk{
		ask("GET", "/users/%6de", "arthur"), answer(200, arthur),
		ask("GET", "/%75sers/%6D%65", "arthur"), answer(200, arthur),
	}},
	{name: "percent-slash", talk: talk{
		ask("GET", "/users/a%2Fb", "merlin"), notFound,
		ask("GET", "/users/"+people["arthur"].id+"%2Fx", "merlin"), notFound,
	}},
	{name: "double-slash", talk: talk{ask("GET", "//users/me", "arthur"), notFound}},
	{name: "unknown-query", talk: talk{ask("GET", "/users/me?id=1&%zz", "arthur"), answer(200, arthur)}},
	{name: "unknown-body", happened: "registered, updated ", talk: talk{
		post("/auth/register", `{"email":"lancelot@camelot.bt","password":"guinevere","id":"`+nobody+`","hashed_password":"x","oauth_accounts":[1],"knight":true}`),
		created("lancelot@camelot.bt"),
		patch("/users/me", "arthur", `{"id":"`+nobody+`","hashed_password":"x","oauth_accounts":[],"session_epoch":9}`), answer(200, arthur),
	}},
	{name: "unknown-form", happened: "logged in", talk: talk{
		form("/auth/db/login", "knight=1&username=king.arthur@camelot.bt&password=guinevere&=&a"),
		answer(200, `{"access_token":"«session»","token_type":"bearer"}`),
	}},
	{name: "nothing-conditional", talk: talk{
		get("/users/me", as("arthur"), "Accept-Encoding: gzip, br", "If-None-Match: *", "If-Modified-Since: Wed, 02 Jan 2030 03:04:05 GMT", "Range: bytes=0-1", "Accept: text/html"),
		answer(200, arthur),
	}},
}

// orderTests are about which of several errors is told.
var orderTests = []test{
	{name: "route-first", talk: talk{
		send("PATCH", "/users/a/b", "{"), notFound,
		send("PUT", "/users/me", "{"), notAllowed("GET"),
		send("PATCH", "/users/me/", "{"), redirect("http://camelot.bt/users/me"),
	}},
	{name: "syntax-before-caller", talk: talk{
		send("PATCH", "/users/me", "{"), invalid(syntax(1, "Expecting property name enclosed in double quotes")),
		patch("/users/"+nobody, "arthur", `{"a"}`), invalid(syntax(4, "Expecting ':' delimiter")),
		send("PATCH", "/users/me", "\"\xff\""), unreadable,
	}},
	{name: "caller-before-id", talk: talk{
		send("PATCH", "/users/x", "{}"), unauthorized,
		patch("/users/x", "arthur", "{}"), forbidden,
		ask("GET", "/users/x", "arthur"), forbidden,
		patch("/users/x", "merlin", "{}"), notFound,
		ask("DELETE", "/users/x", "merlin"), notFound,
	}},
	{name: "id-before-values", talk: talk{patch("/users/"+nobody, "merlin", "[]"), notFound}},
	{name: "caller-before-values", talk: talk{
		send("PATCH", "/users/me", `{"email":1}`), unauthorized,
		send("PATCH", "/users/"+nobody, "[]"), unauthorized,
		patch("/users/"+people["arthur"].id, "arthur", "[]"), forbidden,
	}},
	{name: "all-values-at-once", talk: talk{
		post("/auth/register", `{"shield":{"colours":[1]},"first_name":1,"is_verified":"x","password":2,"email":"x"}`),
		invalid(notEmail(`"x"`, "An email address must have an @-sign."), notText("password", "2"),
			`{"type":"bool_parsing","loc":["body","is_verified"],"msg":"Input should be a valid boolean, unable to interpret input","input":"x"}`,
			notText("first_name", "1"),
			`{"type":"missing","loc":["body","shield","beast"],"msg":"Field required","input":{"colours":[1]}}`,
			`{"type":"string_type","loc":["body","shield","colours",0],"msg":"Input should be a valid string","input":1}`),
	}},
	{name: "values-before-rules", talk: talk{
		post("/auth/register", `{"email":"king.arthur@camelot.bt","password":"x","is_active":[]}`),
		invalid(`{"type":"bool_type","loc":["body","is_active"],"msg":"Input should be a valid boolean","input":[]}`),
		patch("/users/me", "arthur", `{"email":"lake.lady@camelot.bt","is_superuser":"maybe"}`),
		invalid(`{"type":"bool_parsing","loc":["body","is_superuser"],"msg":"Input should be a valid boolean, unable to interpret input","input":"maybe"}`),
	}},
}
