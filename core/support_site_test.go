package core_test

import (
	"net/http"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// site is a world with an authenticator of two backends: "header", which
// takes bearer tokens, and "cookie", whose tokens are ambient.
type site struct {
	*world
	auth           *core.Authenticator[*Member]
	header, cookie *strategy
}

func newSite(t *testing.T, tweaks ...func(*core.Config[*Member])) *site {
	t.Helper()
	s := &site{world: newWorld(t, tweaks...), header: newStrategy("h"), cookie: newStrategy("c")}
	s.auth = s.authenticator(
		core.Backend[*Member]{Name: "header", Strategy: s.header, Transport: core.Bearer{}},
		core.Backend[*Member]{Name: "cookie", Strategy: s.cookie, Transport: cookie("Cookie")},
	)
	return s
}

func (s *site) authenticator(backends ...core.Backend[*Member]) *core.Authenticator[*Member] {
	s.t.Helper()
	a, err := core.NewAuthenticator(s.Manager, backends...)
	must(s.t, err)
	return a
}

// token returns a new token of by for u.
func (s *site) token(by *strategy, u *Member) string {
	s.t.Helper()
	token, _, err := by.Issue(s.t.Context(), ports.Grant{UserID: u.ID, Epoch: u.SessionEpoch})
	must(s.t, err)
	return token
}

// request carries a bearer token and a cookie, each where it is not empty.
func request(bearer, cookie string) ports.Request {
	h := http.Header{}
	if bearer != "" {
		h.Set("Authorization", "Bearer "+bearer)
	}
	if cookie != "" {
		h.Set("Cookie", cookie)
	}
	return ports.Request{Header: h}
}

func crossSite(r ports.Request) ports.Request {
	r.CrossSite = true
	return r
}

// named makes a member of that name, active and nothing else.
func named(name string, tweaks ...func(*Member)) *Member {
	u := &Member{User: core.User{
		ID: name, Email: name + "@example.com", EmailKey: name + "@example.com", HashedPassword: "hash:1:0:" + password,
		IsActive: true, Revision: 1, CreatedAt: noon, UpdatedAt: noon,
	}}
	for _, tweak := range tweaks {
		tweak(u)
	}
	return u
}
