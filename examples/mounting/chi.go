package mounting

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
)

func onChi(api *httpauth.API[*core.User], hello, open http.Handler) http.Handler {
	r := chi.NewRouter()
	r.NotFound(api.ServeHTTP)
	r.With(api.Current(core.Policy[*core.User]{})).Method(http.MethodGet, "/hello", hello)
	r.Method(http.MethodGet, "/open", open)
	return r
}
