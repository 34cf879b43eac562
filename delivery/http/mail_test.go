package httpauth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
)

// signed is a token that says c, as signer makes it.
func signed(c ports.Claims) string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return "signed." + base64.RawURLEncoding.EncodeToString(text)
}

// signer signs nothing, and believes what looks signed.
type signer struct {
	mu    sync.Mutex
	count int
	err   error // what Verify returns
}

func (s *signer) Sign(_ context.Context, c ports.Claims) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return signed(c), nil
}

func (s *signer) Verify(_ context.Context, token, audience string) (c ports.Claims, err error) {
	if s.err != nil {
		return c, s.err
	}
	text, ok := strings.CutPrefix(token, "signed.")
	body, err := base64.RawURLEncoding.DecodeString(text)
	if !ok || err != nil || json.Unmarshal(body, &c) != nil || c.Audience != audience || !time.Now().Before(c.Expires) {
		return ports.Claims{}, core.ErrInvalidToken
	}
	return c, nil
}

// postbox keeps what is sent. Send, if it is set, is asked first.
type postbox struct {
	mu    sync.Mutex
	mails []ports.Mail
	send  func(ports.Mail) error
}

func (p *postbox) Send(_ context.Context, m ports.Mail) error {
	p.mu.Lock()
	p.mails = append(p.mails, m)
	p.mu.Unlock()
	if p.send != nil {
		return p.send(m)
	}
	return nil
}

// withMail lets the manager send mails and includes the routers for them.
func withMail(w *world) {
	w.signer, w.post = &signer{}, &postbox{}
	w.core.Mail = core.Mailing{Signer: w.signer, Mailer: w.post}
	w.core.Log = slog.New(slog.NewTextHandler(w.log, nil))
	w.mounts = append(w.mounts, httpauth.Include("/auth", httpauth.Reset{}, httpauth.Verify{}))
}

// mails returns what was sent, once everything is.
func (w *world) mails(t testing.TB) []ports.Mail {
	t.Helper()
	if err := w.users.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.post.mails
}

// mailed returns the token of the only mail that the request sends.
func (w *world) mailed(t testing.TB, request string) string {
	t.Helper()
	before := len(w.mails(t))
	if got := w.do(t, request); got != accepted {
		t.Fatalf("got\n%s\nwant\n%s", got, accepted)
	}
	sent := w.mails(t)[before:]
	if len(sent) != 1 {
		t.Fatalf("got %d mails, want 1", len(sent))
	}
	return sent[0].Token
}

// send is a request with a JSON body to a route below /auth.
func send(route, body string) string {
	return "POST /auth/" + route + "\nContent-Type: application/json\n\n" + body
}

func forgot(email string) string { return send("forgot-password", `{"email":"`+email+`"}`) }

func askVerify(email string) string { return send("request-verify-token", `{"email":"`+email+`"}`) }

var (
	accepted = jsonAnswer(202, `null`)
	done     = jsonAnswer(200, `null`)
)

// lacking is an error for a field that is missing where fields stand side by
// side.
func lacking(field string) string {
	return `{"type":"missing","loc":["body","` + field + `"],"msg":"Field required","input":null}`
}

func noString(field, input string) string {
	return `{"type":"string_type","loc":["body","` + field + `"],"msg":"Input should be a valid string","input":` + input + `}`
}

// What is wrong with a body is the same for all routes that take fields side
// by side.
func TestEmbeddedFields(t *testing.T) {
	for route, fields := range map[string][]string{
		"forgot-password": {"email"}, "request-verify-token": {"email"}, "verify": {"token"}, "reset-password": {"token", "password"},
	} {
		each := func(f func(field string) string) string {
			var list []string
			for _, field := range fields {
				list = append(list, f(field))
			}
			return wrong(strings.Join(list, ","))
		}
		object := func(value string) string {
			var list []string
			for _, field := range fields {
				list = append([]string{`"` + field + `":` + value}, list...)
			}
			return "{" + strings.Join(list, ",") + "}"
		}
		missing := each(lacking)
		t.Run(route, func(t *testing.T) {
			run(t, []exchange{
				{"no body", send(route, ""), missing},
				{"null", send(route, "null"), missing},
				{"empty object", send(route, "{}"), missing},
				{"array", send(route, `["a"]`), missing},
				{"string", send(route, `"king@camelot.bt"`), missing},
				{"number", send(route, `1`), missing},
				{"false", send(route, `false`), missing},
				{"other media type", "POST /auth/" + route + "\nContent-Type: text/plain\n\n" + object(`"a@b.com"`), missing},
				{"no media type", "POST /auth/" + route + "\n\n" + object(`"a@b.com"`), missing},
				{"fields null", send(route, object("null")), missing},
				{"key case", send(route, `{"Email":"a@b.com","Token":"x","Password":"x"}`), missing},
				{"numbers", send(route, object("1.50")), each(func(f string) string { return noString(f, "1.5") })},
				{"objects", send(route, object(`{"b":1,"a":[]}`)), each(func(f string) string { return noString(f, `{"b":1,"a":[]}`) })},
				{"lone surrogates", send(route, object(`"\uD800"`)), each(func(f string) string { return noString(f, `"\ud800"`) })},
				{"syntax", send(route, `{"`), wrong(`{"type":"json_invalid","loc":["body",1],"msg":"JSON decode error","input":{},"ctx":{"error":"Unterminated string starting at"}}`)},
				{"encoding", send(route, "\"\xff\""), unreadable},
				{"GET", "GET /auth/" + route, notAllowed("POST")},
				{"slash at the end", send(route+"/", "{"), redirect("http://example.com/auth/" + route)},
			}, withMail)
		})
	}
	run(t, []exchange{
		{"token missing", send("reset-password", `{"password":"x"}`), wrong(lacking("token"))},
		{"password missing", send("reset-password", `{"token":"x"}`), wrong(lacking("password"))},
		{"one missing and one wrong", send("reset-password", `{"password":false}`), wrong(lacking("token") + "," + noString("password", "false"))},
	}, withMail)
}

// An address is validated before anybody is looked for.
func TestAddressOfAMail(t *testing.T) {
	bad := func(input string) string {
		return wrong(`{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"` +
			input + `","ctx":{"reason":"An email address must have an @-sign."}}`)
	}
	for _, route := range []string{"forgot-password", "request-verify-token"} {
		t.Run(route, func(t *testing.T) {
			run(t, []exchange{
				{"no address", send(route, `{"email":"king.arthur"}`), bad("king.arthur")},
				{"empty", send(route, `{"email":""}`), bad("")},
				{"no address, while nobody can be looked for", send(route, `{"email":"x"}`), bad("x")},
			}, withMail, func(w *world) { w.core.Stores.Users = storeError{context.DeadlineExceeded} })
		})
	}
}
