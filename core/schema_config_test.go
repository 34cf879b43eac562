package core_test

import (
	"errors"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

type (
	// The fields of UserCreate come first, wherever it stands.
	memberCreate struct {
		Nickname string `json:"nickname"`
		core.UserCreate
		Tags core.Optional[[]string] `json:"tags,omitempty"`
	}
	memberUpdate struct {
		core.UserUpdate
		Nickname core.Optional[string]   `json:"nickname"`
		Tags     core.Optional[[]string] `json:"tags"`
	}
)

func memberSchema() core.Schema[*Member] {
	return core.Schema[*Member]{
		Read: core.Reading(func(u *Member) MemberRead { return MemberRead{core.ReadUser(u), u.Nickname} }),
		Create: core.Creating(func(in memberCreate) *Member {
			return &Member{Nickname: in.Nickname, Tags: in.Tags.Value}
		}),
		Update: core.Updating(func(in memberUpdate, u *Member) {
			in.Nickname.Apply(&u.Nickname)
			in.Tags.Apply(&u.Tags)
		}),
	}
}

func TestSchemaShows(t *testing.T) {
	u := subject()
	tests := []struct {
		name   string
		schema core.Schema[*Member]
		want   string
	}{
		{"as it comes", core.Schema[*Member]{},
			`{"id":"ann","email":"Ann@example.com","is_active":true,"is_superuser":false,"is_verified":true}`},
		{"with a field", memberSchema(),
			`{"id":"ann","email":"Ann@example.com","is_active":true,"is_superuser":false,"is_verified":true,"nickname":"Ann"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wantEqual(t, "JSON", encode(t, newSchema(t, test.schema).Show(u)), test.want)
		})
	}
}

func TestSchemaShowsNumbers(t *testing.T) {
	type numbered struct {
		core.IntUserRead
		Nickname string `json:"nickname"`
	}
	s := core.Schema[*Member]{Read: core.Reading(func(u *Member) numbered { return numbered{core.ReadIntUser(u), u.Nickname} })}
	for id, want := range map[string]string{"9007199254740993": "9007199254740993", "-1": "-1", "ann": "0"} {
		u := subject()
		u.ID = id
		wantEqual(t, "JSON", encode(t, newSchema(t, s).Show(u)),
			`{"id":`+want+`,"email":"Ann@example.com","is_active":true,"is_superuser":false,"is_verified":true,"nickname":"Ann"}`)
	}
}

func TestRegistrationOfCustomFields(t *testing.T) {
	s := newSchema(t, memberSchema())
	u, given, err := s.Registration(parse(t, `{"tags":["a"],"nickname":"Ann","email":"a@b.c","password":"x"}`), emails{}.Parse)
	must(t, err)
	wantEqual(t, "user", u, &Member{User: core.User{Email: "a@b.c"}, Nickname: "Ann", Tags: []string{"a"}})
	wantEqual(t, "password", given, "x")

	_, _, err = s.Registration(parse(t, `{"tags":null}`), emails{}.Parse)
	const missing = `"msg":"Field required","input":{"tags":null}}`
	wantErrors(t, err, `[{"type":"missing","loc":["body","email"],`+missing+`,{"type":"missing","loc":["body","password"],`+missing+
		`,{"type":"missing","loc":["body","nickname"],`+missing+`,{"type":"list_type","loc":["body","tags"],"msg":"Input should be a valid list","input":null}]`)
}

func TestChangesOfCustomFields(t *testing.T) {
	tests := []struct {
		name, body string
		fields     []string
		want       func(*Member)
	}{
		{"one", `{"nickname":"Annie"}`, []string{"nickname"}, func(u *Member) { u.Nickname = "Annie" }},
		{"both, in the order of the schema", `{"tags":[],"nickname":""}`, []string{"nickname", "tags"},
			func(u *Member) { u.Nickname, u.Tags = "", []string{} }},
		{"none", `{"tag":[]}`, []string{}, func(*Member) {}},
		{"beside others", `{"nickname":"Annie","email":"b@c.d"}`, []string{"email", "nickname"}, func(u *Member) {
			u.Nickname, u.Email, u.EmailKey, u.IsVerified = "Annie", "b@c.d", "b@c.d", false
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			ann := w.put(subject())
			c, err := newSchema(t, memberSchema()).Changes(parse(t, test.body), false, w.ParseEmail)
			must(t, err)
			wantEqual(t, "fields", c.Fields, test.fields)
			got, err := w.UpdateSelf(t.Context(), ann, c)
			must(t, err)
			want := subject(test.want)
			want.Revision, want.UpdatedAt = got.Revision, got.UpdatedAt
			wantEqual(t, "user", got, want)
		})
	}
}

func TestValidate(t *testing.T) {
	refusal := []core.FieldError{{Type: "too_rude", Loc: []any{"body", "nickname"}, Msg: "Please", Input: "Arthur"}}
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"good", nil, ""},
		{"a list", &core.InputError{Errors: refusal}, `[{"type":"too_rude","loc":["body","nickname"],"msg":"Please","input":"Arthur"}]`},
		{"an empty list", &core.InputError{}, `null`},
		{"another error", errors.New("no <knights>"),
			`[{"type":"value_error","loc":["body"],"msg":"Value error, no <knights>","input":{"nickname":"Arthur","email":"a@b.c","password":"x"},"ctx":{"error":"no <knights>"}}]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var seen []any
			s := memberSchema()
			s.Validate = func(in any) error {
				seen = append(seen, in)
				return test.err
			}
			ready := newSchema(t, s)
			body := parse(t, `{"nickname":"Arthur","email":"a@b.c","password":"x"}`)
			_, _, err := ready.Registration(body, emails{}.Parse)
			wantErrors(t, err, test.want)
			_, err = ready.Changes(body, false, emails{}.Parse)
			wantErrors(t, err, test.want)
			if len(seen) != 2 {
				t.Fatalf("got %d calls of Validate, want 2", len(seen))
			}
			wantEqual(t, "nickname of the registration", seen[0].(*memberCreate).Nickname, "Arthur")
			wantEqual(t, "e-mail of the change", seen[1].(*memberUpdate).Email.Value, "a@b.c")

			_, _, err = ready.Registration(parse(t, `{}`), emails{}.Parse)
			wantEqual(t, "calls of Validate after errors of types", len(seen), 2)
			if err == nil {
				t.Error("got no error, want one")
			}
		})
	}
}

// What Validate changes is what is used.
func TestValidateMayChange(t *testing.T) {
	s := memberSchema()
	s.Validate = func(in any) error {
		if in, ok := in.(*memberCreate); ok {
			in.Nickname = "Arthur"
		}
		return nil
	}
	u, _, err := newSchema(t, s).Registration(parse(t, `{"nickname":"x","email":"a@b.c","password":"x"}`), emails{}.Parse)
	must(t, err)
	wantEqual(t, "nickname", u.Nickname, "Arthur")
}

type (
	tree     struct{ Kids []tree }
	named2   struct{ core.UserCreate }
	loopList []loopList
	loopMap  map[string]loopMap
	loopPtr  *loopPtr
	node     struct {
		Next  *node            `json:"next"`
		Named map[string]*node `json:"named"`
	}
	twice struct {
		First  street  `json:"first"`
		Second *street `json:"second"`
	}
)

func creating[C any]() core.Creates[*Member] {
	return core.Creating(func(C) *Member { return &Member{} })
}

func TestSchemaProblems(t *testing.T) {
	field := func(name string) string { return "core_test.only[" + name + "].Field: " }
	cannot := func(in, of string) []string {
		return []string{"Create: " + field(in) + "a field of type " + of + " cannot be decoded"}
	}
	tests := []struct {
		name   string
		create core.Creates[*Member]
		want   []string
	}{
		{"nothing", core.Creates[*Member]{}, nil},
		{"core.UserCreate itself", creating[core.UserCreate](), nil},
		{"embedded twice over", creating[struct{ named2 }](), nil},
		{"one type twice", creating[only[twice]](), nil},
		{"not embedded", creating[struct {
			Email string `json:"email"`
		}](), []string{"Create: struct { Email string \"json:\\\"email\\\"\" } does not embed core.UserCreate"}},
		{"embedded as a pointer", creating[struct{ *core.UserCreate }](),
			[]string{"Create: struct { *core.UserCreate }.UserCreate has no JSON name"}},
		{"the wrong one", creating[core.UserUpdate](), []string{"Create: core.UserUpdate does not embed core.UserCreate"}},
		{"no struct", creating[map[string]any](), []string{"Create: map[string]interface {} is not a struct"}},
		{"a pointer", creating[*core.UserCreate](), []string{"Create: *core.UserCreate is not a struct"}},
		{"a field without a name", creating[only[tree]](), []string{"Create: " + field("github.com/gousher/usher/core_test.tree") + "core_test.tree.Kids has no JSON name"}},
		{"a channel", creating[only[chan int]](), cannot("chan int", "chan int")},
		{"a function", creating[only[func()]](), cannot("func()", "func()")},
		{"an unsigned number", creating[only[uint]](), cannot("uint", "uint")},
		{"an array", creating[only[[2]int]](), cannot("[2]int", "[2]int")},
		{"a complex number", creating[only[[]complex128]](), cannot("[]complex128", "complex128")},
		{"a map of numbers", creating[only[map[int]string]](), cannot("map[int]string", "map[int]string")},
		{"an interface with methods", creating[only[error]](), cannot("error", "error")},
		{"a struct without fields", creating[only[time.Time]](), cannot("time.Time", "time.Time")},
		{"an optional in a slice", creating[only[[]core.Optional[int]]](), cannot("[]github.com/gousher/usher/core.Optional[int]", "core.Optional[int]")},
		{"a pointer to an optional", creating[only[*core.Optional[int]]](), cannot("*github.com/gousher/usher/core.Optional[int]", "core.Optional[int]")},
		{"a slice of itself", creating[only[loopList]](), cannot("github.com/gousher/usher/core_test.loopList", "core_test.loopList, which holds itself,")},
		{"a map of itself", creating[only[loopMap]](), cannot("github.com/gousher/usher/core_test.loopMap", "core_test.loopMap, which holds itself,")},
		{"a pointer to itself", creating[only[loopPtr]](), cannot("github.com/gousher/usher/core_test.loopPtr", "core_test.loopPtr, which holds itself,")},
		{"a struct of itself", creating[only[node]](), []string{"Create: " + field("github.com/gousher/usher/core_test.node") +
			"core_test.node.Next: a field of type core_test.node, which holds itself, cannot be decoded\n" +
			"core_test.node.Named: a field of type core_test.node, which holds itself, cannot be decoded"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := core.Schema[*Member]{Create: test.create}.WithDefaults()
			if test.want == nil {
				must(t, err)
				return
			}
			wantProblems(t, err, "core.Schema", test.want...)
		})
	}
}

func TestSchemaProblemsInOrder(t *testing.T) {
	s := core.Schema[*Member]{Create: creating[int](), Update: core.Updating(func(string, *Member) {})}
	for range 20 {
		_, err := s.WithDefaults()
		wantProblems(t, err, "core.Schema", "Create: int is not a struct", "Update: string is not a struct")
	}
}
