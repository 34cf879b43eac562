package core_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func TestLogin(t *testing.T) {
	tests := []struct {
		name      string
		user      []func(*Member)
		entry     core.Entry
		crossSite bool
		want      error
		sent      bool
	}{
		{"bearer", nil, core.Entry{Backend: "header"}, false, nil, false},
		{"cookie", nil, core.Entry{Backend: "cookie"}, false, nil, true},
		{"inactive", []func(*Member){inactive}, core.Entry{Backend: "header"}, false, core.ErrInactive, false},
		{"inactive and verified asked for", []func(*Member){inactive}, core.Entry{Backend: "header", Verified: true}, false, core.ErrInactive, false},
		{"unverified, not asked for", nil, core.Entry{Backend: "header"}, false, nil, false},
		{"unverified, asked for", nil, core.Entry{Backend: "header", Verified: true}, false, core.ErrUnverified, false},
		{"verified, asked for", []func(*Member){verifiedUser}, core.Entry{Backend: "header", Verified: true}, false, nil, false},
		{"cookie, cross-site", nil, core.Entry{Backend: "cookie"}, true, core.ErrForbidden, false},
		{"cookie, cross-site, inactive", []func(*Member){inactive}, core.Entry{Backend: "cookie"}, true, core.ErrForbidden, false},
		{"bearer, cross-site", nil, core.Entry{Backend: "header"}, true, nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ran := 0
			s := newSite(t, func(c *core.Config[*Member]) {
				c.Hooks.AfterLogin = func(context.Context, *Member, ports.Request, ports.Header) { ran++ }
			})
			s.header.expiry, s.cookie.expiry = noon.Add(time.Hour), noon.Add(time.Hour)
			out := http.Header{}
			test.entry.Out, test.entry.Request.CrossSite = out, test.crossSite
			ann := s.put(named("ann", test.user...))
			got, err := s.auth.Login(t.Context(), ann, test.entry)
			wantEqual(t, "error", err, test.want)
			issued := append(s.header.issued, s.cookie.issued...)
			if test.want != nil {
				wantEqual(t, "what was issued", got, core.Issued{})
				wantEqual(t, "tokens issued", len(issued), 0)
				wantEqual(t, "what goes out", out, http.Header{})
				wantEqual(t, "calls of AfterLogin", ran, 0)
				return
			}
			token := map[bool]string{false: "h1", true: "c1"}[test.sent]
			wantEqual(t, "what was issued", got, core.Issued{Token: token, Sent: test.sent, Expires: noon.Add(time.Hour)})
			wantEqual(t, "tokens issued", len(issued), 1)
			wantEqual(t, "calls of AfterLogin", ran, 1)
			if test.sent {
				wantEqual(t, "what goes out", out, http.Header{"Cookie": {token}})
			} else {
				wantEqual(t, "what goes out", out, http.Header{})
			}
		})
	}
}

func TestLoginErrors(t *testing.T) {
	s := newSite(t)
	ann := s.put(named("ann"))
	_, err := s.auth.Login(t.Context(), ann, core.Entry{Backend: "Header"})
	if err == nil || !strings.Contains(err.Error(), `no backend "Header"`) {
		t.Errorf("unknown backend: got error %v", err)
	}
	s.header.err = errOutage
	_, err = s.auth.Login(t.Context(), ann, core.Entry{Backend: "header"})
	wantErr(t, err, errOutage)
	if !strings.Contains(err.Error(), "backend header") {
		t.Errorf("outage: got %q, want the backend in it", err)
	}
}

func TestLoginRecordsTheGrant(t *testing.T) {
	s := newSite(t)
	ann := s.put(named("ann", func(u *Member) { u.SessionEpoch = 5 }))
	entry := core.Entry{
		Backend: "header", Methods: []string{"pwd", "otp"}, Out: http.Header{},
		Request: ports.Request{Peer: netip.MustParseAddr("192.0.2.1"), UserAgent: "curl"},
	}
	families := map[string]bool{}
	for range 3 {
		_, err := s.auth.Login(t.Context(), ann, entry)
		must(t, err)
	}
	for _, got := range s.header.issued {
		if len(got.Family) < 26 { // 128 bits of base32
			t.Errorf("Family: got %q, want 128 random bits", got.Family)
		}
		families[got.Family] = true
		got.Family = ""
		wantEqual(t, "grant", got, ports.Grant{
			UserID: "ann", Epoch: 5, Methods: []string{"pwd", "otp"}, At: noon,
			Peer: netip.MustParseAddr("192.0.2.1"), UserAgent: "curl",
		})
	}
	wantEqual(t, "families", len(families), 3)
}

func TestAfterLogin(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	req := ports.Request{UserAgent: "curl", Header: http.Header{}}
	var users []*Member
	s := newSite(t, func(c *core.Config[*Member]) {
		c.Hooks.AfterLogin = func(ctx context.Context, u *Member, r ports.Request, out ports.Header) {
			cancel()
			must(t, ctx.Err())
			users = append(users, u)
			wantEqual(t, "request", r, req)
			wantEqual(t, "what went out before", out.Values("Cookie"), []string{"c1"})
			out.Add("Welcome", "back")
		}
	})
	out := http.Header{}
	ann := s.put(named("ann"))
	_, err := s.auth.LoginWithPassword(ctx, "Ann@example.com", password, core.Entry{Backend: "cookie", Request: req, Out: out})
	must(t, err)
	wantEqual(t, "users", users, []*Member{ann})
	wantEqual(t, "what goes out", out, http.Header{"Cookie": {"c1"}, "Welcome": {"back"}})
}

func TestLoginWithPassword(t *testing.T) {
	tests := []struct {
		name, email, password string
		verified              bool
		fault                 func(s *site)
		want                  error
	}{
		{"right", "ann@example.com", password, false, nil, nil},
		{"wrong", "ann@example.com", other, false, nil, core.ErrInvalidCredentials},
		{"unknown", "eve@example.com", password, false, nil, core.ErrInvalidCredentials},
		{"inactive, right", "ben@example.com", password, false, nil, core.ErrInactive},
		{"inactive, wrong", "ben@example.com", other, false, nil, core.ErrInvalidCredentials},
		{"unverified, right", "ann@example.com", password, true, nil, core.ErrUnverified},
		{"unverified, wrong", "ann@example.com", other, true, nil, core.ErrInvalidCredentials},
		{"outage", "ann@example.com", password, false, func(s *site) { s.fail("ByEmail") }, errOutage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			s.put(named("ann"))
			s.put(named("ben", inactive))
			if test.fault != nil {
				test.fault(s)
			}
			got, err := s.auth.LoginWithPassword(t.Context(), test.email, test.password,
				core.Entry{Backend: "header", Verified: test.verified, Methods: []string{"hwk"}})
			wantErr(t, err, test.want)
			if test.want != nil {
				wantEqual(t, "what was issued", got, core.Issued{})
				wantEqual(t, "tokens issued", len(s.header.issued), 0)
				return
			}
			wantEqual(t, "methods", s.header.grants[got.Token].Methods, []string{"pwd"})
		})
	}
}

// A session carries the epoch of the row whose password was verified.
func TestLoginRacesWithAPasswordChange(t *testing.T) {
	s := newSite(t)
	ann := s.put(named("ann"))
	duringHasher(s.world, "Verify", func() {
		_, err := s.Update(t.Context(), ann, change{Password: ptr(other)})
		must(t, err)
	})
	got, err := s.auth.LoginWithPassword(t.Context(), ann.Email, password, core.Entry{Backend: "header"})
	must(t, err)
	_, err = s.auth.Authenticate(t.Context(), request(got.Token, ""), policy{})
	wantErr(t, err, core.ErrUnauthenticated)
}

func TestLogout(t *testing.T) {
	const gone, kept = false, true
	tests := []struct {
		name         string
		session, via string
		fault        func(s *site)
		want         error
		out          http.Header
		header       bool // whether the token lives on
		cookie       bool
	}{
		{"bearer", "header", "header", nil, nil, http.Header{}, gone, kept},
		{"cookie", "cookie", "cookie", nil, nil, http.Header{"Cookie": {"forget"}}, kept, gone},
		{"bearer, at the cookie's route", "header", "cookie", nil, nil, http.Header{"Cookie": {"forget"}}, gone, kept},
		{"cookie, at the bearer's route", "cookie", "header", nil, nil, http.Header{}, kept, gone},
		{"no route", "cookie", "", nil, nil, http.Header{}, kept, gone},
		{"no session", "", "cookie", nil, core.ErrUnauthenticated, http.Header{}, kept, kept},
		{"cannot be ended", "cookie", "cookie", func(s *site) { s.cookie.stale = true }, nil, http.Header{"Cookie": {"forget"}}, kept, kept},
		{"outage", "cookie", "cookie", func(s *site) { s.cookie.err = errOutage }, errOutage, http.Header{}, kept, kept},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			ann := s.put(named("ann"))
			tokens := map[string]string{"header": s.token(s.header, ann), "cookie": s.token(s.cookie, ann)}
			if test.fault != nil {
				test.fault(s)
			}
			out := http.Header{}
			session := core.Session[*Member]{User: ann, OK: true, Backend: test.session, Token: tokens[test.session]}
			err := s.auth.Logout(t.Context(), session, test.via, out)
			wantErr(t, err, test.want)
			if errors.Is(err, errOutage) && !strings.Contains(err.Error(), "backend cookie") {
				t.Errorf("outage: got %q, want the backend in it", err)
			}
			wantEqual(t, "what goes out", out, test.out)
			_, header := s.header.grants[tokens["header"]]
			_, cookie := s.cookie.grants[tokens["cookie"]]
			wantEqual(t, "tokens that live on", [2]bool{header, cookie}, [2]bool{test.header, test.cookie})
		})
	}
}
