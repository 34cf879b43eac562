package grpcauth

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// Mapper carries the fields that the application adds to a user as a message
// of its own; make one with [Message].
type Mapper[U core.AnyUser] struct {
	show func(u U) proto.Message
	read func(in *anypb.Any, out *core.Object) error
	// problem is what keeps the mapper from working.
	problem string
}

// Message returns a Mapper for the application's message M, a pointer to a
// generated type. Show makes the message of a user, in the place of what the
// schema for reading adds. Read puts what a client sent into out, under the
// JSON names of the schemas for registration and for changes, which decide what
// becomes of it: what is left out is not set, and numbers are [json.Number].
func Message[U core.AnyUser, M proto.Message](show func(u U) M, read func(in M, out *core.Object)) Mapper[U] {
	if show == nil || read == nil {
		return Mapper[U]{problem: "Config.Message: show or read is missing"}
	}
	if reflect.TypeFor[M]().Kind() != reflect.Pointer {
		return Mapper[U]{problem: fmt.Sprintf("Config.Message: %v is not a pointer to a message", reflect.TypeFor[M]())}
	}
	return Mapper[U]{
		show: func(u U) proto.Message { return show(u) },
		read: func(in *anypb.Any, out *core.Object) error {
			var none M
			m := none.ProtoReflect().New().Interface().(M)
			if err := in.UnmarshalTo(m); err != nil {
				return wrongField("user.message", "VALUE_ERROR", "This is not a %s", m.ProtoReflect().Descriptor().FullName())
			}
			read(m, out)
			return nil
		},
	}
}

// show returns what clients may read of u: what the schema shows.
func (a *API[U]) show(u U) (*usherv1.User, error) {
	text, err := json.Marshal(a.schema.Show(u))
	if err != nil {
		return nil, &encodingError{err}
	}
	out := &usherv1.User{}
	rest, err := builtin(text, out)
	if err != nil {
		return nil, &encodingError{err}
	}
	if a.message.show != nil {
		out.Message, err = anypb.New(a.message.show(u))
	} else if len(rest) > 0 {
		out.Fields, err = structpb.NewStruct(rest)
	}
	if err != nil {
		return nil, &encodingError{err}
	}
	return out, nil
}

// builtin sets the fields that out has from an object of JSON, and returns the
// others.
func builtin(text []byte, out *usherv1.User) (rest map[string]any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // an id may be a number
	if err := decoder.Decode(&rest); err != nil {
		return nil, err
	}
	switch id := rest["id"].(type) {
	case string:
		out.Id = id
	case json.Number:
		out.Id = id.String()
	default:
		return nil, fmt.Errorf("the id is %T", id)
	}
	delete(rest, "id")
	return rest, cmp.Or(
		take(rest, "email", &out.Email),
		take(rest, "is_active", &out.IsActive),
		take(rest, "is_superuser", &out.IsSuperuser),
		take(rest, "is_verified", &out.IsVerified),
	)
}

// take moves a value of an object.
func take[T any](from map[string]any, name string, to *T) error {
	value, ok := from[name].(T)
	if !ok {
		return fmt.Errorf("%s is %T", name, from[name])
	}
	*to = value
	delete(from, name)
	return nil
}
