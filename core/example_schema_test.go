package core_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/gousher/usher/core"
)

// MemberRead and the types below it name what clients see and send. A field
// that none of them has cannot be seen or set from outside.
type (
	MemberRead struct {
		core.UserRead
		Nickname string `json:"nickname"`
	}
	MemberCreate struct {
		core.UserCreate
		Nickname string `json:"nickname"`
	}
	MemberUpdate struct {
		core.UserUpdate
		Nickname core.Optional[string] `json:"nickname"`
	}
)

// A nickname is required on registration, may be changed, and is shown.
func ExampleSchema() {
	schema, err := core.Schema[*Member]{
		Read: core.Reading(func(m *Member) MemberRead {
			return MemberRead{core.ReadUser(m), m.Nickname}
		}),
		Create: core.Creating(func(in MemberCreate) *Member {
			return &Member{Nickname: in.Nickname}
		}),
		Update: core.Updating(func(in MemberUpdate, m *Member) {
			in.Nickname.Apply(&m.Nickname)
		}),
	}.WithDefaults()
	if err != nil {
		log.Fatal(err)
	}

	// A delivery makes the object of what a client sent.
	var sent core.Object
	sent.Set("email", "ann@example.com")
	sent.Set("password", "correct horse")
	_, _, err = schema.Registration(&sent, emails{}.Parse)
	fmt.Println(err)

	sent.Set("nickname", "Ann")
	sent.Set("is_superuser", true)
	ann, _, err := schema.Registration(&sent, emails{}.Parse)
	if err != nil {
		log.Fatal(err)
	}
	shown, err := json.Marshal(schema.Show(ann))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(shown))
	// Output:
	// usher: invalid input: [body nickname]: Field required
	// {"id":"","email":"ann@example.com","is_active":false,"is_superuser":false,"is_verified":false,"nickname":"Ann"}
}

// Each error is one entry of the answer that tells a client what is wrong.
func ExampleInputError() {
	schema, err := core.Schema[*Member]{}.WithDefaults()
	if err != nil {
		log.Fatal(err)
	}
	var sent core.Object
	sent.Set("email", "ann")
	_, _, err = schema.Registration(&sent, emails{}.Parse)
	var input *core.InputError
	if errors.As(err, &input) {
		for _, e := range input.Errors {
			fmt.Println(e.Loc, e.Type, e.Msg)
		}
	}
	// Output:
	// [body email] value_error value is not a valid email address: An email address must have an @-sign.
	// [body password] missing Field required
}
