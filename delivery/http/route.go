package httpauth

import (
	"net/http"
	"net/url"
	"strings"
)

// route is one row of the table.
type route struct {
	method string
	// path is the whole path or, where param names a parameter, what precedes
	// that.
	path, param string
	// read reads the body into the call before anybody is authenticated. Nil
	// leaves the body alone.
	read func(*call) error
	// serve does the rest, and answers where it returns nil.
	serve func(*call) error
	codes codes
	doc   operation
}

// String is how the route is declared.
func (rt *route) String() string {
	return rt.method + " " + rt.pattern()
}

// pattern is the path with the parameter's name in braces.
func (rt *route) pattern() string {
	if rt.param == "" {
		return rt.path
	}
	return rt.path + "{" + rt.param + "}"
}

// match compares with a path that is percent-decoded. A parameter is not empty
// and holds no slash.
func (rt *route) match(path string) (value string, ok bool) {
	if rt.param == "" {
		return "", path == rt.path
	}
	value, ok = strings.CutPrefix(path, rt.path)
	return value, ok && value != "" && strings.IndexByte(value, '/') < 0
}

// find returns the first route that serves method and path, or else the first
// that has the path.
func (a *API[U]) find(method, path string) (rt *route, id string) {
	for i := range a.routes {
		r := &a.routes[i]
		rid, ok := r.match(path)
		switch {
		case !ok:
		case r.method == method:
			return r, rid
		case rt == nil:
			rt = r
		}
	}
	return rt, ""
}

// Routes returns the routes that are mounted, such as "GET /users/me" and
// "GET /users/{id}", in the order of their declaration.
func (a *API[U]) Routes() []string {
	out := make([]string, len(a.routes))
	for i := range a.routes {
		out[i] = a.routes[i].String()
	}
	return out
}

func (a *API[U]) has(rt *route) bool {
	for i := range a.routes {
		if a.routes[i].String() == rt.String() {
			return true
		}
	}
	return false
}

// ServeHTTP implements [http.Handler].
func (a *API[U]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch rt, id := a.find(r.Method, r.URL.Path); {
	case rt == nil:
		a.notFound(w, r)
	case rt.method != r.Method:
		w.Header().Set("Allow", rt.method)
		refuse(w, http.StatusMethodNotAllowed, "Method Not Allowed")
	default:
		a.serve(rt, id, w, r)
	}
}

// notFound sends a client that wrote a slash too many to where it wanted to go.
func (a *API[U]) notFound(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimRight(r.URL.Path, "/")
	if rt, _ := a.find(r.Method, path); rt == nil || path == r.URL.Path {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	h := w.Header()
	h.Set("Location", location(r, path))
	h.Set("Content-Length", "0")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// location is the absolute URL of path on the host that r was sent to. The
// path begins with one slash and then a route's prefix, so it cannot be taken
// for another host's name.
func location(r *http.Request, path string) string {
	to := url.URL{Scheme: "http", Host: r.Host, Path: path}
	if r.TLS != nil {
		to.Scheme = "https"
	}
	out := to.EscapedPath()
	if r.Host != "" {
		out = to.Scheme + "://" + r.Host + out
	}
	if r.URL.RawQuery != "" {
		out += "?" + r.URL.RawQuery
	}
	return out
}
