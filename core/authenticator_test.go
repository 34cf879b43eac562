package core_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

type policy = core.Policy[*Member]

func verifiedUser(u *Member) { u.IsVerified = true }
func superuser(u *Member)    { u.IsSuperuser = true }

func TestPolicyDecides(t *testing.T) {
	refusal := errors.New("not today")
	tests := []struct {
		name   string
		user   []func(*Member)
		policy policy
		want   error
	}{
		{"active", nil, policy{}, nil},
		{"inactive", []func(*Member){inactive}, policy{}, core.ErrUnauthenticated},
		{"inactive, allowed", []func(*Member){inactive}, policy{AllowInactive: true}, nil},
		{"unverified", nil, policy{Verified: true}, core.ErrForbidden},
		{"verified", []func(*Member){verifiedUser}, policy{Verified: true}, nil},
		{"no superuser", []func(*Member){verifiedUser}, policy{Superuser: true}, core.ErrForbidden},
		{"superuser", []func(*Member){superuser}, policy{Superuser: true}, nil},
		{"superuser, unverified", []func(*Member){superuser}, policy{Superuser: true, Verified: true}, core.ErrForbidden},
		{"superuser, verified", []func(*Member){superuser, verifiedUser}, policy{Superuser: true, Verified: true}, nil},
		{"inactive before unverified", []func(*Member){inactive}, policy{Verified: true}, core.ErrUnauthenticated},
		{"inactive before no superuser", []func(*Member){inactive}, policy{Superuser: true}, core.ErrUnauthenticated},
		{"inactive and unverified, inactive allowed", []func(*Member){inactive}, policy{Verified: true, AllowInactive: true}, core.ErrForbidden},
		{"check passes", nil, policy{Check: check(nil)}, nil},
		{"check forbids", nil, policy{Check: check(core.ErrForbidden)}, core.ErrForbidden},
		{"check refuses in its own words", nil, policy{Check: check(refusal)}, refusal},
		{"inactive before check", []func(*Member){inactive}, policy{Check: check(refusal)}, core.ErrUnauthenticated},
		{"unverified before check", nil, policy{Verified: true, Check: check(refusal)}, core.ErrForbidden},
	}
	for _, test := range tests {
		for _, optional := range []bool{false, true} {
			name := test.name
			if optional {
				name += ", optional"
			}
			t.Run(name, func(t *testing.T) {
				s := newSite(t)
				user := s.put(named("ann", test.user...))
				token := s.token(s.header, user)
				p := test.policy
				p.Optional = optional
				want := core.Session[*Member]{Grant: s.header.grants[token], Backend: "header", Token: token}
				wantError := test.want
				switch {
				case test.want == nil:
					want.User, want.OK = user, true
				case optional && test.want != refusal:
					wantError = nil
				}
				got, err := s.auth.Authenticate(t.Context(), request(token, ""), p)
				wantEqual(t, "error", err, wantError)
				wantEqual(t, "session", got, want)
			})
		}
	}
}

func check(err error) func(context.Context, *Member) error {
	return func(context.Context, *Member) error { return err }
}

func TestAuthenticatorAsksInOrder(t *testing.T) {
	names := func(names ...string) func(context.Context, ports.Request) []string {
		return func(context.Context, ports.Request) []string { return names }
	}
	tests := []struct {
		name           string
		header, cookie string // whose token it carries
		policy         policy
		want           string // the user, or ""
		err            error
		asked          [2]int // how many tokens each strategy was asked for
	}{
		{"nothing", "", "", policy{}, "", core.ErrUnauthenticated, [2]int{}},
		{"first", "ann", "", policy{}, "ann", nil, [2]int{1, 0}},
		{"second", "", "ben", policy{}, "ben", nil, [2]int{0, 1}},
		{"both: the first decides", "ann", "ben", policy{}, "ann", nil, [2]int{1, 0}},
		{"a bad first and a good second", "nobody", "ben", policy{}, "ben", nil, [2]int{1, 1}},
		{"two bad ones", "nobody", "nobody", policy{}, "", core.ErrUnauthenticated, [2]int{1, 1}},
		{"no second try for an inactive first", "banned", "ben", policy{}, "", core.ErrUnauthenticated, [2]int{1, 0}},
		{"no second try for an unverified first", "ann", "eve", policy{Verified: true}, "", core.ErrForbidden, [2]int{1, 0}},
		{"a second try for a first who is gone", "gone", "ben", policy{}, "ben", nil, [2]int{1, 1}},
		{"a second try for a first whose sessions were ended", "stale", "ben", policy{}, "ben", nil, [2]int{1, 1}},
		{"sessions ended", "stale", "", policy{}, "", core.ErrUnauthenticated, [2]int{1, 0}},
		{"gone", "", "gone", policy{}, "", core.ErrUnauthenticated, [2]int{0, 1}},
		{"enabled in another order", "ann", "ben", policy{Backends: names("cookie", "header")}, "ann", nil, [2]int{1, 0}},
		{"second alone enabled", "ann", "ben", policy{Backends: names("cookie")}, "ben", nil, [2]int{0, 1}},
		{"the other one enabled", "ann", "", policy{Backends: names("cookie")}, "", core.ErrUnauthenticated, [2]int{}},
		{"none enabled", "ann", "ben", policy{Backends: names()}, "", core.ErrUnauthenticated, [2]int{}},
		{"an unknown one enabled", "ann", "ben", policy{Backends: names("Header")}, "", core.ErrUnauthenticated, [2]int{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			tokens := map[string][2]string{"": {}, "nobody": {"nobody", "nobody"}}
			for _, u := range []*Member{named("ann"), named("ben"), named("eve", verifiedUser), named("banned", inactive), named("gone"), named("stale")} {
				tokens[u.ID] = [2]string{s.token(s.header, s.put(u)), s.token(s.cookie, u)}
			}
			must(t, s.store.Delete(t.Context(), "gone"))
			_, err := s.EndSessions(t.Context(), named("stale"))
			must(t, err)

			got, err := s.auth.Authenticate(t.Context(), request(tokens[test.header][0], tokens[test.cookie][1]), test.policy)
			wantEqual(t, "error", err, test.err)
			wantEqual(t, "OK", got.OK, test.want != "")
			if test.want != "" {
				wantEqual(t, "user", got.User.ID, test.want)
			} else {
				wantEqual(t, "user", got.User, nil)
			}
			wantEqual(t, "tokens asked for", [2]int{len(s.header.asked), len(s.cookie.asked)}, test.asked)
		})
	}
}

func TestBackendsAreChosenByRequest(t *testing.T) {
	s := newSite(t)
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "value")
	req := request(s.token(s.header, s.put(named("ann"))), "")
	req.UserAgent, req.Peer = "curl", netip.MustParseAddr("192.0.2.1")
	got, err := s.auth.Authenticate(ctx, req, policy{Backends: func(ctx context.Context, r ports.Request) []string {
		wantEqual(t, "request", r, req)
		wantEqual(t, "value of the context", ctx.Value(key{}), any("value"))
		return []string{"header"}
	}})
	must(t, err)
	wantEqual(t, "OK", got.OK, true)
}

func TestAmbientTokensOnCrossSiteRequests(t *testing.T) {
	tests := []struct {
		name           string
		header, cookie bool
		bad            bool // the bearer token is not good
		optional       bool
		want           string
		err            error
	}{
		{"cookie", false, true, false, false, "", core.ErrForbidden},
		{"bearer", true, false, false, false, "header", nil},
		{"cookie and bearer", true, true, false, false, "header", nil},
		{"cookie and a bad bearer", true, true, true, false, "", core.ErrForbidden},
		{"bad bearer", true, false, true, false, "", core.ErrUnauthenticated},
		{"nothing", false, false, false, false, "", core.ErrUnauthenticated},
		{"cookie, optional", false, true, false, true, "", nil},
		{"cookie and bearer, optional", true, true, false, true, "header", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t)
			ann := s.put(named("ann"))
			var bearer, cookieToken string
			if test.header {
				bearer = s.token(s.header, ann)
			}
			if test.bad {
				bearer = "bad"
			}
			if test.cookie {
				cookieToken = s.token(s.cookie, ann)
			}
			// The order of the backends does not matter.
			first, _ := s.auth.Backend("cookie")
			second, _ := s.auth.Backend("header")
			for _, a := range []*core.Authenticator[*Member]{s.auth, s.authenticator(first, second)} {
				got, err := a.Authenticate(t.Context(), crossSite(request(bearer, cookieToken)), policy{Optional: test.optional})
				wantEqual(t, "error", err, test.err)
				wantEqual(t, "backend", got.Backend, test.want)
				wantEqual(t, "OK", got.OK, test.want != "")
			}
			wantEqual(t, "tokens that the cookie's strategy was asked for", len(s.cookie.asked), 0)
		})
	}
}
