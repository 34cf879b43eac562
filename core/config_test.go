package core_test

import (
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func config() core.Config[*Member] {
	return core.Config[*Member]{
		Stores: ports.Stores[*Member]{Users: newStore()}, Hasher: &hasher{version: 1}, Emails: emails{},
	}
}

func TestNewManagerNamesProblems(t *testing.T) {
	tests := []struct {
		name  string
		tweak func(*core.Config[*Member])
		want  []string
	}{
		{"nothing set", func(c *core.Config[*Member]) { *c = core.Config[*Member]{} },
			[]string{"Stores.Users is missing", "Hasher is missing", "Emails is missing"}},
		{"no store", func(c *core.Config[*Member]) { c.Stores.Users = nil }, []string{"Stores.Users is missing"}},
		{"no hasher", func(c *core.Config[*Member]) { c.Hasher = nil }, []string{"Hasher is missing"}},
		{"no emails", func(c *core.Config[*Member]) { c.Emails = nil }, []string{"Emails is missing"}},
		{"negative gate", func(c *core.Config[*Member]) { c.Hashing = core.Hashing{Memory: -1, Queue: -1, Wait: -1} },
			[]string{"Hashing.Memory is negative", "Hashing.Queue is negative", "Hashing.Wait is negative"}},
		{"negative lengths", func(c *core.Config[*Member]) { c.Passwords.MinLength = -1 },
			[]string{"Passwords.MinLength is below 1"}},
		{"most length too long", func(c *core.Config[*Member]) { c.Passwords.MaxLength = 1025 },
			[]string{"Passwords.MaxLength is above 1024"}},
		{"most below least", func(c *core.Config[*Member]) { c.Passwords.MaxLength = 7 },
			[]string{"Passwords.MaxLength is below Passwords.MinLength"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := config()
			test.tweak(&cfg)
			m, err := core.NewManager(cfg)
			wantProblems(t, err, "core.Config", test.want...)
			if m != nil {
				t.Error("got a manager beside the error, want nil")
			}
		})
	}
}

func TestNewManagerDefaults(t *testing.T) {
	m, err := core.NewManager(config())
	must(t, err)
	before := time.Now().UTC().Truncate(time.Microsecond)
	u, err := m.Register(t.Context(), &Member{User: core.User{Email: "ann@example.com"}}, password)
	must(t, err)
	if u.CreatedAt.Before(before) || u.CreatedAt.After(time.Now()) || u.CreatedAt.Location() != time.UTC {
		t.Errorf("CreatedAt: got %v, want the time of the call in UTC", u.CreatedAt)
	}
	wantEqual(t, "CreatedAt to the microsecond", u.CreatedAt, u.CreatedAt.Truncate(time.Microsecond))
}

// costless says that nothing takes memory, as no hasher may.
type costless struct{ hasher }

func (*costless) Cost(string) int64 { return 0 }

func TestNewManagerTriesTheHasher(t *testing.T) {
	broken := &hasher{during: func(string, string) error { return errOutage }}
	cfg := config()
	cfg.Hasher = broken
	_, err := core.NewManager(cfg)
	wantErr(t, err, errOutage)

	cfg.Hasher = &costless{}
	_, err = core.NewManager(cfg)
	wantProblems(t, err, "core.Config", "Hasher has no Cost for the hashes it makes")
}

type (
	byPointer struct{ *core.User }
	layer     struct{ core.User }
	indirect  struct{ *layer }
	layered   struct{ layer }
	notPlain  map[string]core.User
)

func (notPlain) AuthUser() *core.User { return &core.User{} }

func newFor[U core.AnyUser]() error {
	_, err := core.NewManager(core.Config[U]{Hasher: &hasher{version: 1}, Emails: emails{}})
	return err
}

func TestNewManagerChecksTheUserType(t *testing.T) {
	const missing = "Stores.Users is missing"
	refused := func(name string) []string {
		return []string{name + " is not a pointer to a struct that embeds core.User by value", missing}
	}
	tests := []struct {
		name string
		err  error
		want []string
	}{
		{"core.User itself", newFor[*core.User](), []string{missing}},
		{"embedded by value", newFor[*Member](), []string{missing}},
		{"embedded in an embedded struct", newFor[*layered](), []string{missing}},
		{"embedded as a pointer", newFor[*byPointer](), refused("*core_test.byPointer")},
		{"embedded as a pointer, not a pointer itself", newFor[byPointer](), refused("core_test.byPointer")},
		{"embedded in an embedded pointer", newFor[*indirect](), refused("*core_test.indirect")},
		{"no struct", newFor[notPlain](), refused("core_test.notPlain")},
		{"an interface", newFor[core.AnyUser](), refused("core.AnyUser")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantProblems(t, test.err, "core.Config", test.want...) })
	}
}

func TestConfigError(t *testing.T) {
	tests := []struct {
		name string
		err  *core.ConfigError
		want string
	}{
		{"one", &core.ConfigError{Of: "core.Config", Problems: []string{"Hasher is missing"}}, "core.Config: Hasher is missing"},
		{"two", &core.ConfigError{Of: "core.Config", Problems: []string{"a", "b"}}, "core.Config: a; b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantEqual(t, "Error", test.err.Error(), test.want) })
	}
}

func TestErrorTexts(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"e-mail", &core.EmailError{Reason: "No."}, "usher: invalid e-mail address: No."},
		{"password", &core.PasswordError{Reason: "No."}, "usher: password refused: No."},
		{"busy", &core.BusyError{RetryAfter: 2 * time.Second}, "usher: too busy, retry after 2s"},
		{"input, nothing", &core.InputError{}, "usher: invalid input"},
		{"input, one", &core.InputError{Errors: []core.FieldError{{Loc: []any{"body", "email"}, Msg: "Field required"}}},
			"usher: invalid input: [body email]: Field required"},
		{"input, three", &core.InputError{Errors: []core.FieldError{{Loc: []any{"body"}, Msg: "No"}, {}, {}}},
			"usher: invalid input: [body]: No (and 2 more)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { wantEqual(t, "Error", test.err.Error(), test.want) })
	}
}

func backend(name string) core.Backend[*Member] {
	return core.Backend[*Member]{Name: name, Strategy: newStrategy(name), Transport: core.Bearer{}}
}

func TestNewAuthenticatorNamesProblems(t *testing.T) {
	users := newWorld(t).Manager
	type backends = []core.Backend[*Member]
	tests := []struct {
		name     string
		users    *core.Manager[*Member]
		backends backends
		want     []string
	}{
		{"nothing", nil, nil, []string{"users is missing", "backends are missing"}},
		{"an empty backend", users, backends{{}}, []string{
			`backends[0].Name "" holds no ASCII letter or underscore`, "backends[0].Strategy is missing", "backends[0].Transport is missing"}},
		{"a name of digits", users, backends{backend("jwt"), backend("123")}, []string{`backends[1].Name "123" holds no ASCII letter or underscore`}},
		{"two unusable names", users, backends{backend(""), backend("")}, []string{
			`backends[0].Name "" holds no ASCII letter or underscore`, `backends[1].Name "" holds no ASCII letter or underscore`}},
		{"one name twice", users, backends{backend("jwt"), backend("jwt")}, []string{`backends[1].Name "jwt" cannot be told from "jwt"`}},
		{"one identifier twice", users, backends{backend("mock-bis"), backend("jwt"), backend("mockbis")},
			[]string{`backends[2].Name "mockbis" cannot be told from "mock-bis"`}},
		{"one identifier but for digits", users, backends{backend("1jwt"), backend("2 jwt")},
			[]string{`backends[1].Name "2 jwt" cannot be told from "1jwt"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := core.NewAuthenticator(test.users, test.backends...)
			wantProblems(t, err, "core.NewAuthenticator", test.want...)
		})
	}
}

func TestNewAuthenticatorAccepts(t *testing.T) {
	w := newWorld(t)
	backends := []core.Backend[*Member]{backend("jwt"), backend("JWT"), backend("jwt_2"), backend("_")}
	a, err := core.NewAuthenticator(w.Manager, backends...)
	must(t, err)
	if a.Users() != w.Manager {
		t.Error("Users: got another manager")
	}
	backends[0].Name = "changed" // the authenticator has its own list
	for _, name := range []string{"jwt", "JWT", "jwt_2", "_"} {
		if b, ok := a.Backend(name); !ok || b.Name != name {
			t.Errorf("Backend(%q): got %q, %v, want it", name, b.Name, ok)
		}
	}
	if b, ok := a.Backend("jwt-2"); ok || b.Strategy != nil {
		t.Error("Backend of an unknown name: got one, want none")
	}
}
