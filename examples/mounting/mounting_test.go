package mounting

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
)

// emails takes any address with an at-sign.
type emails struct{}

func (emails) Parse(addr string) (string, error) {
	if !strings.Contains(addr, "@") {
		return "", &core.EmailError{Reason: "there is no @"}
	}
	return addr, nil
}

func (emails) Key(addr string) string { return strings.ToLower(addr) }

// application is an API and routes of an application's own.
type application struct {
	api         *httpauth.API[*core.User]
	hello, open http.Handler
}

func newApplication() (*application, error) {
	stores := memory.New[core.User](memory.Config{})
	users, err1 := core.NewManager(core.Config[*core.User]{Stores: stores, Hasher: authtest.Hasher{}, Emails: emails{}})
	sessions, err2 := session.Backend("db", stores, session.Config{}, core.Bearer{})
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	auth, err := core.NewAuthenticator(users, sessions)
	if err != nil {
		return nil, err
	}
	api, err := httpauth.New(auth, httpauth.Config[*core.User]{},
		httpauth.Include("/auth/db", httpauth.Auth{Backend: "db"}),
		httpauth.Include("/auth", httpauth.Register{}),
		httpauth.Include("/users", httpauth.Users{}))
	return &application{
		api: api,
		hello: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			u, _ := auth.User(r.Context())
			fmt.Fprintf(w, "Hello %s!", u.Email)
		}),
		open: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "open to all") }),
	}, err
}

var mounts = map[string]func(api *httpauth.API[*core.User], hello, open http.Handler) http.Handler{
	"mux": onMux, "chi": onChi, "gin": onGin, "echo": onEcho,
}

func TestMounts(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	for name, mount := range mounts {
		t.Run(name, func(t *testing.T) {
			app, err := newApplication()
			if err != nil {
				t.Fatal(err)
			}
			client := authtest.NewClient(mount(app.api, app.hello, app.open))
			token := ""
			for _, step := range []struct {
				method, path, mediaType, body string
				status                        int
				want                          string
			}{
				{"GET", "/open", "", "", 200, `open to all`},
				{"GET", "/hello", "", "", 401, `{"detail":"Unauthorized"}`},
				{"POST", "/auth/register", "application/json", `{"email":"ann@example.com","password":"correct horse"}`, 201, `{"id":".*","email":"ann@example.com",.*}`},
				{"POST", "/auth/register", "application/json", `{"email":`, 422, `.*json_invalid.*`},
				{"POST", "/auth/db/login", "application/x-www-form-urlencoded", "username=ann@example.com&password=wrong", 400, `{"detail":"LOGIN_BAD_CREDENTIALS"}`},
				{"POST", "/auth/db/login", "application/x-www-form-urlencoded", "username=ann@example.com&password=correct+horse", 200, `{"access_token":"(.*)","token_type":"bearer"}`},
				{"GET", "/hello", "", "", 200, `Hello ann@example.com!`},
				{"GET", "/users/me", "", "", 200, `{"id":".*","email":"ann@example.com",.*}`},
				{"GET", "/users/none", "", "", 403, `{"detail":"Forbidden"}`},
				{"GET", "/users/me/", "", "", 307, ``},
				{"GET", "/nothing", "", "", 404, `{"detail":"Not Found"}`},
				{"DELETE", "/users/me", "", "", 403, `{"detail":"Forbidden"}`},
				{"PUT", "/auth/register", "", "", 405, `{"detail":"Method Not Allowed"}`},
				{"POST", "/auth/db/logout", "", "", 204, ``},
				{"GET", "/hello", "", "", 401, `{"detail":"Unauthorized"}`},
			} {
				r, err := http.NewRequestWithContext(t.Context(), step.method, authtest.Site+step.path, strings.NewReader(step.body))
				if err != nil {
					t.Fatal(err)
				}
				if step.mediaType != "" {
					r.Header.Set("Content-Type", step.mediaType)
				}
				if token != "" {
					r.Header.Set("Authorization", "Bearer "+token)
				}
				res, err := client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				found := regexp.MustCompile("^" + step.want + "$").FindSubmatch(body)
				if res.StatusCode != step.status || found == nil {
					t.Errorf("%s %s: got %d %s, want %d %s", step.method, step.path, res.StatusCode, body, step.status, step.want)
				}
				if len(found) == 2 {
					token = string(found[1])
				}
			}
		})
	}
}

// To mount the API takes ten lines at most.
func TestMountsAreShort(t *testing.T) {
	for name := range mounts {
		text, err := os.ReadFile(name + ".go")
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := bytes.Cut(text, []byte("http.Handler {\n"))
		if lines := bytes.Count(body, []byte("\n")) - 1; lines < 1 || lines > 10 {
			t.Errorf("%s takes %d lines", name, lines)
		}
	}
}
