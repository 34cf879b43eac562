package httpauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// replaced is the request with a token in the place of TOKEN.
func replaced(request, token string) string { return strings.ReplaceAll(request, "TOKEN", token) }

// edit changes a user behind the manager's back.
func (w *world) edit(t testing.TB, id string, change func(*Member)) {
	t.Helper()
	_, err := w.core.Stores.Users.Update(t.Context(), id, func(m *Member) error { change(m); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func TestForgotPassword(t *testing.T) {
	for _, c := range []struct {
		name, email string
		want        []string // who gets a mail
	}{
		{"active", "king@camelot.bt", []string{"reset king@camelot.bt " + kingID}},
		{"not verified", "squire@camelot.bt", []string{"reset squire@camelot.bt " + squireID}},
		{"another spelling, and the stored one is used", " KING@Camelot.bt", []string{"reset king@camelot.bt " + kingID}},
		{"inactive", "mordred@camelot.bt", nil},
		{"unknown", "lancelot@camelot.bt", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMail)
			if got := w.do(t, forgot(c.email)); got != accepted {
				t.Errorf("got\n%s\nwant\n%s", got, accepted)
			}
			var got []string
			for _, m := range w.mails(t) {
				got = append(got, m.Kind+" "+m.Email+" "+m.UserID)
			}
			expectStrings(t, got, c.want...)
		})
	}
}

func TestResetPassword(t *testing.T) {
	const good = `{"token":"TOKEN","password":"lady of the lake"}`
	badToken := jsonAnswer(400, `{"detail":"RESET_PASSWORD_BAD_TOKEN"}`)
	refused := func(reason string) string {
		return jsonAnswer(400, `{"detail":{"code":"RESET_PASSWORD_INVALID_PASSWORD","reason":`+reason+`}}`)
	}
	claims := func(audience, subject, fingerprint string) string {
		c := ports.Claims{Audience: audience, Subject: subject, Expires: time.Now().Add(time.Hour)}
		if fingerprint != "" {
			c.Values = []ports.Claim{{Name: "password_fgpt", Value: fingerprint}}
		}
		return `{"token":"` + signed(c) + `","password":"lady of the lake"}`
	}
	const reset = "fastapi-users:reset"
	for _, c := range []struct {
		name   string
		before func(t *testing.T, w *world, token string)
		body   string
		want   string
	}{
		{"done", nil, good, done},
		{"other fields are ignored", nil, `{"password":"lady of the lake","x":1,"token":"x","token":"TOKEN"}`, done},
		{"password refused", nil, `{"token":"TOKEN","password":"x"}`, refused(`"Password should be at least 8 characters"`)},
		{"password empty", nil, `{"token":"TOKEN","password":""}`, refused(`"Password should be at least 8 characters"`)},
		{"token empty", nil, `{"token":"","password":"lady of the lake"}`, badToken},
		{"token malformed", nil, `{"token":"x","password":"lady of the lake"}`, badToken},
		{"token cut off", nil, `{"token":"TOKE","password":"lady of the lake"}`, badToken},
		{"bad token before bad password", nil, `{"token":"x","password":"x"}`, badToken},
		{"expired", nil, `{"token":"` + signed(ports.Claims{Audience: reset, Subject: kingID}) + `","password":"lady of the lake"}`, badToken},
		{"other audience", nil, claims("fastapi-users:verify", kingID, "x"), badToken},
		{"no subject", nil, claims(reset, "", "x"), badToken},
		{"no fingerprint", nil, claims(reset, kingID, ""), badToken},
		{"other fingerprint", nil, claims(reset, kingID, "x"), badToken},
		{"fingerprint in an unknown format", nil, claims(reset, kingID, "$argon2id$x"), badToken},
		{"no id", nil, claims(reset, "king", "x"), badToken},
		{"unknown user", nil, claims(reset, nobodyID, "x"), badToken},
		{"deleted since", func(t *testing.T, w *world, _ string) {
			w.do(t, "DELETE /users/"+kingID+"\nAuthorization: "+queen)
		}, good, badToken},
		{"inactive since", func(t *testing.T, w *world, _ string) {
			w.edit(t, kingID, func(m *Member) { m.IsActive = false })
		}, good, badToken},
		{"inactive since, bad password", func(t *testing.T, w *world, _ string) {
			w.edit(t, kingID, func(m *Member) { m.IsActive = false })
		}, `{"token":"TOKEN","password":"x"}`, badToken},
		{"used before", func(t *testing.T, w *world, token string) {
			w.do(t, send("reset-password", replaced(good, token)))
		}, good, badToken},
		{"password changed since", func(t *testing.T, w *world, _ string) {
			w.do(t, patch("me", king, `{"password":"holy grail"}`))
		}, good, badToken},
		{"password refused before", func(t *testing.T, w *world, token string) {
			w.do(t, send("reset-password", replaced(`{"token":"TOKEN","password":"x"}`, token)))
		}, good, done},
		{"address changed since", func(t *testing.T, w *world, _ string) {
			w.do(t, patch("me", king, `{"email":"arthur@camelot.bt"}`))
		}, good, badToken},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMail)
			token := w.mailed(t, forgot("king@camelot.bt"))
			if c.before != nil {
				c.before(t, w, token)
			}
			if got := w.do(t, send("reset-password", replaced(c.body, token))); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A reason may be any value, and is sent as it is.
func TestResetPasswordReason(t *testing.T) {
	w := newWorld(t, withMail, func(w *world) {
		w.core.ValidatePassword = func(context.Context, string, *Member) error {
			return &core.PasswordError{Reason: []string{"too <weak>"}}
		}
	})
	token := w.mailed(t, forgot("king@camelot.bt"))
	got := w.do(t, send("reset-password", `{"token":"`+token+`","password":"guinevere"}`))
	if want := jsonAnswer(400, `{"detail":{"code":"RESET_PASSWORD_INVALID_PASSWORD","reason":["too <weak>"]}}`); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What happens between the look at the token and the write counts.
func TestResetPasswordWrite(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"outage", errors.New("disk full"), outage},
		{"conflict", core.ErrConflict, outage},
		{"deleted", core.ErrUserNotFound, jsonAnswer(400, `{"detail":"RESET_PASSWORD_BAD_TOKEN"}`)},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMail, func(w *world) {
				w.core.Stores.Users = failingWrites{w.core.Stores.Users, storeError{c.err}}
			})
			token := w.mailed(t, forgot("king@camelot.bt"))
			if got := w.do(t, send("reset-password", `{"token":"`+token+`","password":"lady of the lake"}`)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestResetEndsSessions(t *testing.T) {
	w := newWorld(t, withMail)
	token := w.mailed(t, forgot("king@camelot.bt"))
	for _, s := range []exchange{
		{"before", "GET /users/me\nAuthorization: " + king, jsonAnswer(200, kingJSON)},
		{"reset", send("reset-password", `{"token":"`+token+`","password":"lady of the lake"}`), done},
		{"old session", "GET /users/me\nAuthorization: " + king, unauthorized},
		{"old password", login("username=king@camelot.bt&password=guinevere"), badLogin},
		{"new password", login("username=king@camelot.bt&password=lady+of+the+lake"), loggedIn},
		{"new session", "GET /users/me\nAuthorization: Bearer t1", jsonAnswer(200, kingJSON)},
	} {
		if got := w.do(t, s.request); got != s.want {
			t.Errorf("%s: got\n%s\nwant\n%s", s.name, got, s.want)
		}
	}
}
