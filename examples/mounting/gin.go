package mounting

import (
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
)

func onGin(api *httpauth.API[*core.User], hello, open http.Handler) http.Handler {
	r := gin.New()
	r.RedirectTrailingSlash = false // the API redirects by itself
	r.NoRoute(gin.WrapH(api))
	r.GET("/hello", gin.WrapH(api.Current(core.Policy[*core.User]{})(hello)))
	r.GET("/open", gin.WrapH(open))
	return r
}
