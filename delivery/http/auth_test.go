package httpauth_test

import (
	"context"
	"testing"

	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

func TestLogin(t *testing.T) {
	as := func(email, password string) string { return login("username=" + email + "&password=" + password) }
	run(t, []exchange{
		{"bearer", as("king@camelot.bt", "guinevere"), loggedIn},
		{"address in another case", as("KING@Camelot.BT", "guinevere"), loggedIn},
		{"not verified", as("squire@camelot.bt", "guinevere"), loggedIn},
		{"unknown address", as("lancelot@camelot.bt", "guinevere"), badLogin},
		{"wrong password", as("king@camelot.bt", "merlin"), badLogin},
		{"inactive", as("mordred@camelot.bt", "guinevere"), badLogin},
		{"inactive and wrong password", as("mordred@camelot.bt", "merlin"), badLogin},
		{"no address", as("king", "guinevere"), badLogin},
		{"credentials of the call are not looked at", "POST /auth/jwt/login\nAuthorization: Bearer x\nContent-Type: application/x-www-form-urlencoded\n\nusername=king@camelot.bt&password=guinevere", loggedIn},
	})
}

func TestLoginRequiresVerified(t *testing.T) {
	run(t, []exchange{
		{"verified", login("username=king@camelot.bt&password=guinevere"), loggedIn},
		{"not verified", login("username=squire@camelot.bt&password=guinevere"), jsonAnswer(400, `{"detail":"LOGIN_USER_NOT_VERIFIED"}`)},
		{"not verified and wrong password", login("username=squire@camelot.bt&password=merlin"), badLogin},
		{"inactive", login("username=mordred@camelot.bt&password=guinevere"), badLogin},
		{"logout, verified", "POST /auth/jwt/logout\nAuthorization: " + king, noContent},
		{"logout, not verified", "POST /auth/jwt/logout\nAuthorization: " + squire, forbidden},
	}, func(w *world) {
		w.mounts = []httpauth.Mount{httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt", RequireVerified: true})}
	})
}

func TestLoginUnknownHash(t *testing.T) {
	run(t, []exchange{
		{"unknown format", login("username=king@camelot.bt&password=guinevere"), badLogin},
	}, func(w *world) {
		_, err := w.core.Stores.Users.Update(context.Background(), kingID, func(m *Member) error {
			m.HashedPassword = "!"
			return nil
		})
		if err != nil {
			panic(err)
		}
	})
}

func TestLogout(t *testing.T) {
	run(t, []exchange{
		{"bearer", "POST /auth/jwt/logout\nAuthorization: " + king, noContent},
		{"no token", "POST /auth/jwt/logout", unauthorized},
		{"unknown token", "POST /auth/jwt/logout\nAuthorization: Bearer x", unauthorized},
		{"deleted user", "POST /auth/jwt/logout\nAuthorization: Bearer nobody", unauthorized},
		{"inactive user", "POST /auth/jwt/logout\nAuthorization: Bearer mordred", unauthorized},
		{"body is not read", "POST /auth/jwt/logout\nAuthorization: " + king + "\nContent-Type: application/json\n\n{", noContent},
	})
}

func TestLogoutEndsTheSession(t *testing.T) {
	w := newWorld(t)
	for i, want := range []string{noContent, unauthorized} {
		if got := w.do(t, "POST /auth/jwt/logout\nAuthorization: "+king); got != want {
			t.Errorf("logout %d: got\n%s\nwant\n%s", i+1, got, want)
		}
	}
	if got := w.do(t, "GET /users/me\nAuthorization: "+king); got != unauthorized {
		t.Errorf("me: got\n%s\nwant\n%s", got, unauthorized)
	}
}

func TestCookie(t *testing.T) {
	const form = "Content-Type: application/x-www-form-urlencoded\n\nusername=king@camelot.bt&password=guinevere"
	forgotten := "204\nCache-Control: no-store\nSet-Cookie: auth=; Max-Age=0\n\n"
	me := jsonAnswer(200, kingJSON)
	run(t, []exchange{
		{"login", "POST /auth/cookie/login\n" + form, "204\nCache-Control: no-store\nSet-Cookie: auth=t1\n\n"},
		{"logout", "POST /auth/cookie/logout\nCookie: auth=king", forgotten},
		{"logout with a bearer token", "POST /auth/cookie/logout\nAuthorization: " + king, forgotten},
		{"bearer logout with a cookie", "POST /auth/jwt/logout\nCookie: auth=king", noContent},
		{"failed logout", "POST /auth/cookie/logout", unauthorized},
		{"me", "GET /users/me\nCookie: auth=king", me},
		{"me beside a bad bearer token", "GET /users/me\nAuthorization: Bearer x\nCookie: auth=king", me},
		{"me across sites", "GET /users/me\nCookie: auth=king\nSec-Fetch-Site: cross-site", me},
		{"login across sites", "POST /auth/cookie/login\nSec-Fetch-Site: cross-site\n" + form, forbidden},
		{"bearer login across sites", "POST /auth/jwt/login\nSec-Fetch-Site: cross-site\n" + form, loggedIn},
	}, withCookie)
}

func TestCrossSite(t *testing.T) {
	ok := "204\nCache-Control: no-store\nSet-Cookie: auth=; Max-Age=0\n\n"
	logout := "POST /auth/cookie/logout\nCookie: auth=king\nHost: example.com"
	run(t, []exchange{
		{"no browser", logout, ok},
		{"same origin", logout + "\nSec-Fetch-Site: same-origin", ok},
		{"typed in", logout + "\nSec-Fetch-Site: none", ok},
		{"cross-site", logout + "\nSec-Fetch-Site: cross-site", forbidden},
		{"same site", logout + "\nSec-Fetch-Site: same-site", forbidden},
		{"old browser, same host", logout + "\nOrigin: https://example.com", ok},
		{"old browser, other host", logout + "\nOrigin: https://evil.example", forbidden},
		{"old browser, null origin", logout + "\nOrigin: null", forbidden},
		{"what the browser says counts", logout + "\nSec-Fetch-Site: same-origin\nOrigin: https://evil.example", ok},
		{"trusted origin", logout + "\nSec-Fetch-Site: cross-site\nOrigin: https://app.example", ok},
		{"trusted origin, old browser", logout + "\nOrigin: https://app.example", ok},
		{"trusted host, other scheme", logout + "\nOrigin: http://app.example", forbidden},
		{"PATCH", "PATCH /users/me\nCookie: auth=king\nSec-Fetch-Site: cross-site\nContent-Type: application/json\n\n{}", forbidden},
		{"DELETE", "DELETE /users/" + kingID + "\nCookie: auth=queen\nSec-Fetch-Site: cross-site", forbidden},
		{"bearer token", "POST /auth/jwt/logout\nAuthorization: " + king + "\nSec-Fetch-Site: cross-site", noContent},
		{"bearer token beside a cookie", "POST /auth/jwt/logout\nAuthorization: " + king + "\nCookie: auth=king\nSec-Fetch-Site: cross-site", noContent},
	}, withCookie, func(w *world) { w.http.TrustedOrigins = []string{"https://app.example"} })
}

// Hooks learn who called, and the headers that they add are sent.
func TestLoginHook(t *testing.T) {
	var seen []string
	w := newWorld(t, func(w *world) {
		w.core.Hooks.AfterLogin = func(ctx context.Context, u *Member, req ports.Request, out ports.Header) {
			within, _ := core.RequestFrom(ctx)
			seen = append(seen, u.Email, req.Peer.String(), req.UserAgent, within.UserAgent, req.Header.Values("X-Trace")[0])
			out.Add("X-Welcome", "back")
			out.Add("Content-Type", "text/html")
		}
	})
	r := newRequest(t, "POST /auth/jwt/login\nUser-Agent: lynx\nX-Trace: 7\nContent-Type: application/x-www-form-urlencoded\n\nusername=king@camelot.bt&password=guinevere")
	r.RemoteAddr = "[::ffff:192.0.2.7]:1234"
	want := "200\nCache-Control: no-store\nContent-Length: 43\nContent-Type: application/json\nX-Welcome: back\n\n" +
		`{"access_token":"t1","token_type":"bearer"}`
	if got := answerOf(w.api, r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	expectStrings(t, seen, "king@camelot.bt", "192.0.2.7", "lynx", "lynx", "7")
}
