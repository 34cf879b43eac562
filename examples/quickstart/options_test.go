package main

import (
	"io"
	"path/filepath"
	"testing"
)

// Each flag is an environment variable as well; the flag wins, and without
// either there is a default.
func TestOptions(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	cache, err := cacheFolder()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		flag, variable, def string
		value               func(opt options) string
	}{
		{"-addr", "USHER_ADDR", "127.0.0.1:8000", func(opt options) string { return opt.addr }},
		{"-db", "USHER_DB", filepath.Join(cache, "quickstart.db"), func(opt options) string { return opt.db }},
		{"-secret", "USHER_SECRET", "", func(opt options) string { return opt.secret }},
		{"-superuser", "USHER_SUPERUSER", "", func(opt options) string { return opt.superuser }},
		{"-mailbox", "USHER_MAILBOX", "", func(opt options) string { return opt.mailbox }},
	}
	for _, tt := range tests {
		t.Run(tt.flag, func(t *testing.T) {
			env := func(name string) string {
				if name == tt.variable {
					return "from the environment"
				}
				return ""
			}
			for _, source := range []struct {
				args []string
				env  func(string) string
				want string
			}{
				{nil, none, tt.def},
				{nil, env, "from the environment"},
				{[]string{tt.flag, "from the flag"}, env, "from the flag"},
			} {
				opt, err := parse(source.args, source.env, io.Discard)
				if err != nil {
					t.Fatal(err)
				}
				if got := tt.value(opt); got != source.want {
					t.Errorf("got %q, want %q", got, source.want)
				}
			}
		})
	}
}

// What make run does: no flag, a database and a secret in the cache folder.
func TestDefaultDatabase(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	p := started(t)
	p.register()
	p.login("jwt", "ann@example.com", "correct horse")
}
