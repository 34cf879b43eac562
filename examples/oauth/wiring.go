package main

import (
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gousher/usher/adapters/argon2"
	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
)

// wire makes the server whose pages are below site.
func wire(site string, env func(string) string) (http.Handler, error) {
	list, err1 := providers(site, env)
	hasher, err2 := argon2hash.New(argon2hash.Config{})
	signer, err3 := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{random()}})
	// Insecure is for http on this machine. Leave it away where there is TLS.
	cookie, err4 := core.NewCookie(core.CookieConfig{Insecure: true})
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	stores := memory.New[core.User](memory.Config{})
	users, err1 := core.NewManager(core.Config[*core.User]{Stores: stores, Hasher: hasher, Emails: email.New()})
	browser, err2 := session.Backend("cookie", stores, session.Config{}, cookie)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	oauth, err1 := core.NewOAuth(users, core.OAuthConfig{
		Providers: list, Signer: signer, Keys: []core.SealingKey{{ID: "1", Key: random()}}, // keep yours
	})
	auth, err2 := core.NewAuthenticator(users, browser)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	mounts := []httpauth.Mount{
		httpauth.Include("/auth/cookie", httpauth.Auth{Backend: "cookie"}), httpauth.Include("/auth", httpauth.Register{}),
		httpauth.Include("/users", httpauth.Users{}, httpauth.Accounts{}),
	}
	var names []string
	for _, p := range list {
		insecure := core.CookieConfig{Insecure: true}
		mounts = append(mounts,
			httpauth.Include("/login/"+p.Name(), httpauth.OAuth{
				Provider: p.Name(), Backend: "cookie", RedirectURL: site + "/back/login/" + p.Name(), VerifiedByDefault: true, Cookie: insecure,
			}),
			httpauth.Include("/link/"+p.Name(), httpauth.OAuthAssociate{
				Provider: p.Name(), RedirectURL: site + "/back/link/" + p.Name(), Cookie: insecure,
			}))
		names = append(names, p.Name())
	}
	api, err := httpauth.New(auth, httpauth.Config[*core.User]{OAuth: oauth}, mounts...)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	pages(mux, names)
	return mux, play(mux, site)
}

func random() []byte {
	b := make([]byte, 32)
	rand.Read(b)
	return b
}

//go:embed site
var files embed.FS

// pages serves the page, and the one that providers send the browser back to.
func pages(mux *http.ServeMux, providers []string) {
	page := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src data:; frame-ancestors 'none'; form-action 'self'; base-uri 'none'")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Referrer-Policy", "no-referrer") // the code is in the address
			http.ServeFileFS(w, r, files, "site/"+name)
		})
	}
	mux.Handle("GET /{$}", page("index.html"))
	mux.Handle("GET /back/{flow}/{provider}", page("back.html"))
	for _, name := range []string{"app.js", "back.js", "style.css"} {
		mux.Handle("GET /site/"+name, page(name))
	}
	mux.HandleFunc("GET /providers", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(providers) // it fails where the client is gone
	})
}
