package core_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// Member embeds core.User by value and adds a nickname. The store, the hasher
// and the parser of addresses come from adapters.
func ExampleManager() {
	ctx := context.Background()
	members, err := core.NewManager(core.Config[*Member]{
		Stores: ports.Stores[*Member]{Users: newStore()},
		Hasher: &hasher{version: 1},
		Emails: emails{},
	})
	if err != nil {
		log.Fatal(err)
	}

	ann := &Member{User: core.User{Email: "Ann@example.com", IsSuperuser: true}, Nickname: "Ann"}
	ann, err = members.Register(ctx, ann, "correct horse")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("registered:", ann.Email, ann.Nickname, "superuser:", ann.IsSuperuser)

	_, err = members.Authenticate(ctx, "ann@example.com", "wrong horse")
	fmt.Println("wrong password:", errors.Is(err, core.ErrInvalidCredentials))

	ann, err = members.Authenticate(ctx, "ann@example.com", "correct horse")
	if err != nil {
		log.Fatal(err)
	}
	ann, err = members.Update(ctx, ann, core.Change[*Member]{
		Apply: func(m *Member) error { m.Nickname = "Annie"; return nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("updated:", ann.Nickname)
	// Output:
	// registered: Ann@example.com Ann superuser: false
	// wrong password: true
	// updated: Annie
}

// A policy is a length and a list of common passwords. ValidatePassword adds
// rules that need the user.
func ExamplePasswordPolicy() {
	members, err := core.NewManager(core.Config[*Member]{
		Stores:    ports.Stores[*Member]{Users: newStore()},
		Hasher:    &hasher{version: 1},
		Emails:    emails{},
		Passwords: core.PasswordPolicy{MinLength: 10},
		ValidatePassword: func(_ context.Context, password string, m *Member) error {
			if password == m.Email {
				return &core.PasswordError{Reason: "Password should not be the e-mail address"}
			}
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, password := range []string{"short", "qwertyuiop", "ann@example.com", "correct horse"} {
		_, err := members.Register(context.Background(), &Member{User: core.User{Email: "ann@example.com"}}, password)
		var refused *core.PasswordError
		if errors.As(err, &refused) {
			fmt.Println(refused.Reason)
			continue
		}
		fmt.Println("registered:", err == nil)
	}
	// Output:
	// Password should be at least 10 characters
	// Password is too common
	// Password should not be the e-mail address
	// registered: true
}

// A ban ends all sessions of the user at once.
func ExampleManager_Update() {
	ctx := context.Background()
	auth, ann := exampleAuthenticator()
	issued, err := auth.Login(ctx, ann, core.Entry{Backend: "api"})
	if err != nil {
		log.Fatal(err)
	}

	inactive := false
	_, err = auth.Users().Update(ctx, ann, core.Change[*Member]{IsActive: &inactive})
	if err != nil {
		log.Fatal(err)
	}
	_, err = auth.Authenticate(ctx, bearer(issued.Token), core.Policy[*Member]{AllowInactive: true})
	fmt.Println(err)
	// Output:
	// usher: unauthenticated
}
