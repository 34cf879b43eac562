package core

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// Schema says what clients may read of a user, set on registration, and
// change. A field that no schema names cannot be seen or set from outside.
// All deliveries share it. The zero value knows the fields of [UserRead],
// [UserCreate] and [UserUpdate] only.
type Schema[U AnyUser] struct {
	Read   Reads[U]
	Create Creates[U]
	Update Updates[U]
	// Validate is given the *struct that was decoded, of the type that Create
	// or Update names, and returns nil, an *[InputError], or any other error,
	// whose text is shown to the client. It runs after types were checked.
	Validate func(in any) error
}

// UserRead is what every schema for reading starts with, or [IntUserRead]:
// embed it.
type UserRead struct {
	ID          string `json:"id"`
	Email       string `json:"email"`
	IsActive    bool   `json:"is_active"`
	IsSuperuser bool   `json:"is_superuser"`
	IsVerified  bool   `json:"is_verified"`
}

// ReadUser returns what a UserRead shows of u.
func ReadUser(u AnyUser) UserRead {
	user := u.AuthUser()
	return UserRead{user.ID, user.Email, user.IsActive, user.IsSuperuser, user.IsVerified}
}

// IntUserRead is [UserRead] for users whose ids are [IntIDs]: the id is a
// number in JSON.
type IntUserRead struct {
	ID          int64  `json:"id"`
	Email       string `json:"email"`
	IsActive    bool   `json:"is_active"`
	IsSuperuser bool   `json:"is_superuser"`
	IsVerified  bool   `json:"is_verified"`
}

// ReadIntUser returns the IntUserRead of u. Its ID is zero where that of u is
// no number.
func ReadIntUser(u AnyUser) IntUserRead {
	user := u.AuthUser()
	id, _ := strconv.ParseInt(user.ID, 10, 64)
	return IntUserRead{id, user.Email, user.IsActive, user.IsSuperuser, user.IsVerified}
}

// UserCreate is what every schema for registration starts with: embed it. The
// flags are checked for their type and otherwise ignored.
type UserCreate struct {
	Email       string          `json:"email"`
	Password    string          `json:"password"`
	IsActive    Optional[*bool] `json:"is_active"`
	IsSuperuser Optional[*bool] `json:"is_superuser"`
	IsVerified  Optional[*bool] `json:"is_verified"`
}

// UserUpdate is what every schema for changes starts with: embed it.
type UserUpdate struct {
	Password    Optional[*string] `json:"password"`
	Email       Optional[string]  `json:"email"`
	IsActive    Optional[*bool]   `json:"is_active"`
	IsSuperuser Optional[*bool]   `json:"is_superuser"`
	IsVerified  Optional[*bool]   `json:"is_verified"`
}

// Optional is a field that may be left out. T is a pointer where the field
// may be null as well. A field of any other type is required.
type Optional[T any] struct {
	Value T
	// Set is false where the field was left out.
	Set bool
}

// Apply sets *to where the field was not left out.
func (o Optional[T]) Apply(to *T) {
	if o.Set {
		*to = o.Value
	}
}

func (Optional[T]) isOptional() {}

// Reads is a schema for reading; make one with [Reading].
type Reads[U AnyUser] struct {
	read func(U) any
	// form is the type that read returns.
	form reflect.Type
}

// Creates is a schema for registration; make one with [Creating].
type Creates[U AnyUser] struct {
	form   *form
	create func(in any) U
}

// Updates is a schema for changes; make one with [Updating].
type Updates[U AnyUser] struct {
	form   *form
	update func(in any, u U)
}

// Reading returns a schema that shows what read returns: a struct that embeds
// [UserRead] or [IntUserRead] first and has further fields with JSON names.
func Reading[U AnyUser, R any](read func(u U) R) Reads[U] {
	return Reads[U]{func(u U) any { return read(u) }, reflect.TypeFor[R]()}
}

// Creating returns a schema that accepts the fields of C, a struct that
// embeds [UserCreate] and has further fields with JSON names. Create makes
// the application's user of them; it need not care for the embedded fields.
func Creating[U AnyUser, C any](create func(in C) U) Creates[U] {
	return Creates[U]{newForm[C, UserCreate](), func(in any) U { return create(*in.(*C)) }}
}

// Updating returns a schema that accepts the fields of P, a struct that
// embeds [UserUpdate] and has further fields, as a rule each an [Optional].
// Update sets them on u; it need not care for the embedded fields.
func Updating[U AnyUser, P any](update func(in P, u U)) Updates[U] {
	return Updates[U]{newForm[P, UserUpdate](), func(in any, u U) { update(*in.(*P), u) }}
}

// WithDefaults returns s with what is missing filled in, or a *[ConfigError].
// Deliveries call it.
func (s Schema[U]) WithDefaults() (Schema[U], error) {
	var problems []string
	if s.Read.read == nil {
		s.Read = Reading(func(u U) UserRead { return ReadUser(u) })
	}
	if s.Create.form == nil {
		s.Create = Creating(func(UserCreate) U { return reflect.New(reflect.TypeFor[U]().Elem()).Interface().(U) })
	}
	if s.Update.form == nil {
		s.Update = Updating(func(UserUpdate, U) {})
	}
	if !startsWith(s.Read.form, reflect.TypeFor[UserRead]()) && !startsWith(s.Read.form, reflect.TypeFor[IntUserRead]()) {
		problems = append(problems, fmt.Sprintf("Read: %v is not a struct that embeds core.UserRead or core.IntUserRead first", s.Read.form))
	}
	if err := s.Create.form.err; err != nil {
		problems = append(problems, fmt.Sprintf("Create: %v", err))
	}
	if err := s.Update.form.err; err != nil {
		problems = append(problems, fmt.Sprintf("Update: %v", err))
	}
	if problems != nil {
		return s, &ConfigError{Of: "core.Schema", Problems: problems}
	}
	return s, nil
}

// startsWith reports whether t is first, or a struct that embeds it first.
func startsWith(t, first reflect.Type) bool {
	return t == first || t.Kind() == reflect.Struct && t.NumField() > 0 && t.Field(0).Anonymous && t.Field(0).Type == first
}

// Show returns the value that a delivery encodes for u.
func (s *Schema[U]) Show(u U) any { return s.Read.read(u) }

// Registration decodes what a client sent to register: nil, *[Object] or
// another JSON value. It returns an *[InputError] that lists all that is
// wrong, in the order of the schema.
func (s *Schema[U]) Registration(input any, parse func(addr string) (string, error)) (u U, password string, err error) {
	var none U
	in, err := s.decode(s.Create.form, input, rules{parse, true})
	if err != nil {
		return none, "", err
	}
	fields := s.Create.form.base(in).(*UserCreate)
	u = s.Create.create(in.Interface())
	u.AuthUser().Email = fields.Email
	return u, fields.Password, nil
}

// Changes decodes what a client sent to change a user. Where privileged is
// false the flags are checked for their type and left out of the change.
func (s *Schema[U]) Changes(input any, privileged bool, parse func(addr string) (string, error)) (Change[U], error) {
	f := s.Update.form
	in, err := s.decode(f, input, rules{parse, !privileged})
	if err != nil {
		return Change[U]{}, err
	}
	fields := f.base(in).(*UserUpdate)
	change := Change[U]{Password: fields.Password.Value, Fields: []string{}}
	if fields.Email.Set {
		change.Email = &fields.Email.Value
	}
	if privileged {
		change.IsActive, change.IsSuperuser, change.IsVerified =
			fields.IsActive.Value, fields.IsSuperuser.Value, fields.IsVerified.Value
	}
	sent := input.(*Object)
	for _, field := range f.fields {
		_, ok := sent.Get(field.name)
		if !ok || field.flag && !privileged {
			continue
		}
		change.Fields = append(change.Fields, field.name)
		if !field.builtin {
			change.Apply = func(u U) error { s.Update.update(in.Interface(), u); return nil }
		}
	}
	return change, nil
}

// decode fills a new struct of f from input and validates it.
func (s *Schema[U]) decode(f *form, input any, r rules) (reflect.Value, error) {
	in, wrong := f.decode(input, r)
	if wrong == nil && s.Validate != nil {
		var list *InputError
		if err := s.Validate(in.Interface()); errors.As(err, &list) {
			return in, list
		} else if err != nil {
			wrong = []FieldError{{
				Type: "value_error", Loc: []any{"body"}, Msg: "Value error, " + err.Error(),
				Input: input, Ctx: map[string]any{"error": err.Error()},
			}}
		}
	}
	if wrong != nil {
		return in, &InputError{wrong}
	}
	return in, nil
}
