package grpcauth_test

import (
	"encoding/json"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gousher/usher/core"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// An update changes what is set or, with a mask, what the mask names.
func TestUpdateMask(t *testing.T) {
	arthur := func(mask []string, in *usherv1.UserUpdate) *usherv1.UpdateUserRequest {
		req := &usherv1.UpdateUserRequest{Id: kingID, User: in}
		if mask != nil {
			req.UpdateMask = &fieldmaskpb.FieldMask{Paths: mask}
		}
		return req
	}
	all := func() *usherv1.UserUpdate {
		return &usherv1.UserUpdate{
			Email: ptr("arthur@camelot.bt"), IsVerified: ptr(true), IsSuperuser: ptr(true), Fields: fields(t, map[string]any{"nickname": "Wart", "age": 20}),
		}
	}
	tests := []struct {
		name string
		in   *usherv1.UpdateUserRequest
		want string // the address, superuser, nickname, age
	}{
		{"no mask", arthur(nil, all()), `["arthur@camelot.bt",true,"Wart",20]`},
		{"no mask, nothing set", arthur(nil, &usherv1.UserUpdate{}), `["king@camelot.bt",false,"Arthur",16]`},
		{"no mask, no user", arthur(nil, nil), `["king@camelot.bt",false,"Arthur",16]`},
		{"a mask of nothing", arthur([]string{}, all()), `["king@camelot.bt",false,"Arthur",16]`},
		{"a mask of one", arthur([]string{"email"}, all()), `["arthur@camelot.bt",false,"Arthur",16]`},
		{"a mask of a flag", arthur([]string{"is_superuser"}, all()), `["king@camelot.bt",true,"Arthur",16]`},
		{"a mask of a field", arthur([]string{"fields.age"}, all()), `["king@camelot.bt",false,"Arthur",20]`},
		{"a mask of a field that is not set", arthur([]string{"fields.age"}, nil), `["king@camelot.bt",false,"Arthur",null]`},
		{"a mask of all fields", arthur([]string{"fields"}, all()), `["king@camelot.bt",false,"Wart",20]`},
		{"null", arthur(nil, &usherv1.UserUpdate{Fields: fields(t, map[string]any{"age": nil})}), `["king@camelot.bt",false,"Arthur",null]`},
		{"a field that no schema names", arthur(nil, &usherv1.UserUpdate{Fields: fields(t, map[string]any{"hashed_password": "x", "session_epoch": 9, "email_key": "x"})}),
			`["king@camelot.bt",false,"Arthur",16]`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.user().UpdateUser(as(t, "queen"), arthur(nil, &usherv1.UserUpdate{Fields: fields(t, map[string]any{"nickname": "Arthur", "age": 16})}))
			must(t, 0, err)
			_, err = w.user().UpdateUser(as(t, "queen"), test.in)
			must(t, 0, err)
			u, err := w.users.ByID(t.Context(), kingID)
			must(t, 0, err)
			got, err := json.Marshal([]any{u.Email, u.IsSuperuser, u.Nickname, u.Age})
			if must(t, string(got), err) != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Users cannot make superusers of themselves, with or without a mask.
func TestFlagsOfOneself(t *testing.T) {
	w := newWorld(t)
	for _, mask := range [][]string{nil, {"is_superuser", "is_verified"}} {
		must(t, 0, w.changeMe(&usherv1.UserUpdate{IsSuperuser: ptr(true), IsVerified: ptr(true)}, mask...)(as(t, "squire")))
	}
	u, err := w.users.ByID(t.Context(), squireID)
	if must(t, u, err).IsSuperuser || u.IsVerified {
		t.Errorf("is %+v", u.User)
	}
}

// withMessage carries the nickname and the age in a message: any generated type
// will do here.
func withMessage(w *world) {
	w.grpc.Message = grpcauth.Message(
		func(u *Member) *errdetails.ErrorInfo {
			out := &errdetails.ErrorInfo{Reason: u.Nickname}
			if u.Age != nil {
				out.Metadata = map[string]string{"age": json.Number(must2(json.Marshal(*u.Age))).String()}
			}
			return out
		},
		func(in *errdetails.ErrorInfo, out *core.Object) {
			if in.GetReason() != "" {
				out.Set("nickname", in.GetReason())
			}
			if age, ok := in.GetMetadata()["age"]; ok {
				out.Set("age", json.Number(age))
			}
			if in.GetDomain() != "" {
				out.Set("is_superuser", true)
			}
		})
}

func must2(b []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(b)
}

func packed(t *testing.T, m proto.Message) *anypb.Any {
	t.Helper()
	out, err := anypb.New(m)
	return must(t, out, err)
}

// The application's own message takes the place of the Struct, exact integers
// and all, under the same schema.
func TestMessage(t *testing.T) {
	w := newWorld(t, withMessage)
	lance := &errdetails.ErrorInfo{Reason: "Lance", Metadata: map[string]string{"age": "9007199254740993"}} // no double
	made, err := w.registration().Register(as(t, ""), &usherv1.RegisterRequest{User: &usherv1.UserCreate{
		Email: ptr("lancelot@camelot.bt"), Password: ptr("knight-errant"), Message: packed(t, &errdetails.ErrorInfo{Reason: "Lance"})}})
	must(t, 0, err)
	id := made.GetUser().GetId()
	changed, err := w.user().UpdateUser(as(t, "queen"), &usherv1.UpdateUserRequest{Id: id, User: &usherv1.UserUpdate{Message: packed(t, lance)},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"message"}}})
	must(t, 0, err)
	want := &usherv1.User{Id: id, Email: "lancelot@camelot.bt", IsActive: true, Message: packed(t, lance)}
	if !proto.Equal(changed.GetUser(), want) {
		t.Errorf("got %v, want %v", changed.GetUser(), want)
	}
	for _, test := range []struct {
		name string
		do   do
		want string
	}{
		{"a mask of one", w.change(id, &usherv1.UserUpdate{Message: packed(t, lance)}, "message.nickname"), "OK"},
		{"a mask of one that is not set", w.change(id, nil, "message.nickname"),
			loc + "user.message.nickname: STRING_TYPE: Input should be a valid string"},
		{"a Struct", w.change(id, &usherv1.UserUpdate{Fields: &structpb.Struct{}}), loc + "user.fields: NOT_SUPPORTED: This server takes user.message"},
		{"a mask of a Struct", w.change(id, nil, "fields.age"), loc + "update_mask: VALUE_ERROR: There is no field fields.age"},
		{"another message", w.change(id, &usherv1.UserUpdate{Message: packed(t, &structpb.Struct{})}),
			loc + "user.message: VALUE_ERROR: This is not a google.rpc.ErrorInfo"},
		{"no message", w.change(id, &usherv1.UserUpdate{Message: &anypb.Any{TypeUrl: "type.googleapis.com/google.rpc.ErrorInfo", Value: []byte("\xff")}}),
			loc + "user.message: VALUE_ERROR: This is not a google.rpc.ErrorInfo"},
		{"what is no number", w.change(id, &usherv1.UserUpdate{Message: packed(t, &errdetails.ErrorInfo{Metadata: map[string]string{"age": "old"}})}),
			loc + "user.message.age: INT_PARSING: Input should be a valid integer, unable to parse string as an integer"},
		{"a mapper that goes too far", w.change(id, &usherv1.UserUpdate{Message: packed(t, &errdetails.ErrorInfo{Domain: "x"})}),
			loc + "user.message.is_superuser: VALUE_ERROR: The message has a field for it"},
	} {
		if got := told(t, test.do(as(t, "queen"))); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// Ids that are numbers stay exact.
func TestNumericID(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.grpc.Schema.Read = core.Reading(func(u *Member) core.IntUserRead { return core.IntUserRead{ID: 9007199254740993, Email: u.Email} })
	})
	me, err := w.user().GetMe(as(t, "king"), &usherv1.GetMeRequest{})
	if got := must(t, me, err).GetUser(); got.GetId() != "9007199254740993" || got.GetFields() != nil {
		t.Errorf("got %v", got)
	}
}

// A user that cannot be shown is a fault of the program.
func TestUnshowable(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.grpc.Schema.Read = core.Reading(func(u *Member) struct {
			core.UserRead
			F func() `json:"f"`
		} {
			return struct {
				core.UserRead
				F func() `json:"f"`
			}{UserRead: core.ReadUser(u)}
		})
	})
	if got := told(t, w.me(as(t, "king"))); got != internal {
		t.Errorf("got %s, want %s", got, internal)
	}
}
