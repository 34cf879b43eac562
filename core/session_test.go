package core_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func TestAuthenticatorOutages(t *testing.T) {
	tests := []struct {
		name  string
		fault func(s *site)
	}{
		{"strategy", func(s *site) { s.header.err = errOutage }},
		{"store", func(s *site) { s.fail("ByID") }},
	}
	for _, test := range tests {
		for _, optional := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, optional %v", test.name, optional), func(t *testing.T) {
				s := newSite(t)
				ann := s.put(named("ann"))
				req := request(s.token(s.header, ann), s.token(s.cookie, ann))
				test.fault(s)
				got, err := s.auth.Authenticate(t.Context(), req, policy{Optional: optional})
				wantErr(t, err, errOutage)
				if !strings.Contains(err.Error(), "backend header") {
					t.Errorf("error: got %q, want the backend in it", err)
				}
				wantEqual(t, "session", got, core.Session[*Member]{})
				wantEqual(t, "tokens that the next strategy was asked for", len(s.cookie.asked), 0)
			})
		}
	}
}

func TestAuthenticateOfACallThatEnds(t *testing.T) {
	s := newSite(t)
	req := request(s.token(s.header, s.put(named("ann"))), "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.auth.Authenticate(ctx, req, policy{Optional: true})
	wantErr(t, err, context.Canceled)
}

func TestResolve(t *testing.T) {
	ann := named("ann", func(u *Member) { u.SessionEpoch = 3 })
	grant := ports.Grant{UserID: "ann", Epoch: 3}
	tests := []struct {
		name   string
		user   *Member
		grant  ports.Grant
		err    error
		want   error
		wantOK bool
	}{
		{"a user", ann, grant, nil, nil, true},
		{"another epoch", ann, ports.Grant{UserID: "ann", Epoch: 2}, nil, core.ErrUnauthenticated, false},
		{"an epoch that is not there yet", ann, ports.Grant{UserID: "ann", Epoch: 4}, nil, core.ErrUnauthenticated, false},
		{"a bad token", nil, ports.Grant{}, fmt.Errorf("join: %w", core.ErrInvalidToken), core.ErrUnauthenticated, false},
		{"no user", nil, ports.Grant{}, fmt.Errorf("join: %w", core.ErrUserNotFound), core.ErrUnauthenticated, false},
		{"outage", nil, ports.Grant{}, errOutage, errOutage, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			var tokens []string
			b, _ := s.auth.Backend("header")
			b.Resolve = func(_ context.Context, token string) (*Member, ports.Grant, error) {
				tokens = append(tokens, token)
				return test.user, test.grant, test.err
			}
			got, err := s.authenticator(b).Authenticate(t.Context(), request("token", ""), policy{})
			wantErr(t, err, test.want)
			wantEqual(t, "OK", got.OK, test.wantOK)
			if test.wantOK {
				wantEqual(t, "session", got, core.Session[*Member]{User: ann, OK: true, Grant: grant, Backend: "header", Token: "token"})
			}
			wantEqual(t, "tokens", tokens, []string{"token"})
			wantEqual(t, "tokens that the strategy was asked for", len(s.header.asked), 0)
			wantEqual(t, "calls of the store", s.store.calls, nil)
		})
	}
}

func TestSessionInContext(t *testing.T) {
	s := newSite(t)
	b, _ := s.auth.Backend("header")
	others := s.authenticator(b)
	here := core.Session[*Member]{User: named("ann"), OK: true, Backend: "header"}
	there := core.Session[*Member]{User: named("ben"), OK: true, Backend: "header"}
	passed := core.Session[*Member]{Backend: "header", Token: "token"}

	tests := []struct {
		name      string
		ctx       context.Context
		here      core.Session[*Member]
		elsewhere core.Session[*Member]
	}{
		{"nothing", t.Context(), core.Session[*Member]{}, core.Session[*Member]{}},
		{"one", s.auth.WithSession(t.Context(), here), here, core.Session[*Member]{}},
		{"the other", others.WithSession(t.Context(), there), core.Session[*Member]{}, there},
		{"both", others.WithSession(s.auth.WithSession(t.Context(), here), there), here, there},
		{"the inner one counts", s.auth.WithSession(s.auth.WithSession(t.Context(), there), here), here, core.Session[*Member]{}},
		{"optional, no user", s.auth.WithSession(t.Context(), passed), passed, core.Session[*Member]{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantEqual(t, "session", s.auth.Session(test.ctx), test.here)
			wantEqual(t, "session of the other authenticator", others.Session(test.ctx), test.elsewhere)
			u, ok := s.auth.User(test.ctx)
			wantEqual(t, "user", u, test.here.User)
			wantEqual(t, "whether there is a user", ok, test.here.OK)
		})
	}
}

func TestRequestInContext(t *testing.T) {
	if _, ok := core.RequestFrom(t.Context()); ok {
		t.Error("got a request, want none")
	}
	req := ports.Request{UserAgent: "curl"}
	got, ok := core.RequestFrom(core.WithRequest(t.Context(), req))
	wantEqual(t, "whether there is a request", ok, true)
	wantEqual(t, "request", got, req)
}

// A session is worth nothing once an event ended it, whatever its strategy.
func TestEpochEndsSessions(t *testing.T) {
	tests := []struct {
		name string
		do   func(w *world, u *Member) (*Member, error)
		ends bool
	}{
		{"a new password", func(w *world, u *Member) (*Member, error) {
			return w.Update(w.t.Context(), u, change{Password: ptr(other)})
		}, true},
		{"a new password of the user's own", func(w *world, u *Member) (*Member, error) {
			return w.UpdateSelf(w.t.Context(), u, change{Password: ptr(other)})
		}, true},
		{"logged out everywhere", func(w *world, u *Member) (*Member, error) { return w.EndSessions(w.t.Context(), u) }, true},
		{"a ban that was lifted", func(w *world, u *Member) (*Member, error) {
			if _, err := w.Update(w.t.Context(), u, change{IsActive: ptr(false)}); err != nil {
				return nil, err
			}
			return w.Update(w.t.Context(), u, change{IsActive: ptr(true)})
		}, true},
		{"a new address", func(w *world, u *Member) (*Member, error) {
			return w.Update(w.t.Context(), u, change{Email: ptr("new@example.com")})
		}, false},
		{"a stronger hash", func(w *world, u *Member) (*Member, error) {
			w.hasher.version = 2
			return w.Authenticate(w.t.Context(), u.Email, password)
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			ann := s.put(named("ann"))
			req := request(s.token(s.header, ann), "")
			late := core.Clone(ann) // read before, logs in after
			_, err := test.do(s.world, ann)
			must(t, err)
			var want error
			if test.ends {
				want = core.ErrUnauthenticated
			}
			_, err = s.auth.Authenticate(t.Context(), req, policy{})
			wantEqual(t, "error", err, want)

			issued, err := s.auth.Login(t.Context(), late, core.Entry{Backend: "header"})
			must(t, err)
			_, err = s.auth.Authenticate(t.Context(), request(issued.Token, ""), policy{})
			wantEqual(t, "error of a login from a reading before", err, want)
		})
	}
}
