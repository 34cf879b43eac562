package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func none(string) string { return "" }

// A wrong call is one line that names the flag, and no secret.
func TestRunRefuses(t *testing.T) {
	db := filepath.Join(t.TempDir(), "app.db")
	for _, tt := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"unknown flag", []string{"-colour"}, 2, "not defined: -colour"},
		{"limits", []string{"-limits", "maybe"}, 1, `-limits: "maybe" is neither on nor off`},
		{"short secret", []string{"-jwt-secret", "hunter2"}, 1, "-jwt-secret: the secret is 7 bytes"},
		{"redis", []string{"-redis", "hunter2"}, 1, "-redis: write redis://"},
		{"redis that does not answer", []string{"-redis", "redis://u:hunter2@127.0.0.1:1"}, 1, "-redis: "},
		{"nothing to take over", []string{"-migrate"}, 1, "the table user has no column"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), append([]string{"-addr", "127.0.0.1:0", "-db", db}, tt.args...), none, &stdout, &stderr)
			line := stderr.String()
			if status != tt.status || !strings.Contains(line, tt.want) || strings.Count(line, "\n") != 1 || strings.Contains(line, "hunter2") {
				t.Errorf("got status %d and %q, want %d and %q", status, line, tt.status, tt.want)
			}
		})
	}
}

// pipe hands on what is written, line by line.
type pipe chan string

func (p pipe) Write(text []byte) (int, error) {
	p <- string(text)
	return len(text), nil
}

// On a database of its own it serves all that it lists, and ends when it is told
// to.
func TestServes(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	printed, ended := make(pipe, 100), make(chan int)
	var stderr bytes.Buffer
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "app.db")}, none, printed, &stderr)
	}()
	first := <-printed
	site := first[strings.Index(first, "http"):]
	site = site[:strings.IndexByte(site, ' ')]
	for line := range printed {
		if strings.Contains(line, "/docs\n") {
			break
		}
	}
	res, err := http.Get(site + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var document struct{ Paths map[string]any }
	if err := json.NewDecoder(res.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/auth/jwt/login", "/auth/cookie/login", "/auth/db/logout", "/auth/register", "/auth/verify", "/auth/reset-password", "/users/me"} {
		if document.Paths[path] == nil {
			t.Errorf("%s is not served", path)
		}
	}
	stop()
	if status := <-ended; status != 0 {
		t.Errorf("got status %d: %s", status, stderr.String())
	}
}
