package core

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// form is what a struct of a schema accepts.
type form struct {
	typ    reflect.Type
	fields []formField
	// path leads to the embedded UserCreate or UserUpdate.
	path []int
	// within lists the types that typ is nested in.
	within []reflect.Type
	err    error
}

type formField struct {
	name     string
	index    []int
	typ      reflect.Type
	optional bool
	email    bool // the address, which is parsed
	builtin  bool // one of UserCreate or UserUpdate
	flag     bool // is_active, is_superuser or is_verified
}

// rules is what a decoding depends on besides the form.
type rules struct {
	// parse parses an e-mail address.
	parse func(addr string) (string, error)
	// nullFlags accepts null for is_active and the like.
	nullFlags bool
}

// optionalField is implemented by every Optional.
type optionalField interface{ isOptional() }

func isOptional(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.Implements(reflect.TypeFor[optionalField]())
}

// newForm describes C, which must embed Base by value. The fields of Base come
// first.
func newForm[C, Base any]() *form {
	f := &form{typ: reflect.TypeFor[C]()}
	base := reflect.TypeFor[Base]()
	if f.typ.Kind() != reflect.Struct {
		f.err = fmt.Errorf("%v is not a struct", f.typ)
		return f
	}
	f.add(f.typ, nil, base)
	slices.SortStableFunc(f.fields, func(a, b formField) int {
		switch {
		case a.builtin == b.builtin:
			return 0
		case a.builtin:
			return -1
		}
		return 1
	})
	seen := map[string]bool{}
	for _, field := range f.fields {
		if seen[field.name] {
			f.err = errors.Join(f.err, fmt.Errorf("%v has two fields named %q", f.typ, field.name))
		}
		seen[field.name] = true
	}
	if f.typ != base && f.path == nil && f.err == nil {
		f.err = fmt.Errorf("%v does not embed %v", f.typ, base)
	}
	return f
}

// add lists the fields of t.
func (f *form) add(t reflect.Type, at []int, base reflect.Type) {
	if t == base {
		f.path = at
	}
	for i := range t.NumField() {
		sf := t.Field(i)
		index := append(append([]int{}, at...), i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			f.add(sf.Type, index, base)
			continue
		}
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if !sf.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			f.err = errors.Join(f.err, fmt.Errorf("%v.%s has no JSON name", t, sf.Name))
			continue
		}
		field := formField{name: name, index: index, typ: sf.Type, builtin: t == base}
		field.email = field.builtin && name == "email"
		field.flag = field.builtin && strings.HasPrefix(name, "is_")
		if isOptional(sf.Type) {
			field.optional = true
			field.typ = sf.Type.Field(0).Type
		}
		if err := decodable(field.typ, f.within); err != nil {
			f.err = errors.Join(f.err, fmt.Errorf("%v.%s: %w", t, sf.Name, err))
		}
		f.fields = append(f.fields, field)
	}
}

// base returns the embedded struct of in, a pointer to f.typ.
func (f *form) base(in reflect.Value) any {
	v := in.Elem()
	if len(f.path) > 0 {
		v = v.FieldByIndex(f.path)
	}
	return v.Addr().Interface()
}

// decode returns a pointer to a new struct, and what is wrong with input.
func (f *form) decode(input any, r rules) (reflect.Value, []FieldError) {
	in := reflect.New(f.typ)
	object, ok := input.(*Object)
	switch {
	case input == nil:
		return in, []FieldError{missing([]any{"body"}, nil)}
	case !ok:
		return in, []FieldError{notAnObject([]any{"body"}, input)}
	}
	return in, f.fill(in.Elem(), object, []any{"body"}, r)
}

func (f *form) fill(to reflect.Value, object *Object, loc []any, r rules) []FieldError {
	var wrong []FieldError
	for _, field := range f.fields {
		at := append(append([]any{}, loc...), field.name)
		value, ok := object.Get(field.name)
		if !ok {
			if !field.optional {
				wrong = append(wrong, missing(at, object))
			}
			continue
		}
		target := to.FieldByIndex(field.index)
		if field.optional {
			target.FieldByName("Set").SetBool(true)
			target = target.FieldByName("Value")
		}
		found := decodeValue(target, value, at)
		switch {
		case field.flag && value == nil && !r.nullFlags:
			found = []FieldError{boolType(at, nil)}
		case field.email && found == nil:
			found = parseEmail(target, at, r.parse)
		}
		wrong = append(wrong, found...)
	}
	return wrong
}

func parseEmail(target reflect.Value, at []any, parse func(string) (string, error)) []FieldError {
	shown, err := parse(target.String())
	if err == nil {
		target.SetString(shown)
		return nil
	}
	reason := err.Error()
	var invalid *EmailError
	if errors.As(err, &invalid) {
		reason = invalid.Reason
	}
	return []FieldError{{
		Type: "value_error", Loc: at, Msg: "value is not a valid email address: " + reason,
		Input: target.String(), Ctx: map[string]any{"reason": reason},
	}}
}
