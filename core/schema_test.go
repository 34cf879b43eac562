package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gousher/usher/core"
)

// newSchema returns s as deliveries use it.
func newSchema(t *testing.T, s core.Schema[*Member]) *core.Schema[*Member] {
	t.Helper()
	s, err := s.WithDefaults()
	must(t, err)
	return &s
}

// wantErrors checks that err lists what the JSON in want says, or is nil
// where want is empty.
func wantErrors(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		must(t, err)
		return
	}
	var input *core.InputError
	if !errors.As(err, &input) {
		t.Fatalf("got error %v, want a *core.InputError", err)
	}
	if got := encode(t, input.Errors); got != want {
		t.Errorf("errors:\n got %s\nwant %s", got, want)
	}
}

// wrong is the JSON of one error of the body.
func wrong(typ, field, msg, input string) string {
	return `[{"type":"` + typ + `","loc":["body","` + field + `"],"msg":"` + msg + `","input":` + input + `}]`
}

const (
	stringType  = "Input should be a valid string"
	boolParsing = "Input should be a valid boolean, unable to interpret input"
	boolType    = "Input should be a valid boolean"
	notAnObject = `"msg":"Input should be a valid dictionary or object to extract fields from"`
)

func TestRegistrationErrors(t *testing.T) {
	s := newSchema(t, core.Schema[*Member]{})
	flag := func(value string) string { return `{"email":"a@b.c","password":"x","is_active":` + value + `}` }
	tests := []struct{ name, body, want string }{
		{"good", `{"email":"a@b.c","password":"x"}`, ""},
		{"null", `null`, `[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]`},
		{"empty", `{}`, `[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{}},` +
			`{"type":"missing","loc":["body","password"],"msg":"Field required","input":{}}]`},
		{"no e-mail", `{"password":"abc"}`, wrong("missing", "email", "Field required", `{"password":"abc"}`)},
		{"no password", `{"email":"a@b.c","x":[1]}`, wrong("missing", "password", "Field required", `{"email":"a@b.c","x":[1]}`)},
		{"key in other case", `{"Email":"a@b.c","password":"abc"}`,
			wrong("missing", "email", "Field required", `{"Email":"a@b.c","password":"abc"}`)},
		{"e-mail null", `{"email":null,"password":"x"}`, wrong("string_type", "email", stringType, `null`)},
		{"password null", `{"email":"a@b.c","password":null}`, wrong("string_type", "password", stringType, `null`)},
		{"e-mail a number", `{"email":1,"password":"x"}`, wrong("string_type", "email", stringType, `1`)},
		{"password a boolean", `{"email":"a@b.c","password":true}`, wrong("string_type", "password", stringType, `true`)},
		{"password an object", `{"email":"a@b.c","password":{"b":1,"a":2}}`, wrong("string_type", "password", stringType, `{"b":1,"a":2}`)},
		{"array", `[{"email":"a@b.c"}]`, `[{"type":"model_attributes_type","loc":["body"],` + notAnObject + `,"input":[{"email":"a@b.c"}]}]`},
		{"text", `"email=a@b.c&x=<1>"`, `[{"type":"model_attributes_type","loc":["body"],` + notAnObject + `,"input":"email=a@b.c&x=<1>"}]`},
		{"number", `17`, `[{"type":"model_attributes_type","loc":["body"],` + notAnObject + `,"input":17}]`},
		{"boolean", `false`, `[{"type":"model_attributes_type","loc":["body"],` + notAnObject + `,"input":false}]`},
		{"bad e-mail", `{"email":"king.arthur","password":"guinevere"}`,
			`[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.",` +
				`"input":"king.arthur","ctx":{"reason":"An email address must have an @-sign."}}]`},
		{"bad e-mail, as it was sent", `{"email":" <ä&b> ","password":"x"}`,
			`[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.",` +
				`"input":" <ä&b> ","ctx":{"reason":"An email address must have an @-sign."}}]`},
		{"in the order of the schema", `{"is_verified":[],"password":1,"email":"x"}`,
			`[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: An email address must have an @-sign.",` +
				`"input":"x","ctx":{"reason":"An email address must have an @-sign."}},` +
				`{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":1},` +
				`{"type":"bool_type","loc":["body","is_verified"],"msg":"Input should be a valid boolean","input":[]}]`},
		{"the last of two values counts", `{"email":1,"password":"x","email":"a@b.c"}`, ""},
		{"unknown fields", `{"email":"a@b.c","password":"x","id":1,"session_epoch":"x","nickname":[]}`, ""},
		{"flag null", flag(`null`), ""},
		{"flag 2", flag(`2`), wrong("bool_parsing", "is_active", boolParsing, `2`)},
		{"flag -1", flag(`-1`), wrong("bool_parsing", "is_active", boolParsing, `-1`)},
		{"flag 2.0", flag(`2.0`), wrong("bool_parsing", "is_active", boolParsing, `2.0`)},
		{"flag 0.5", flag(`0.5`), wrong("bool_type", "is_active", boolType, `0.5`)},
		{"flag the last integer", flag(`9223372036854775807`), wrong("bool_parsing", "is_active", boolParsing, `9223372036854775807`)},
		{"flag a huge integer", flag(`9223372036854775808`), wrong("bool_type", "is_active", boolType, `9223372036854775808`)},
		{"flag beyond numbers", flag(`1e400`), wrong("bool_type", "is_active", boolType, `1e400`)},
		{"flag a word", flag(`"maybe"`), wrong("bool_parsing", "is_active", boolParsing, `"maybe"`)},
		{"flag empty", flag(`""`), wrong("bool_parsing", "is_active", boolParsing, `""`)},
		{"flag with a space", flag(`" true"`), wrong("bool_parsing", "is_active", boolParsing, `" true"`)},
		{"flag minus zero as text", flag(`"-0"`), wrong("bool_parsing", "is_active", boolParsing, `"-0"`)},
		{"flag 1.0 as text", flag(`"1.0"`), wrong("bool_parsing", "is_active", boolParsing, `"1.0"`)},
		{"flag an array", flag(`[true]`), wrong("bool_type", "is_active", boolType, `[true]`)},
		{"flag an object", flag(`{}`), wrong("bool_type", "is_active", boolType, `{}`)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, password, err := s.Registration(parse(t, test.body), emails{}.Parse)
			wantErrors(t, err, test.want)
			if err == nil {
				wantEqual(t, "user", u, &Member{User: core.User{Email: "a@b.c"}})
				wantEqual(t, "password", password, "x")
			} else if u != nil || password != "" {
				t.Errorf("got user %v and password %q beside the error", u, password)
			}
		})
	}
}

func TestRegistration(t *testing.T) {
	s := newSchema(t, core.Schema[*Member]{})
	u, given, err := s.Registration(parse(t, `{"email":" Ann@Example.com ","password":" p ","is_superuser":true,"is_active":"no"}`), emails{}.Parse)
	must(t, err)
	wantEqual(t, "user", u, &Member{User: core.User{Email: "Ann@Example.com"}})
	wantEqual(t, "password", given, " p ")

	_, _, err = s.Registration(parse(t, `{"email":"a","password":"x"}`), func(string) (string, error) { return "", errOutage })
	wantErrors(t, err, `[{"type":"value_error","loc":["body","email"],"msg":"value is not a valid email address: `+errOutage.Error()+
		`","input":"a","ctx":{"reason":"`+errOutage.Error()+`"}}]`)
}

func TestFlags(t *testing.T) {
	s := newSchema(t, core.Schema[*Member]{})
	for want, values := range map[bool][]string{
		true:  {`true`, `1`, `1.0`, `1e0`, `"1"`, `"t"`, `"TRUE"`, `"Y"`, `"yes"`, `"On"`},
		false: {`false`, `0`, `0.0`, `-0`, `-0.0`, `"0"`, `"F"`, `"false"`, `"n"`, `"NO"`, `"off"`},
	} {
		for _, value := range values {
			t.Run(value, func(t *testing.T) {
				c, err := s.Changes(parse(t, `{"is_superuser":`+value+`}`), true, emails{}.Parse)
				must(t, err)
				wantEqual(t, "is_superuser", c.IsSuperuser, &want)
			})
		}
	}
}

func TestChangesErrors(t *testing.T) {
	s := newSchema(t, core.Schema[*Member]{})
	tests := []struct {
		name, body string
		self       string // what a user is told
		admin      string // what a superuser is told
	}{
		{"nothing", `{}`, "", ""},
		{"null", `null`, `[{"type":"missing","loc":["body"],"msg":"Field required","input":null}]`, "same"},
		{"array", `[]`, `[{"type":"model_attributes_type","loc":["body"],` + notAnObject + `,"input":[]}]`, "same"},
		{"password null", `{"password":null}`, "", ""},
		{"password a number", `{"password":1}`, wrong("string_type", "password", stringType, `1`), "same"},
		{"e-mail null", `{"email":null}`, wrong("string_type", "email", stringType, `null`), "same"},
		{"flag null", `{"is_active":null}`, "", wrong("bool_type", "is_active", boolType, `null`)},
		{"flag a word", `{"is_verified":"maybe"}`, wrong("bool_parsing", "is_verified", boolParsing, `"maybe"`), "same"},
		{"password before e-mail", `{"email":1,"password":2}`,
			`[{"type":"string_type","loc":["body","password"],"msg":"Input should be a valid string","input":2},` +
				`{"type":"string_type","loc":["body","email"],"msg":"Input should be a valid string","input":1}]`, "same"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.admin == "same" {
				test.admin = test.self
			}
			_, err := s.Changes(parse(t, test.body), false, emails{}.Parse)
			wantErrors(t, err, test.self)
			_, err = s.Changes(parse(t, test.body), true, emails{}.Parse)
			wantErrors(t, err, test.admin)
		})
	}
}

func TestChanges(t *testing.T) {
	s := newSchema(t, core.Schema[*Member]{})
	tests := []struct {
		name, body string
		privileged bool
		want       change
	}{
		{"nothing", `{}`, true, change{Fields: []string{}}},
		{"unknown fields", `{"id":"x","session_epoch":9,"Password":"x"}`, true, change{Fields: []string{}}},
		{"password", `{"password":" x "}`, false, change{Password: ptr(" x "), Fields: []string{"password"}}},
		{"password null is named", `{"password":null}`, false, change{Fields: []string{"password"}}},
		{"e-mail, parsed", `{"email":" A@b.c"}`, false, change{Email: ptr("A@b.c"), Fields: []string{"email"}}},
		{"flags of a user", `{"is_active":false,"is_superuser":true,"is_verified":1}`, false, change{Fields: []string{}}},
		{"flags by a superuser, in the order of the schema", `{"is_verified":1,"is_superuser":"yes","is_active":false}`, true, change{
			IsActive: ptr(false), IsSuperuser: ptr(true), IsVerified: ptr(true), Fields: []string{"is_active", "is_superuser", "is_verified"}}},
		{"null flags of a user", `{"is_active":null,"email":"a@b.c"}`, false, change{Email: ptr("a@b.c"), Fields: []string{"email"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := s.Changes(parse(t, test.body), test.privileged, emails{}.Parse)
			must(t, err)
			wantEqual(t, "change", got, test.want)
		})
	}
}

// What the hook is told of a PATCH with "password": null.
func TestNullPasswordChangesNothing(t *testing.T) {
	var fields []string
	w := newWorld(t, func(c *core.Config[*Member]) {
		c.Hooks.AfterUpdate = func(_ context.Context, _ *Member, names []string) { fields = names }
	})
	ann := w.put(subject())
	c, err := newSchema(t, core.Schema[*Member]{}).Changes(parse(t, `{"password":null}`), false, w.ParseEmail)
	must(t, err)
	_, err = w.UpdateSelf(t.Context(), ann, c)
	must(t, err)
	wantEqual(t, "fields", fields, []string{"password"})
	wantEqual(t, "the user kept", w.row("ann"), ann)
}
