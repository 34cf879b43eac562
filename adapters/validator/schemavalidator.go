package schemavalidator

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/go-playground/validator/v10"
	"github.com/gousher/usher/core"
)

// Config says what is checked. Forms is needed.
type Config struct {
	// Forms are values, or pointers to them, of all structs that the schema
	// decodes into: those of core.Creating and core.Updating.
	Forms []any
	// Validator has tags of the application's own. Nil means a new one. It is
	// given JSON names and must not be used otherwise, or changed, afterwards.
	Validator *validator.Validate
	// Describe says what is wrong by a tag: its Type, Msg and Ctx are used, and
	// Msg must tell nothing that is secret. Where it returns false, and where it
	// is nil, this package does. See the README for the tags that it knows.
	Describe func(e validator.FieldError) (core.FieldError, bool)
}

// New returns what core.Schema.Validate may be, or a *core.ConfigError. It
// tries each form on a value of its own, so that tags that do not exist or do
// not fit their field are found at once. The function is safe for concurrent
// use, returns nil or a *core.InputError, and panics for a struct that is none
// of the forms.
func New(cfg Config) (func(in any) error, error) {
	c := &checker{v: cfg.Validator, describe: cfg.Describe, forms: map[reflect.Type]bool{
		reflect.TypeFor[core.UserCreate](): true, reflect.TypeFor[core.UserUpdate](): true,
	}}
	if c.v == nil {
		c.v = validator.New(validator.WithRequiredStructEnabled())
	}
	c.v.RegisterTagNameFunc(jsonName)
	var problems []string
	if len(cfg.Forms) == 0 {
		problems = append(problems, "Forms is empty")
	}
	for t := range c.forms {
		c.learn(t, map[reflect.Type]bool{})
	}
	for i, form := range cfg.Forms {
		t := reflect.TypeOf(form)
		if t != nil && t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t == nil || t.Kind() != reflect.Struct {
			problems = append(problems, fmt.Sprintf("Forms[%d] is %T, a struct is needed", i, form))
			continue
		}
		c.forms[t] = true
		c.learn(t, map[reflect.Type]bool{})
		if problem := c.try(t); problem != "" {
			problems = append(problems, fmt.Sprintf("Forms[%d]: %s", i, problem))
		}
	}
	if problems != nil {
		return nil, &core.ConfigError{Of: "schemavalidator.Config", Problems: problems}
	}
	return c.check, nil
}

type checker struct {
	v        *validator.Validate
	describe func(e validator.FieldError) (core.FieldError, bool)
	forms    map[reflect.Type]bool
}

// learn has the validator see every Optional below t as the value in it.
func (c *checker) learn(t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		c.learn(t.Elem(), seen)
	case reflect.Struct:
		if isOptional(t) {
			c.v.RegisterCustomTypeFunc(content, reflect.Zero(t).Interface())
		}
		for i := range t.NumField() {
			if t.Field(i).IsExported() || t.Field(i).Anonymous {
				c.learn(t.Field(i).Type, seen)
			}
		}
	}
}

// content returns the value of an Optional, or a nil pointer where it was left
// out.
func content(optional reflect.Value) any {
	value := optional.FieldByName("Value")
	if !optional.FieldByName("Set").Bool() {
		return reflect.Zero(reflect.PointerTo(value.Type())).Interface()
	}
	return value.Interface()
}

func isOptional(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[core.User]().PkgPath() && strings.HasPrefix(t.Name(), "Optional[")
}

// try checks a value in which nothing is left out, and returns what its tags
// make the validator panic with.
func (c *checker) try(t reflect.Type) (problem string) {
	defer func() {
		if p := recover(); p != nil {
			problem = fmt.Sprint(p)
		}
	}()
	value := reflect.New(t)
	fill(value.Elem(), nil)
	_ = c.v.Struct(value.Interface()) // what is wrong with the value does not matter
	return ""
}

// fill gives v something in every place where there may be nothing.
func fill(v reflect.Value, within []reflect.Type) {
	for _, t := range within {
		if t == v.Type() {
			return
		}
	}
	within = append(within[:len(within):len(within)], v.Type())
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), within)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), within)
	case reflect.Map:
		element := reflect.New(v.Type().Elem()).Elem()
		fill(element, within)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.Zero(v.Type().Key()), element)
	case reflect.Struct:
		if isOptional(v.Type()) {
			v.FieldByName("Set").SetBool(true)
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), within)
			}
		}
	}
}

// check is what New returns.
func (c *checker) check(in any) error {
	form := reflect.ValueOf(in)
	for form.Kind() == reflect.Pointer {
		form = form.Elem()
	}
	if !form.IsValid() || !c.forms[form.Type()] {
		panic(fmt.Sprintf("schemavalidator: %T is none of Config.Forms", in))
	}
	err := c.v.Struct(in)
	if err == nil {
		return nil
	}
	found, ok := errors.AsType[validator.ValidationErrors](err)
	if !ok {
		panic(fmt.Sprintf("schemavalidator: %v", err))
	}
	var list []core.FieldError
	for _, e := range found {
		if absent(e) && !strings.HasPrefix(e.Tag(), "required") {
			continue
		}
		list = append(list, c.explain(form, e))
	}
	if list == nil {
		return nil
	}
	return &core.InputError{Errors: list}
}

// absent reports whether a value was left out or is null.
func absent(e validator.FieldError) bool {
	return e.Kind() == reflect.Invalid || e.Kind() == reflect.Pointer || e.Kind() == reflect.Interface
}

// explain returns the entry of the answer for e.
func (c *checker) explain(form reflect.Value, e validator.FieldError) core.FieldError {
	at := locate(form, e.Namespace())
	out, ok := core.FieldError{}, false
	if c.describe != nil {
		out, ok = c.describe(e)
	}
	if !ok {
		out = describe(e)
	}
	out.Loc, out.Input = append([]any{"body"}, at.loc...), nil
	if !at.secret {
		out.Input = shown(reflect.ValueOf(e.Value()))
	}
	return out
}
