package run

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/email"
	"github.com/gousher/usher/core"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// rounds is how often each race is run, and callers how many take part.
const (
	rounds  = 50
	callers = 200
)

// race is how often a race is run, how many take part, and how much later the
// last of them sets out than the first, more so from round to round.
type race struct {
	rounds, callers int
	apart           time.Duration
}

// raceOn is the race on the database that dsn names. FerretDB is asked one thing
// at a time, which takes its time.
func raceOn(dsn string) race {
	if strings.HasPrefix(dsn, "mongodb") {
		return race{rounds / 10, callers / 4, 100 * time.Millisecond}
	}
	return race{rounds, callers, 0}
}

// onServed runs f for every engine that keeps users, on a fresh database.
func onServed(t *testing.T, f func(t *testing.T, dsn string)) {
	t.Helper()
	onEngines(t, f)
	onMongo(t, func(t *testing.T, on mongoEngine) { f(t, on.fresh(t)) })
}

// call is one HTTP request of a race, and answer what came of it.
type call struct {
	method, path, token, body string
}

type answer struct {
	status int
	body   string
}

// pair is two servers in processes of their own on one database.
type pair struct {
	race
	urls   [2]string
	client *http.Client
	db     *served
}

// startPair migrates the database and starts the servers.
func startPair(t testing.TB, dsn, flavour string) *pair {
	t.Helper()
	p := &pair{race: raceOn(dsn), db: servedOn(t, dsn), client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}}
	t.Cleanup(p.client.CloseIdleConnections)
	for i := range p.urls {
		p.urls[i] = startServer(t, dsn, flavour)
	}
	return p
}

// do sends one request to the server of that number.
func (p *pair) do(server int, c call) answer {
	req, err := http.NewRequest(c.method, p.urls[server%2]+c.path, strings.NewReader(c.body))
	if err != nil {
		return answer{0, err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(c.path, "/login") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return answer{0, err.Error()}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{0, err.Error()}
	}
	return answer{res.StatusCode, string(body)}
}

// together sends all calls at once, every other one to the second server.
func (p *pair) together(calls []call) []answer { return p.within(0, calls) }

// within sends the calls one after another within the given time, without
// waiting for answers, every other one to the second server.
func (p *pair) within(d time.Duration, calls []call) []answer {
	answers := make([]answer, len(calls))
	start := make(chan struct{})
	var done sync.WaitGroup
	for i, c := range calls {
		done.Go(func() {
			<-start
			time.Sleep(d * time.Duration(i) / time.Duration(len(calls)))
			answers[i] = p.do(i, c)
		})
	}
	close(start)
	done.Wait()
	return answers
}

// tally counts equal answers.
func tally(answers []answer) map[answer]int {
	counts := map[answer]int{}
	for _, a := range answers {
		counts[a]++
	}
	return counts
}

func registration(address, password string) call {
	body, _ := json.Marshal(map[string]string{"email": address, "password": password})
	return call{method: http.MethodPost, path: "/auth/register", body: string(body)}
}

func login(address, password string) call {
	form := url.Values{"username": {address}, "password": {password}}
	return call{method: http.MethodPost, path: "/auth/jwt/login", body: form.Encode()}
}

func edit(token, path string, fields map[string]any) call {
	body, _ := json.Marshal(fields)
	return call{method: http.MethodPatch, path: path, token: token, body: string(body)}
}

// token logs in and returns the token.
func (p *pair) token(t testing.TB, address, password string) string {
	t.Helper()
	a := p.do(0, login(address, password))
	require.Equal(t, http.StatusOK, a.status, a.body)
	var out struct {
		Token string `json:"access_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &out))
	return out.Token
}

// spelling is one of fifty ways to write address in upper and lower case.
func spelling(address string, n int) string {
	n %= 50
	var out bytes.Buffer
	for i, c := range strings.ToLower(address) {
		if n>>(i%6)&1 == 1 {
			out.WriteString(strings.ToUpper(string(c)))
		} else {
			out.WriteRune(c)
		}
	}
	return out.String()
}

// registrations runs one round of registrations of one address.
func (p *pair) registrations(address string) []answer {
	calls := make([]call, p.callers)
	for i := range calls {
		calls[i] = registration(spelling(address, i/2), "correct horse battery")
	}
	return p.together(calls)
}

var taken = answer{http.StatusBadRequest, `{"detail":"REGISTER_USER_ALREADY_EXISTS"}`}

func (p *pair) rows(t testing.TB, address string) int64 {
	t.Helper()
	n, err := p.db.rows(t.Context(), email.New().Key(address))
	require.NoError(t, err)
	return n
}

func TestRaceOfRegistrations(t *testing.T) {
	onServed(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "")
		for round := range p.rounds {
			address := fmt.Sprintf("ann.lee.%d@example.com", round)
			answers := p.registrations(address)
			created := 0
			for a, n := range tally(answers) {
				switch {
				case a.status == http.StatusCreated:
					created += n
				case a != taken:
					t.Errorf("round %d: %d answers %d %s", round, n, a.status, a.body)
				}
			}
			require.Equal(t, 1, created, "round %d: users created", round)
			require.EqualValues(t, 1, p.rows(t, address), "round %d: rows", round)
		}
	})
}

// The race above must be one that a store can lose.
func TestRaceOfRegistrationsIsLostByLookingFirst(t *testing.T) {
	onServed(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "naive")
		require.NoError(t, p.db.loosen(t.Context()))
		for round := range p.rounds {
			address := fmt.Sprintf("ann.lee.%d@example.com", round)
			p.registrations(address)
			if n := p.rows(t, address); n > 1 {
				t.Logf("round %d: %d rows of one address", round, n)
				return
			}
		}
		t.Errorf("%d rounds of %d registrations never beat a store that looks first", p.rounds, p.callers)
	})
}

// edits runs one round of edits of a profile with a deactivation
// among them, and reports whether the user is inactive afterwards.
func (p *pair) edits(t testing.TB, round int, admin string) (answers []answer, inactive bool) {
	t.Helper()
	address := fmt.Sprintf("edit.%d@example.com", round)
	require.Equal(t, http.StatusCreated, p.do(0, registration(address, "correct horse battery")).status)
	token := p.token(t, address, "correct horse battery")
	id := p.id(t, token)
	calls := make([]call, p.callers)
	for i := range calls {
		calls[i] = edit(token, "/users/me", map[string]any{"nickname": fmt.Sprint(i)})
	}
	calls[p.callers/2] = edit(admin, "/users/"+id, map[string]any{"is_active": false})
	answers = p.together(calls)
	require.Equal(t, http.StatusOK, answers[p.callers/2].status, "round %d: deactivation: %s", round, answers[p.callers/2].body)
	a := p.do(round, call{method: http.MethodGet, path: "/users/" + id, token: admin})
	require.Equal(t, http.StatusOK, a.status, a.body)
	if strings.Contains(a.body, `"is_active":true`) {
		return answers, false
	}
	require.Equal(t, http.StatusUnauthorized, p.do(round, call{method: http.MethodGet, path: "/users/me", token: token}).status)
	return answers, true
}

func TestRaceOfEditAndDeactivation(t *testing.T) {
	onServed(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "")
		admin := p.superuser(t)
		before, after := 0, 0
		for round := range p.rounds {
			answers, inactive := p.edits(t, round, admin)
			require.True(t, inactive, "round %d: the user is active again", round)
			ok, refused := count(answers, http.StatusOK), count(answers, http.StatusUnauthorized)
			require.Equal(t, p.callers, ok+refused, "round %d: %v", round, tally(answers))
			before, after = before+ok-1, after+refused
		}
		require.NotZero(t, before, "no edit came before a deactivation")
		require.NotZero(t, after, "no edit came after a deactivation")
	})
}

// The race above must be one that a store can lose.
func TestRaceOfEditAndDeactivationIsLostByReadingFirst(t *testing.T) {
	onServed(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "naive")
		admin := p.superuser(t)
		for round := range p.rounds {
			if _, inactive := p.edits(t, round, admin); !inactive {
				t.Logf("round %d: the user is active again", round)
				return
			}
		}
		t.Errorf("%d rounds of %d edits never beat a store that reads first", p.rounds, p.callers)
	})
}

func TestRaceOfUpgradeAndPasswordChange(t *testing.T) {
	onServed(t, func(t *testing.T, dsn string) {
		p := startPair(t, dsn, "upgrades")
		weak, err := cheapHasher(1)
		require.NoError(t, err)
		before, after := 0, 0
		for round := range p.rounds {
			address := fmt.Sprintf("upgrade.%d@example.com", round)
			require.Equal(t, http.StatusCreated, p.do(0, registration(address, "the old password")).status)
			token := p.token(t, address, "the old password")
			old, err := weak.Hash("the old password")
			require.NoError(t, err)
			_, err = p.db.stores.Users.Update(t.Context(), p.id(t, token), func(m *member) error { m.HashedPassword = old; return nil })
			require.NoError(t, err)

			calls := make([]call, p.callers)
			for i := range calls {
				calls[i] = login(address, "the old password")
			}
			calls[p.callers/2] = edit(token, "/users/me", map[string]any{"password": "the new password"})
			answers := p.within(time.Duration(round)*p.apart, calls)
			require.Equal(t, http.StatusOK, answers[p.callers/2].status, "round %d: change: %s", round, answers[p.callers/2].body)
			require.Equal(t, http.StatusBadRequest, p.do(round, login(address, "the old password")).status, "round %d: old password", round)
			require.Equal(t, http.StatusOK, p.do(round, login(address, "the new password")).status, "round %d: new password", round)
			ok, refused := count(answers, http.StatusOK), count(answers, http.StatusBadRequest)
			require.Equal(t, p.callers, ok+refused, "round %d: %v", round, tally(answers))
			before, after = before+ok-1, after+refused
			for i, a := range answers {
				if i == p.callers/2 || a.status != http.StatusOK {
					continue
				}
				var out struct {
					Token string `json:"access_token"`
				}
				require.NoError(t, json.Unmarshal([]byte(a.body), &out))
				me := p.do(i, call{method: http.MethodGet, path: "/users/me", token: out.Token})
				require.Equal(t, http.StatusUnauthorized, me.status, "round %d: a session of the old password lives", round)
			}
		}
		require.NotZero(t, before, "no login came before a change")
		require.NotZero(t, after, "no login came after a change")
	})
}

// dropUniqueKey takes the unique index of the keys away.
func dropUniqueKey(ctx context.Context, db *bun.DB) error {
	statements := map[dialect.Name][]string{
		dialect.PG:     {"ALTER TABLE users DROP CONSTRAINT users_email_key_key"},
		dialect.MySQL:  {"ALTER TABLE users DROP INDEX users_email_key_key"},
		dialect.SQLite: {"CREATE TABLE loose AS SELECT * FROM users", "DROP TABLE users", "ALTER TABLE loose RENAME TO users"},
	}[db.Dialect().Name()]
	for _, statement := range statements {
		if _, err := db.DB.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// manager works on the servers' database, beside them.
func (p *pair) manager(t testing.TB, mails *drawer) *core.Manager[*member] {
	t.Helper()
	manager, err := newManager(p.db.stores, mails, 1)
	require.NoError(t, err)
	return manager
}

// superuser creates a superuser beside the servers and returns its token.
func (p *pair) superuser(t testing.TB) string {
	t.Helper()
	manager := p.manager(t, &drawer{})
	_, err := manager.Create(context.WithoutCancel(t.Context()), &member{User: core.User{
		Email: "admin@example.com", IsActive: true, IsSuperuser: true,
	}}, "correct horse battery")
	require.NoError(t, err)
	return p.token(t, "admin@example.com", "correct horse battery")
}

// id returns the id of the user whose token it is.
func (p *pair) id(t testing.TB, token string) string {
	t.Helper()
	a := p.do(0, call{method: http.MethodGet, path: "/users/me", token: token})
	require.Equal(t, http.StatusOK, a.status, a.body)
	var out struct {
		ID string `json:"id"`
	}
	require.NoError(t, json.Unmarshal([]byte(a.body), &out))
	return out.ID
}
