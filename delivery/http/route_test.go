package httpauth_test

import (
	"crypto/tls"
	"testing"

	httpauth "github.com/gousher/usher/delivery/http"
)

// notAllowed is the answer that names the method of the path's first route.
func notAllowed(method string) string {
	return "405\nAllow: " + method + "\nCache-Control: no-store\nContent-Length: 31\nContent-Type: application/json\n\n" +
		`{"detail":"Method Not Allowed"}`
}

func redirect(location string) string {
	return "307\nCache-Control: no-store\nContent-Length: 0\nLocation: " + location + "\n\n"
}

const kingJSON = `{"id":"11111111-1111-7111-8111-111111111111","email":"king@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true}`

func TestRoutes(t *testing.T) {
	run(t, []exchange{
		{"unknown path", "GET /nope", notFound},
		{"root", "GET /", notFound},
		{"prefix of a router", "GET /users", notFound},
		{"prefix of a router with a slash", "GET /users/", notFound},
		{"HEAD is not GET", "HEAD /users/me", notAllowed("GET")},
		{"OPTIONS", "OPTIONS /users/me", notAllowed("GET")},
		{"PUT me", "PUT /users/me", notAllowed("GET")},
		{"POST me", "POST /users/me", notAllowed("GET")},
		{"POST id", "POST /users/" + kingID, notAllowed("GET")},
		{"GET register", "GET /auth/register", notAllowed("POST")},
		{"GET login", "GET /auth/jwt/login", notAllowed("POST")},
		{"DELETE logout", "DELETE /auth/jwt/logout", notAllowed("POST")},
		{"case of a path", "POST /auth/Register", notFound},
		{"case of me is an id", "GET /users/Me", unauthorized},
		{"me before id", "GET /users/me\nAuthorization: " + king, jsonAnswer(200, kingJSON)},
		{"percent-encoded letter", "GET /users/%6de\nAuthorization: " + king, jsonAnswer(200, kingJSON)},
		{"percent-encoded slash in an id", "GET /users/a%2Fb", notFound},
		{"two slashes at the start", "GET //users/me", notFound},
		{"two slashes inside", "GET /users//me", notFound},
		{"another host's name", "GET //evil.example", notFound},
		{"another host's name with a slash", "GET //evil.example/", notFound},
		{"two slashes and a slash at the end", "GET //users/me/", notFound},
		{"unknown query", "GET /users/me?a=b\nAuthorization: " + king, jsonAnswer(200, kingJSON)},
	})
}

func TestTrailingSlash(t *testing.T) {
	run(t, []exchange{
		{"GET", "GET /users/me/", redirect("http://example.com/users/me")},
		{"other method of the path", "PATCH /users/me/", redirect("http://example.com/users/me")},
		{"method that the path does not have", "PUT /users/me/", redirect("http://example.com/users/me")},
		{"several slashes", "GET /users/me//", redirect("http://example.com/users/me")},
		{"percent-encoded slash", "GET /users/me%2F", redirect("http://example.com/users/me")},
		{"login", "POST /auth/jwt/login/", redirect("http://example.com/auth/jwt/login")},
		{"id", "GET /users/" + kingID + "/", redirect("http://example.com/users/" + kingID)},
		{"query as it was", "GET /users/me/?b=%20x&a=1+2&&", redirect("http://example.com/users/me?b=%20x&a=1+2&&")},
		{"empty query", "GET /users/me/?", redirect("http://example.com/users/me")},
		{"space in an id", "GET /users/a%20b/", redirect("http://example.com/users/a%20b")},
		{"letters in an id", "GET /users/%C3%A9/", redirect("http://example.com/users/%C3%A9")},
		{"percent sign in an id", "GET /users/%25/", redirect("http://example.com/users/%25")},
		{"question mark in an id", "GET /users/a%3Fb/", redirect("http://example.com/users/a%3Fb")},
		{"unknown path", "GET /nope/", notFound},
	})
}

func TestLocation(t *testing.T) {
	for _, c := range []struct {
		name, host string
		tls        bool
		want       string
	}{
		{"host of the request", "h.example:8080", false, "http://h.example:8080/users/me?a=b"},
		{"over TLS", "h.example", true, "https://h.example/users/me?a=b"},
		{"no host", "", false, "/users/me?a=b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRequest(t, "GET /users/me/?a=b")
			r.Host = c.host
			if c.tls {
				r.TLS = &tls.ConnectionState{}
			}
			if got := answerOf(newWorld(t).api, r); got != redirect(c.want) {
				t.Errorf("got\n%s\nwant\n%s", got, redirect(c.want))
			}
		})
	}
}

// What was declared first wins, and 405 names its method.
func TestOrderOfDeclaration(t *testing.T) {
	run(t, []exchange{
		{"method of a later route", "POST /users/register\nContent-Type: application/json\n\nnull",
			jsonAnswer(422, `{"detail":[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]}`)},
		{"method of no route", "PUT /users/register", notAllowed("GET")},
		{"no prefix", "GET /me", unauthorized},
	}, func(w *world) {
		w.mounts = []httpauth.Mount{
			httpauth.Include("/users", httpauth.Users{}, httpauth.Register{}),
			httpauth.Include("", httpauth.Users{}),
		}
	})
}
