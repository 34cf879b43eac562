package core_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// namedProvider is an identity provider that has no more than a name.
type namedProvider struct {
	ports.IdentityProvider
	name string
}

func (p namedProvider) Name() string { return p.name }

func TestNewOAuthNamesProblems(t *testing.T) {
	key := func(id string, size int) core.SealingKey { return core.SealingKey{ID: id, Key: make([]byte, size)} }
	complete := newWorld(t, func(c *core.Config[*Member]) {
		c.Stores.Accounts = struct{ ports.AccountStore[*Member] }{}
		c.Stores.Tokens = struct{ ports.TokenStore }{}
	}).Manager
	good := core.OAuthConfig{
		Providers: []ports.IdentityProvider{namedProvider{name: "grail"}}, Signer: struct{ ports.Signer }{}, Keys: []core.SealingKey{key("1", 32)},
	}
	for _, tt := range []struct {
		name  string
		users *core.Manager[*Member]
		alter func(*core.OAuthConfig)
		want  []string
	}{
		{"nothing", nil, func(c *core.OAuthConfig) { *c = core.OAuthConfig{} },
			[]string{"users is missing", "Providers are missing", "Signer is missing", "Keys are missing"}},
		{"no stores", newWorld(t).Manager, func(*core.OAuthConfig) {},
			[]string{"Stores.Accounts of users is missing", "Stores.Tokens of users is missing"}},
		{"providers", complete, func(c *core.OAuthConfig) {
			c.Providers = []ports.IdentityProvider{nil, namedProvider{name: ""}, namedProvider{name: "a\x00"}, namedProvider{name: "b"}, namedProvider{name: "b"}}
		}, []string{"Providers[0] is missing", "Providers[1] has no name", "Providers[2] has no name", `Providers[4] has the name of another, "b"`}},
		{"a state for no time", complete, func(c *core.OAuthConfig) { c.StateLifetime = time.Second - 1 },
			[]string{"StateLifetime is 999.999999ms, want 1s to 24h"}},
		{"a state for days", complete, func(c *core.OAuthConfig) { c.StateLifetime = 24*time.Hour + 1 },
			[]string{"StateLifetime is 24h0m0.000000001s, want 1s to 24h"}},
		{"keys", complete, func(c *core.OAuthConfig) { c.Keys = []core.SealingKey{key("", 32), key("1", 31), key("1", 33)} },
			[]string{"Keys[0].ID is missing, or that of another", "Keys[1].Key has 31 bytes, want 32",
				"Keys[2].ID is missing, or that of another", "Keys[2].Key has 33 bytes, want 32"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := good
			tt.alter(&cfg)
			_, err := core.NewOAuth(tt.users, cfg)
			wantProblems(t, err, "core.OAuthConfig", tt.want...)
		})
	}
	if _, err := core.NewOAuth(complete, good); err != nil {
		t.Errorf("what is complete: %v", err)
	}
}

// What the application does to its configuration later does not matter.
func TestNewOAuthKeepsItsConfig(t *testing.T) {
	users := newWorld(t, func(c *core.Config[*Member]) {
		c.Stores.Accounts = struct{ ports.AccountStore[*Member] }{}
		c.Stores.Tokens = struct{ ports.TokenStore }{}
	}).Manager
	cfg := core.OAuthConfig{
		Providers: []ports.IdentityProvider{namedProvider{name: "grail"}}, Signer: struct{ ports.Signer }{},
		Keys: []core.SealingKey{{ID: "1", Key: bytes.Repeat([]byte("k"), 32)}},
	}
	o, err := core.NewOAuth(users, cfg)
	must(t, err)
	cfg.Providers[0] = namedProvider{name: "lake"}
	if _, ok := o.Provider("grail"); !ok {
		t.Error("a provider is another's by now")
	}
}

func TestCheckRedirectURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://camelot.bt/back":        "",
		"http://127.0.0.1:8080/back?x=1": "",
		"":                               `"" is not an absolute URL of http or https`,
		"/back":                          `"/back" is not an absolute URL of http or https`,
		"https:///back":                  `"https:///back" is not an absolute URL of http or https`,
		"javascript:alert(1)":            `"javascript:alert(1)" is not an absolute URL of http or https`,
		"ftp://camelot.bt/":              `"ftp://camelot.bt/" is not an absolute URL of http or https`,
		"https://camelot.bt/%zz":         `"https://camelot.bt/%zz" is not an absolute URL of http or https`,
		"https://camelot.bt/back#here":   `"https://camelot.bt/back#here" has a fragment`,
	} {
		got := ""
		if err := core.CheckRedirectURL(text); err != nil {
			got = err.Error()
		}
		wantEqual(t, text, got, want)
	}
}
