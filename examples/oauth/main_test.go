package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"
)

func none(string) string { return "" }

// The README shows the lines as they are.
func TestReadme(t *testing.T) {
	readme, err1 := os.ReadFile("README.md")
	source, err2 := os.ReadFile("providers.go")
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	_, shown, _ := strings.Cut(string(readme), "```go\n")
	shown, _, _ = strings.Cut(shown, "\n```")
	_, lines, _ := strings.Cut(string(source), "// begin\n\n")
	lines, _, _ = strings.Cut(lines, "\n\n// end")
	if shown != lines {
		t.Errorf("the README shows\n%s\nand providers.go has\n%s", shown, lines)
	}
}

// Google and GitHub take the places of the providers that are played.
func TestProviders(t *testing.T) {
	env := func(name string) string {
		return map[string]string{"GOOGLE_CLIENT_ID": "g", "GOOGLE_CLIENT_SECRET": "s", "GITHUB_CLIENT_ID": "h", "GITHUB_CLIENT_SECRET": "s"}[name]
	}
	for _, tt := range []struct {
		env  func(string) string
		want string
	}{{none, "demo other"}, {env, "google github"}} {
		list, err := providers("http://127.0.0.1:8000", tt.env)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range list {
			names = append(names, p.Name())
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	if _, err := providers("http://127.0.0.1:8000", func(name string) string { return map[string]string{"GOOGLE_CLIENT_ID": "g"}[name] }); err == nil {
		t.Error("Google is set up without a secret")
	}
}

// The program serves a login from one end to the other, without a browser.
func TestServes(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error)
	go func() { ended <- run(ctx, []string{"-addr", "127.0.0.1:0"}, none, writer) }()
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	site := strings.TrimSuffix(line[strings.Index(line, "http"):], "/\n")
	jar, _ := cookiejar.New(nil) // it never fails
	client := http.Client{Jar: jar}
	get := func(path string) (int, string) {
		res, err := client.Get(site + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	if status, text := get("/"); status != http.StatusOK || !strings.Contains(text, "/site/app.js") {
		t.Errorf("the page: got %d, %s", status, text)
	}
	_, text := get("/login/demo/authorize")
	where := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(text), `{"authorization_url":"`), `"}`)
	res, err := client.PostForm(strings.ReplaceAll(where, `\u0026`, "&"), url.Values{"account": {"1001"}})
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	back := res.Request.URL
	if back.Path != "/back/login/demo" || back.Query().Get("code") == "" {
		t.Fatalf("the provider leads to %s", back)
	}
	if status, text := get("/login/demo/callback?" + back.RawQuery); status != http.StatusNoContent {
		t.Fatalf("callback: got %d, %s", status, text)
	}
	if status, text := get("/users/me"); status != http.StatusOK || !strings.Contains(text, "ann@example.com") {
		t.Errorf("me: got %d, %s", status, text)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
