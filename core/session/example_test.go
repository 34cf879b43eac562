package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
)

// members keeps one user, and does what this example needs of a store, a
// hasher and a parser of addresses. Programs take all of them from adapters.
type members struct {
	ports.UserStore[*core.User]
	user *core.User
}

func (m *members) Create(_ context.Context, u *core.User) error {
	u.ID, u.Revision = "1", 1
	m.user = core.Clone(u)
	return nil
}

func (m *members) ByID(context.Context, string) (*core.User, error) { return core.Clone(m.user), nil }

func (m *members) Update(_ context.Context, _ string, change func(*core.User) error) (*core.User, error) {
	u := core.Clone(m.user)
	if err := change(u); err != nil {
		return nil, err
	}
	m.user = u
	return core.Clone(u), nil
}

func (m *members) Hash(password string) (string, error) { return "hash:" + password, nil }

func (m *members) Verify(password, hash string) (ok, outdated bool, err error) {
	return hash == "hash:"+password, false, nil
}

func (m *members) Cost(string) int64 { return 1 }

func (m *members) Parse(addr string) (string, error) { return addr, nil }

func (m *members) Key(addr string) string { return strings.ToLower(addr) }

func bearer(token string) ports.Request {
	return ports.Request{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// Sessions are in the store: they can be listed, and ended one by one or all
// at once.
func ExampleBackend() {
	ctx := context.Background()
	m := &members{}
	stores := ports.Stores[*core.User]{Users: m, Tokens: newStore()} // from an adapter
	users, err := core.NewManager(core.Config[*core.User]{Stores: stores, Hasher: m, Emails: m})
	if err != nil {
		log.Fatal(err)
	}
	backend, err := session.Backend("db", stores, session.Config{}, core.Bearer{})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.NewAuthenticator(users, backend)
	if err != nil {
		log.Fatal(err)
	}
	ann, err := users.Register(ctx, &core.User{Email: "ann@example.com"}, "correct horse")
	if err != nil {
		log.Fatal(err)
	}

	var tokens []string
	for _, agent := range []string{"phone", "laptop"} {
		issued, err := auth.Login(ctx, ann, core.Entry{Backend: "db", Request: ports.Request{UserAgent: agent}})
		if err != nil {
			log.Fatal(err)
		}
		tokens = append(tokens, issued.Token)
	}
	s, err := auth.Authenticate(ctx, bearer(tokens[0]), core.Policy[*core.User]{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("here by:", s.Grant.UserAgent)

	sessions := backend.Strategy.(*session.Strategy)
	if err := sessions.EndOthers(ctx, s.User, s.Grant.Family); err != nil {
		log.Fatal(err)
	}
	list, err := sessions.List(ctx, s.User)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sessions:", len(list), list[0].UserAgent)
	_, err = auth.Authenticate(ctx, bearer(tokens[1]), core.Policy[*core.User]{})
	fmt.Println("the other:", errors.Is(err, core.ErrUnauthenticated))

	password := "battery staple"
	if _, err := users.UpdateSelf(ctx, s.User, core.Change[*core.User]{Password: &password}); err != nil {
		log.Fatal(err)
	}
	_, err = auth.Authenticate(ctx, bearer(tokens[0]), core.Policy[*core.User]{})
	fmt.Println("after a new password:", errors.Is(err, core.ErrUnauthenticated))
	// Output:
	// here by: phone
	// sessions: 1 phone
	// the other: true
	// after a new password: true
}
