package schemavalidator

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"
	"github.com/gousher/usher/core"
)

// ctx is what a message was made from.
type ctx = map[string]any

// patterns are what tags that stand for a regular expression look for.
var patterns = map[string]string{
	"alpha": "^[a-zA-Z]+$", "alphanum": "^[a-zA-Z0-9]+$", "number": "^[0-9]+$",
	"numeric": `^[-+]?[0-9]+(?:\.[0-9]+)?$`, "hexadecimal": "^(0[xX])?[0-9a-fA-F]+$", "e164": `^\+?[1-9]\d{7,14}$`,
}

// describe returns the type, message and context that Pydantic has for what a
// tag refuses, or a value_error.
func describe(e validator.FieldError) core.FieldError {
	tag := e.ActualTag()
	if pattern, ok := patterns[tag]; ok {
		return core.FieldError{Type: "string_pattern_mismatch", Msg: fmt.Sprintf("String should match pattern '%s'", pattern), Ctx: ctx{"pattern": pattern}}
	}
	switch tag {
	case "required":
		if e.Kind() == reflect.String {
			return length(e, "min", 1)
		}
		return core.FieldError{Type: "missing", Msg: "Field required"}
	case "min", "gte", "gt", "max", "lte", "lt", "len":
		return size(e)
	case "eq", "oneof", "oneofci":
		return literal(e)
	case "email":
		return email(e)
	case "url", "uri":
		return core.FieldError{Type: "url_parsing", Msg: "Input should be a valid URL"}
	case "http_url", "https_url":
		return scheme(e)
	case "ip":
		return core.FieldError{Type: "ip_any_address", Msg: "value is not a valid IPv4 or IPv6 address"}
	case "ipv4", "ipv6":
		n := strings.TrimPrefix(tag, "ipv")
		return core.FieldError{Type: "ip_v" + n + "_address", Msg: "Input is not a valid IPv" + n + " address"}
	}
	if version, ok := strings.CutPrefix(tag, "uuid"); ok {
		return uuid(e, version)
	}
	return otherwise(e)
}

// otherwise is for a rule that Pydantic has no words for.
func otherwise(e validator.FieldError) core.FieldError {
	rule := e.Tag()
	if e.Param() != "" {
		rule += "=" + e.Param()
	}
	reason := "the rule " + rule + " does not hold"
	return core.FieldError{Type: "value_error", Msg: "Value error, " + reason, Ctx: ctx{"error": reason}}
}

// size is for the tags that compare a number, or the length of something.
func size(e validator.FieldError) core.FieldError {
	switch e.Kind() {
	case reflect.String, reflect.Slice, reflect.Array, reflect.Map:
	default:
		return bound(e)
	}
	n, err := strconv.Atoi(e.Param())
	if err != nil {
		return otherwise(e)
	}
	switch e.ActualTag() {
	case "gt":
		return length(e, "min", n+1)
	case "min", "gte":
		return length(e, "min", n)
	case "lt":
		return length(e, "max", n-1)
	case "max", "lte":
		return length(e, "max", n)
	}
	if lengthOf(e) < n {
		return length(e, "min", n)
	}
	return length(e, "max", n)
}

// bound compares a number.
func bound(e validator.FieldError) core.FieldError {
	var limit any
	switch e.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(e.Param(), 0, 64)
		if err != nil {
			return otherwise(e)
		}
		limit = n
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(e.Param(), 64)
		if err != nil {
			return otherwise(e)
		}
		limit = f
	default:
		return otherwise(e)
	}
	text := fmt.Sprint(shown(reflect.ValueOf(limit)))
	switch e.ActualTag() {
	case "min", "gte":
		return core.FieldError{Type: "greater_than_equal", Msg: "Input should be greater than or equal to " + text, Ctx: ctx{"ge": limit}}
	case "gt":
		return core.FieldError{Type: "greater_than", Msg: "Input should be greater than " + text, Ctx: ctx{"gt": limit}}
	case "max", "lte":
		return core.FieldError{Type: "less_than_equal", Msg: "Input should be less than or equal to " + text, Ctx: ctx{"le": limit}}
	case "lt":
		return core.FieldError{Type: "less_than", Msg: "Input should be less than " + text, Ctx: ctx{"lt": limit}}
	}
	return literal(e)
}

// length is for what has fewer or more of something than n.
func length(e validator.FieldError, side string, n int) core.FieldError {
	few, least := side == "min", "at most"
	if few {
		least = "at least"
	}
	if e.Kind() == reflect.String {
		out := core.FieldError{
			Type: "string_too_long", Msg: fmt.Sprintf("String should have %s %s", least, counted(n, "character")),
			Ctx: ctx{side + "_length": n},
		}
		if few {
			out.Type = "string_too_short"
		}
		return out
	}
	kind := "List"
	if e.Kind() == reflect.Map {
		kind = "Dictionary"
	}
	out := core.FieldError{
		Type: "too_long", Msg: fmt.Sprintf("%s should have %s %s after validation, not %d", kind, least, counted(n, "item"), lengthOf(e)),
		Ctx: ctx{"field_type": kind, side + "_length": n, "actual_length": lengthOf(e)},
	}
	if few {
		out.Type = "too_short"
	}
	return out
}

// lengthOf returns the length that the validator compares.
func lengthOf(e validator.FieldError) int {
	if e.Kind() == reflect.String {
		return len([]rune(inner(reflect.ValueOf(e.Value())).String()))
	}
	return inner(reflect.ValueOf(e.Value())).Len()
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// words splits the parameter of oneof as the validator does.
var words = regexp.MustCompile(`'[^']*'|\S+`)

// literal lists what a value may be.
func literal(e validator.FieldError) core.FieldError {
	list := []string{e.Param()}
	if e.ActualTag() == "oneof" || e.ActualTag() == "oneofci" {
		list = words.FindAllString(e.Param(), -1)
	}
	for i, word := range list {
		if e.Kind() == reflect.String {
			list[i] = "'" + strings.Trim(word, "'") + "'"
		}
	}
	expected := strings.Join(list[:len(list)-1], ", ")
	if expected != "" {
		expected += " or "
	}
	expected += list[len(list)-1]
	return core.FieldError{Type: "literal_error", Msg: "Input should be " + expected, Ctx: ctx{"expected": expected}}
}

func email(e validator.FieldError) core.FieldError {
	reason := "The email address is not valid."
	if text, ok := e.Value().(string); ok && !strings.Contains(text, "@") {
		reason = "An email address must have an @-sign."
	}
	return core.FieldError{Type: "value_error", Msg: "value is not a valid email address: " + reason, Ctx: ctx{"reason": reason}}
}

// scheme is for URLs of the web.
func scheme(e validator.FieldError) core.FieldError {
	expected := "'http' or 'https'"
	if e.ActualTag() == "https_url" {
		expected = "'https'"
	}
	text, _ := e.Value().(string)
	if name, _, ok := strings.Cut(text, "://"); ok && !strings.Contains(expected, "'"+strings.ToLower(name)+"'") {
		return core.FieldError{Type: "url_scheme", Msg: "URL scheme should be " + expected, Ctx: ctx{"expected_schemes": expected}}
	}
	return core.FieldError{Type: "url_parsing", Msg: "Input should be a valid URL"}
}

// uuidForm is what the validator takes for a UUID.
var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

func uuid(e validator.FieldError, version string) core.FieldError {
	version = strings.TrimSuffix(version, "_rfc4122")
	text, _ := e.Value().(string)
	if n, err := strconv.Atoi(version); err == nil && uuidForm.MatchString(text) && text[14:15] != version {
		return core.FieldError{Type: "uuid_version", Msg: fmt.Sprintf("UUID version %d expected", n), Ctx: ctx{"expected_version": n}}
	}
	return core.FieldError{Type: "uuid_parsing", Msg: "Input should be a valid UUID"}
}
