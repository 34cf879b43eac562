package mounting

import (
	"net/http"

	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
)

func onMux(api *httpauth.API[*core.User], hello, open http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", api)
	mux.Handle("GET /hello", api.Current(core.Policy[*core.User]{})(hello))
	mux.Handle("GET /open", open)
	return mux
}
