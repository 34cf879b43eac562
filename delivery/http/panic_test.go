package httpauth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// A panic of the application is 500 with nothing of what the answer would
// have been, and its stack goes to the log.
func TestPanic(t *testing.T) {
	boom := func() { panic("boom: hunter2") }
	for _, c := range []struct {
		name, request string
		alter         func(*world)
	}{
		{"hook after registration", register(`{"email":"a@b.com","password":"guinevere"}`), func(w *world) {
			w.core.Hooks.AfterRegister = func(context.Context, *Member) { boom() }
		}},
		{"hook after login", "POST /auth/cookie/login\nContent-Type: application/x-www-form-urlencoded\n\nusername=king@camelot.bt&password=guinevere", func(w *world) {
			w.core.Hooks.AfterLogin = func(context.Context, *Member, ports.Request, ports.Header) { boom() }
		}},
		{"hook after an update", patch("me", king, `{}`), func(w *world) {
			w.core.Hooks.AfterUpdate = func(context.Context, *Member, []string) { boom() }
		}},
		{"hook before deletion", "DELETE /users/" + kingID + "\nAuthorization: " + queen, func(w *world) {
			w.core.Hooks.BeforeDelete = func(context.Context, *Member) error { boom(); return nil }
		}},
		{"schema", "GET /users/me\nAuthorization: " + king, func(w *world) {
			w.http.Schema.Read = core.Reading(func(*Member) core.UserRead { boom(); return core.UserRead{} })
		}},
		{"validation", patch("me", king, `{}`), func(w *world) {
			w.http.Schema.Validate = func(any) error { boom(); return nil }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, withCookie, c.alter)
			if got := w.do(t, c.request); got != broken {
				t.Errorf("got\n%s\nwant\n%s", got, broken)
			}
			for _, want := range []string{"level=ERROR", `msg="usher: panic"`, "boom: hunter2", "panic_test.go"} {
				if !strings.Contains(w.log.String(), want) {
					t.Errorf("log lacks %q", want)
				}
			}
		})
	}
}

// What is meant to abort the connection aborts it, in silence.
func TestAbort(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.core.Hooks.AfterUpdate = func(context.Context, *Member, []string) { panic(http.ErrAbortHandler) }
	})
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("got panic %v, want %v", p, http.ErrAbortHandler)
		}
		if w.log.String() != "" {
			t.Errorf("got log %q, want none", w.log)
		}
	}()
	w.do(t, patch("me", king, `{}`))
}

// halfway is a writer that panics when the answer has begun.
type halfway struct{ *httptest.ResponseRecorder }

func (halfway) Write([]byte) (int, error) { panic("halfway") }

func TestPanicHalfway(t *testing.T) {
	w := newWorld(t)
	rec := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("got panic %v, want %v", p, http.ErrAbortHandler)
		}
		if rec.Code != 200 || !strings.Contains(w.log.String(), "halfway") {
			t.Errorf("got status %d and log %q", rec.Code, w.log)
		}
	}()
	w.api.ServeHTTP(halfway{rec}, newRequest(t, "GET /users/me\nAuthorization: "+king))
}

type unspeakable struct {
	core.UserRead
	Nickname func() `json:"nickname"`
}

// A schema that does not encode is a fault of the program.
func TestSchemaThatDoesNotEncode(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.http.Schema.Read = core.Reading(func(m *Member) unspeakable { return unspeakable{core.ReadUser(m), func() {}} })
	})
	if got := w.do(t, "GET /users/me\nAuthorization: "+king); got != broken {
		t.Errorf("got\n%s\nwant\n%s", got, broken)
	}
	if !strings.Contains(w.log.String(), "unsupported type") {
		t.Errorf("log %q does not tell why", w.log)
	}
}
