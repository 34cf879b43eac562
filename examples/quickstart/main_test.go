package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
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
		{"short secret", []string{"-db", fresh, "-secret", "hunter2"}, nil, 1, `Secret.*7 bytes.*32`},
		{"short secret in the environment", []string{"-db", fresh}, map[string]string{"USHER_SECRET": "hunter2"}, 1, `Secret.*7 bytes.*32`},
		{"address in use", []string{"-db", fresh, "-addr", taken.Addr().String()}, nil, 1, `-addr: .*address already in use`},
		{"no address", []string{"-db", fresh, "-addr", "nowhere"}, nil, 1, `-addr: .*nowhere`},
		{"read-only file", []string{"-db", readOnly}, nil, 1, `-db: .*read-only`},
		{"folder that is not there", []string{"-db", filepath.Join(dir, "none", "x.db")}, nil, 1, `-db: .*no such file or directory`},
		{"folder", []string{"-db", dir}, nil, 1, `-db: .*is a directory`},
		{"file that is no database", []string{"-db", noDatabase}, nil, 1, `-db: .*not a database`},
		{"database that does not answer", []string{"-db", "postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable"}, nil, 1, `-db: PostgreSQL 127.0.0.1:1/x: .*refused`},
		{"database URL that is none", []string{"-db", "postgres://u:hunter2@%zz"}, nil, 1, `-db: `},
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
	for _, name := range []string{"-addr", "-db", "-secret", "-superuser", "USHER_ADDR", "USHER_DB", "USHER_SECRET", "USHER_SUPERUSER"} {
		if !strings.Contains(stdout.String(), name) {
			t.Errorf("the help does not name %s", name)
		}
	}
}

// started runs the quickstart until the test ends and returns its URL.
func started(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := newLines()
	var stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), none, stdout, &stderr)
		close(out)
	}()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("got status %d: %s", status, stderr.String())
		}
	})
	for line := range out {
		if url := regexp.MustCompile(`http://\S+`).FindString(line); url != "" {
			go func() {
				for range out {
				}
			}()
			return strings.TrimSuffix(url, ",")
		}
	}
	t.Fatalf("the quickstart did not start: %s", stderr.String())
	return ""
}

// lines is a writer that passes on what is written, in whole writes.
type lines chan string

func newLines() (chan string, lines) {
	c := make(chan string)
	return c, c
}

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func post(t *testing.T, url, contentType, body string) (status int, answer string) {
	t.Helper()
	res, err := http.Post(url, contentType, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, b.String()
}

// The superuser is made once, and the secret is kept: a token lives on when
// the program is started again.
func TestRestart(t *testing.T) {
	db := filepath.Join(t.TempDir(), "users.db")
	const login = "username=root@example.com&password=correct+horse"
	var token string
	t.Run("first", func(t *testing.T) {
		url := started(t, "-db", db, "-superuser", "root@example.com:correct horse")
		status, body := post(t, url+"/auth/jwt/login", "application/x-www-form-urlencoded", login)
		if status != http.StatusOK {
			t.Fatalf("got %d %s", status, body)
		}
		token = strings.Split(body, `"`)[3]
	})
	url := started(t, "-db", db, "-superuser", "root@example.com:another password")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/users/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		t.Fatal(err)
	}
	if want := `"is_superuser":true`; res.StatusCode != http.StatusOK || !strings.Contains(body.String(), want) {
		t.Errorf("got %d %s, want 200 with %s", res.StatusCode, body.String(), want)
	}
	for _, file := range []string{db, db + ".secret"} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has mode %v, want 0600", filepath.Base(file), got)
		}
	}
	if text := fmt.Sprint(os.ReadFile(db + ".secret")); len(text) < 32 {
		t.Error("the secret is short")
	}
}
