package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
)

// routes are all that the server of a world has, and how a body is read there.
var routes = []struct {
	method, path string
	// body is "json", "form", or empty where none is read.
	body string
}{
	{"POST", "/auth/jwt/login", "form"}, {"POST", "/auth/jwt/logout", ""},
	{"POST", "/auth/cookie/login", "form"}, {"POST", "/auth/cookie/logout", ""},
	{"POST", "/auth/db/login", "form"}, {"POST", "/auth/db/logout", ""},
	{"POST", "/auth/register", "json"},
	{"POST", "/auth/forgot-password", "json"}, {"POST", "/auth/reset-password", "json"},
	{"POST", "/auth/request-verify-token", "json"}, {"POST", "/auth/verify", "json"},
	{"GET", "/users/me", ""}, {"PATCH", "/users/me", "json"},
	{"GET", "/users/" + nobody, ""}, {"PATCH", "/users/" + nobody, "json"}, {"DELETE", "/users/" + nobody, ""},
}

// attack is what a client may send to a route that reads bodies in that way.
type attack struct {
	name string
	// raw is all bytes of the request.
	raw  func(method, path, body string) string
	want statuses
}

// statuses are those that may be answered to strangers: where JSON is read, at
// PATCH, where a form is read, and where no body is. A good request's is -1,
// and that of no answer 0.
type statuses struct{ json, patch, form, none []int }

// same is for every route.
func same(status ...int) statuses { return statuses{status, status, status, status} }

// told is for bodies that even strangers are told about.
func told(json, form int) statuses {
	return statuses{[]int{json}, []int{json}, []int{form}, []int{401}}
}

// values is for bodies that can be read, and whose values are wrong: strangers
// are not told.
func values(form int, json ...int) statuses {
	return statuses{json, []int{401}, []int{form}, []int{401}}
}

// nothing is for requests without a body.
var nothing = values(422, 422)

// plain is a request with a body of that media type.
func plain(mediaType, body string) func(method, path, kind string) string {
	return func(method, path, _ string) string {
		head := method + " " + path
		if mediaType != "" {
			head += "\nContent-Type: " + mediaType
		}
		return wire(head + "\n\n" + body)
	}
}

// headed is a request with further lines in its header.
func headed(lines string) func(method, path, kind string) string {
	return func(method, path, _ string) string {
		return method + " " + path + " HTTP/1.1\r\nHost: camelot.bt\r\nConnection: close\r\n" + lines + "\r\n"
	}
}

// fixed is a request with another path or another first line.
func fixed(format string) func(method, path, kind string) string {
	return func(method, path, _ string) string {
		return wire(strings.NewReplacer("METHOD", method, "PATH", path).Replace(format) + "\n\n")
	}
}

// right is a body that the route reads, as it says of itself.
func right(kind string) (mediaType, body string) {
	switch kind {
	case "json":
		return "application/json", `{"email":"nobody@camelot.bt","token":"x","password":"y"}`
	case "form":
		return "application/x-www-form-urlencoded", "username=nobody%40camelot.bt&password=y"
	}
	return "", ""
}

// good is the status of a stranger's good request.
func good(method, path string) int {
	switch path {
	case "/auth/jwt/login", "/auth/cookie/login", "/auth/db/login", "/auth/reset-password", "/auth/verify":
		return 400
	case "/auth/register":
		return 400 // the password is too short
	case "/auth/forgot-password", "/auth/request-verify-token":
		return 202
	}
	return 401
}

// TestHostileRequests sends every attack to every route: the answer is one that
// the contract has, nothing panics, and the server goes on. Attacks by bodies
// are sent once more by somebody who may do everything.
func TestHostileRequests(t *testing.T) {
	for _, kind := range storeKinds {
		t.Run(kind.name, func(t *testing.T) {
			w := newWorld(t, kind.open(t), nil)
			sent := 0
			for _, a := range attacks {
				t.Run(a.name, func(t *testing.T) { sent += w.attack(t, a) })
			}
			for _, a := range bodyAttacks {
				t.Run("superuser/"+a.name, func(t *testing.T) { sent += w.insideAttack(t, a) })
			}
			require.NoError(t, w.users.Drain(t.Context()))
			require.Empty(t, w.mails.Mails())
			engine.Note(fmt.Sprintf("contract: %s: %d hostile requests of %d kinds to %d routes", kind.name, sent, len(attacks), len(routes)))
		})
	}
}

// attack sends a to every route.
func (w *world) attack(t *testing.T, a attack) (sent int) {
	for _, r := range routes {
		raw := a.raw(r.method, r.path, r.body)
		answer := w.sendRaw(t, raw)
		require.True(t, a.allows(r.method, r.path, r.body, answer), "%.300q got %.300q", raw, answer)
	}
	require.Equal(t, seeArthur, w.send(t, w.fill(t, ask("GET", "/users/me", "arthur"))))
	return len(routes) + 1
}

// insideAttack sends a to every route that reads a body, with a good token. It
// may do what it says or be refused, and no more.
func (w *world) insideAttack(t *testing.T, a attack) (sent int) {
	for _, r := range routes {
		if r.body == "" {
			continue
		}
		path := strings.Replace(r.path, nobody, people["lady"].id, 1)
		raw := strings.Replace(a.raw(r.method, path, r.body), "\r\n", w.fill(t, "\r\n"+as("real")+"\r\n"), 1)
		answer := w.sendRaw(t, raw)
		require.Contains(t, []int{200, 202, 400, 413, 422}, statusOf(answer), "%.300q got %.300q", raw, answer)
		require.True(t, wellFormed(answer), "%.300q got %.300q", raw, answer)
		sent++
	}
	require.Equal(t, 200, statusOf(w.send(t, w.fill(t, ask("GET", "/users/me", "real")))))
	return sent + 1
}

// allows tells whether the answer to an attack is one of those that it may get.
func (a attack) allows(method, path, body, answer string) bool {
	want := a.want.none
	switch {
	case body == "form":
		want = a.want.form
	case body == "json" && method == "PATCH":
		want = a.want.patch
	case body == "json":
		want = a.want.json
	}
	status := statusOf(answer)
	return slices.Contains(want, status) || slices.Contains(want, -1) && status == good(method, path) && wellFormed(answer)
}

func statusOf(answer string) (status int) {
	_, _ = fmt.Sscan(answer, &status) // none is 0
	return status
}

// wellFormed tells whether an answer is one of ours.
func wellFormed(answer string) bool {
	head, body, _ := strings.Cut(answer, "\n\n")
	return strings.Contains(head, "\nCache-Control: no-store\n") && strings.Contains(head+"\n", "\nContent-Type: application/json\n") &&
		json.Valid([]byte(body)) && (body == "null" || strings.HasPrefix(body, `{"detail":`) || strings.HasPrefix(body, `{"id":`))
}

// The tests above must be ones that a server can fail.
func TestHostileRequestsAreJudged(t *testing.T) {
	fine := "\nCache-Control: no-store\nContent-Length: 4\nContent-Type: application/json\n\nnull"
	a := attack{want: told(422, 400)}
	require.True(t, a.allows("POST", "/", "json", "422"+fine))
	require.False(t, a.allows("POST", "/", "json", "500"+fine))
	require.False(t, a.allows("POST", "/", "form", "422"+fine))
	require.False(t, a.allows("GET", "/", "", ""))
	require.False(t, a.allows("GET", "/", "", "nonsense"))
	a = attack{want: same(-1)}
	require.True(t, a.allows("GET", "/users/me", "", "401"+fine))
	require.False(t, a.allows("GET", "/users/me", "", "401\n\nnull"))
	require.False(t, a.allows("GET", "/users/me", "", "401"+fine+"null"))
}
