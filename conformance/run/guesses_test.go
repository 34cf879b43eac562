package run

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/email"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// counting counts how often passwords are verified.
type counting struct {
	ports.PasswordHasher
	verified atomic.Int64
}

func (c *counting) Verify(password, hash string) (ok, outdated bool, err error) {
	c.verified.Add(1)
	return c.PasswordHasher.Verify(password, hash)
}

// Of five hundred guesses from fifty peers as many are looked at as the limit
// allows, and the owner logs in meanwhile from where a session of hers is.
func TestGuesses(t *testing.T) {
	s := bunStores(t, openDB(t, engine.SQLite(t)), bunstore.Config{})
	cheap, err := cheapHasher(1)
	require.NoError(t, err)
	hasher := &counting{PasswordHasher: cheap}
	users, err := core.NewManager(core.Config[*member]{Stores: s, Hasher: hasher, Emails: email.New()})
	require.NoError(t, err)
	stored, err := session.Backend("db", s, session.Config{}, core.Bearer{})
	require.NoError(t, err)
	auth, err := core.NewAuthenticator(users, stored)
	require.NoError(t, err)
	api, err := httpauth.New(auth, httpauth.Config[*member]{}, httpauth.Include("/auth/db", httpauth.Auth{Backend: "db"}))
	require.NoError(t, err)
	_, err = users.Create(t.Context(), &member{User: core.User{Email: "ann@example.com", IsActive: true}}, "the right password")
	require.NoError(t, err)

	try := func(peer, password string) *httptest.ResponseRecorder {
		form := url.Values{"username": {"Ann@Example.com"}, "password": {password}}.Encode()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/auth/db/login", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = peer + ":1234"
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		return w
	}
	const home = "198.51.100.7"
	require.Equal(t, http.StatusOK, try(home, "the right password").Code)

	hasher.verified.Store(0)
	var guesses sync.WaitGroup
	var refused, limited atomic.Int64
	for i := range 500 {
		guesses.Go(func() {
			switch a := try(fmt.Sprintf("203.0.113.%d", i%50), fmt.Sprint("guess ", i)); a.Code {
			case http.StatusBadRequest:
				refused.Add(1)
			case http.StatusTooManyRequests:
				limited.Add(1)
				if a.Header().Get("Retry-After") == "" {
					t.Error("there is no Retry-After")
				}
			default:
				t.Errorf("got %d %s", a.Code, a.Body)
			}
		})
	}
	guesses.Wait()
	const allowed = 10 - 1 // the owner has taken one
	require.EqualValues(t, 500, refused.Load()+limited.Load())
	require.LessOrEqual(t, hasher.verified.Load(), int64(allowed))
	require.Equal(t, refused.Load(), hasher.verified.Load())
	require.NotZero(t, refused.Load())

	require.Equal(t, http.StatusTooManyRequests, try("203.0.113.99", "the right password").Code, "a peer that nobody knows")
	require.Equal(t, http.StatusOK, try(home, "the right password").Code, "the owner's own peer")
	engine.Note(fmt.Sprintf("500 guesses from 50 peers: %d passwords verified; the owner logs in", hasher.verified.Load()))
}
