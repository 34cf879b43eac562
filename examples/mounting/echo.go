package mounting

import (
	"net/http"

	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/labstack/echo/v5"
)

func onEcho(api *httpauth.API[*core.User], hello, open http.Handler) http.Handler {
	e := echo.New()
	e.Any("/*", echo.WrapHandler(api))
	e.GET("/hello", echo.WrapHandler(hello), echo.WrapMiddleware(api.Current(core.Policy[*core.User]{})))
	e.GET("/open", echo.WrapHandler(open))
	return e
}
