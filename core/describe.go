package core

import (
	"reflect"
	"strings"
)

// Form describes a struct of a [Schema], for documents about it.
type Form struct {
	// Name is the struct's, such as "memberCreate".
	Name   string
	Fields []Field
}

// Field is a field of a [Form].
type Field struct {
	// Name is the one in JSON.
	Name string
	// Type is that of the value: a pointer where it may be null.
	Type reflect.Type
	// Required says that the field may not be left out, Email that its value
	// is an address.
	Required, Email bool
}

// Forms returns what clients may read, set on registration and change. The
// schema has its defaults.
func (s *Schema[U]) Forms() (read, create, update Form) {
	return ReadForm(s.Read.form), s.Create.form.describe(), s.Update.form.describe()
}

func (f *form) describe() Form {
	out := Form{Name: f.typ.Name()}
	for _, field := range f.fields {
		out.Fields = append(out.Fields, Field{field.name, field.typ, !field.optional, field.email})
	}
	return out
}

// InputForm describes a struct that stands in a schema for what clients send.
func InputForm(t reflect.Type) Form {
	nested := &form{typ: t}
	nested.add(t, nil, nil)
	return nested.describe()
}

// ReadForm describes a struct as [encoding/json] writes it.
func ReadForm(t reflect.Type) Form {
	out := Form{Name: t.Name()}
	for _, sf := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if !sf.IsExported() || name == "-" && options == "" || sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		email := name == "email" && ofUser(t, sf)
		out.Fields = append(out.Fields, Field{name, sf.Type, !optional, email})
	}
	return out
}

// ofUser reports whether a field of t is one of [UserRead] or [IntUserRead].
func ofUser(t reflect.Type, sf reflect.StructField) bool {
	for _, i := range sf.Index[:len(sf.Index)-1] {
		if t = t.Field(i).Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
	}
	return t == reflect.TypeFor[UserRead]() || t == reflect.TypeFor[IntUserRead]()
}
