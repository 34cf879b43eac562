package core_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// mailbox returns a manager whose mails can be read, and an unverified member.
func mailbox() (*core.Manager[*Member], *mailer) {
	box := &mailer{}
	members, err := core.NewManager(core.Config[*Member]{
		Stores: ports.Stores[*Member]{Users: newStore()},
		Hasher: &hasher{version: 1},
		Emails: emails{},
		Mail:   core.Mailing{Signer: &signer{now: time.Now}, Mailer: box},
	})
	if err != nil {
		log.Fatal(err)
	}
	_, err = members.Register(context.Background(), &Member{User: core.User{Email: "ann@example.com"}}, "correct horse")
	if err != nil {
		log.Fatal(err)
	}
	return members, box
}

// The token reaches the user by mail, and proves the address. The signer and
// the mailer come from adapters or the application.
func ExampleManager_Verify() {
	ctx := context.Background()
	members, box := mailbox()
	for _, email := range []string{"ann@example.com", "nobody@example.com"} {
		fmt.Println("asked for:", members.RequestVerify(ctx, email))
	}
	if err := members.Drain(ctx); err != nil {
		log.Fatal(err)
	}
	mail := box.sent()[0]
	fmt.Println("mails:", len(box.sent()), mail.Kind, mail.Email)

	ann, err := members.Verify(ctx, mail.Token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("verified:", ann.IsVerified)
	_, err = members.Verify(ctx, mail.Token)
	fmt.Println("again:", errors.Is(err, core.ErrAlreadyVerified))
	// Output:
	// asked for: <nil>
	// asked for: <nil>
	// mails: 1 verify ann@example.com
	// verified: true
	// again: true
}

// A token sets one password. One that is refused does not use it up.
func ExampleManager_ResetPassword() {
	ctx := context.Background()
	members, box := mailbox()
	if err := members.ForgotPassword(ctx, "ann@example.com"); err != nil {
		log.Fatal(err)
	}
	if err := members.Drain(ctx); err != nil {
		log.Fatal(err)
	}
	token := box.sent()[0].Token
	for _, password := range []string{"short", "battery staple", "lady of the lake"} {
		fmt.Println(members.ResetPassword(ctx, token, password))
	}
	_, err := members.Authenticate(ctx, "ann@example.com", "battery staple")
	fmt.Println("logged in:", err == nil)
	// Output:
	// usher: password refused: Password should be at least 8 characters
	// <nil>
	// usher: invalid token
	// logged in: true
}
