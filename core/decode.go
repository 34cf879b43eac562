package core

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// decodable returns an error where a schema cannot have a field of type t.
// Within lists the types that t stands in.
func decodable(t reflect.Type, within []reflect.Type) error {
	if slices.Contains(within, t) {
		return fmt.Errorf("a field of type %v, which holds itself, cannot be decoded", t)
	}
	within = append(slices.Clip(within), t)
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return nil
	case reflect.Pointer, reflect.Slice:
		return decodable(t.Elem(), within)
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			return decodable(t.Elem(), within)
		}
	case reflect.Interface:
		if t.NumMethod() == 0 {
			return nil
		}
	case reflect.Struct:
		if isOptional(t) {
			break
		}
		nested := &form{typ: t, within: within}
		nested.add(t, nil, nil)
		if nested.err != nil || nested.fields != nil {
			return nested.err
		}
	}
	return fmt.Errorf("a field of type %v cannot be decoded", t)
}

// decodeValue sets to from value, much as Pydantic's lax mode does, and returns
// what is wrong with it.
func decodeValue(to reflect.Value, value any, loc []any) []FieldError {
	switch to.Kind() {
	case reflect.Pointer:
		if value == nil {
			return nil
		}
		to.Set(reflect.New(to.Type().Elem()))
		return decodeValue(to.Elem(), value, loc)
	case reflect.String:
		s, ok := value.(string)
		if !ok {
			return one("string_type", loc, "Input should be a valid string", value)
		}
		to.SetString(s)
	case reflect.Bool:
		return decodeBool(to, value, loc)
	case reflect.Float32, reflect.Float64:
		return decodeFloat(to, value, loc)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return decodeInt(to, value, loc)
	case reflect.Slice:
		return decodeSlice(to, value, loc)
	case reflect.Map:
		return decodeMap(to, value, loc)
	case reflect.Struct:
		object, ok := value.(*Object)
		if !ok {
			return []FieldError{notAnObject(loc, value)}
		}
		nested := &form{typ: to.Type()}
		nested.add(nested.typ, nil, nil)
		return nested.fill(to, object, loc, rules{})
	case reflect.Interface:
		if value != nil {
			to.Set(reflect.ValueOf(plain(value)))
		}
	}
	return nil
}

func decodeBool(to reflect.Value, value any, loc []any) []FieldError {
	text := ""
	switch v := value.(type) {
	case bool:
		to.SetBool(v)
		return nil
	case string:
		text = strings.ToLower(v)
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			f, err := v.Float64()
			if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
				return []FieldError{boolType(loc, value)}
			}
			n = int64(f)
		}
		text = strconv.FormatInt(n, 10)
	default:
		return []FieldError{boolType(loc, value)}
	}
	switch text {
	case "1", "t", "true", "y", "yes", "on":
		to.SetBool(true)
	case "0", "f", "false", "n", "no", "off":
		to.SetBool(false)
	default:
		return one("bool_parsing", loc, "Input should be a valid boolean, unable to interpret input", value)
	}
	return nil
}

func decodeInt(to reflect.Value, value any, loc []any) []FieldError {
	text := ""
	switch v := value.(type) {
	case bool:
		if text = "0"; v {
			text = "1"
		}
	case json.Number:
		text = string(v)
		if f, err := v.Float64(); err == nil && strings.ContainsAny(text, ".eE") {
			if f != math.Trunc(f) {
				return one("int_from_float", loc, "Input should be a valid integer, got a number with a fractional part", value)
			}
			text = strconv.FormatFloat(f, 'f', -1, 64)
		}
	case string:
		text = strings.TrimSpace(v)
	default:
		return one("int_type", loc, "Input should be a valid integer", value)
	}
	n, err := strconv.ParseInt(text, 10, to.Type().Bits())
	if err != nil {
		return one("int_parsing", loc, "Input should be a valid integer, unable to parse string as an integer", value)
	}
	to.SetInt(n)
	return nil
}

func decodeFloat(to reflect.Value, value any, loc []any) []FieldError {
	text := ""
	switch v := value.(type) {
	case json.Number:
		text = string(v)
	case string:
		text = strings.TrimSpace(v)
	default:
		return one("float_type", loc, "Input should be a valid number", value)
	}
	f, err := strconv.ParseFloat(text, to.Type().Bits())
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(text, "xX_") {
		return one("float_parsing", loc, "Input should be a valid number, unable to parse string as a number", value)
	}
	to.SetFloat(f)
	return nil
}

// maxWrong is about how many things that are wrong in one list or map are looked
// for: whoever sends thousands need not be told of each.
const maxWrong = 1000

func decodeSlice(to reflect.Value, value any, loc []any) []FieldError {
	list, ok := value.([]any)
	if !ok {
		return one("list_type", loc, "Input should be a valid list", value)
	}
	out := reflect.MakeSlice(to.Type(), len(list), len(list))
	var wrong []FieldError
	for i, v := range list {
		if len(wrong) >= maxWrong {
			break
		}
		wrong = append(wrong, decodeValue(out.Index(i), v, append(append([]any{}, loc...), i))...)
	}
	to.Set(out)
	return wrong
}

func decodeMap(to reflect.Value, value any, loc []any) []FieldError {
	object, ok := value.(*Object)
	if !ok {
		return one("dict_type", loc, "Input should be a valid dictionary", value)
	}
	out := reflect.MakeMap(to.Type())
	var wrong []FieldError
	for _, name := range object.Names() {
		if len(wrong) >= maxWrong {
			break
		}
		v, _ := object.Get(name)
		element := reflect.New(to.Type().Elem()).Elem()
		wrong = append(wrong, decodeValue(element, v, append(append([]any{}, loc...), name))...)
		out.SetMapIndex(reflect.ValueOf(name).Convert(to.Type().Key()), element)
	}
	to.Set(out)
	return wrong
}

// plain returns value with every *Object replaced by a map.
func plain(value any) any {
	switch v := value.(type) {
	case *Object:
		out := make(map[string]any, len(v.Names()))
		for _, name := range v.Names() {
			inner, _ := v.Get(name)
			out[name] = plain(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	}
	return value
}

func one(typ string, loc []any, msg string, input any) []FieldError {
	return []FieldError{{Type: typ, Loc: loc, Msg: msg, Input: input}}
}

func missing(loc []any, input any) FieldError {
	return FieldError{Type: "missing", Loc: loc, Msg: "Field required", Input: input}
}

func boolType(loc []any, input any) FieldError {
	return FieldError{Type: "bool_type", Loc: loc, Msg: "Input should be a valid boolean", Input: input}
}

func notAnObject(loc []any, input any) FieldError {
	return FieldError{
		Type: "model_attributes_type", Loc: loc, Input: input,
		Msg: "Input should be a valid dictionary or object to extract fields from",
	}
}
