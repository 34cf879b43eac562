package run

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gousher/usher/adapters/memory"
	schemavalidator "github.com/gousher/usher/adapters/validator"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/stretchr/testify/require"
)

type (
	themed struct {
		Theme string `json:"theme" validate:"oneof=dark light"`
	}
	validCreate struct {
		core.UserCreate
		Nickname      string                  `json:"nickname" validate:"min=2,max=5"`
		Tags          core.Optional[[]string] `json:"tags" validate:"max=2,dive,alphanum"`
		Settings      core.Optional[themed]   `json:"settings"`
		PasswordAgain core.Optional[string]   `json:"password_again" validate:"eqfield=Password"`
	}
	validUpdate struct {
		core.UserUpdate
		Nickname core.Optional[string]  `json:"nickname" validate:"min=2,max=5"`
		Rank     core.Optional[*int64]  `json:"rank" validate:"gte=1"`
		Weight   core.Optional[float64] `json:"weight" validate:"lt=500"`
	}
)

// validated serves forms that are checked by their tags.
func validated(t *testing.T) *website {
	t.Helper()
	engine.Memory(t)
	validate, err := schemavalidator.New(schemavalidator.Config{Forms: []any{validCreate{}, &validUpdate{}}})
	require.NoError(t, err)
	manager, err := newManager(memory.New[member](memory.Config{}), &drawer{}, 1)
	require.NoError(t, err)
	jwt := newJWT(t, conformance.NewClock())
	auth, err := core.NewAuthenticator(manager, core.Backend[*member]{Name: "jwt", Strategy: jwt, Transport: core.Bearer{}})
	require.NoError(t, err)
	api, err := httpauth.New(auth, httpauth.Config[*member]{Timeout: patient, Schema: core.Schema[*member]{
		Read: core.Reading(func(m *member) memberRead { return memberRead{core.ReadUser(m), m.Nickname} }),
		Create: core.Creating(func(in validCreate) *member {
			return &member{Nickname: in.Nickname, Tags: in.Tags.Value}
		}),
		Update: core.Updating(func(in validUpdate, m *member) {
			in.Nickname.Apply(&m.Nickname)
			in.Rank.Apply(&m.Rank)
			in.Weight.Apply(&m.Weight)
		}),
		Validate: validate,
	}},
		httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt"}),
		httpauth.Include("/auth", httpauth.Register{}), httpauth.Include("/users", httpauth.Users{}))
	require.NoError(t, err)
	server := httptest.NewTLSServer(api)
	t.Cleanup(server.Close)
	return &website{server}
}

// Tags are checked on registration and on changes, and answered as FastAPI
// answers, to the byte.
func TestValidatorOverHTTP(t *testing.T) {
	v := validated(t).browser(t)
	const bad = http.StatusUnprocessableEntity
	register := func(status int, want, body string) {
		t.Helper()
		v.json(status, want, "POST", "/auth/register", body)
	}
	register(bad, `{"detail":[{"type":"string_too_short","loc":["body","nickname"],"msg":"String should have at least 2 characters","input":"A","ctx":{"min_length":2}}]}`,
		`{"email":"ann@example.com","password":"correct horse","nickname":"A"}`)
	register(bad, `{"detail":[{"type":"string_too_long","loc":["body","nickname"],"msg":"String should have at most 5 characters","input":"Annabel","ctx":{"max_length":5}},`+
		`{"type":"string_pattern_mismatch","loc":["body","tags",1],"msg":"String should match pattern '^[a-zA-Z0-9]+$'","input":"<&>","ctx":{"pattern":"^[a-zA-Z0-9]+$"}},`+
		`{"type":"literal_error","loc":["body","settings","theme"],"msg":"Input should be 'dark' or 'light'","input":"pink","ctx":{"expected":"'dark' or 'light'"}}]}`,
		`{"email":"ann@example.com","password":"correct horse","nickname":"Annabel","tags":["a","<&>"],"settings":{"theme":"pink"}}`)
	register(bad, `{"detail":[{"type":"too_long","loc":["body","tags"],"msg":"List should have at most 2 items after validation, not 3","input":["a","b","c"],"ctx":{"actual_length":3,"field_type":"List","max_length":2}}]}`,
		`{"email":"ann@example.com","password":"correct horse","nickname":"Ann","tags":["a","b","c"]}`)
	// What was typed for a password does not come back.
	register(bad, `{"detail":[{"type":"value_error","loc":["body","password_again"],"msg":"Value error, the rule eqfield=Password does not hold","input":null,"ctx":{"error":"the rule eqfield=Password does not hold"}}]}`,
		`{"email":"ann@example.com","password":"correct horse","nickname":"Ann","password_again":"correct house"}`)
	// Types come first.
	register(bad, `{"detail":[{"type":"string_type","loc":["body","nickname"],"msg":"Input should be a valid string","input":1}]}`,
		`{"email":"ann@example.com","password":"correct horse","nickname":1,"tags":["<&>"]}`)
	register(http.StatusCreated, "*", `{"email":"ann@example.com","password":"correct horse","nickname":"Ann","tags":["a"],"password_again":"correct horse"}`)

	v.login("jwt", "ann@example.com", "correct horse", false)
	me := v.json(http.StatusOK, "*", "GET", "/users/me", "")
	v.json(bad, `{"detail":[{"type":"string_too_short","loc":["body","nickname"],"msg":"String should have at least 2 characters","input":"","ctx":{"min_length":2}},`+
		`{"type":"greater_than_equal","loc":["body","rank"],"msg":"Input should be greater than or equal to 1","input":0,"ctx":{"ge":1}},`+
		`{"type":"less_than","loc":["body","weight"],"msg":"Input should be less than 500","input":500.5,"ctx":{"lt":500}}]}`,
		"PATCH", "/users/me", `{"nickname":"","rank":0,"weight":500.5}`)
	v.json(http.StatusOK, me, "GET", "/users/me", "")
	v.json(http.StatusOK, me, "PATCH", "/users/me", `{"rank":null}`)
	v.json(http.StatusOK, strings.Replace(me, `"Ann"`, `"Anna"`, 1), "PATCH", "/users/me", `{"nickname":"Anna","rank":1}`)
}
