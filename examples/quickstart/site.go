package main

import (
	"embed"
	"net/http"
)

// site is a page that tries the routes in a browser.
//
//go:embed site
var site embed.FS

// withDemo returns a mux that serves the page at / and leaves the rest to api.
// The page may load what is beside it and nothing else.
func withDemo(api http.Handler) *http.ServeMux {
	page := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src data:; frame-ancestors 'none'; form-action 'self'")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Referrer-Policy", "no-referrer")
			h.ServeHTTP(w, r)
		})
	}
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("GET /site/", page(http.FileServerFS(site)))
	mux.Handle("GET /{$}", page(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, site, "site/index.html")
	})))
	return mux
}
