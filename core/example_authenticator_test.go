package core_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// A backend makes tokens and carries them. The strategy comes from an
// adapter; bearer puts the token into a request as clients do.
func ExampleAuthenticator() {
	ctx := context.Background()
	members, err := core.NewManager(core.Config[*Member]{
		Stores: ports.Stores[*Member]{Users: newStore()},
		Hasher: &hasher{version: 1},
		Emails: emails{},
	})
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.NewAuthenticator(members,
		core.Backend[*Member]{Name: "api", Strategy: newStrategy("token-"), Transport: core.Bearer{}},
	)
	if err != nil {
		log.Fatal(err)
	}
	_, err = members.Register(ctx, &Member{User: core.User{Email: "ann@example.com"}}, "correct horse")
	if err != nil {
		log.Fatal(err)
	}

	issued, err := auth.LoginWithPassword(ctx, "ann@example.com", "correct horse", core.Entry{Backend: "api"})
	if err != nil {
		log.Fatal(err)
	}
	session, err := auth.Authenticate(ctx, bearer(issued.Token), core.Policy[*Member]{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.User.Email, "by", session.Grant.Methods, "through", session.Backend)

	_, err = auth.Authenticate(ctx, bearer(issued.Token), core.Policy[*Member]{Superuser: true})
	fmt.Println("for superusers:", errors.Is(err, core.ErrForbidden))

	if err := auth.Logout(ctx, session, "api", http.Header{}); err != nil {
		log.Fatal(err)
	}
	_, err = auth.Authenticate(ctx, bearer(issued.Token), core.Policy[*Member]{})
	fmt.Println("after logout:", errors.Is(err, core.ErrUnauthenticated))
	// Output:
	// ann@example.com by [pwd] through api
	// for superusers: true
	// after logout: true
}

// Who may pass is decided call by call.
func ExamplePolicy() {
	auth, ann := exampleAuthenticator()
	issued, err := auth.Login(context.Background(), ann, core.Entry{Backend: "api"})
	if err != nil {
		log.Fatal(err)
	}
	nicknamed := func(_ context.Context, m *Member) error {
		if m.Nickname == "" {
			return core.ErrForbidden
		}
		return nil
	}
	for _, p := range []core.Policy[*Member]{
		{},
		{Verified: true},
		{Verified: true, Optional: true},
		{Check: nicknamed},
	} {
		session, err := auth.Authenticate(context.Background(), bearer(issued.Token), p)
		fmt.Println(session.OK, err)
	}
	// Output:
	// true <nil>
	// false usher: forbidden
	// false <nil>
	// true <nil>
}
