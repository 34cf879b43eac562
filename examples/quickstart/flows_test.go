package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The superuser is made once, and the secret is kept: a token lives on when
// the program is started again.
func TestRestart(t *testing.T) {
	db := filepath.Join(t.TempDir(), "users.db")
	p := started(t, "-db", db, "-superuser", "root@example.com:correct horse")
	tokens := []string{p.login("jwt", "root@example.com", "correct horse"), p.login("db", "root@example.com", "correct horse")}
	p.stop()

	p = started(t, "-db", db, "-superuser", "root@example.com:another password")
	for _, token := range tokens {
		p.expect(200, `"is_superuser":true`, "GET", "/users/me", token, "")
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
	if secret, err := os.ReadFile(db + ".secret"); err != nil || len(secret) < 32 {
		t.Errorf("the secret has %d bytes and error %v", len(secret), err)
	}
}

// letter reads a line of a mailbox and checks what is not secret in it.
func letter(t *testing.T, text, kind string) line {
	t.Helper()
	var m line
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	if m.Kind != kind || m.Email != "ann@example.com" || len(m.UserID) != 36 || m.Token == "" {
		t.Errorf("got %+v", m)
	}
	if age := time.Since(m.Time); age < 0 || age > time.Hour || !strings.HasSuffix(strings.TrimSpace(text), `Z"}`) {
		t.Errorf("got time %v, want one in UTC that has just passed", m.Time)
	}
	return m
}

// Without a mailbox, mails go to the log.
func TestVerification(t *testing.T) {
	p := started(t, "-db", filepath.Join(t.TempDir(), "users.db"))
	p.register()
	p.expect(202, "null", "POST", "/auth/request-verify-token", "", `{"email":"ann@example.com"}`)
	m := letter(t, <-p.log, "verify")
	body := `{"token":"` + m.Token + `"}`
	p.expect(400, "RESET_PASSWORD_BAD_TOKEN", "POST", "/auth/reset-password", "", `{"token":"`+m.Token+`","password":"battery staple"}`)
	p.expect(401, "Unauthorized", "GET", "/users/me", m.Token, "")
	p.expect(200, `"is_verified":true,"nickname":"Ann"`, "POST", "/auth/verify", "", body)
	p.expect(400, "VERIFY_USER_ALREADY_VERIFIED", "POST", "/auth/verify", "", body)
	p.expect(200, `"is_verified":true`, "GET", "/users/me", p.login("jwt", "ann@example.com", "correct horse"), "")
}

// A mail that was asked for is in the mailbox when the program has stopped, and
// its token is good when it is started again.
func TestResetByMail(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-db", filepath.Join(dir, "users.db"), "-mailbox", filepath.Join(dir, "mail")}
	p := started(t, args...)
	p.register()
	sessions := []string{p.login("jwt", "ann@example.com", "correct horse"), p.login("db", "ann@example.com", "correct horse")}
	p.expect(202, "null", "POST", "/auth/forgot-password", "", `{"email":"nobody@example.com"}`)
	p.expect(202, "null", "POST", "/auth/forgot-password", "", `{"email":"ann@example.com"}`)
	p.stop()
	text, err := os.ReadFile(filepath.Join(dir, "mail"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), "\n") != 1 {
		t.Fatalf("got mails %q, want one", text)
	}
	body := `{"token":"` + letter(t, string(text), "reset").Token + `","password":"battery staple"}`

	p = started(t, args...)
	for _, token := range sessions {
		p.expect(200, "ann@example.com", "GET", "/users/me", token, "")
	}
	p.expect(200, "null", "POST", "/auth/reset-password", "", body)
	for _, token := range sessions {
		p.expect(401, "Unauthorized", "GET", "/users/me", token, "")
	}
	p.expect(400, "RESET_PASSWORD_BAD_TOKEN", "POST", "/auth/reset-password", "", body)
	for _, backend := range []string{"jwt", "db"} {
		if p.login(backend, "ann@example.com", "correct horse") != "" {
			t.Errorf("%s: the old password still logs in", backend)
		}
		token := p.login(backend, "ann@example.com", "battery staple")
		p.expect(200, "ann@example.com", "GET", "/users/me", token, "")
	}
}

// Sessions in the database can be ended one by one, and the one that changes
// the password goes on.
func TestDatabaseSessions(t *testing.T) {
	p := started(t, "-db", filepath.Join(t.TempDir(), "users.db"))
	p.register()
	login := func(backend string) string { return p.login(backend, "ann@example.com", "correct horse") }
	phone, laptop, jwt := login("db"), login("db"), login("jwt")
	me := func(token string, status int) {
		t.Helper()
		if got, body := p.do("GET", "/users/me", token, "", ""); got != status {
			t.Errorf("got %d %s, want %d", got, body, status)
		}
	}
	if got, body := p.do("GET", "/hello", phone, "", ""); got != http.StatusOK || body != "Hello Ann!\n" {
		t.Errorf("got %d %q", got, body)
	}
	me(phone, 200)
	p.expect(204, "", "POST", "/auth/db/logout", phone, "")
	me(phone, 401)
	p.expect(401, "Unauthorized", "POST", "/auth/db/logout", phone, "")
	me(laptop, 200)
	me(jwt, 200)
	p.expect(200, "ann@example.com", "PATCH", "/users/me", laptop, `{"password":"battery staple"}`)
	me(laptop, 200)
	me(jwt, 401)
}
