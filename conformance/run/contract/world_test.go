package contract

import (
	"bytes"
	"context"
	"crypto"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// start is what the clocks of all worlds show. They stand still.
var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// secret signs tokens of all kinds.
var secret = []byte(strings.Repeat("s", 32))

// setup is what worlds differ in.
type setup struct {
	core config
	// verified has the routers ask for verified users.
	verified bool
	// cookie carries the tokens of the backend "cookie".
	cookie core.CookieConfig
	// lifetime is that of JWTs; zero means an hour.
	lifetime time.Duration
	// key signs JWTs in the place of the secret.
	key crypto.Signer
	// own adds a route of the application's own, DELETE /users/me.
	own bool
	// oauth mounts routers of an identity provider, set up so.
	oauth *httpauth.OAuth
	// docs serves the OpenAPI document.
	docs bool
	// logs is what the server's log is to hold; empty means nothing at all.
	logs string
}

type (
	config  = core.Config[*member]
	backend = core.Backend[*member]
	policy  = core.Policy[*member]
)

// world is a server and the people whom it knows.
type world struct {
	stores   ports.Stores[*member]
	users    *core.Manager[*member]
	auth     *core.Authenticator[*member]
	jwt      *jwxtoken.Strategy
	sessions *session.Strategy
	signer   *jwxtoken.Signer
	mails    authtest.Mailbox
	clock    *authtest.Clock
	hasher   authtest.Hasher
	key      crypto.Signer // see setup
	addr     string
	log      logBuffer
	known    map[string]string
	happened record
}

// newWorld starts a server on stores that hold the people. It ends with the
// test, which fails where the server wrote to its log.
func newWorld(t testing.TB, open opener, alter func(*setup)) *world {
	t.Helper()
	w := &world{clock: authtest.NewClock(start), known: map[string]string{}}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	s := setup{lifetime: time.Hour, core: config{
		Hasher: authtest.Hasher{}, Emails: email.New(), Limits: core.Limits{Off: true},
		Passwords: core.PasswordPolicy{MinLength: 3, AllowCommon: true}, Now: w.clock.Now, Log: log,
	}}
	stores := open(t, func(empty ports.Stores[*member]) { createPeople(t, empty, s.core) })
	w.stores = stores
	s.core.Stores, s.core.Hooks = stores, w.hooks()
	if alter != nil {
		alter(&s)
	}
	var err error
	w.signer, err = jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{secret}, Now: w.clock.Now})
	require.NoError(t, err)
	s.core.Mail = core.Mailing{Signer: w.signer, Mailer: &w.mails}
	w.users, err = core.NewManager(s.core)
	require.NoError(t, err)
	w.backends(t, stores, s)
	handler := w.handler(t, s, log)
	w.serve(t, handler, log, s.logs)
	return w
}

// createPeople creates those whom every world knows.
func createPeople(t testing.TB, stores ports.Stores[*member], cfg config) {
	t.Helper()
	cfg.Stores = stores
	users, err := core.NewManager(cfg)
	require.NoError(t, err)
	for _, p := range people {
		_, err := users.Create(t.Context(), &member{User: core.User{
			ID: p.id, Email: p.email, IsActive: p.active, IsSuperuser: p.superuser, IsVerified: p.verified,
		}}, p.password)
		require.NoError(t, err)
	}
}

func (w *world) backends(t testing.TB, stores ports.Stores[*member], s setup) {
	t.Helper()
	cfg := jwxtoken.Config{Secret: secret, Lifetime: s.lifetime, Now: w.clock.Now}
	if w.key = s.key; s.key != nil {
		cfg.Secret, cfg.Keys = nil, []jwxtoken.Key{{Private: s.key}}
	}
	var err error
	w.jwt, err = jwxtoken.New(cfg)
	require.NoError(t, err)
	cookie, err := core.NewCookie(s.cookie)
	require.NoError(t, err)
	db, err := session.Backend("db", stores, session.Config{Now: w.clock.Now}, core.Bearer{})
	require.NoError(t, err)
	w.sessions = db.Strategy.(*session.Strategy)
	w.auth, err = core.NewAuthenticator(w.users,
		backend{Name: "jwt", Strategy: w.jwt, Transport: core.Bearer{}},
		backend{Name: "cookie", Strategy: w.jwt, Transport: cookie}, db)
	require.NoError(t, err)
}

func (w *world) handler(t testing.TB, s setup, log *slog.Logger) http.Handler {
	t.Helper()
	oauth, mounts := w.mountOAuth(t, s)
	if s.docs {
		mounts = append(mounts, httpauth.Include("", httpauth.Docs{}))
	}
	mounts = append(mounts,
		httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt", RequireVerified: s.verified}),
		httpauth.Include("/auth/cookie", httpauth.Auth{Backend: "cookie", RequireVerified: s.verified}),
		httpauth.Include("/auth/db", httpauth.Auth{Backend: "db", RequireVerified: s.verified}),
		httpauth.Include("/auth", httpauth.Register{}, httpauth.Reset{}, httpauth.Verify{}),
		httpauth.Include("/users", httpauth.Users{RequireVerified: s.verified}))
	api, err := httpauth.New(w.auth, httpauth.Config[*member]{Schema: memberSchema, OAuth: oauth, Log: log, Timeout: time.Minute}, mounts...)
	require.NoError(t, err)
	routes := w.protected(api, s.own)
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if h, ok := routes[r.Method+" "+r.URL.Path]; ok {
			h.ServeHTTP(rw, r)
			return
		}
		api.ServeHTTP(rw, r)
	})
}

func (w *world) serve(t testing.TB, handler http.Handler, log *slog.Logger, logs string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.addr = listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- httpauth.Serve(ctx, listener, handler, httpauth.ServerConfig{Log: log}) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		if logs == "" {
			require.Empty(t, w.log.String(), "the server's log")
		}
		require.Contains(t, w.log.String(), logs, "the server's log")
	})
}

// value tells what stands for a placeholder: "jwt arthur" is a token of
// Arthur's, "db arthur" a session of his in the store, "mail" the token of the
// last mail, "same id" the last id that was told, and other names are what answers told before.
func (w *world) value(t testing.TB, name string) (string, bool) {
	t.Helper()
	if name == "mail" {
		mails := w.mails.Mails()
		require.NotEmpty(t, mails, "no mail was sent")
		return mails[len(mails)-1].Token, true
	}
	if value, ok := w.known[name]; ok {
		return value, true
	}
	if name == "same id" {
		return w.known["id"], true
	}
	switch name {
	case "stranger state":
		return w.strangerState(t), true
	case "an hour later":
		w.clock.Advance(time.Hour)
		return "", true
	case "percival has an account":
		w.deactivated(t, "percival")
		return "", true
	}
	kind, who, ok := strings.Cut(name, " ")
	if !ok {
		return "", false
	}
	value := ""
	switch kind {
	case "jwt":
		value = w.issue(t, w.jwt, who)
	case "db":
		value = w.issue(t, w.sessions, who)
	case "signed":
		value = w.signed(t, who)
	default:
		require.Fail(t, "there is no "+name)
	}
	w.known[name] = value
	return value, true
}

func (w *world) issue(t testing.TB, s ports.Strategy, who string) string {
	t.Helper()
	p, ok := people[who]
	require.True(t, ok, "there is no %s", who)
	token, _, err := s.Issue(t.Context(), ports.Grant{UserID: p.id})
	require.NoError(t, err)
	return token
}

// logBuffer is a log that many may write to.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
