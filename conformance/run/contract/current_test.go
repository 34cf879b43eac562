package contract

import (
	"strconv"
)

func bearer(token string) string { return "Authorization: Bearer " + token }

// who is the answer of a route of the application to that person, or to nobody
// where it is "null".
func who(text string) string {
	if text != "null" {
		text = `"` + people[text].email + `"`
	}
	return "200\nContent-Length: " + strconv.Itoa(len(text)) + "\nContent-Type: application/json\n\n" + text
}

// currentTests are about the application's own routes.
var currentTests = func() (all []test) {
	answers := map[string]map[string]string{ // route, person, answer; no answer is the person's own
		"/any":                {},
		"/active":             {"percival": unauthorized},
		"/any-verified":       {"arthur": forbidden, "percival": forbidden, "merlin": forbidden},
		"/verified":           {"arthur": forbidden, "percival": unauthorized, "merlin": forbidden},
		"/superuser":          {"arthur": forbidden, "percival": unauthorized, "lady": forbidden},
		"/verified-superuser": {"arthur": forbidden, "percival": unauthorized, "lady": forbidden, "merlin": forbidden},
	}
	for _, route := range []string{"/any", "/active", "/any-verified", "/verified", "/superuser", "/verified-superuser"} {
		all = append(all,
			test{name: route[1:] + "-nobody", talk: talk{get(route), unauthorized}},
			test{name: route[1:] + "-junk", talk: talk{get(route, bearer("foo")), unauthorized}},
			test{name: "optional-" + route[1:] + "-nobody", talk: talk{get("/optional" + route), who("null")}},
			test{name: "optional-" + route[1:] + "-junk", talk: talk{get("/optional"+route, bearer("foo")), who("null")}})
		for _, name := range []string{"arthur", "percival", "lady", "merlin", "real"} {
			want, optional := who(name), who(name)
			if refusal, ok := answers[route][name]; ok {
				want, optional = refusal, who("null")
			}
			all = append(all, test{name: route[1:] + "-" + name, talk: talk{get(route, as(name)), want}},
				test{name: "optional-" + route[1:] + "-" + name, talk: talk{get("/optional"+route, as(name)), optional}})
		}
	}
	return append(all, backendTests...)
}()

// cookie is a header that proves to be who.
func cookie(who string) string { return "Cookie: fastapiusersauth=«jwt " + who + "»" }

// backendTests are about several backends.
var backendTests = []test{
	{name: "second-backend", talk: talk{get("/active", cookie("arthur")), who("arthur"), get("/active", bearer("«db arthur»")), who("arthur")}},
	{name: "first-is-junk", talk: talk{get("/active", bearer("foo"), cookie("arthur")), who("arthur")}},
	{name: "all-are-junk", talk: talk{get("/active", bearer("foo"), "Cookie: fastapiusersauth=foo"), unauthorized}},
	{name: "first-decides", talk: talk{
		get("/active", as("lady"), cookie("arthur")), who("lady"),
		get("/active", bearer("«db lady»"), cookie("arthur")), who("arthur"),
	}},
	{name: "no-fall-through", talk: talk{
		get("/active", as("percival"), cookie("arthur")), unauthorized,
		get("/verified", as("arthur"), cookie("lady")), forbidden,
		get("/optional/active", as("percival"), cookie("arthur")), who("null"),
	}},
	{name: "enabled", talk: talk{
		get("/only-cookie", cookie("arthur")), who("arthur"), get("/only-cookie", as("lady"), cookie("arthur")), who("arthur"),
		get("/only-jwt", as("arthur")), who("arthur"),
	}},
	{name: "not-enabled", talk: talk{
		get("/only-cookie", as("arthur")), unauthorized, get("/only-jwt", cookie("arthur")), unauthorized,
		get("/only-jwt", bearer("«db arthur»")), unauthorized, get("/none", as("arthur"), cookie("arthur")), unauthorized,
	}},
	{name: "ended-at-once", happened: "deleting, deleted, updated is_active", talk: talk{
		get("/any", as("lady")), who("lady"), get("/any", bearer("«db lady»")), who("lady"),
		ask("DELETE", "/users/"+people["lady"].id, "real"), noContent,
		get("/any", as("lady")), unauthorized, get("/any", bearer("«db lady»")), unauthorized,
		get("/any", as("arthur")), who("arthur"), get("/any", bearer("«db arthur»")), who("arthur"),
		patch("/users/"+arthurID, "real", `{"is_active":false}`), answer(200, `{"id":"11111111-1111-7111-8111-111111111111","email":"king.arthur@camelot.bt","is_active":false,"is_superuser":false,"is_verified":false,"first_name":null,"shield":null}`),
		get("/users/me", as("arthur")), unauthorized, get("/users/me", bearer("«db arthur»")), unauthorized,
	}},
}

// bearerTests are about tokens in the Authorization header.
var bearerTests = []test{
	{name: "scheme", talk: talk{
		get("/active", "Authorization: bEaReR «jwt arthur»"), who("arthur"),
		get("/active", "Authorization: Basic «jwt arthur»"), unauthorized,
		get("/active", "Authorization: «jwt arthur»"), unauthorized,
	}},
	{name: "blanks", talk: talk{
		get("/active", "Authorization: Bearer   «jwt arthur»  \t"), who("arthur"),
		get("/active", "Authorization: Bearer\t«jwt arthur»"), unauthorized,
	}},
	{name: "alone", talk: talk{get("/active", "Authorization: Bearer"), unauthorized, get("/active", "Authorization:"), unauthorized, get("/active", "Authorization: Bearer "), unauthorized}},
	{name: "first-header", talk: talk{
		get("/active", as("arthur"), as("lady")), who("arthur"),
		get("/active", bearer("foo"), as("lady")), unauthorized,
	}},
	{name: "none", talk: talk{get("/active"), unauthorized, get("/active?access_token=«jwt arthur»"), unauthorized, get("/optional/active"), who("null")}},
	{name: "login", happened: "logged in", talk: talk{form("/auth/jwt/login", loginArthur), hail}},
	{name: "logout", talk: talk{ask("POST", "/auth/jwt/logout", "arthur"), noContent}},
}
