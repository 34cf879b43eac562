package grpcauth

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"

	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// field is a text of a message.
type field struct{ name, value string }

// required returns an error that lists the fields that are empty.
func required(fields ...field) error {
	var wrong []core.FieldError
	for _, f := range fields {
		if f.value == "" {
			wrong = append(wrong, core.FieldError{Type: "missing", Loc: []any{f.name}, Msg: "Field required"})
		}
	}
	if wrong != nil {
		return &core.InputError{Errors: wrong}
	}
	return nil
}

// address returns an e-mail address as it is parsed.
func (a *API[U]) address(email string) (string, error) {
	addr, err := a.users.ParseEmail(email)
	if e, ok := errors.AsType[*core.EmailError](err); ok {
		return "", wrongField("email", "VALUE_ERROR", "value is not a valid email address: %s", e.Reason)
	}
	return addr, err
}

// builtins are the names of the fields that messages have of their own.
var builtins = []string{"id", "email", "password", "is_active", "is_superuser", "is_verified"}

func isBuiltin(name any) bool {
	text, ok := name.(string)
	return ok && slices.Contains(builtins, text)
}

// creation returns what a client sent to register as schemas take it.
func (a *API[U]) creation(in *usherv1.UserCreate) (*core.Object, error) {
	out, err := a.addition(in.GetFields(), in.GetMessage())
	if err != nil {
		return nil, err
	}
	if in != nil {
		set(out, "email", in.Email)
		set(out, "password", in.Password)
	}
	return out, nil
}

// set gives name a value where there is one.
func set[T any](out *core.Object, name string, value *T) {
	if value != nil {
		out.Set(name, *value)
	}
}

// added is the name of the field in which the application's fields travel.
func (a *API[U]) added() string {
	if a.message.read != nil {
		return "message"
	}
	return "fields"
}

// addition returns the fields that the application adds.
func (a *API[U]) addition(fields *structpb.Struct, message *anypb.Any) (*core.Object, error) {
	out := &core.Object{}
	if a.message.read != nil {
		if fields != nil {
			return nil, wrongField("user.fields", "NOT_SUPPORTED", "This server takes user.message")
		}
		if message == nil {
			return out, nil
		}
		if err := a.message.read(message, out); err != nil {
			return nil, err
		}
		return out, ownNames(out, "user.message.")
	}
	if message != nil {
		return nil, wrongField("user.message", "NOT_SUPPORTED", "This server takes user.fields")
	}
	room := maxValues
	out, err := object(fields, &room)
	if err != nil {
		return nil, err
	}
	return out, ownNames(out, "user.fields.")
}

// ownNames returns an error where a field of the application is named as one
// that the messages have.
func ownNames(o *core.Object, prefix string) error {
	for _, name := range o.Names() {
		if isBuiltin(name) {
			return wrongField(prefix+name, "VALUE_ERROR", "The message has a field for it")
		}
	}
	return nil
}

// maxValues is how many values the fields of a user may have, and maxDepth how
// deep they may be nested.
const (
	maxValues = 10_000
	maxDepth  = 100
)

// object turns a Struct into what schemas take. Room is how many more values
// there may be.
func object(in *structpb.Struct, room *int) (*core.Object, error) { return nested(in, room, maxDepth) }

func nested(in *structpb.Struct, room *int, depth int) (*core.Object, error) {
	out := &core.Object{}
	names := make([]string, 0, len(in.GetFields()))
	for name := range in.GetFields() {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v, err := value(in.Fields[name], room, depth)
		if err != nil {
			return nil, err
		}
		out.Set(name, v)
	}
	return out, nil
}

func value(in *structpb.Value, room *int, depth int) (any, error) {
	if *room--; *room < 0 || depth == 0 {
		return nil, wrongField("user.fields", "TOO_LARGE", "There are too many values")
	}
	switch v := in.GetKind().(type) {
	case *structpb.Value_NullValue:
		return nil, nil
	case *structpb.Value_BoolValue:
		return v.BoolValue, nil
	case *structpb.Value_StringValue:
		return v.StringValue, nil
	case *structpb.Value_NumberValue:
		return number(v.NumberValue)
	case *structpb.Value_StructValue:
		return nested(v.StructValue, room, depth-1)
	case *structpb.Value_ListValue:
		list := make([]any, len(v.ListValue.GetValues()))
		for i, element := range v.ListValue.GetValues() {
			var err error
			if list[i], err = value(element, room, depth-1); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return nil, wrongField("user.fields", "VALUE_ERROR", "A value is none of those that google.protobuf.Value has")
}

// number is a double as JSON would have it.
func number(f float64) (any, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return nil, wrongField("user.fields", "VALUE_ERROR", "A number is not finite")
	case f == math.Trunc(f) && math.Abs(f) < 1<<63:
		return json.Number(strconv.FormatFloat(f, 'f', 0, 64)), nil
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
}
