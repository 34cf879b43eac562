package httpauth_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/signal"
	"strings"
	"syscall"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

// newAuth wires what an API stands on. A program takes the hasher, the
// addresses and the strategy from adapters.
func newAuth() *core.Authenticator[*Member] {
	users, err := core.NewManager(core.Config[*Member]{
		Stores: memory.New[Member](memory.Config{}),
		Hasher: plainHasher{},
		Emails: emails{},
	})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.NewAuthenticator(users, core.Backend[*Member]{
		Name: "jwt", Strategy: &tokens{grants: map[string]ports.Grant{}}, Transport: core.Bearer{},
	})
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

func Example() {
	auth := newAuth()
	api, err := httpauth.New(auth, httpauth.Config[*Member]{},
		httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt"}),
		httpauth.Include("/auth", httpauth.Register{}),
		httpauth.Include("/users", httpauth.Users{}),
	)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("GET /hello", api.Current(core.Policy[*Member]{})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			u, _ := auth.User(r.Context())
			fmt.Fprintf(w, "Hello, %s", u.Email)
		},
	)))

	send := func(method, path, contentType, token, body string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	send("GET", "/hello", "", "", "")
	send("POST", "/auth/register", "application/json", "", `{"email":"ann@example.com","password":"correct horse","is_active":[]}`)
	send("POST", "/auth/register", "application/json", "", `{"email":"ann@example.com","password":"horse"}`)

	_, err = auth.Users().Create(context.Background(), &Member{User: core.User{
		ID: "018f2d3a-7b1c-7000-8000-000000000001", Email: "ann@example.com", IsActive: true,
	}}, "correct horse")
	if err != nil {
		log.Fatal(err)
	}
	form := url.Values{"username": {"ann@example.com"}, "password": {"correct horse"}}
	send("POST", "/auth/jwt/login", "application/x-www-form-urlencoded", "", form.Encode())
	send("GET", "/users/me", "", "t1", "")
	send("GET", "/hello", "", "t1", "")
	// Output:
	// 401 {"detail":"Unauthorized"}
	// 422 {"detail":[{"type":"bool_type","loc":["body","is_active"],"msg":"Input should be a valid boolean","input":[]}]}
	// 400 {"detail":{"code":"REGISTER_INVALID_PASSWORD","reason":"Password should be at least 8 characters"}}
	// 200 {"access_token":"t1","token_type":"bearer"}
	// 200 {"id":"018f2d3a-7b1c-7000-8000-000000000001","email":"ann@example.com","is_active":true,"is_superuser":false,"is_verified":false}
	// 200 Hello, ann@example.com
}

// The answer to a forgotten password is the same for everybody, and the token
// goes out by mail only.
func ExampleReset() {
	var token string
	users, err := core.NewManager(core.Config[*Member]{
		Stores: memory.New[Member](memory.Config{}),
		Hasher: plainHasher{},
		Emails: emails{},
		Mail: core.Mailing{Signer: &signer{}, Mailer: &postbox{send: func(m ports.Mail) error {
			fmt.Println("mail to", m.Email)
			token = m.Token
			return nil
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.NewAuthenticator(users, core.Backend[*Member]{
		Name: "jwt", Strategy: &tokens{grants: map[string]ports.Grant{}}, Transport: core.Bearer{},
	})
	if err != nil {
		log.Fatal(err)
	}
	api, err := httpauth.New(auth, httpauth.Config[*Member]{}, httpauth.Include("/auth", httpauth.Reset{}))
	if err != nil {
		log.Fatal(err)
	}
	ann := &Member{User: core.User{Email: "ann@example.com", IsActive: true}}
	if _, err := users.Create(context.Background(), ann, "correct horse"); err != nil {
		log.Fatal(err)
	}

	send := func(path, body string) {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if err := users.Drain(context.Background()); err != nil {
			log.Fatal(err)
		}
		fmt.Println(w.Code, w.Body)
	}
	send("/auth/forgot-password", `{"email":"ben@example.com"}`)
	send("/auth/forgot-password", `{"email":"ann@example.com"}`)
	send("/auth/reset-password", `{"token":"`+token+`","password":"battery staple"}`)
	send("/auth/reset-password", `{"token":"`+token+`","password":"battery staple"}`)
	// Output:
	// 202 null
	// mail to ann@example.com
	// 202 null
	// 200 null
	// 400 {"detail":"RESET_PASSWORD_BAD_TOKEN"}
}

// What is wrong with the wiring is told at once, and all of it.
func ExampleNew_problems() {
	_, err := httpauth.New(newAuth(), httpauth.Config[*Member]{Timeout: -1},
		httpauth.Include("/auth/cookie", httpauth.Auth{Backend: "cookie"}),
	)
	fmt.Println(err)
	// Output:
	// httpauth.New: Config.Timeout is negative; Include("/auth/cookie"): Auth.Backend: there is no backend "cookie"
}

// A page may greet whoever is known and be there for everybody else as well.
func ExampleAPI_Current() {
	auth := newAuth()
	api, err := httpauth.New(auth, httpauth.Config[*Member]{})
	if err != nil {
		log.Fatal(err)
	}
	page := api.Current(core.Policy[*Member]{Optional: true})(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if u, ok := auth.User(r.Context()); ok {
				fmt.Fprintf(w, "Hello, %s", u.Email)
				return
			}
			fmt.Fprint(w, "Hello, stranger")
		},
	))
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Body)
	// Output:
	// Hello, stranger
}

// The server stops when the program is asked to, once the requests that are
// under way are answered.
func ExampleServe() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	stop() // as SIGTERM does
	fmt.Println(httpauth.Serve(ctx, listener, http.NotFoundHandler(), httpauth.ServerConfig{}))
	// Output:
	// <nil>
}
