package jwxtoken

import (
	"net/http"
	"strconv"
)

// JWKS returns a handler that serves the public keys of the ring, in its
// order, as a JWK Set (RFC 7517), for GET and HEAD. A secret is never among
// them. Answers may be cached for five minutes. Mount it where whoever verifies
// tokens looks for it, such as GET /.well-known/jwks.json.
func (s *Strategy) JWKS() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "application/jwk-set+json")
		h.Set("Content-Length", strconv.Itoa(len(s.jwks)))
		h.Set("Cache-Control", "public, max-age=300")
		if r.Method == http.MethodGet {
			_, _ = w.Write(s.jwks) // whoever went away has no use for it
		}
	})
}
