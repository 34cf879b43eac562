package httpauth

import (
	_ "embed"
	"net/http"
	"sync"
)

// Docs routes GET /openapi.json, the document that [API.OpenAPI] returns, and
// GET /docs, a page that shows it. The page needs nothing from elsewhere.
type Docs struct{ Info }

func (Docs) isRouter() {}

var (
	//go:embed page/docs.html
	docsPage []byte
	//go:embed page/docs.css
	docsStyle []byte
	//go:embed page/docs.js
	docsScript []byte
)

func (a *API[U]) docsRoutes(cfg Docs) []route {
	file := func(path, contentType string, content func() ([]byte, error)) route {
		return route{method: http.MethodGet, path: path, serve: func(c *call) error {
			body, err := content()
			if err != nil {
				return err
			}
			c.w.Header().Set("Content-Security-Policy",
				"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			c.w.Header().Set("X-Content-Type-Options", "nosniff")
			c.answered = true
			write(c.w, http.StatusOK, contentType, body)
			return nil
		}}
	}
	document := sync.OnceValues(func() ([]byte, error) { return a.OpenAPI(cfg.Info) }) // all routes are there by then
	same := func(content []byte) func() ([]byte, error) { return func() ([]byte, error) { return content, nil } }
	return []route{
		file("/openapi.json", "application/json", document),
		file("/docs", "text/html; charset=utf-8", same(docsPage)),
		file("/docs/page.css", "text/css; charset=utf-8", same(docsStyle)),
		file("/docs/page.js", "text/javascript; charset=utf-8", same(docsScript)),
	}
}
