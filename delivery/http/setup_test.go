package httpauth_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

// Member is the application's user.
type Member struct {
	core.User
	Nickname string
}

type (
	config  = core.Config[*Member]
	backend = core.Backend[*Member]
	policy  = core.Policy[*Member]
	api     = httpauth.API[*Member]
)

// The people who live in every world, with the password "guinevere".
const (
	kingID   = "11111111-1111-7111-8111-111111111111" // active and verified
	queenID  = "22222222-2222-7222-8222-222222222222" // superuser and verified
	squireID = "33333333-3333-7333-8333-333333333333" // active only
	banned   = "44444444-4444-7444-8444-444444444444" // not active, verified
	rulerID  = "55555555-5555-7555-8555-555555555555" // superuser, not verified
	nobodyID = "99999999-9999-7999-8999-999999999999"
)

// Tokens that the strategy accepts from the start.
const (
	king   = "Bearer king"
	queen  = "Bearer queen"
	squire = "Bearer squire"
)

// world is an API with what it stands on.
type world struct {
	core   config
	http   httpauth.Config[*Member]
	mounts []httpauth.Mount
	// backends are asked after "jwt".
	backends []backend

	tokens *tokens
	// signer and post are set by withMail.
	signer *signer
	post   *postbox
	users  *core.Manager[*Member]
	auth   *core.Authenticator[*Member]
	api    *api
	log    *syncBuffer
}

// newWorld returns a world that alter has changed before it was put together.
func newWorld(t testing.TB, alter ...func(*world)) *world {
	t.Helper()
	log := &syncBuffer{}
	stores := memory.New[Member](memory.Config{})
	stores.Users = &numbered{UserStore: stores.Users}
	w := &world{
		core: config{Stores: stores, Hasher: plainHasher{}, Emails: emails{}, Limits: core.Limits{Off: true}},
		http: httpauth.Config[*Member]{Log: slog.New(slog.NewTextHandler(log, nil))},
		mounts: []httpauth.Mount{
			httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt"}),
			httpauth.Include("/auth", httpauth.Register{}),
			httpauth.Include("/users", httpauth.Users{}),
		},
		tokens: &tokens{grants: map[string]ports.Grant{}},
		log:    log,
	}
	w.people(t)
	for _, f := range alter {
		f(w)
	}
	var err error
	if w.users, err = core.NewManager(w.core); err != nil {
		t.Fatal(err)
	}
	backends := append([]backend{{Name: "jwt", Strategy: w.tokens, Transport: core.Bearer{}}}, w.backends...)
	if w.auth, err = core.NewAuthenticator(w.users, backends...); err != nil {
		t.Fatal(err)
	}
	if w.api, err = httpauth.New(w.auth, w.http, w.mounts...); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) people(t testing.TB) {
	users, err := core.NewManager(w.core)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		name, id                    string
		active, superuser, verified bool
	}{
		{"king", kingID, true, false, true},
		{"queen", queenID, true, true, true},
		{"squire", squireID, true, false, false},
		{"mordred", banned, false, false, true},
		{"ruler", rulerID, true, true, false},
	} {
		_, err := users.Create(t.Context(), &Member{User: core.User{
			ID: p.id, Email: p.name + "@camelot.bt", IsActive: p.active, IsSuperuser: p.superuser, IsVerified: p.verified,
		}}, "guinevere")
		if err != nil {
			t.Fatal(err)
		}
		w.tokens.grants[p.name] = ports.Grant{UserID: p.id}
	}
	w.tokens.grants["nobody"] = ports.Grant{UserID: nobodyID}
}

// request is "METHOD /path", then header lines, then an empty line and the
// body.
func newRequest(t testing.TB, text string) *http.Request {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// do returns the answer to a request as text.
func (w *world) do(t testing.TB, request string) string {
	t.Helper()
	return answerOf(w.api, newRequest(t, request))
}

// answerOf is the status, the header lines in order of their names, an empty
// line and the body.
func answerOf(h http.Handler, r *http.Request) string {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	var lines []string
	for name, values := range rec.Header() {
		for _, v := range values {
			lines = append(lines, name+": "+v+"\n")
		}
	}
	slices.Sort(lines)
	return fmt.Sprintf("%d\n%s\n%s", rec.Code, strings.Join(lines, ""), rec.Body)
}

// jsonAnswer is what a JSON answer looks like, to the last header.
func jsonAnswer(status int, body string) string {
	return fmt.Sprintf("%d\nCache-Control: no-store\nContent-Length: %d\nContent-Type: application/json\n\n%s", status, len(body), body)
}

// The answers that many requests get.
var (
	noContent    = "204\nCache-Control: no-store\n\n"
	unauthorized = jsonAnswer(401, `{"detail":"Unauthorized"}`)
	forbidden    = jsonAnswer(403, `{"detail":"Forbidden"}`)
	notFound     = jsonAnswer(404, `{"detail":"Not Found"}`)
	badLogin     = jsonAnswer(400, `{"detail":"LOGIN_BAD_CREDENTIALS"}`)
	unreadable   = jsonAnswer(400, `{"detail":"There was an error parsing the body"}`)
	tooLarge     = jsonAnswer(413, `{"detail":"Request Entity Too Large"}`)
	outage       = jsonAnswer(503, `{"detail":"Service Unavailable"}`)
	broken       = "500\nCache-Control: no-store\nContent-Length: 21\nContent-Type: text/plain; charset=utf-8\n\nInternal Server Error"
)

// exchange is one request and its answer.
type exchange struct{ name, request, want string }

// run makes every exchange in a world of its own.
func run(t *testing.T, cases []exchange, alter ...func(*world)) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := newWorld(t, alter...).do(t, c.request); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
