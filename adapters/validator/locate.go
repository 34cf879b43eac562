package schemavalidator

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gousher/usher/core"
)

// jsonName is what the validator calls a field.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

// secretWords are in the names of fields whose values are not sent back.
var secretWords = []string{"password", "passphrase", "passwd", "secret", "token"}

// isSecret reports whether the value of f is not sent back: by its name, or by
// its tag `usher:"secret"`.
func isSecret(f reflect.StructField) bool {
	name := strings.ToLower(jsonName(f))
	return f.Tag.Get("usher") == "secret" ||
		slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

// place is where a value is, by JSON names and indexes.
type place struct {
	loc    []any
	secret bool // whether something on the way is
}

// locate finds the value that the validator calls by a path such as
// "memberCreate.addresses[0].city" in form. It goes by the fields and keys that
// are there, as names and keys may have any character.
func locate(form reflect.Value, path string) (at place) {
	if name := form.Type().Name(); name != "" {
		path = strings.TrimPrefix(path, name+".")
	}
	v := form
	for path != "" {
		v = inner(v)
		next, rest, ok := reflect.Value{}, "", false
		switch v.Kind() {
		case reflect.Struct:
			next, rest, ok = at.field(v, path)
		case reflect.Slice, reflect.Array:
			next, rest, ok = at.index(v, path)
		case reflect.Map:
			next, rest, ok = at.key(v, path)
		}
		if !ok { // a rule of the application's own named something else
			at.loc = append(at.loc, path)
			return at
		}
		v, path = next, strings.TrimPrefix(rest, ".")
	}
	return at
}

// inner returns what v holds.
func inner(v reflect.Value) reflect.Value {
	for {
		switch {
		case v.Kind() == reflect.Pointer, v.Kind() == reflect.Interface:
			v = v.Elem()
		case v.IsValid() && isOptional(v.Type()):
			v = v.FieldByName("Value")
		default:
			return v
		}
	}
}

// field goes to the field of v with the longest name that path begins with.
func (at *place) field(v reflect.Value, path string) (next reflect.Value, rest string, ok bool) {
	best, name := -1, ""
	for i := range v.NumField() {
		f := v.Type().Field(i)
		called := jsonName(f)
		if called == "" {
			called = f.Name
		}
		after, found := strings.CutPrefix(path, called)
		if found && (after == "" || after[0] == '.' || after[0] == '[') && (best < 0 || len(called) > len(name)) {
			best, name, rest = i, called, after
		}
	}
	if best < 0 {
		return next, rest, false
	}
	f := v.Type().Field(best)
	if !f.Anonymous || jsonName(f) != "" { // the fields of an embedded struct are those of its holder
		at.loc = append(at.loc, name)
	}
	at.secret = at.secret || isSecret(f)
	return v.Field(best), rest, true
}

func (at *place) index(v reflect.Value, path string) (next reflect.Value, rest string, ok bool) {
	text, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
	i, err := strconv.Atoi(text)
	if !ok || err != nil || i < 0 || i >= v.Len() {
		return next, rest, false
	}
	at.loc = append(at.loc, i)
	return v.Index(i), rest, true
}

// key goes to the longest key of v that path begins with.
func (at *place) key(v reflect.Value, path string) (next reflect.Value, rest string, ok bool) {
	name := ""
	for _, key := range v.MapKeys() {
		text := fmt.Sprint(key.Interface())
		after, found := strings.CutPrefix(path, "["+text+"]")
		if found && (!ok || len(text) > len(name)) {
			next, rest, name, ok = v.MapIndex(key), after, text, true
		}
	}
	if ok {
		at.loc = append(at.loc, name)
	}
	return next, rest, ok
}

// shown returns v as JSON has it, without what is secret in it.
func shown(v reflect.Value) any {
	v = inner(v)
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return json.Number(strconv.FormatInt(v.Int(), 10))
	case reflect.Float32, reflect.Float64:
		text, _ := json.Marshal(v.Interface()) // core decodes no NaN
		return json.Number(text)
	case reflect.Slice, reflect.Array:
		out := []any{}
		for i := range v.Len() {
			out = append(out, shown(v.Index(i)))
		}
		return out
	case reflect.Map:
		out, names := &core.Object{}, map[string]reflect.Value{}
		for _, key := range v.MapKeys() {
			names[fmt.Sprint(key.Interface())] = v.MapIndex(key)
		}
		for _, name := range sorted(names) {
			out.Set(name, shown(names[name]))
		}
		return out
	case reflect.Struct:
		out := &core.Object{}
		show(out, v)
		return out
	}
	return nil
}

// show sets the fields of v that a client sent and that are not secret.
func show(out *core.Object, v reflect.Value) {
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		switch name := jsonName(f); {
		case f.Anonymous && name == "" && value.Kind() == reflect.Struct:
			show(out, value)
		case !f.IsExported(), name == "", isSecret(f):
		case isOptional(f.Type) && !value.FieldByName("Set").Bool():
		default:
			out.Set(name, shown(value))
		}
	}
}

func sorted(m map[string]reflect.Value) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
