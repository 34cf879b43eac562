package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func none(string) string { return "" }

// A wrong call or configuration is one line that names what is wrong.
func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	readOnly := filepath.Join(dir, "read-only.db")
	if err := os.WriteFile(readOnly, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	noDatabase := filepath.Join(dir, "no.db")
	if err := os.WriteFile(noDatabase, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, "fresh.db")
	cut := filepath.Join(dir, "cut.db")
	if err := os.WriteFile(cut+".secret", []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		env    map[string]string
		status int
		want   string // a pattern
	}{
		{"unknown flag", []string{"-colour", "red"}, nil, 2, `not defined: -colour`},
		{"flag without a value", []string{"-addr"}, nil, 2, `needs an argument: -addr`},
		{"argument", []string{"serve"}, nil, 2, `no argument "serve"`},
		{"short secret", []string{"-db", fresh, "-secret", "hunter2"}, nil, 1, `-secret: .*7 bytes.*32`},
		{"short secret in the environment", []string{"-db", fresh}, map[string]string{"USHER_SECRET": "hunter2"}, 1, `-secret: .*7 bytes.*32`},
		{"address in use", []string{"-db", fresh, "-addr", taken.Addr().String()}, nil, 1, `-addr: .*address already in use`},
		{"no address", []string{"-db", fresh, "-addr", "nowhere"}, nil, 1, `-addr: .*nowhere`},
		{"read-only file", []string{"-db", readOnly}, nil, 1, `-db: .*read-only`},
		{"folder that is not there", []string{"-db", filepath.Join(dir, "none", "x.db")}, nil, 1, `-db: .*no such file or directory`},
		{"folder", []string{"-db", dir}, nil, 1, `-db: .*is a directory`},
		{"file that is no database", []string{"-db", noDatabase}, nil, 1, `-db: .*not a database`},
		{"database that does not answer", []string{"-db", "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable"}, nil, 1, `-db: PostgreSQL 127.0.0.1:1/x: .*refused`},
		{"database URL that is none", []string{"-db", "postgres://u:hunter2@%zz"}, nil, 1, `-db: write postgres://`},
		{"database URL without slashes", []string{"-db", "postgres:u:hunter2@127.0.0.1/x"}, nil, 1, `-db: write postgres://`},
		{"slash in a password", []string{"-db", "postgres://u:12/hunter2@127.0.0.1/x"}, nil, 1, `-db: write postgres://`},
		{"at sign in a password", []string{"-db", "postgres://u:12@hunter2@127.0.0.1/x"}, nil, 1, `-db: write postgres://`},
		{"mailbox in a folder that is not there", []string{"-db", fresh, "-mailbox", filepath.Join(dir, "none", "mail")}, nil, 1, `-mailbox: .*no such file or directory`},
		{"mailbox that is a folder", []string{"-db", fresh}, map[string]string{"USHER_MAILBOX": dir}, 1, `-mailbox: .*is a directory`},
		{"short secret in the file", []string{"-db", cut}, nil, 1, `-secret: .*cut.db.secret holds 5 bytes.*32`},
		{"another kind of database", []string{"-db", "mysql://u:hunter2@127.0.0.1/x"}, nil, 1, `-db: there is no database mysql://`},
		{"no file", []string{"-db", ":memory:"}, nil, 1, `-db: .*name a file`},
		{"words for a database", []string{"-db", "host=127.0.0.1 password=hunter2"}, nil, 1, `-db: write it as a URL`},
		{"superuser without a password", []string{"-db", fresh, "-superuser", "a@example.com"}, nil, 1, `-superuser: want email:password`},
		{"superuser with a common password", []string{"-db", fresh, "-superuser", "a@example.com:password1"}, nil, 1, `-superuser: .*too common`},
		{"superuser without an address", []string{"-db", fresh, "-superuser", "ann:correct horse"}, nil, 1, `-superuser: .*@-sign`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := tt.args
			if !strings.Contains(strings.Join(args, " "), "-addr") {
				args = append([]string{"-addr", "127.0.0.1:0"}, args...)
			}
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), args, func(name string) string { return tt.env[name] }, &stdout, &stderr)
			line := stderr.String()
			if status != tt.status {
				t.Errorf("got status %d, want %d", status, tt.status)
			}
			if !regexp.MustCompile(`^quickstart: .*` + tt.want).MatchString(line) {
				t.Errorf("got %q, want a match of %q", line, tt.want)
			}
			if strings.Count(line, "\n") != 1 || strings.Contains(line, "goroutine") || strings.Contains(line, "hunter2") {
				t.Errorf("want one line without a secret or a stack, got %q", line)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"-h"}, none, &stdout, &stderr); status != 0 || stderr.Len() > 0 {
		t.Errorf("got status %d and %q", status, stderr.String())
	}
	for _, name := range []string{"-addr", "-db", "-secret", "-superuser", "-mailbox",
		"USHER_ADDR", "USHER_DB", "USHER_SECRET", "USHER_SUPERUSER", "USHER_MAILBOX", "trying out only"} {
		if !strings.Contains(stdout.String(), name) {
			t.Errorf("the help does not name %s", name)
		}
	}
}
