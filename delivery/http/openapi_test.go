package httpauth_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

// custom is a transport that says how clients use it.
type custom struct{ scheme map[string]any }

func (custom) Token(in ports.Header) string               { return strings.Join(in.Values("X-Seal"), "") }
func (custom) Ambient() bool                              { return false }
func (custom) Send(ports.Header, string, time.Time) bool  { return false }
func (custom) Forget(ports.Header)                        {}
func (c custom) SecurityScheme() (string, map[string]any) { return "Seal", c.scheme }

func withSeal(scheme map[string]any) func(*world) {
	return func(w *world) {
		w.backends = append(w.backends, backend{Name: "seal", Strategy: w.tokens, Transport: custom{scheme}})
		w.mounts = append(w.mounts, httpauth.Include("", httpauth.Docs{}))
	}
}

func TestSecuritySchemeOfATransport(t *testing.T) {
	w := newWorld(t, withSeal(map[string]any{"type": "apiKey", "in": "header", "name": "X-Seal"}))
	text, err := w.api.OpenAPI(httpauth.Info{})
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct{ SecuritySchemes map[string]map[string]any }
		Paths      map[string]map[string]struct{ Security []map[string][]string }
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if scheme := doc.Components.SecuritySchemes["Seal"]; scheme["name"] != "X-Seal" || scheme["in"] != "header" {
		t.Errorf("the scheme is %v", scheme)
	}
	ways := doc.Paths["/users/me"]["get"].Security
	if len(ways) != 2 || ways[0]["OAuth2PasswordBearer"] == nil || ways[1]["Seal"] == nil {
		t.Errorf("GET /users/me can be called by %v", ways)
	}
	if got := w.do(t, "GET /openapi.json"); !strings.HasPrefix(got, "200") {
		t.Errorf("got %s", got)
	}
}

// A document that cannot be made is an error of the program's: clients learn
// nothing, and its log names the cause.
func TestSchemeThatIsNoJSON(t *testing.T) {
	w := newWorld(t, withSeal(map[string]any{"type": math.NaN()}))
	if text, err := w.api.OpenAPI(httpauth.Info{}); err == nil || text != nil {
		t.Errorf("got %q, %v, want an error alone", text, err)
	}
	for range 2 {
		if got := w.do(t, "GET /openapi.json"); !strings.HasPrefix(got, "500") || strings.Contains(got, "NaN") {
			t.Errorf("got %s, want 500 without the cause", got)
		}
	}
	if log := w.log.String(); !strings.Contains(log, "NaN") {
		t.Errorf("the log does not name the cause: %s", log)
	}
}

func TestInfo(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		info httpauth.Info
		want string
	}{
		{httpauth.Info{}, `"info":{"title":"usher","version":"0.1.0"},"paths":`},
		{httpauth.Info{Title: "Camelot", Version: "2", Description: "*Round*", Servers: []string{"https://a.example", "/b"}},
			`"info":{"title":"Camelot","version":"2","description":"*Round*"},"servers":[{"url":"https://a.example"},{"url":"/b"}],"paths":`},
		{httpauth.Info{Errors: "https://camelot.bt/errors/"}, `"url":"https://camelot.bt/errors/README.md"`},
	} {
		text, err := w.api.OpenAPI(tt.info)
		if err != nil || !strings.Contains(string(text), tt.want) {
			t.Errorf("%+v: no %s in %.300s, %v", tt.info, tt.want, text, err)
		}
	}
}

var _ ports.Transport = custom{}
