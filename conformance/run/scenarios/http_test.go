package scenarios

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/stretchr/testify/require"
)

// overHTTP is a client of delivery/http.
type overHTTP struct{ handler http.Handler }

func newOverHTTP(t *testing.T, w *world) driver {
	t.Helper()
	api, err := httpauth.New(w.auth, httpauth.Config[*member]{Schema: schema, Log: w.log},
		httpauth.Include("/auth", httpauth.Auth{Backend: "bearer", RequireVerified: w.verified},
			httpauth.Register{}, httpauth.Reset{}, httpauth.Verify{}),
		httpauth.Include("/users", httpauth.Users{RequireVerified: w.verified}))
	require.NoError(t, err)
	return &overHTTP{api}
}

func (d *overHTTP) do(use string, c call) answer {
	switch use {
	case register:
		return d.send(c, "POST", "/auth/register")
	case login:
		return d.login(c)
	case logout:
		return d.send(c, "POST", "/auth/logout")
	case readMe:
		return d.send(c, "GET", "/users/me")
	case changeMe:
		return d.send(c, "PATCH", "/users/me")
	case readUser:
		return d.send(c, "GET", "/users/"+c.id)
	case changeUser:
		return d.send(c, "PATCH", "/users/"+c.id)
	case deleteUser:
		return d.send(c, "DELETE", "/users/"+c.id)
	case forgot:
		return d.send(c, "POST", "/auth/forgot-password")
	case resetPassword:
		return d.send(c, "POST", "/auth/reset-password")
	case requestVerify:
		return d.send(c, "POST", "/auth/request-verify-token")
	case verify:
		return d.send(c, "POST", "/auth/verify")
	}
	return unknown(use)
}

func (d *overHTTP) login(c call) answer {
	form := url.Values{"username": {c.in.text("email")}, "password": {c.in.text("password")}}
	return d.answer(c, "POST", "/auth/login", "application/x-www-form-urlencoded", form.Encode())
}

func (d *overHTTP) send(c call, method, path string) answer {
	body := ""
	if c.in != nil {
		text, err := json.Marshal(c.in)
		require.NoError(c.t, err)
		body = string(text)
	}
	return d.answer(c, method, path, "application/json", body)
}

func (d *overHTTP) answer(c call, method, path, contentType, body string) answer {
	r := httptest.NewRequestWithContext(c.t.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr = peer.String() + ":1"
	r.Header.Set("Content-Type", contentType)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	rec := httptest.NewRecorder()
	d.handler.ServeHTTP(rec, r)
	var in any
	if rec.Body.Len() > 0 {
		require.NoError(c.t, json.Unmarshal(rec.Body.Bytes(), &in))
	}
	object, _ := in.(map[string]any)
	if rec.Code < 300 {
		out := answer{code: ok, token: fields(object).text("access_token")}
		if object["id"] != nil {
			out.users = []fields{object}
		}
		return out
	}
	return answer{code: d.code(rec.Code, rec.Header().Get("Retry-After"), object["detail"])}
}

// code reads an answer of the contract.
func (d *overHTTP) code(status int, retry string, detail any) string {
	switch status {
	case http.StatusUnauthorized:
		return unauthorized
	case http.StatusForbidden:
		return forbidden
	case http.StatusNotFound:
		return notFound
	case http.StatusTooManyRequests:
		if retry != "" {
			return tooMany
		}
	case http.StatusServiceUnavailable:
		if retry != "" {
			return busy
		}
		return outage
	case http.StatusUnprocessableEntity:
		var wrong []string
		for _, e := range detail.([]any) {
			e := e.(map[string]any)
			name := e["loc"].([]any)[1]
			if name == "username" {
				name = "email"
			}
			wrong = append(wrong, fmt.Sprintf("%v %v", name, e["type"]))
		}
		return invalid(wrong...)
	case http.StatusBadRequest:
		if text, ok := detail.(string); ok {
			return text
		}
		d := detail.(map[string]any)
		return refused(fmt.Sprint(d["code"]), fmt.Sprint(d["reason"]))
	}
	return unknown(fmt.Sprint(status, retry, detail)).code
}
