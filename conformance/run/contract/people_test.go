package contract

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

// member is the application's user: one field of its own that may be null, and
// one that is nested.
type member struct {
	core.User `bson:",inline"`
	FirstName *string `bun:"first_name"`
	Shield    *shield `bun:"shield"`
}

type shield struct {
	Beast   string   `json:"beast"`
	Colours []string `json:"colours"`
}

type (
	memberRead struct {
		core.UserRead
		FirstName *string `json:"first_name"`
		Shield    *shield `json:"shield"`
	}
	memberCreate struct {
		core.UserCreate
		FirstName core.Optional[*string] `json:"first_name"`
		Shield    core.Optional[*shield] `json:"shield"`
	}
	memberUpdate struct {
		core.UserUpdate
		FirstName core.Optional[*string] `json:"first_name"`
		Shield    core.Optional[*shield] `json:"shield"`
	}
)

var memberSchema = core.Schema[*member]{
	Read: core.Reading(func(m *member) memberRead { return memberRead{core.ReadUser(m), m.FirstName, m.Shield} }),
	Create: core.Creating(func(in memberCreate) *member {
		return &member{FirstName: in.FirstName.Value, Shield: in.Shield.Value}
	}),
	Update: core.Updating(func(in memberUpdate, m *member) {
		in.FirstName.Apply(&m.FirstName)
		in.Shield.Apply(&m.Shield)
	}),
}

type person struct {
	id, email, password         string
	active, verified, superuser bool
}

// people are those of FastAPI Users' own tests.
var people = map[string]person{
	"arthur":   {"11111111-1111-7111-8111-111111111111", "king.arthur@camelot.bt", "guinevere", true, false, false},
	"percival": {"22222222-2222-7222-8222-222222222222", "percival@camelot.bt", "angharad", false, false, false},
	"lady":     {"33333333-3333-7333-8333-333333333333", "lake.lady@camelot.bt", "excalibur", true, true, false},
	"merlin":   {"44444444-4444-7444-8444-444444444444", "merlin@camelot.bt", "viviane", true, false, true},
	"real":     {"55555555-5555-7555-8555-555555555555", "the.real.merlin@camelot.bt", "viviane", true, true, true},
}

// nobody is an id that no user has.
const nobody = "d35d213e-f3d8-4f08-954a-7e0d1bea286f"

// How people look to those who may see them.
const (
	arthur   = `{"id":"11111111-1111-7111-8111-111111111111","email":"king.arthur@camelot.bt","is_active":true,"is_superuser":false,"is_verified":false,"first_name":null,"shield":null}`
	percival = `{"id":"22222222-2222-7222-8222-222222222222","email":"percival@camelot.bt","is_active":false,"is_superuser":false,"is_verified":false,"first_name":null,"shield":null}`
	lady     = `{"id":"33333333-3333-7333-8333-333333333333","email":"lake.lady@camelot.bt","is_active":true,"is_superuser":false,"is_verified":true,"first_name":null,"shield":null}`
	merlin   = `{"id":"44444444-4444-7444-8444-444444444444","email":"merlin@camelot.bt","is_active":true,"is_superuser":true,"is_verified":false,"first_name":null,"shield":null}`
	real     = `{"id":"55555555-5555-7555-8555-555555555555","email":"the.real.merlin@camelot.bt","is_active":true,"is_superuser":true,"is_verified":true,"first_name":null,"shield":null}`
)

// protected are routes of the application's own. Each answers with the user's
// address, or with null where there is none.
func (w *world) protected(api *httpauth.API[*member], own bool) map[string]http.Handler {
	show := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		text := "null"
		if u, ok := w.auth.User(r.Context()); ok {
			text = `"` + u.Email + `"`
		}
		_, _ = io.WriteString(rw, text)
	})
	only := func(names ...string) func(context.Context, ports.Request) []string {
		return func(context.Context, ports.Request) []string { return names }
	}
	routes := map[string]http.Handler{
		"GET /only-jwt":    api.Current(policy{Backends: only("jwt")})(show),
		"GET /only-cookie": api.Current(policy{Backends: only("cookie")})(show),
		"GET /none":        api.Current(policy{Backends: only()})(show),
	}
	for name, p := range map[string]policy{
		"/any":                {AllowInactive: true},
		"/any-verified":       {AllowInactive: true, Verified: true},
		"/active":             {},
		"/verified":           {Verified: true},
		"/superuser":          {Superuser: true},
		"/verified-superuser": {Verified: true, Superuser: true},
	} {
		routes["GET "+name] = api.Current(p)(show)
		p.Optional = true
		routes["GET /optional"+name] = api.Current(p)(show)
	}
	if own {
		routes["DELETE /users/me"] = show
	}
	return routes
}

// record lists what happened: the hooks that ran, in their order.
type record struct {
	mu  sync.Mutex
	all []string
}

func (r *record) add(what ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, strings.Join(what, " "))
}

func (r *record) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := strings.Join(r.all, ", ")
	r.all = nil
	return all
}

func (w *world) hooks() core.Hooks[*member] {
	hook := func(name string) func(context.Context, *member) {
		return func(context.Context, *member) { w.happened.add(name) }
	}
	return core.Hooks[*member]{
		AfterRegister:       hook("registered"),
		AfterRequestVerify:  hook("verification mailed"),
		AfterForgotPassword: hook("reset mailed"),
		AfterVerify:         hook("verified"),
		AfterResetPassword:  hook("reset"),
		AfterDelete:         hook("deleted"),
		BeforeDelete: func(context.Context, *member) error {
			w.happened.add("deleting")
			return nil
		},
		AfterUpdate: func(_ context.Context, _ *member, fields []string) {
			w.happened.add("updated", strings.Join(fields, " "))
		},
		AfterLogin: func(_ context.Context, _ *member, _ ports.Request, _ ports.Header) { w.happened.add("logged in") },
	}
}
