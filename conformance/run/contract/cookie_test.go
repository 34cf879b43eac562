package contract

import (
	"time"

	"github.com/gousher/usher/core"
)

// cookieTest logs Arthur in and out by a cookie that was set up like that.
func cookieTest(name string, cfg core.CookieConfig, sent, gone string) test {
	return test{name: name, happened: "logged in", setup: func(s *setup) { s.cookie = cfg }, talk: talk{
		form("/auth/cookie/login", loginArthur), setCookie(sent),
		ask("POST", "/auth/cookie/logout", "arthur"), setCookie(gone),
	}}
}

// cookieTests are about tokens in cookies.
var cookieTests = []test{
	cookieTest("defaults", core.CookieConfig{},
		`fastapiusersauth=«jwt arthur»; HttpOnly; Path=/; SameSite=lax; Secure`,
		`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`),
	cookieTest("max-age", core.CookieConfig{MaxAge: time.Hour},
		`fastapiusersauth=«jwt arthur»; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure`,
		`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`),
	cookieTest("domain-path-max-age", core.CookieConfig{Domain: "camelot.bt", Path: "/arthur", MaxAge: 10 * time.Second},
		`fastapiusersauth=«jwt arthur»; Domain=camelot.bt; HttpOnly; Max-Age=10; Path=/arthur; SameSite=lax; Secure`,
		`fastapiusersauth=""; Domain=camelot.bt; HttpOnly; Max-Age=0; Path=/arthur; SameSite=lax; Secure`),
	cookieTest("path", core.CookieConfig{Name: "COOKIE_NAME", Path: "/arthur", MaxAge: time.Hour},
		`COOKIE_NAME=«jwt arthur»; HttpOnly; Max-Age=3600; Path=/arthur; SameSite=lax; Secure`,
		`COOKIE_NAME=""; HttpOnly; Max-Age=0; Path=/arthur; SameSite=lax; Secure`),
	cookieTest("domain", core.CookieConfig{Name: "COOKIE_NAME", Domain: "camelot.bt", MaxAge: time.Hour},
		`COOKIE_NAME=«jwt arthur»; Domain=camelot.bt; HttpOnly; Max-Age=3600; Path=/; SameSite=lax; Secure`,
		`COOKIE_NAME=""; Domain=camelot.bt; HttpOnly; Max-Age=0; Path=/; SameSite=lax; Secure`),
	cookieTest("not-secure", core.CookieConfig{Insecure: true},
		`fastapiusersauth=«jwt arthur»; HttpOnly; Path=/; SameSite=lax`,
		`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=lax`),
	cookieTest("not-http-only", core.CookieConfig{Scriptable: true},
		`fastapiusersauth=«jwt arthur»; Path=/; SameSite=lax; Secure`,
		`fastapiusersauth=""; Max-Age=0; Path=/; SameSite=lax; Secure`),
	cookieTest("same-site-none", core.CookieConfig{SameSite: "none"},
		`fastapiusersauth=«jwt arthur»; HttpOnly; Path=/; SameSite=none; Secure`,
		`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=none; Secure`),
	cookieTest("same-site-strict", core.CookieConfig{SameSite: "strict"},
		`fastapiusersauth=«jwt arthur»; HttpOnly; Path=/; SameSite=strict; Secure`,
		`fastapiusersauth=""; HttpOnly; Max-Age=0; Path=/; SameSite=strict; Secure`),
	{name: "name", setup: func(s *setup) { s.cookie = core.CookieConfig{Name: "sid"} }, talk: talk{
		get("/active", "Cookie: sid=«jwt arthur»"), who("arthur"), get("/active", cookie("arthur")), unauthorized,
	}},
	{name: "read", talk: talk{
		get("/active", "Cookie: a=b; fastapiusersauth=«jwt arthur»; c=d"), who("arthur"),
		get("/active", "Cookie: Fastapiusersauth=«jwt arthur»"), unauthorized,
	}},
	{name: "empty", talk: talk{
		get("/active", "Cookie: fastapiusersauth="), unauthorized, get("/active", `Cookie: fastapiusersauth=""`), unauthorized,
		get("/active", "Cookie: fastapiusersauth"), unauthorized,
	}},
	{name: "quoted", talk: talk{
		get("/active", `Cookie: fastapiusersauth="«jwt arthur»"`), who("arthur"),
		get("/active", `Cookie: fastapiusersauth="\145`+arthurJWT[1:]+`"`), who("arthur"),
	}},
	{name: "repeated", talk: talk{
		get("/active", "Cookie: fastapiusersauth=«jwt arthur»; fastapiusersauth=«jwt lady»"), who("lady"),
		get("/active", "Cookie: fastapiusersauth=«jwt arthur»; fastapiusersauth=foo"), unauthorized,
	}},
	{name: "cross-site", talk: talk{
		send("POST", "/auth/cookie/logout", "", cookie("arthur"), "Sec-Fetch-Site: cross-site"), forbidden,
		form("/auth/cookie/login", loginArthur, "Origin: http://mordred.example"), forbidden,
		send("POST", "/auth/jwt/logout", "", as("arthur"), "Sec-Fetch-Site: cross-site"), noContent,
	}},
}

// mountTests are about which routes there are.
var mountTests = []test{
	{name: "register", talk: talk{post("/auth/register", ""), invalid(`{"type":"missing","loc":["body"],"msg":"Field required","input":null}`)}},
	{name: "verify", talk: talk{post("/auth/request-verify-token", ""), noEmail, post("/auth/verify", ""), invalid(missing("token", "null"))}},
	{name: "reset", talk: talk{post("/auth/forgot-password", ""), noEmail, post("/auth/reset-password", ""), noFields}},
	{name: "auth", talk: talk{
		send("POST", "/auth/jwt/login", ""), nothingSent, send("POST", "/auth/jwt/logout", ""), unauthorized,
		send("POST", "/auth/cookie/login", ""), nothingSent, send("POST", "/auth/cookie/logout", ""), unauthorized,
		send("POST", "/auth/db/login", ""), nothingSent, send("POST", "/auth/db/logout", ""), unauthorized,
	}},
	{name: "users", talk: talk{
		get("/users/me"), unauthorized, send("PATCH", "/users/me", ""), unauthorized,
		get("/users/" + nobody), unauthorized, send("PATCH", "/users/"+nobody, ""), unauthorized, send("DELETE", "/users/"+nobody, ""), unauthorized,
	}},
	{name: "users-shown", talk: talk{
		ask("GET", "/users/me", "arthur"), answer(200, arthur), ask("GET", "/users/"+people["percival"].id, "merlin"), answer(200, percival),
		ask("GET", "/users/me", "lady"), answer(200, lady), ask("GET", "/users/me", "merlin"), answer(200, merlin), ask("GET", "/users/me", "real"), answer(200, real),
	}},
	{name: "auth-verified", setup: verifiedOnly, talk: talk{form("/auth/jwt/login", loginArthur), notVerified, ask("POST", "/auth/jwt/logout", "arthur"), forbidden}},
	{name: "users-verified", setup: verifiedOnly, talk: talk{ask("GET", "/users/me", "arthur"), forbidden, ask("GET", updateID, "merlin"), forbidden}},
}
