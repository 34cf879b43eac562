package httpauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// hello answers who calls, and through which backend.
func (w *world) hello(p policy) http.Handler {
	return w.api.Current(p)(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		s := w.auth.Session(r.Context())
		req, ok := core.RequestFrom(r.Context())
		if _, bounded := r.Context().Deadline(); bounded || !ok {
			fmt.Fprintf(rw, "bounded %v, request %v", bounded, ok)
			return
		}
		if u, ok := w.auth.User(r.Context()); ok {
			fmt.Fprintf(rw, "%s by %s from %s", u.Email, s.Backend, req.Peer)
			return
		}
		fmt.Fprintf(rw, "nobody by %q with %q", s.Backend, s.Token)
	}))
}

// said is the answer of hello.
func said(text string) string { return "200\nContent-Type: text/plain; charset=utf-8\n\n" + text }

func TestCurrent(t *testing.T) {
	teapot := errors.New("short and stout")
	for _, c := range []struct {
		name, credentials string
		policy            policy
		want              string
	}{
		{"active", "Authorization: " + king, policy{}, said("king@camelot.bt by jwt from 192.0.2.1")},
		{"by cookie", "Cookie: auth=king", policy{}, said("king@camelot.bt by cookie from 192.0.2.1")},
		{"nobody", "X: y", policy{}, unauthorized},
		{"unknown token", "Authorization: Bearer x", policy{}, unauthorized},
		{"inactive", "Authorization: Bearer mordred", policy{}, unauthorized},
		{"inactive allowed", "Authorization: Bearer mordred", policy{AllowInactive: true}, said("mordred@camelot.bt by jwt from 192.0.2.1")},
		{"inactive before superuser", "Authorization: Bearer mordred", policy{Superuser: true}, unauthorized},
		{"verified", "Authorization: " + king, policy{Verified: true}, said("king@camelot.bt by jwt from 192.0.2.1")},
		{"not verified", "Authorization: " + squire, policy{Verified: true}, forbidden},
		{"superuser", "Authorization: " + queen, policy{Superuser: true}, said("queen@camelot.bt by jwt from 192.0.2.1")},
		{"no superuser", "Authorization: " + king, policy{Superuser: true}, forbidden},
		{"no second try", "Authorization: " + squire + "\nCookie: auth=king", policy{Verified: true}, forbidden},
		{"backend not asked", "Authorization: " + king, policy{Backends: only("cookie")}, unauthorized},
		{"other backend asked", "Authorization: " + king + "\nCookie: auth=queen", policy{Backends: only("cookie")}, said("queen@camelot.bt by cookie from 192.0.2.1")},
		{"check refuses", "Authorization: " + king, policy{Check: check(core.ErrForbidden)}, forbidden},
		{"check fails", "Authorization: " + king, policy{Check: check(teapot)}, outage},
		{"optional, somebody", "Authorization: " + king, policy{Optional: true}, said("king@camelot.bt by jwt from 192.0.2.1")},
		{"optional, nobody", "X: y", policy{Optional: true}, said(`nobody by "" with ""`)},
		{"optional, not verified", "Authorization: " + squire, policy{Optional: true, Verified: true}, said(`nobody by "jwt" with "squire"`)},
		{"optional, outage", "Authorization: " + king, policy{Optional: true, Check: check(teapot)}, outage},
		{"across sites, reading", "Cookie: auth=king\nSec-Fetch-Site: cross-site", policy{}, said("king@camelot.bt by cookie from 192.0.2.1")},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withCookie)
			if got := answerOf(w.hello(c.policy), newRequest(t, "GET /hello\n"+c.credentials)); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func only(names ...string) func(context.Context, ports.Request) []string {
	return func(context.Context, ports.Request) []string { return names }
}

func check(err error) func(context.Context, *Member) error {
	return func(context.Context, *Member) error { return err }
}

func TestCurrentAcrossSites(t *testing.T) {
	w := newWorld(t, withCookie)
	for _, c := range []struct{ method, want string }{
		{"GET", said("king@camelot.bt by cookie from 192.0.2.1")},
		{"TRACE", said("king@camelot.bt by cookie from 192.0.2.1")},
		{"POST", forbidden},
		{"DELETE", forbidden},
	} {
		t.Run(c.method, func(t *testing.T) {
			r := newRequest(t, c.method+" /hello\nCookie: auth=king\nSec-Fetch-Site: cross-site")
			if got := answerOf(w.hello(policy{}), r); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// A panic of the check is answered; one of the handler is the application's
// own.
func TestCurrentPanics(t *testing.T) {
	w := newWorld(t)
	got := answerOf(w.hello(policy{Check: func(context.Context, *Member) error { panic("boom") }}),
		newRequest(t, "GET /hello\nAuthorization: "+king))
	if got != broken {
		t.Errorf("got\n%s\nwant\n%s", got, broken)
	}
	defer func() {
		if p := recover(); p != "mine" {
			t.Errorf("got panic %v, want mine", p)
		}
	}()
	handler := w.api.Current(policy{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("mine") }))
	answerOf(handler, newRequest(t, "GET /hello\nAuthorization: "+king))
}

// Hooks see who acts on whom.
func TestSessionInHooks(t *testing.T) {
	var seen []string
	var w *world
	note := func(ctx context.Context, u *Member) {
		actor, _ := w.auth.User(ctx)
		seen = append(seen, actor.Email+" "+u.Email)
	}
	w = newWorld(t, func(w *world) {
		w.core.Hooks.AfterUpdate = func(ctx context.Context, u *Member, fields []string) { note(ctx, u) }
		w.core.Hooks.AfterDelete = note
	})
	w.do(t, patch("me", king, `{}`))
	w.do(t, patch(kingID, queen, `{}`))
	w.do(t, "DELETE /users/"+kingID+"\nAuthorization: "+queen)
	expectStrings(t, seen, "king@camelot.bt king@camelot.bt", "queen@camelot.bt king@camelot.bt", "queen@camelot.bt king@camelot.bt")
}
