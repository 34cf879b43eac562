package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// program is a quickstart that runs.
type program struct {
	t    *testing.T
	url  string
	log  chan string // what it writes to standard error
	stop func()      // returns once it has ended in good order
}

// started runs the quickstart until the test ends or it is told to stop.
func started(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, log := make(chan string, 1), make(chan string, 16)
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), none, lines(out), lines(log))
		close(out)
	}()
	p := &program{t: t, log: log}
	stopped := false
	p.stop = func() {
		if stop(); stopped {
			return
		}
		stopped = true
		if status := <-ended; status != 0 {
			t.Errorf("got status %d: %s", status, <-log)
		}
	}
	t.Cleanup(p.stop)
	for text := range out {
		if found := regexp.MustCompile(`http://[\d.:]+`).FindString(text); found != "" {
			p.url = found
			return p
		}
	}
	stopped = true
	t.Fatalf("the quickstart did not start: %s", <-log)
	return nil
}

// lines is a writer that passes on what is written, in whole writes.
type lines chan<- string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// do sends a request, with a bearer token where there is one, and returns the
// status and the body.
func (p *program) do(method, path, token, contentType, body string) (status int, answer string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(res.Body); err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, b.String()
}

// expect sends a request with a JSON body and returns the body of an answer
// that has the status and holds the text.
func (p *program) expect(status int, text, method, path, token, body string) string {
	p.t.Helper()
	got, answer := p.do(method, path, token, "application/json", body)
	if got != status || !strings.Contains(answer, text) {
		p.t.Fatalf("%s %s: got %d %s, want %d with %s", method, path, got, answer, status, text)
	}
	return answer
}

// login returns a token, or "" where the login is refused.
func (p *program) login(backend, email, password string) string {
	p.t.Helper()
	form := url.Values{"username": {email}, "password": {password}}
	status, body := p.do("POST", "/auth/"+backend+"/login", "", "application/x-www-form-urlencoded", form.Encode())
	if status == http.StatusBadRequest && body == `{"detail":"LOGIN_BAD_CREDENTIALS"}` {
		return ""
	}
	var in struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || status != http.StatusOK || in.Type != "bearer" || in.Token == "" {
		p.t.Fatalf("login: got %d %s", status, body)
	}
	return in.Token
}

// register registers ann.
func (p *program) register() {
	p.t.Helper()
	p.expect(201, `"is_verified":false`, "POST", "/auth/register", "", `{"email":"ann@example.com","password":"correct horse","nickname":"Ann"}`)
}
