package grpcauth_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gousher/usher/core"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/delivery/grpc/usherv1"
	"github.com/gousher/usher/ports"
)

// do is a call as a function of its context.
type do func(context.Context) error

func (w *world) register(in *usherv1.UserCreate) do {
	return func(ctx context.Context) error {
		_, err := w.registration().Register(ctx, &usherv1.RegisterRequest{User: in})
		return err
	}
}

func (w *world) loginAs(backend, email, password string) do {
	return func(ctx context.Context) error {
		_, err := w.login().Login(ctx, &usherv1.LoginRequest{Backend: backend, Email: email, Password: password})
		return err
	}
}

func (w *world) forgot(email string) do {
	return func(ctx context.Context) error {
		_, err := w.reset().ForgotPassword(ctx, &usherv1.ForgotPasswordRequest{Email: email})
		return err
	}
}

func (w *world) setPassword(token, password string) do {
	return func(ctx context.Context) error {
		_, err := w.reset().ResetPassword(ctx, &usherv1.ResetPasswordRequest{Token: token, Password: password})
		return err
	}
}

func (w *world) verify(token string) do {
	return func(ctx context.Context) error {
		_, err := w.verification().Verify(ctx, &usherv1.VerifyRequest{Token: token})
		return err
	}
}

func (w *world) me(ctx context.Context) error {
	_, err := w.user().GetMe(ctx, &usherv1.GetMeRequest{})
	return err
}

func (w *world) changeMe(in *usherv1.UserUpdate, mask ...string) do {
	return func(ctx context.Context) error {
		req := &usherv1.UpdateMeRequest{User: in}
		if mask != nil {
			req.UpdateMask = &fieldmaskpb.FieldMask{Paths: mask}
		}
		_, err := w.user().UpdateMe(ctx, req)
		return err
	}
}

func (w *world) change(id string, in *usherv1.UserUpdate, mask ...string) do {
	return func(ctx context.Context) error {
		req := &usherv1.UpdateUserRequest{Id: id, User: in}
		if mask != nil {
			req.UpdateMask = &fieldmaskpb.FieldMask{Paths: mask}
		}
		_, err := w.user().UpdateUser(ctx, req)
		return err
	}
}

func (w *world) get(id string) do {
	return func(ctx context.Context) error {
		_, err := w.user().GetUser(ctx, &usherv1.GetUserRequest{Id: id})
		return err
	}
}

func (w *world) delete(id string) do {
	return func(ctx context.Context) error {
		_, err := w.user().DeleteUser(ctx, &usherv1.DeleteUserRequest{Id: id})
		return err
	}
}

func (w *world) list(ctx context.Context) error {
	_, err := w.user().ListUsers(ctx, &usherv1.ListUsersRequest{})
	return err
}

// loc is what stands before the violations of fields.
const loc = invalid + " | "

func TestErrors(t *testing.T) {
	w := newWorld(t)
	ann := func(email, password string) *usherv1.UserCreate {
		return &usherv1.UserCreate{Email: &email, Password: &password}
	}
	extra := func(of map[string]any) *usherv1.UserUpdate { return &usherv1.UserUpdate{Fields: fields(t, of)} }
	tests := []struct {
		name, token string
		do          do
		want        string
	}{
		{"register, nothing", "", w.register(nil),
			loc + "user.email: MISSING: Field required | user.password: MISSING: Field required"},
		{"register, no address", "", w.register(ann("ann", "a-good-password")),
			loc + "user.email: VALUE_ERROR: value is not a valid email address: An email address must have an @-sign."},
		{"register, short password", "", w.register(ann("ann@camelot.bt", "short")),
			"InvalidArgument REGISTER_INVALID_PASSWORD | usher REGISTER_INVALID_PASSWORD (Password should be at least 8 characters) | user.password: VALUE_ERROR: Password should be at least 8 characters"},
		{"register, taken", "", w.register(ann("KING@camelot.bt", "a-good-password")),
			"AlreadyExists REGISTER_USER_ALREADY_EXISTS | usher REGISTER_USER_ALREADY_EXISTS"},
		{"register, a field of another type", "", w.register(&usherv1.UserCreate{
			Email: ptr("ann@camelot.bt"), Password: ptr("a-good-password"), Fields: fields(t, map[string]any{"nickname": 1})}),
			loc + "user.fields.nickname: STRING_TYPE: Input should be a valid string"},
		{"register, null", "", w.register(&usherv1.UserCreate{
			Email: ptr("ann@camelot.bt"), Password: ptr("a-good-password"), Fields: fields(t, map[string]any{"nickname": nil})}),
			loc + "user.fields.nickname: STRING_TYPE: Input should be a valid string"},
		{"register, a field that is not the application's", "", w.register(&usherv1.UserCreate{
			Email: ptr("ann@camelot.bt"), Password: ptr("a-good-password"), Fields: fields(t, map[string]any{"is_superuser": true})}),
			loc + "user.fields.is_superuser: VALUE_ERROR: The message has a field for it"},
		{"register, a message", "", w.register(&usherv1.UserCreate{Message: &anypb.Any{}}),
			loc + "user.message: NOT_SUPPORTED: This server takes user.fields"},
		{"register, too many values", "", w.register(&usherv1.UserCreate{Fields: fields(t, map[string]any{"a": make([]any, 10_001)})}),
			loc + "user.fields: TOO_LARGE: There are too many values"},
		{"register, no number", "", w.register(&usherv1.UserCreate{Fields: fields(t, map[string]any{"a": math.NaN()})}),
			loc + "user.fields: VALUE_ERROR: A number is not finite"},
		{"register, no value", "", w.register(&usherv1.UserCreate{Fields: &structpb.Struct{Fields: map[string]*structpb.Value{"a": {}}}}),
			loc + "user.fields: VALUE_ERROR: A value is none of those that google.protobuf.Value has"},
		{"register, an address that cannot be kept", "", w.register(ann("a\x00nn@camelot.bt", "a-good-password")),
			loc + ": VALUE_ERROR: a value cannot be stored as it is"},

		{"login, nothing", "", w.loginAs("bearer", "", ""),
			loc + "email: MISSING: Field required | password: MISSING: Field required"},
		{"login, no such backend", "", w.loginAs("jwt", "king@camelot.bt", "guinevere"), loc + "backend: NOT_FOUND: There is no such backend"},
		{"login, wrong password", "", w.loginAs("bearer", "king@camelot.bt", "lancelot"), badLogin},
		{"login, unknown", "", w.loginAs("bearer", "nobody@camelot.bt", "guinevere"), badLogin},
		{"login, banned", "", w.loginAs("bearer", "mordred@camelot.bt", "guinevere"), badLogin},
		{"login, banned, wrong password", "", w.loginAs("bearer", "mordred@camelot.bt", "lancelot"), badLogin},

		{"forgot, no address", "", w.forgot("king"),
			loc + "email: VALUE_ERROR: value is not a valid email address: An email address must have an @-sign."},
		{"forgot, known", "", w.forgot("king@camelot.bt"), "OK"},
		{"forgot, unknown", "", w.forgot("nobody@camelot.bt"), "OK"},
		{"forgot, banned", "", w.forgot("mordred@camelot.bt"), "OK"},
		{"reset, no token", "", w.setPassword("", "a-good-password"), "InvalidArgument RESET_PASSWORD_BAD_TOKEN | usher RESET_PASSWORD_BAD_TOKEN"},
		{"reset, bad token", "", w.setPassword("x", "short"), "InvalidArgument RESET_PASSWORD_BAD_TOKEN | usher RESET_PASSWORD_BAD_TOKEN"},
		{"verify, bad token", "", w.verify("x"), "InvalidArgument VERIFY_USER_BAD_TOKEN | usher VERIFY_USER_BAD_TOKEN"},

		{"me, nobody", "", w.me, unauthorized},
		{"me, a token of nobody's", "zzz", w.me, unauthorized},
		{"me, deleted", "nobody", w.me, unauthorized},
		{"me, banned", "mordred", w.me, unauthorized},
		{"me", "king", w.me, "OK"},
		{"change me, nobody", "", w.changeMe(nil), unauthorized},
		{"change me, nothing", "king", w.changeMe(nil), "OK"},
		{"change me, no address", "king", w.changeMe(&usherv1.UserUpdate{Email: ptr("king")}),
			loc + "user.email: VALUE_ERROR: value is not a valid email address: An email address must have an @-sign."},
		{"change me, taken", "king", w.changeMe(&usherv1.UserUpdate{Email: ptr("queen@camelot.bt")}),
			"AlreadyExists UPDATE_USER_EMAIL_ALREADY_EXISTS | usher UPDATE_USER_EMAIL_ALREADY_EXISTS"},
		{"change me, short password", "king", w.changeMe(&usherv1.UserUpdate{Password: ptr("short")}),
			"InvalidArgument UPDATE_USER_INVALID_PASSWORD | usher UPDATE_USER_INVALID_PASSWORD (Password should be at least 8 characters) | user.password: VALUE_ERROR: Password should be at least 8 characters"},
		{"change me, null in a field that may not be", "king", w.changeMe(extra(map[string]any{"nickname": nil})),
			loc + "user.fields.nickname: STRING_TYPE: Input should be a valid string"},
		{"change me, null in a field that may be", "king", w.changeMe(extra(map[string]any{"age": nil})), "OK"},
		{"change me, a fraction", "king", w.changeMe(extra(map[string]any{"age": 1.5})),
			loc + "user.fields.age: INT_FROM_FLOAT: Input should be a valid integer, got a number with a fractional part"},
		{"change me, a mask without an address", "king", w.changeMe(nil, "email"),
			loc + "user.email: STRING_TYPE: Input should be a valid string"},
		{"change me, a mask of what is not there", "king", w.changeMe(nil, "hashed_password"), loc + "update_mask: VALUE_ERROR: There is no field hashed_password"},
		{"change me, a mask of the id", "king", w.changeMe(nil, "id"), loc + "update_mask: VALUE_ERROR: There is no field id"},
		{"change me, a mask of everything", "king", w.changeMe(nil, "*"), loc + "update_mask: VALUE_ERROR: There is no field *"},
		{"change me, a mask around the rules", "king", w.changeMe(nil, "fields.is_superuser"), loc + "update_mask: VALUE_ERROR: There is no field fields.is_superuser"},
		{"change me, a mask of a message", "king", w.changeMe(nil, "message.nickname"), loc + "update_mask: VALUE_ERROR: There is no field message.nickname"},

		{"get, nobody", "", w.get(kingID), unauthorized},
		{"get, not a superuser", "king", w.get(kingID), forbidden},
		{"get, not a superuser, of nobody", "king", w.get(nobodyID), forbidden},
		{"get, of nobody", "queen", w.get(nobodyID), notFound},
		{"get, of what is no id", "queen", w.get("x"), notFound},
		{"get, of nothing", "queen", w.get(""), notFound},
		{"list, nobody", "", w.list, unauthorized},
		{"list, not a superuser", "king", w.list, forbidden},
		{"change, nobody", "", w.change(kingID, nil), unauthorized},
		{"change, not a superuser", "king", w.change(kingID, nil), forbidden},
		{"change, of nobody", "queen", w.change(nobodyID, nil), notFound},
		{"change, null", "queen", w.change(kingID, nil, "is_active"), loc + "user.is_active: BOOL_TYPE: Input should be a valid boolean"},
		{"change, taken", "queen", w.change(kingID, &usherv1.UserUpdate{Email: ptr("squire@camelot.bt")}),
			"AlreadyExists UPDATE_USER_EMAIL_ALREADY_EXISTS | usher UPDATE_USER_EMAIL_ALREADY_EXISTS"},
		{"delete, nobody", "", w.delete(kingID), unauthorized},
		{"delete, not a superuser", "king", w.delete(kingID), forbidden},
		{"delete, of nobody", "queen", w.delete(nobodyID), notFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := told(t, test.do(as(t, test.token))); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
	if log := w.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("what callers did wrong is in the log:\n%s", log)
	}
}

// RequireVerified is for all methods of its service.
func TestRequireVerified(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.services = []grpcauth.Service{grpcauth.Auth{RequireVerified: true}, grpcauth.Users{RequireVerified: true}}
	})
	logout := func(ctx context.Context) error {
		_, err := w.login().Logout(ctx, &usherv1.LogoutRequest{})
		return err
	}
	for _, test := range []struct {
		name, token string
		do          do
		want        string
	}{
		{"login", "", w.loginAs("bearer", "squire@camelot.bt", "guinevere"), "FailedPrecondition LOGIN_USER_NOT_VERIFIED | usher LOGIN_USER_NOT_VERIFIED"},
		{"login, wrong password", "", w.loginAs("bearer", "squire@camelot.bt", "x"), badLogin},
		{"logout", "squire", logout, forbidden},
		{"me", "squire", w.me, forbidden},
		{"me, verified", "king", w.me, "OK"},
	} {
		if got := told(t, test.do(as(t, test.token))); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// What verifies twice is told so.
func TestAlreadyVerified(t *testing.T) {
	w := newWorld(t)
	_, err := w.verification().RequestVerification(as(t, ""), &usherv1.RequestVerificationRequest{Email: "squire@camelot.bt"})
	must(t, 0, err)
	token := w.mail(t, "verify")
	must(t, 0, w.verify(token)(as(t, "")))
	got := told(t, w.verify(token)(as(t, "")))
	if want := "FailedPrecondition VERIFY_USER_ALREADY_VERIFIED | usher VERIFY_USER_ALREADY_VERIFIED"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// An outage is UNAVAILABLE for every method that asks a store, known or
// unknown, good token or none, and says nothing of its cause.
func TestOutage(t *testing.T) {
	w := newWorld(t)
	w.stores.down.Store(true)
	for name, call := range map[string]do{
		"login":   w.loginAs("bearer", "king@camelot.bt", "guinevere"),
		"forgot":  w.forgot("king@camelot.bt"),
		"me":      w.me,
		"change":  w.changeMe(nil),
		"get":     w.get(kingID),
		"list":    w.list,
		"delete":  w.delete(kingID),
		"unknown": w.loginAs("bearer", "nobody@camelot.bt", "guinevere"),
	} {
		if got := told(t, call(as(t, "king"))); got != unavailable {
			t.Errorf("%s: got %s, want %s", name, got, unavailable)
		}
	}
	if got := told(t, w.me(as(t, ""))); got != unauthorized {
		t.Errorf("without a token: %s", got)
	}
	if log := w.log.String(); !strings.Contains(log, "boom") || !strings.Contains(log, "/usher.v1.UserService/GetMe") {
		t.Errorf("the cause or the method is not in the log:\n%s", log)
	}
}

// A store that does not answer is UNAVAILABLE when the server's time is up and
// DEADLINE_EXCEEDED when the caller's is.
func TestTimeout(t *testing.T) {
	w := newWorld(t, func(w *world) { w.grpc.Timeout = 100 * time.Millisecond })
	w.stores.slow.Store(true)
	for name, call := range map[string]do{"login": w.loginAs("bearer", "king@camelot.bt", "guinevere"), "me": w.me} {
		if got := told(t, call(as(t, "king"))); got != unavailable {
			t.Errorf("%s: got %s, want %s", name, got, unavailable)
		}
		ctx, cancel := context.WithTimeout(as(t, "king"), 20*time.Millisecond)
		if got := status.Code(call(ctx)); got != codes.DeadlineExceeded {
			t.Errorf("%s of a caller with a deadline: got %v, want %v", name, got, codes.DeadlineExceeded)
		}
		cancel()
	}
}

// Limits and full queues say when to try again.
func TestRetry(t *testing.T) {
	limit := core.Limit{Address: ports.Limit{Events: 1, Per: time.Hour}, Peer: ports.Limit{Events: 1, Per: time.Hour}}
	w := newWorld(t, func(w *world) { w.core.Limits = core.Limits{Login: limit, Register: limit, Mail: limit} })
	const want = "ResourceExhausted Too Many Requests | usher TOO_MANY_REQUESTS | retry"
	for name, call := range map[string]do{
		"login":    w.loginAs("bearer", "king@camelot.bt", "x"),
		"register": w.register(&usherv1.UserCreate{Email: ptr("a@camelot.bt"), Password: ptr("a-good-password")}),
		"forgot":   w.forgot("nobody@camelot.bt"),
	} {
		must(t, 0, ignore(call(as(t, ""))))
		if got := told(t, call(as(t, ""))); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func ignore(error) error { return nil }

type fullMailbox struct{ release chan struct{} }

func (m fullMailbox) Send(context.Context, ports.Mail) error { <-m.release; return nil }

func TestFullQueue(t *testing.T) {
	release := make(chan struct{})
	w := newWorld(t, func(w *world) {
		w.core.Mail.Mailer, w.core.Mail.Queue, w.core.Mail.Workers = fullMailbox{release}, 1, 1
	})
	defer close(release)
	must(t, 0, w.forgot("king@camelot.bt")(as(t, "")))
	must(t, 0, w.forgot("king@camelot.bt")(as(t, "")))
	for _, email := range []string{"king@camelot.bt", "nobody@camelot.bt"} {
		if got, want := told(t, w.forgot(email)(as(t, ""))), unavailable+" | retry"; got != want {
			t.Errorf("%s: got %s, want %s", email, got, want)
		}
	}
}

// A status stays within what every client accepts in trailers, whatever the
// application makes of a message.
func TestSizeOfStatus(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.grpc.Schema.Validate = func(any) error {
			list := &core.InputError{}
			for i := range 1000 {
				list.Errors = append(list.Errors, core.FieldError{
					Type: "value_error", Loc: []any{"body", fmt.Sprint(i), strings.Repeat("ä", 1000)}, Msg: strings.Repeat("€", 1000)})
			}
			return list
		}
	})
	err := w.register(&usherv1.UserCreate{Email: ptr("a@camelot.bt"), Password: ptr("a-good-password")})(as(t, ""))
	if got := strings.Count(told(t, err), "VALUE_ERROR"); got != 10 {
		t.Errorf("got %d violations, want 10", got)
	}
	if n := len(status.Convert(err).Proto().String()); n > 6000 {
		t.Errorf("the status has %d bytes", n)
	}
}
