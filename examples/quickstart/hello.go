package main

import (
	"fmt"
	"net/http"

	"github.com/gousher/usher/core"
)

// begin

// hello greets whoever is logged in.
func hello(auth *core.Authenticator[*Member]) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := auth.User(r.Context())
		fmt.Fprintf(w, "Hello %s!\n", u.Nickname)
	})
}

// end
