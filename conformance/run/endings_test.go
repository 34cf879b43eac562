package run

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	bunstore "github.com/gousher/usher/adapters/bun"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// endings are what ends all sessions of a user, as HTTP calls. Token is one of
// the user's, admin a superuser's, and reset one that came by mail.
var endings = map[string]func(id, token, admin, reset string) call{
	"password change": func(_, token, _, _ string) call {
		return edit(token, "/users/me", map[string]any{"password": "the new password"})
	},
	"password reset": func(_, _, _, reset string) call {
		return post("/auth/reset-password", map[string]string{"token": reset, "password": "the new password"})
	},
	"ban": func(id, _, admin, _ string) call {
		return edit(admin, "/users/"+id, map[string]any{"is_active": false})
	},
}

// Each ending races with logins in endingRounds rounds, and up to
// moreEndingRounds where until then all logins came before it, or after it.
const (
	endingRounds     = 12
	moreEndingRounds = 60
)

// Of logins that race with the end of all sessions, on two servers and with
// both kinds of token, none leaves a session that lives.
func TestRaceOfLoginsAndTheEnd(t *testing.T) {
	onEngines(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "")
		mails := &drawer{}
		manager, admin := p.manager(t, mails), p.superuser(t)
		for name, end := range endings {
			t.Run(name, func(t *testing.T) {
				before, after := 0, 0
				for round := 0; round < endingRounds || (before == 0 || after == 0) && round < moreEndingRounds; round++ {
					address := fmt.Sprintf("%s.%d@example.com", strings.ReplaceAll(name, " ", "."), round)
					require.Equal(t, http.StatusCreated, p.do(0, registration(address, "the old password")).status)
					token := p.token(t, address, "the old password")
					id := p.id(t, token)
					require.NoError(t, manager.ForgotPassword(t.Context(), address))
					calls := make([]call, openers)
					for i := range calls {
						calls[i] = login(address, "the old password")
						if i/2%2 == 1 {
							calls[i].path = "/auth/db/login"
						}
					}
					calls[openers/2] = end(id, token, admin, mailed(t, manager, mails))
					answers := p.within(time.Duration(round*round)*time.Millisecond, calls)
					require.Equal(t, http.StatusOK, answers[openers/2].status, "round %d: %s", round, answers[openers/2].body)
					if name == "ban" { // what was ended stays so when the ban is lifted
						a := p.do(round, edit(admin, "/users/"+id, map[string]any{"is_active": true}))
						require.Equal(t, http.StatusOK, a.status, a.body)
					}
					ok, refused := count(answers, http.StatusOK), count(answers, http.StatusBadRequest)
					require.Equal(t, openers, ok+refused, "round %d: %v", round, tally(answers))
					before, after = before+ok-1, after+refused
					for i, a := range answers {
						if i == openers/2 || a.status != http.StatusOK {
							continue
						}
						var out struct {
							Token string `json:"access_token"`
						}
						require.NoError(t, json.Unmarshal([]byte(a.body), &out))
						me := p.do(i, call{method: http.MethodGet, path: "/users/me", token: out.Token})
						require.Equal(t, http.StatusUnauthorized, me.status, "round %d: a session lives", round)
					}
				}
				require.NotZero(t, before, "no login came before an end")
				require.NotZero(t, after, "no login came after an end")
			})
		}
	})
}

// held is a strategy that waits before it makes a token.
type held struct {
	ports.Strategy
	reached, release chan struct{}
}

func (h held) Issue(ctx context.Context, g ports.Grant) (string, time.Time, error) {
	close(h.reached)
	<-h.release
	return h.Strategy.Issue(ctx, g)
}

// A login that verified the password before the end of all sessions, and made
// its token after it, leaves a session that is worth nothing.
func TestLoginThatEndsLate(t *testing.T) {
	opened := map[string]func(t *testing.T) stores{
		"memory": func(t *testing.T) stores { engine.Memory(t); return memoryStores(t) },
	}
	for _, on := range sqlEngines {
		opened[on.name] = func(t *testing.T) stores {
			return bunStores(t, openDB(t, on.fresh(t)), bunstore.Config{})
		}
	}
	for _, on := range mongoEngines {
		opened[on.name] = func(t *testing.T) stores { return on.stores(t, mongostore.UUIDs) }
	}
	ends := map[string]func(ctx context.Context, m *core.Manager[*member], u *member, reset string) error{
		"password change": func(ctx context.Context, m *core.Manager[*member], u *member, _ string) error {
			password := "the new password"
			_, err := m.UpdateSelf(ctx, u, core.Change[*member]{Password: &password})
			return err
		},
		"password reset": func(ctx context.Context, m *core.Manager[*member], _ *member, reset string) error {
			return m.ResetPassword(ctx, reset, "the new password")
		},
		"ban": func(ctx context.Context, m *core.Manager[*member], u *member, _ string) error {
			no, yes := false, true
			if _, err := m.Update(ctx, u, core.Change[*member]{IsActive: &no}); err != nil {
				return err
			}
			_, err := m.Update(ctx, u, core.Change[*member]{IsActive: &yes})
			return err
		},
	}
	for engineName, open := range opened {
		for _, kind := range []string{"jwt", "stored"} {
			for endName, end := range ends {
				t.Run(engineName+"/"+kind+"/"+endName, func(t *testing.T) {
					require.ErrorIs(t, loginThatEndsLate(t, open(t), kind, end), core.ErrUnauthenticated)
				})
			}
		}
	}
	for _, kind := range []string{"jwt", "stored"} {
		t.Run("lost without the epoch/"+kind, func(t *testing.T) {
			s := memoryStores(t)
			s.Users = epochless{s.Users}
			s.Joined = nil
			require.NoError(t, loginThatEndsLate(t, s, kind, ends["password reset"]))
		})
	}
}

// epochless is a store that does not count what ends sessions.
type epochless struct{ users }

func (e epochless) Update(ctx context.Context, id string, change func(*member) error) (*member, error) {
	return e.users.Update(ctx, id, func(m *member) error {
		epoch := m.SessionEpoch
		defer func() { m.SessionEpoch = epoch }()
		return change(m)
	})
}

// loginThatEndsLate returns what a session is worth that was made after end,
// for a password that was verified before.
func loginThatEndsLate(t *testing.T, s stores, kind string,
	end func(ctx context.Context, m *core.Manager[*member], u *member, reset string) error) error {
	mails := &drawer{}
	manager, err := newManager(s, mails, 1)
	require.NoError(t, err)
	var strategy ports.Strategy
	if kind == "jwt" {
		strategy, err = jwxtoken.New(jwxtoken.Config{Secret: []byte(strings.Repeat("s", 32)), Lifetime: time.Hour})
	} else {
		strategy, err = session.New(s.Tokens, session.Config{})
	}
	require.NoError(t, err)
	h := held{strategy, make(chan struct{}), make(chan struct{})}
	auth, err := core.NewAuthenticator(manager, core.Backend[*member]{Name: "b", Strategy: h, Transport: core.Bearer{}})
	require.NoError(t, err)
	ann, err := manager.Register(t.Context(), &member{User: core.User{Email: "ann@example.com"}}, "the old password")
	require.NoError(t, err)
	require.NoError(t, manager.ForgotPassword(t.Context(), "ann@example.com"))
	reset := mailed(t, manager, mails)

	type result struct {
		core.Issued
		err error
	}
	done := make(chan result)
	go func() {
		issued, err := auth.LoginWithPassword(t.Context(), "ann@example.com", "the old password", core.Entry{
			Backend: "b", Out: http.Header{}, Request: ports.Request{Header: http.Header{}},
		})
		done <- result{issued, err}
	}()
	<-h.reached // the old password is right
	require.NoError(t, end(t.Context(), manager, ann, reset))
	close(h.release)
	r := <-done
	require.NoError(t, r.err)
	_, err = auth.Authenticate(t.Context(), ports.Request{Header: http.Header{"Authorization": {"Bearer " + r.Token}}}, core.Policy[*member]{})
	return err
}
