package core_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// restamping is a strategy whose sessions can be carried over.
type restamping struct {
	*strategy
	restamped []string // token and epoch
	refuse    error
}

var _ ports.Restamper = (*restamping)(nil)

func (s *restamping) Restamp(_ context.Context, token string, epoch int64) error {
	s.restamped = append(s.restamped, fmt.Sprint(token, " ", epoch))
	if s.refuse != nil {
		return s.refuse
	}
	g := s.grants[token]
	g.Epoch = epoch
	s.grants[token] = g
	return nil
}

func TestCarry(t *testing.T) {
	tests := []struct {
		name    string
		backend string
		change  core.Change[*Member]
		refuse  error
		want    error
		goesOn  bool
		asked   []string
	}{
		{"new password", "stored", core.Change[*Member]{Password: ptr("lady of the lake")}, nil, nil, true, []string{"s1 1"}},
		{"nothing that ends sessions", "stored", core.Change[*Member]{Email: ptr("anne@example.com")}, nil, nil, true, nil},
		{"strategy that cannot", "header", core.Change[*Member]{Password: ptr("lady of the lake")}, nil, nil, false, nil},
		{"session that was ended", "stored", core.Change[*Member]{Password: ptr("lady of the lake")},
			fmt.Errorf("store: %w", core.ErrInvalidToken), nil, false, []string{"s1 1"}},
		{"outage", "stored", core.Change[*Member]{Password: ptr("lady of the lake")}, errOutage, errOutage, false, []string{"s1 1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newSite(t)
			stored := &restamping{strategy: newStrategy("s"), refuse: test.refuse}
			auth := w.authenticator(
				core.Backend[*Member]{Name: "header", Strategy: w.header, Transport: core.Bearer{}},
				core.Backend[*Member]{Name: "stored", Strategy: stored, Transport: core.Bearer{}},
			)
			ann := w.put(named("ann"))
			token := w.token(w.header, ann)
			if test.backend == "stored" {
				token = w.token(stored.strategy, ann)
			}
			s, err := auth.Authenticate(t.Context(), request(token, ""), policy{})
			must(t, err)
			u, err := w.UpdateSelf(t.Context(), s.User, test.change)
			must(t, err)

			err = auth.Carry(t.Context(), s, u, http.Header{})
			wantErr(t, err, test.want)
			if err != nil && !strings.Contains(err.Error(), "backend stored") {
				t.Errorf("error: got %q, want the backend in it", err)
			}
			wantEqual(t, "sessions restamped", stored.restamped, test.asked)
			_, err = auth.Authenticate(t.Context(), request(token, ""), policy{})
			wantEqual(t, "whether the session goes on", err == nil, test.goesOn)
		})
	}
}

// A session that cannot be restamped goes on by another token where the
// browser takes it, and that token lives no longer than the old one.
func TestCarryByCookie(t *testing.T) {
	for _, outage := range []error{nil, errOutage} {
		w := newSite(t)
		ann := w.put(named("ann"))
		old, _, err := w.cookie.Issue(t.Context(), ports.Grant{UserID: ann.ID, Methods: []string{"otp"}, Expires: noon.Add(time.Minute)})
		must(t, err)
		s, err := w.auth.Authenticate(t.Context(), request("", old), policy{})
		must(t, err)
		u, err := w.UpdateSelf(t.Context(), s.User, core.Change[*Member]{Password: ptr("lady of the lake")})
		must(t, err)
		w.cookie.err = outage
		out := http.Header{}
		wantErr(t, w.auth.Carry(t.Context(), s, u, out), outage)
		w.cookie.err = nil
		_, err = w.auth.Authenticate(t.Context(), request("", old), policy{})
		wantErr(t, err, core.ErrUnauthenticated)
		if outage != nil {
			wantEqual(t, "what is sent", out, http.Header{})
			continue
		}
		again, err := w.auth.Authenticate(t.Context(), request("", out.Get("Cookie")), policy{})
		must(t, err)
		wantEqual(t, "user", again.User.ID, "ann")
		wantEqual(t, "methods", again.Grant.Methods, []string{"otp"})
		wantEqual(t, "end", again.Grant.Expires, noon.Add(time.Minute))
	}
}

// A session gets the epoch of the caller's own change. One more change, by
// somebody else, ends it.
func TestCarryBetweenTwoChanges(t *testing.T) {
	w := newSite(t)
	stored := &restamping{strategy: newStrategy("s")}
	auth := w.authenticator(core.Backend[*Member]{Name: "stored", Strategy: stored, Transport: core.Bearer{}})
	ann := w.put(named("ann"))
	token := w.token(stored.strategy, ann)
	s, err := auth.Authenticate(t.Context(), request(token, ""), policy{})
	must(t, err)
	u, err := w.UpdateSelf(t.Context(), s.User, core.Change[*Member]{Password: ptr("lady of the lake")})
	must(t, err)
	_, err = w.EndSessions(t.Context(), u)
	must(t, err)

	must(t, auth.Carry(t.Context(), s, u, http.Header{}))
	_, err = auth.Authenticate(t.Context(), request(token, ""), policy{})
	wantErr(t, err, core.ErrUnauthenticated)
}
