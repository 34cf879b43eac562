package httpauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// What is tried too often is 429 with Retry-After.
func TestTooManyRequests(t *testing.T) {
	one := core.Limit{Address: ports.Limit{Events: 1, Per: time.Minute + time.Millisecond}}
	want := strings.Replace(jsonAnswer(429, `{"detail":"Too Many Requests"}`), "application/json\n", "application/json\nRetry-After: 61\n", 1)
	for _, test := range []struct{ name, request, first string }{
		{"login", "POST /auth/jwt/login\nContent-Type: application/x-www-form-urlencoded\n\nusername=king@camelot.bt&password=wrong", badLogin},
		{"login of nobody", "POST /auth/jwt/login\nContent-Type: application/x-www-form-urlencoded\n\nusername=nobody@camelot.bt&password=wrong", badLogin},
		{"register", register(`{"email":"king@camelot.bt","password":"guinevere"}`), jsonAnswer(400, `{"detail":"REGISTER_USER_ALREADY_EXISTS"}`)},
		{"forgot-password", "POST /auth/forgot-password\nContent-Type: application/json\n\n" + `{"email":"king@camelot.bt"}`, jsonAnswer(202, "null")},
		{"request-verify-token", "POST /auth/request-verify-token\nContent-Type: application/json\n\n" + `{"email":"nobody@camelot.bt"}`, jsonAnswer(202, "null")},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, withMail, func(w *world) { w.core.Limits = core.Limits{Login: one, Register: one, Mail: one} })
			if got := w.do(t, test.request); got != test.first {
				t.Errorf("first: got\n%s\nwant\n%s", got, test.first)
			}
			if got := w.do(t, test.request); got != want {
				t.Errorf("second: got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A body that is wrong is told so before anything is counted.
func TestWrongBodiesAreNotCounted(t *testing.T) {
	w := newWorld(t, func(w *world) { w.core.Limits = core.Limits{} })
	for range 200 {
		if got := w.do(t, register(`{}`)); !strings.HasPrefix(got, "422\n") {
			t.Fatalf("got\n%s", got)
		}
	}
}
