package schemavalidator_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"
	schemavalidator "github.com/gousher/usher/adapters/validator"
	"github.com/gousher/usher/core"
)

type address struct {
	City string `json:"city" validate:"min=2"`
	Pin  string `json:"pin" usher:"secret" validate:"omitempty,len=4"`
}

type extra struct {
	Nickname string `json:"nickname" validate:"omitempty,min=3,max=5"`
}

// form has a field for each rule. What is zero is well.
type form struct {
	core.UserCreate
	extra
	Required string                          `json:"required" validate:"required"`
	Count    int                             `json:"count" validate:"required"`
	Between  int                             `json:"between" validate:"omitempty,gte=3,lte=5"`
	Within   int8                            `json:"within" validate:"omitempty,gt=3,lt=5"`
	Weight   float64                         `json:"weight" validate:"omitempty,min=1.5,max=1000000"`
	Five     int                             `json:"five" validate:"omitempty,eq=5"`
	Long     string                          `json:"long" validate:"omitempty,gt=2,lt=5"`
	Code     string                          `json:"code" validate:"omitempty,len=3"`
	Tags     []string                        `json:"tags" validate:"omitempty,min=2,max=3,dive,min=1"`
	One      []int                           `json:"one" validate:"omitempty,len=1"`
	Limits   map[string]int                  `json:"limits" validate:"omitempty,min=2,dive,gte=0"`
	Color    string                          `json:"color" validate:"omitempty,oneof=red green 'light blue'"`
	Pick     int                             `json:"pick" validate:"omitempty,oneof=1 2"`
	Contact  string                          `json:"contact" validate:"omitempty,email"`
	Link     string                          `json:"link" validate:"omitempty,url"`
	Site     string                          `json:"site" validate:"omitempty,http_url"`
	Key      string                          `json:"key" validate:"omitempty,uuid"`
	Key4     string                          `json:"key4" validate:"omitempty,uuid4"`
	Host     string                          `json:"host" validate:"omitempty,ip"`
	Host4    string                          `json:"host4" validate:"omitempty,ipv4"`
	Letters  string                          `json:"letters" validate:"omitempty,alpha"`
	Distinct []int                           `json:"distinct" validate:"omitempty,unique"`
	Starts   string                          `json:"starts" validate:"omitempty,startswith=a"`
	Home     address                         `json:"home"`
	Others   []address                       `json:"others" validate:"max=2,dive"`
	Named    map[string]address              `json:"named" validate:"dive"`
	Dotted   string                          `json:"a.b[0]" validate:"omitempty,min=2"`
	Motto    core.Optional[string]           `json:"motto" validate:"min=2"`
	Rank     core.Optional[*int]             `json:"rank" validate:"gte=1"`
	Work     core.Optional[address]          `json:"work"`
	Past     core.Optional[[]address]        `json:"past" validate:"dive"`
	Nullable *string                         `json:"nullable" validate:"min=2"`
	Phone    core.Optional[string]           `json:"phone" validate:"required_without=Motto"`
	Repeat   string                          `json:"password_again" validate:"eqfield=Password"`
	Answers  core.Optional[map[string][]int] `json:"answers" validate:"dive,max=1"`
}

// checker returns the function that checks forms.
func checker(t *testing.T, cfg schemavalidator.Config) func(any) error {
	t.Helper()
	if cfg.Forms == nil {
		cfg.Forms = []any{form{}}
	}
	check, err := schemavalidator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// good is a form that nothing is wrong with.
func good() *form {
	return &form{
		Required: "x", Count: 1, Home: address{City: "Ulm"}, Motto: core.Optional[string]{Value: "ok", Set: true},
	}
}

// wrongs returns what is wrong with f, in JSON.
func wrongs(t *testing.T, check func(any) error, f *form) string {
	t.Helper()
	err := check(f)
	if err == nil {
		return ""
	}
	list, ok := errors.AsType[*core.InputError](err)
	if !ok {
		t.Fatalf("got %v, want a *core.InputError", err)
	}
	var lines []string
	for _, e := range list.Errors {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.TrimSpace(b.String()))
	}
	return strings.Join(lines, "\n")
}

// What Pydantic 2.13 says of the same values against the same rules, where it
// has the rule.
func TestAnswers(t *testing.T) {
	check := checker(t, schemavalidator.Config{})
	set := func(s string) core.Optional[string] { return core.Optional[string]{Value: s, Set: true} }
	zero, short := 0, "a"
	tests := []struct {
		name string
		edit func(f *form)
		want string
	}{
		{"good", func(*form) {}, ""},
		{"required text", func(f *form) { f.Required = "" }, `{"type":"string_too_short","loc":["body","required"],"msg":"String should have at least 1 character","input":"","ctx":{"min_length":1}}`},
		{"required number", func(f *form) { f.Count = 0 }, `{"type":"missing","loc":["body","count"],"msg":"Field required","input":0}`},
		{"embedded", func(f *form) { f.Nickname = "éé" }, `{"type":"string_too_short","loc":["body","nickname"],"msg":"String should have at least 3 characters","input":"éé","ctx":{"min_length":3}}`},
		{"text too long", func(f *form) { f.Nickname = "aaaaaa" }, `{"type":"string_too_long","loc":["body","nickname"],"msg":"String should have at most 5 characters","input":"aaaaaa","ctx":{"max_length":5}}`},
		{"gte", func(f *form) { f.Between = 1 }, `{"type":"greater_than_equal","loc":["body","between"],"msg":"Input should be greater than or equal to 3","input":1,"ctx":{"ge":3}}`},
		{"lte", func(f *form) { f.Between = 9 }, `{"type":"less_than_equal","loc":["body","between"],"msg":"Input should be less than or equal to 5","input":9,"ctx":{"le":5}}`},
		{"gt", func(f *form) { f.Within = 3 }, `{"type":"greater_than","loc":["body","within"],"msg":"Input should be greater than 3","input":3,"ctx":{"gt":3}}`},
		{"lt", func(f *form) { f.Within = 5 }, `{"type":"less_than","loc":["body","within"],"msg":"Input should be less than 5","input":5,"ctx":{"lt":5}}`},
		{"min of a float", func(f *form) { f.Weight = 1 }, `{"type":"greater_than_equal","loc":["body","weight"],"msg":"Input should be greater than or equal to 1.5","input":1,"ctx":{"ge":1.5}}`},
		{"max of a float", func(f *form) { f.Weight = 2e6 }, `{"type":"less_than_equal","loc":["body","weight"],"msg":"Input should be less than or equal to 1000000","input":2000000,"ctx":{"le":1000000}}`},
		{"eq", func(f *form) { f.Five = 4 }, `{"type":"literal_error","loc":["body","five"],"msg":"Input should be 5","input":4,"ctx":{"expected":"5"}}`},
		{"gt of a text", func(f *form) { f.Long = "ab" }, `{"type":"string_too_short","loc":["body","long"],"msg":"String should have at least 3 characters","input":"ab","ctx":{"min_length":3}}`},
		{"lt of a text", func(f *form) { f.Long = "abcde" }, `{"type":"string_too_long","loc":["body","long"],"msg":"String should have at most 4 characters","input":"abcde","ctx":{"max_length":4}}`},
		{"len, too short", func(f *form) { f.Code = "ab" }, `{"type":"string_too_short","loc":["body","code"],"msg":"String should have at least 3 characters","input":"ab","ctx":{"min_length":3}}`},
		{"len, too long", func(f *form) { f.Code = "abcd" }, `{"type":"string_too_long","loc":["body","code"],"msg":"String should have at most 3 characters","input":"abcd","ctx":{"max_length":3}}`},
		{"list too short", func(f *form) { f.Tags = []string{"a"} }, `{"type":"too_short","loc":["body","tags"],"msg":"List should have at least 2 items after validation, not 1","input":["a"],"ctx":{"actual_length":1,"field_type":"List","min_length":2}}`},
		{"list too long", func(f *form) { f.One = []int{1, 2} }, `{"type":"too_long","loc":["body","one"],"msg":"List should have at most 1 item after validation, not 2","input":[1,2],"ctx":{"actual_length":2,"field_type":"List","max_length":1}}`},
		{"within a list", func(f *form) { f.Tags = []string{"a", ""} }, `{"type":"string_too_short","loc":["body","tags",1],"msg":"String should have at least 1 character","input":"","ctx":{"min_length":1}}`},
		{"dictionary", func(f *form) { f.Limits = map[string]int{"a": 1} }, `{"type":"too_short","loc":["body","limits"],"msg":"Dictionary should have at least 2 items after validation, not 1","input":{"a":1},"ctx":{"actual_length":1,"field_type":"Dictionary","min_length":2}}`},
		{"within a dictionary", func(f *form) { f.Limits = map[string]int{"a": 1, "b].x[": -1} }, `{"type":"greater_than_equal","loc":["body","limits","b].x["],"msg":"Input should be greater than or equal to 0","input":-1,"ctx":{"ge":0}}`},
		{"oneof", func(f *form) { f.Color = "x" }, `{"type":"literal_error","loc":["body","color"],"msg":"Input should be 'red', 'green' or 'light blue'","input":"x","ctx":{"expected":"'red', 'green' or 'light blue'"}}`},
		{"oneof numbers", func(f *form) { f.Pick = 3 }, `{"type":"literal_error","loc":["body","pick"],"msg":"Input should be 1 or 2","input":3,"ctx":{"expected":"1 or 2"}}`},
		{"email", func(f *form) { f.Contact = "x" }, `{"type":"value_error","loc":["body","contact"],"msg":"value is not a valid email address: An email address must have an @-sign.","input":"x","ctx":{"reason":"An email address must have an @-sign."}}`},
		{"email, other reason", func(f *form) { f.Contact = "x@" }, `{"type":"value_error","loc":["body","contact"],"msg":"value is not a valid email address: The email address is not valid.","input":"x@","ctx":{"reason":"The email address is not valid."}}`},
		{"url", func(f *form) { f.Link = "x" }, `{"type":"url_parsing","loc":["body","link"],"msg":"Input should be a valid URL","input":"x"}`},
		{"http_url", func(f *form) { f.Site = "ftp://a.b" }, `{"type":"url_scheme","loc":["body","site"],"msg":"URL scheme should be 'http' or 'https'","input":"ftp://a.b","ctx":{"expected_schemes":"'http' or 'https'"}}`},
		{"http_url, no URL", func(f *form) { f.Site = "x" }, `{"type":"url_parsing","loc":["body","site"],"msg":"Input should be a valid URL","input":"x"}`},
		{"uuid", func(f *form) { f.Key = "x" }, `{"type":"uuid_parsing","loc":["body","key"],"msg":"Input should be a valid UUID","input":"x"}`},
		{"uuid4", func(f *form) { f.Key4 = "6ba7b810-9dad-11d1-80b4-00c04fd430c8" }, `{"type":"uuid_version","loc":["body","key4"],"msg":"UUID version 4 expected","input":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","ctx":{"expected_version":4}}`},
		{"ip", func(f *form) { f.Host = "x" }, `{"type":"ip_any_address","loc":["body","host"],"msg":"value is not a valid IPv4 or IPv6 address","input":"x"}`},
		{"ipv4", func(f *form) { f.Host4 = "::1" }, `{"type":"ip_v4_address","loc":["body","host4"],"msg":"Input is not a valid IPv4 address","input":"::1"}`},
		{"pattern", func(f *form) { f.Letters = "a1" }, `{"type":"string_pattern_mismatch","loc":["body","letters"],"msg":"String should match pattern '^[a-zA-Z]+$'","input":"a1","ctx":{"pattern":"^[a-zA-Z]+$"}}`},
		{"other rule", func(f *form) { f.Distinct = []int{1, 1} }, `{"type":"value_error","loc":["body","distinct"],"msg":"Value error, the rule unique does not hold","input":[1,1],"ctx":{"error":"the rule unique does not hold"}}`},
		{"other rule, with a parameter", func(f *form) { f.Starts = "b" }, `{"type":"value_error","loc":["body","starts"],"msg":"Value error, the rule startswith=a does not hold","input":"b","ctx":{"error":"the rule startswith=a does not hold"}}`},
		{"nested", func(f *form) { f.Home.City = "U" }, `{"type":"string_too_short","loc":["body","home","city"],"msg":"String should have at least 2 characters","input":"U","ctx":{"min_length":2}}`},
		{"nested in a list", func(f *form) { f.Others = []address{{City: "Ulm"}, {City: "U"}} }, `{"type":"string_too_short","loc":["body","others",1,"city"],"msg":"String should have at least 2 characters","input":"U","ctx":{"min_length":2}}`},
		{"nested in a dictionary", func(f *form) { f.Named = map[string]address{"a.b": {City: "U"}} }, `{"type":"string_too_short","loc":["body","named","a.b","city"],"msg":"String should have at least 2 characters","input":"U","ctx":{"min_length":2}}`},
		{"name with dots", func(f *form) { f.Dotted = "x" }, `{"type":"string_too_short","loc":["body","a.b[0]"],"msg":"String should have at least 2 characters","input":"x","ctx":{"min_length":2}}`},
		{"optional", func(f *form) { f.Motto, f.Phone = set(""), set("1") }, `{"type":"string_too_short","loc":["body","motto"],"msg":"String should have at least 2 characters","input":"","ctx":{"min_length":2}}`},
		{"optional, null", func(f *form) { f.Rank.Set = true }, ""},
		{"optional that may be null", func(f *form) { f.Rank = core.Optional[*int]{Value: &zero, Set: true} }, `{"type":"greater_than_equal","loc":["body","rank"],"msg":"Input should be greater than or equal to 1","input":0,"ctx":{"ge":1}}`},
		{"optional struct", func(f *form) { f.Work = core.Optional[address]{Value: address{City: "U"}, Set: true} }, `{"type":"string_too_short","loc":["body","work","city"],"msg":"String should have at least 2 characters","input":"U","ctx":{"min_length":2}}`},
		{"optional list", func(f *form) { f.Past = core.Optional[[]address]{Value: []address{{City: "U"}}, Set: true} }, `{"type":"string_too_short","loc":["body","past",0,"city"],"msg":"String should have at least 2 characters","input":"U","ctx":{"min_length":2}}`},
		{"optional dictionary of lists", func(f *form) {
			f.Answers = core.Optional[map[string][]int]{Value: map[string][]int{"a": {1, 2}}, Set: true}
		}, `{"type":"too_long","loc":["body","answers","a"],"msg":"List should have at most 1 item after validation, not 2","input":[1,2],"ctx":{"actual_length":2,"field_type":"List","max_length":1}}`},
		{"pointer", func(f *form) { f.Nullable = &short }, `{"type":"string_too_short","loc":["body","nullable"],"msg":"String should have at least 2 characters","input":"a","ctx":{"min_length":2}}`},
		{"required without another", func(f *form) { f.Motto.Set = false }, `{"type":"value_error","loc":["body","phone"],"msg":"Value error, the rule required_without=Motto does not hold","input":null,"ctx":{"error":"the rule required_without=Motto does not hold"}}`},
		{"in the order of the fields", func(f *form) { f.Count, f.Nickname, f.Home.City = 0, "a", "" }, `{"type":"string_too_short","loc":["body","nickname"],"msg":"String should have at least 3 characters","input":"a","ctx":{"min_length":3}}
{"type":"missing","loc":["body","count"],"msg":"Field required","input":0}
{"type":"string_too_short","loc":["body","home","city"],"msg":"String should have at least 2 characters","input":"","ctx":{"min_length":2}}`},
		// Secrets.
		{"password", func(f *form) { f.Password, f.Repeat = "the-secret", "the-secret?" }, `{"type":"value_error","loc":["body","password_again"],"msg":"Value error, the rule eqfield=Password does not hold","input":null,"ctx":{"error":"the rule eqfield=Password does not hold"}}`},
		{"secret by its tag", func(f *form) { f.Home.Pin = "the-secret" }, `{"type":"string_too_long","loc":["body","home","pin"],"msg":"String should have at most 4 characters","input":null,"ctx":{"max_length":4}}`},
		{"secrets within", func(f *form) { f.Others = []address{{"Ulm", "1234"}, {"Ulm", "1234"}, {"Ulm", "1234"}} }, `{"type":"too_long","loc":["body","others"],"msg":"List should have at most 2 items after validation, not 3","input":[{"city":"Ulm"},{"city":"Ulm"},{"city":"Ulm"}],"ctx":{"actual_length":3,"field_type":"List","max_length":2}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := good()
			test.edit(f)
			if got := wrongs(t, check, f); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestConfigProblems(t *testing.T) {
	type unknown struct {
		Name string `json:"name" validate:"min=2,colour"`
	}
	type unfit struct {
		Inner core.Optional[[]struct {
			Age core.Optional[*int] `json:"age" validate:"min=abc"`
		}] `json:"inner" validate:"dive"`
	}
	type flat struct {
		Name string `json:"name" validate:"dive"`
	}
	_, err := schemavalidator.New(schemavalidator.Config{Forms: []any{unknown{}, 7, nil, unfit{}, &flat{}, form{}}})
	e, ok := errors.AsType[*core.ConfigError](err)
	if !ok || len(e.Problems) != 5 {
		t.Fatalf("got %v, want five problems", err)
	}
	for i, want := range []string{
		"Forms[0]: Undefined validation function 'colour' on field 'Name'", "Forms[1] is int, a struct is needed",
		"Forms[2] is <nil>, a struct is needed", "Forms[3]: strconv.ParseInt", "Forms[4]: dive error",
	} {
		if !strings.HasPrefix(e.Problems[i], want) {
			t.Errorf("got %q, want %q", e.Problems[i], want)
		}
	}
	if _, err := schemavalidator.New(schemavalidator.Config{}); err == nil || err.Error() != "schemavalidator.Config: Forms is empty" {
		t.Errorf("got %v", err)
	}
}

// A struct that was not named would be checked by half.
func TestUnknownForm(t *testing.T) {
	check := checker(t, schemavalidator.Config{})
	defer func() {
		if got := recover(); got != "schemavalidator: *schemavalidator_test.address is none of Config.Forms" {
			t.Errorf("got %v", got)
		}
	}()
	t.Errorf("got %v, want a panic", check(&address{}))
}

// The schemas of core that have no fields of their own need not be named.
func TestFormsOfCore(t *testing.T) {
	check := checker(t, schemavalidator.Config{})
	for _, in := range []any{&core.UserCreate{}, &core.UserUpdate{}} {
		if err := check(in); err != nil {
			t.Errorf("%T: got %v", in, err)
		}
	}
}

func TestOwnRule(t *testing.T) {
	type pet struct {
		Name string `json:"name" validate:"calm"`
		Kind string `json:"kind" validate:"min=2"`
	}
	v := validator.New()
	if err := v.RegisterValidation("calm", func(l validator.FieldLevel) bool { return !strings.Contains(l.Field().String(), "!") }); err != nil {
		t.Fatal(err)
	}
	check := checker(t, schemavalidator.Config{Forms: []any{pet{}}, Validator: v, Describe: func(e validator.FieldError) (core.FieldError, bool) {
		return core.FieldError{Type: "too_loud", Msg: "Please do not shout"}, e.Tag() == "calm"
	}})
	err := check(&pet{Name: "Rex!", Kind: "a"})
	list, ok := errors.AsType[*core.InputError](err)
	if !ok || len(list.Errors) != 2 {
		t.Fatalf("got %v", err)
	}
	if e := list.Errors[0]; e.Type != "too_loud" || e.Msg != "Please do not shout" || len(e.Loc) != 2 || e.Loc[1] != "name" || e.Input != "Rex!" {
		t.Errorf("got %+v", e)
	}
	if e := list.Errors[1]; e.Type != "string_too_short" {
		t.Errorf("got %+v", e)
	}
}
