package schemavalidator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"

	schemavalidator "github.com/gousher/usher/adapters/validator"
	"github.com/gousher/usher/core"
)

// Member is an application's user.
type Member struct {
	core.User
	Nickname string
	Site     string
}

type (
	memberCreate struct {
		core.UserCreate
		Nickname string                `json:"nickname" validate:"min=2,max=30"`
		Site     core.Optional[string] `json:"site" validate:"http_url"`
	}
	memberUpdate struct {
		core.UserUpdate
		Nickname core.Optional[string] `json:"nickname" validate:"min=2,max=30"`
		Site     core.Optional[string] `json:"site" validate:"http_url"`
	}
)

func Example() {
	validate, err := schemavalidator.New(schemavalidator.Config{Forms: []any{memberCreate{}, memberUpdate{}}})
	if err != nil {
		log.Fatal(err)
	}
	schema, err := core.Schema[*Member]{
		Create: core.Creating(func(in memberCreate) *Member {
			return &Member{Nickname: in.Nickname, Site: in.Site.Value}
		}),
		Update: core.Updating(func(in memberUpdate, m *Member) {
			in.Nickname.Apply(&m.Nickname)
			in.Site.Apply(&m.Site)
		}),
		Validate: validate,
	}.WithDefaults()
	if err != nil {
		log.Fatal(err)
	}

	// A delivery makes the object of what a client sent.
	var sent core.Object
	sent.Set("email", "ann@example.com")
	sent.Set("password", "correct horse")
	sent.Set("nickname", "A")
	sent.Set("site", "ftp://example.com")
	_, _, err = schema.Registration(&sent, func(addr string) (string, error) { return addr, nil })
	if list, ok := errors.AsType[*core.InputError](err); ok {
		for _, e := range list.Errors {
			line, err := json.Marshal(e)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(string(line))
		}
	}
	// Output:
	// {"type":"string_too_short","loc":["body","nickname"],"msg":"String should have at least 2 characters","input":"A","ctx":{"min_length":2}}
	// {"type":"url_scheme","loc":["body","site"],"msg":"URL scheme should be 'http' or 'https'","input":"ftp://example.com","ctx":{"expected_schemes":"'http' or 'https'"}}
}

// Tags that do not exist or do not fit are found when the program starts.
func ExampleNew_problems() {
	type form struct {
		Nickname string `json:"nickname" validate:"atleast=2"`
	}
	_, err := schemavalidator.New(schemavalidator.Config{Forms: []any{form{}}})
	fmt.Println(err)
	// Output:
	// schemavalidator.Config: Forms[0]: Undefined validation function 'atleast' on field 'Nickname'
}
