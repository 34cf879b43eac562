package email_test

import (
	"errors"
	"fmt"

	"github.com/gousher/usher/adapters/email"
	"github.com/gousher/usher/core"
)

func Example() {
	emails := email.New()

	shown, err := emails.Parse("Zoë <Zoe@BÜCHER.example>")
	if err != nil {
		panic(err)
	}
	fmt.Println(shown)
	fmt.Println(emails.Key(shown))
	fmt.Println(emails.Key("ZOE@xn--bcher-kva.example"))
	// Output:
	// Zoe@bücher.example
	// zoe@bücher.example
	// zoe@bücher.example
}

func ExampleEmails_Parse_refused() {
	_, err := email.New().Parse("zoe@bücher")
	if e, ok := errors.AsType[*core.EmailError](err); ok {
		fmt.Println(e.Reason)
	}
	// Output: The part after the @-sign is not valid. It should have a period.
}

func ExampleEmails_Key() {
	emails := email.New()
	fmt.Println(emails.Key("Jose@example.com") == emails.Key(" jose@EXAMPLE.com"))
	fmt.Println(emails.Key("jose@example.com") == emails.Key("josé@example.com"))
	fmt.Println(emails.Key("Jose"))
	// Output:
	// true
	// false
	// @jose
}

// Emails is a field of core.Config, which names what else it needs.
func ExampleNew() {
	_, err := core.NewManager(core.Config[*core.User]{Emails: email.New()})
	fmt.Println(err)
	// Output: core.Config: Stores.Users is missing; Hasher is missing
}
