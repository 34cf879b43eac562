package httpauth_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
)

type unknownRouter struct{ httpauth.Router }

func TestNewProblems(t *testing.T) {
	auth := newWorld(t).auth
	include := httpauth.Include
	for _, c := range []struct {
		name   string
		auth   *core.Authenticator[*Member]
		config httpauth.Config[*Member]
		mounts []httpauth.Mount
		want   []string
	}{
		{"no authenticator", nil, httpauth.Config[*Member]{}, []httpauth.Mount{include("/auth", httpauth.Register{})},
			[]string{"auth is missing"}},
		{"timeout", auth, httpauth.Config[*Member]{Timeout: -time.Second}, nil,
			[]string{"Config.Timeout is negative"}},
		{"origin", auth, httpauth.Config[*Member]{TrustedOrigins: []string{"https://a.example", "b.example"}}, nil,
			[]string{`Config.TrustedOrigins[1]: invalid origin "b.example": scheme is required`}},
		{"schema", auth, httpauth.Config[*Member]{Schema: core.Schema[*Member]{Create: core.Creating(func(struct{}) *Member { return nil })}}, nil,
			[]string{"Config.Schema.Create: struct {} does not embed core.UserCreate"}},
		{"unknown backend", auth, httpauth.Config[*Member]{}, []httpauth.Mount{include("/auth/x", httpauth.Auth{Backend: "x"})},
			[]string{`Include("/auth/x"): Auth.Backend: there is no backend "x"`}},
		{"no backend", auth, httpauth.Config[*Member]{}, []httpauth.Mount{include("/auth", httpauth.Auth{})},
			[]string{`Include("/auth"): Auth.Backend: there is no backend ""`}},
		{"no router", auth, httpauth.Config[*Member]{}, []httpauth.Mount{include("/auth", nil, unknownRouter{})},
			[]string{`Include("/auth"): a router is <nil>`, `Include("/auth"): a router is httpauth_test.unknownRouter`}},
		{"no mails", auth, httpauth.Config[*Member]{}, []httpauth.Mount{include("/auth", httpauth.Reset{}, httpauth.Verify{})},
			[]string{`Include("/auth"): Reset: the manager sends no mails, as its core.Config.Mail is empty`,
				`Include("/auth"): Verify: the manager sends no mails, as its core.Config.Mail is empty`}},
		{"twice", auth, httpauth.Config[*Member]{}, []httpauth.Mount{include("/users", httpauth.Users{}), include("/users", httpauth.Users{})},
			[]string{`Include("/users"): GET /users/me is there already`, `Include("/users"): PATCH /users/me is there already`,
				`Include("/users"): GET /users/{id} is there already`, `Include("/users"): PATCH /users/{id} is there already`,
				`Include("/users"): DELETE /users/{id} is there already`}},
		{"several", auth, httpauth.Config[*Member]{Timeout: -1}, []httpauth.Mount{include("auth", httpauth.Register{})},
			[]string{"Config.Timeout is negative", `Include("auth"): the prefix is neither empty nor a path such as /auth`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			api, err := httpauth.New(c.auth, c.config, c.mounts...)
			got, ok := errors.AsType[*core.ConfigError](err)
			if !ok || api != nil {
				t.Fatalf("got %v, %v", api, err)
			}
			if got.Of != "httpauth.New" {
				t.Errorf("got an error of %s", got.Of)
			}
			expectStrings(t, got.Problems, c.want...)
		})
	}
}

func TestPrefixes(t *testing.T) {
	auth := newWorld(t).auth
	for _, c := range []struct {
		name, prefix string
		ok           bool
	}{
		{"empty", "", true},
		{"one segment", "/auth", true},
		{"several segments", "/api/v1/auth", true},
		{"slash", "/", false},
		{"no slash at the start", "auth", false},
		{"slash at the end", "/auth/", false},
		{"two slashes", "//auth", false},
		{"two slashes inside", "/api//auth", false},
		{"dots", "/api/../auth", false},
		{"parameter", "/{tenant}/auth", false},
		{"percent sign", "/a%20b", false},
		{"query", "/auth?x", false},
		{"fragment", "/auth#x", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := httpauth.New(auth, httpauth.Config[*Member]{}, httpauth.Include(c.prefix, httpauth.Register{}))
			if (err == nil) != c.ok {
				t.Errorf("got %v, want ok %v", err, c.ok)
			}
		})
	}
}

type (
	memberRead struct {
		core.UserRead
		Nickname string `json:"nickname"`
	}
	memberCreate struct {
		core.UserCreate
		Nickname core.Optional[string] `json:"nickname"`
	}
	memberUpdate struct {
		core.UserUpdate
		Nickname core.Optional[string] `json:"nickname"`
	}
)

func withNickname(w *world) {
	w.http.Schema = core.Schema[*Member]{
		Read:   core.Reading(func(m *Member) memberRead { return memberRead{core.ReadUser(m), m.Nickname} }),
		Create: core.Creating(func(in memberCreate) *Member { return &Member{Nickname: in.Nickname.Value} }),
		Update: core.Updating(func(in memberUpdate, m *Member) { in.Nickname.Apply(&m.Nickname) }),
		Validate: func(in any) error {
			if in, ok := in.(*memberUpdate); ok && in.Nickname.Value == "Mordred" {
				return errors.New("that name is cursed")
			}
			return nil
		},
	}
}

func TestSchema(t *testing.T) {
	named := func(status int, id, email, verified, nickname string) string {
		return jsonAnswer(status, `{"id":"`+id+`","email":"`+email+`","is_active":true,"is_superuser":false,"is_verified":`+verified+`,"nickname":"`+nickname+`"}`)
	}
	run(t, []exchange{
		{"read", "GET /users/me\nAuthorization: " + king, named(200, kingID, "king@camelot.bt", "true", "")},
		{"create", register(`{"email":"a@b.com","password":"guinevere","nickname":"<Lance>"}`), named(201, "00000000-0000-7000-8000-000000000001", "a@b.com", "false", "<Lance>")},
		{"update", patch("me", king, "{\"nickname\":\"Art\u2028\"}"), named(200, kingID, "king@camelot.bt", "true", "Art\u2028")},
		{"wrong type", patch("me", king, `{"nickname":1}`), wrong(`{"type":"string_type","loc":["body","nickname"],"msg":"Input should be a valid string","input":1}`)},
		{"lone surrogate", patch("me", king, `{"nickname":"a\uD800"}`), wrong(`{"type":"string_type","loc":["body","nickname"],"msg":"Input should be a valid string","input":"a\ud800"}`)},
		{"refused by the application", patch("me", king, `{"nickname":"Mordred"}`), wrong(`{"type":"value_error","loc":["body"],"msg":"Value error, that name is cursed","input":{"nickname":"Mordred"},"ctx":{"error":"that name is cursed"}}`)},
	}, withNickname)
}

// Of many who register one address at the same time one gets it.
func TestConcurrentRegistration(t *testing.T) {
	w := newWorld(t)
	var created, taken atomic.Int32
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			switch got := w.do(t, register(`{"email":"a@b.com","password":"guinevere"}`)); {
			case strings.HasPrefix(got, "201\n"):
				created.Add(1)
			case got == jsonAnswer(400, `{"detail":"REGISTER_USER_ALREADY_EXISTS"}`):
				taken.Add(1)
			default:
				t.Errorf("got %s", got)
			}
		})
	}
	all.Wait()
	if created.Load() != 1 || taken.Load() != 31 {
		t.Errorf("%d created and %d taken, want 1 and 31", created.Load(), taken.Load())
	}
}

// Requests do not see one another's callers.
func TestConcurrentCallers(t *testing.T) {
	w := newWorld(t, withNickname)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			who, id := king, kingID
			if i%2 == 0 {
				who, id = squire, squireID
			}
			if got := w.do(t, patch("me", who, fmt.Sprintf(`{"nickname":"%d"}`, i))); !strings.Contains(got, id) || !strings.Contains(got, fmt.Sprintf(`"nickname":"%d"`, i)) {
				t.Errorf("got %s, want %s", got, id)
			}
			if got := w.do(t, "GET /users/me\nAuthorization: "+who); !strings.Contains(got, id) {
				t.Errorf("got %s, want %s", got, id)
			}
		})
	}
	all.Wait()
}
