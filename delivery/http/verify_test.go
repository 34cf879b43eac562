package httpauth_test

import (
	"testing"
	"time"

	"github.com/gousher/usher/ports"
)

func TestRequestVerify(t *testing.T) {
	for _, c := range []struct {
		name, email string
		want        []string // who gets a mail
	}{
		{"not verified", "squire@camelot.bt", []string{"verify squire@camelot.bt " + squireID}},
		{"another spelling, and the stored one is used", "SQUIRE@camelot.bt ", []string{"verify squire@camelot.bt " + squireID}},
		{"verified already", "king@camelot.bt", nil},
		{"inactive", "mordred@camelot.bt", nil},
		{"unknown", "lancelot@camelot.bt", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMail, func(w *world) {
				w.edit(t, banned, func(m *Member) { m.IsVerified = false })
			})
			if got := w.do(t, askVerify(c.email)); got != accepted {
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

func TestVerify(t *testing.T) {
	const good = `{"token":"TOKEN"}`
	badToken := jsonAnswer(400, `{"detail":"VERIFY_USER_BAD_TOKEN"}`)
	already := jsonAnswer(400, `{"detail":"VERIFY_USER_ALREADY_VERIFIED"}`)
	claims := func(audience, subject, email string) string {
		c := ports.Claims{Audience: audience, Subject: subject, Expires: time.Now().Add(time.Hour)}
		if email != "" {
			c.Values = []ports.Claim{{Name: "email", Value: email}}
		}
		return `{"token":"` + signed(c) + `"}`
	}
	const verify = "fastapi-users:verify"
	for _, c := range []struct {
		name   string
		before func(t *testing.T, w *world, token string)
		body   string
		want   string
	}{
		{"verified", nil, good, member(squireID, "squire@camelot.bt", "true", "false", "true")},
		{"other fields are ignored", nil, `{"email":"x","token":"TOKEN"}`, member(squireID, "squire@camelot.bt", "true", "false", "true")},
		{"inactive since", func(t *testing.T, w *world, _ string) {
			w.edit(t, squireID, func(m *Member) { m.IsActive = false })
		}, good, member(squireID, "squire@camelot.bt", "false", "false", "true")},
		{"address in another case since", func(t *testing.T, w *world, _ string) {
			w.do(t, patch("me", squire, `{"email":"Squire@camelot.bt"}`))
		}, good, member(squireID, "Squire@camelot.bt", "true", "false", "true")},
		{"token empty", nil, `{"token":""}`, badToken},
		{"token malformed", nil, `{"token":"x"}`, badToken},
		{"expired", nil, `{"token":"` + signed(ports.Claims{Audience: verify, Subject: squireID,
			Values: []ports.Claim{{Name: "email", Value: "squire@camelot.bt"}}}) + `"}`, badToken},
		{"other audience", nil, claims("fastapi-users:reset", squireID, "squire@camelot.bt"), badToken},
		{"no subject", nil, claims(verify, "", "squire@camelot.bt"), badToken},
		{"no address", nil, claims(verify, squireID, ""), badToken},
		{"nobody's address", nil, claims(verify, squireID, "lancelot@camelot.bt"), badToken},
		{"no id", nil, claims(verify, "squire", "squire@camelot.bt"), badToken},
		{"id of another user", nil, claims(verify, kingID, "squire@camelot.bt"), badToken},
		{"address of another user", nil, claims(verify, squireID, "king@camelot.bt"), badToken},
		{"address changed since", func(t *testing.T, w *world, _ string) {
			w.do(t, patch("me", squire, `{"email":"galahad@camelot.bt"}`))
		}, good, badToken},
		{"deleted since", func(t *testing.T, w *world, _ string) {
			w.do(t, "DELETE /users/"+squireID+"\nAuthorization: "+queen)
		}, good, badToken},
		{"used before", func(t *testing.T, w *world, token string) {
			w.do(t, send("verify", replaced(good, token)))
		}, good, already},
		{"verified by somebody else since", func(t *testing.T, w *world, _ string) {
			w.do(t, patch(squireID, queen, `{"is_verified":true}`))
		}, good, already},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withMail)
			token := w.mailed(t, askVerify("squire@camelot.bt"))
			if c.before != nil {
				c.before(t, w, token)
			}
			if got := w.do(t, send("verify", replaced(c.body, token))); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
