package grpcauth_test

import (
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// mail returns the token of the last mail.
func (w *world) mail(t testing.TB, kind string) string {
	t.Helper()
	if err := w.users.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.mails.mu.Lock()
	defer w.mails.mu.Unlock()
	if len(w.mails.mails) == 0 || w.mails.mails[len(w.mails.mails)-1].Kind != kind {
		t.Fatalf("the last of %d mails is not of kind %s", len(w.mails.mails), kind)
	}
	return w.mails.mails[len(w.mails.mails)-1].Token
}

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A user's life, from registration to deletion.
func TestLife(t *testing.T) {
	w := newWorld(t)
	anyone := as(t, "")
	made, err := w.registration().Register(anyone, &usherv1.RegisterRequest{User: &usherv1.UserCreate{
		Email: ptr("Lancelot@camelot.bt"), Password: ptr("knight-errant"),
	}})
	lancelot := must(t, made, err).GetUser()
	want := &usherv1.User{Id: lancelot.GetId(), Email: "Lancelot@camelot.bt", IsActive: true,
		Fields: fields(t, map[string]any{"nickname": "", "age": nil})}
	if !proto.Equal(lancelot, want) || lancelot.GetId() == "" {
		t.Errorf("registered %v, want %v", lancelot, want)
	}

	_, err = w.verification().RequestVerification(anyone, &usherv1.RequestVerificationRequest{Email: "lancelot@camelot.bt"})
	must(t, 0, err)
	proved, err := w.verification().Verify(anyone, &usherv1.VerifyRequest{Token: w.mail(t, "verify")})
	if !must(t, proved, err).GetUser().GetIsVerified() {
		t.Error("is not verified")
	}

	session, err := w.login().Login(anyone, &usherv1.LoginRequest{Backend: "bearer", Email: "LANCELOT@camelot.bt", Password: "knight-errant"})
	token := must(t, session, err).GetAccessToken()
	if session.GetTokenType() != "bearer" || token == "" || session.GetExpireTime().GetSeconds() != 4102444800 {
		t.Errorf("logged in with %v", session)
	}
	me, err := w.user().GetMe(as(t, token), &usherv1.GetMeRequest{})
	if must(t, me, err).GetUser().GetId() != lancelot.GetId() {
		t.Errorf("is %v, want %v", me, lancelot)
	}

	changed, err := w.user().UpdateMe(as(t, token), &usherv1.UpdateMeRequest{User: &usherv1.UserUpdate{
		Password: ptr("knight-of-the-cart"), IsSuperuser: ptr(true), Fields: fields(t, map[string]any{"nickname": "Lance", "age": 33}),
	}})
	want.IsVerified, want.Fields = true, fields(t, map[string]any{"nickname": "Lance", "age": 33})
	if !proto.Equal(must(t, changed, err).GetUser(), want) {
		t.Errorf("changed to %v, want %v", changed.GetUser(), want)
	}
	_, err = w.user().GetMe(as(t, token), &usherv1.GetMeRequest{})
	must(t, 0, err) // the session that changed the password goes on

	_, err = w.reset().ForgotPassword(anyone, &usherv1.ForgotPasswordRequest{Email: "lancelot@camelot.bt"})
	must(t, 0, err)
	_, err = w.reset().ResetPassword(anyone, &usherv1.ResetPasswordRequest{Token: w.mail(t, "reset"), Password: "du-lac-du-lac"})
	must(t, 0, err)
	if _, err = w.user().GetMe(as(t, token), &usherv1.GetMeRequest{}); told(t, err) != unauthorized {
		t.Errorf("a session from before the reset: %s", told(t, err))
	}

	session, err = w.login().Login(anyone, &usherv1.LoginRequest{Backend: "bearer", Email: "lancelot@camelot.bt", Password: "du-lac-du-lac"})
	token = must(t, session, err).GetAccessToken()
	_, err = w.login().Logout(as(t, token), &usherv1.LogoutRequest{Backend: "bearer"})
	must(t, 0, err)
	if _, err = w.user().GetMe(as(t, token), &usherv1.GetMeRequest{}); told(t, err) != unauthorized {
		t.Errorf("after the logout: %s", told(t, err))
	}

	queen := as(t, "queen")
	got, err := w.user().GetUser(queen, &usherv1.GetUserRequest{Id: lancelot.GetId()})
	if !proto.Equal(must(t, got, err).GetUser(), want) {
		t.Errorf("got %v, want %v", got.GetUser(), want)
	}
	banned, err := w.user().UpdateUser(queen, &usherv1.UpdateUserRequest{Id: lancelot.GetId(), User: &usherv1.UserUpdate{IsActive: ptr(false)}})
	if must(t, banned, err).GetUser().GetIsActive() {
		t.Error("is not banned")
	}
	_, err = w.user().DeleteUser(queen, &usherv1.DeleteUserRequest{Id: lancelot.GetId()})
	must(t, 0, err)
	if _, err := w.users.ByID(t.Context(), lancelot.GetId()); !errors.Is(err, core.ErrUserNotFound) {
		t.Errorf("after the deletion: %v", err)
	}
}

func fields(t testing.TB, of map[string]any) *structpb.Struct {
	t.Helper()
	out, err := structpb.NewStruct(of)
	return must(t, out, err)
}

func TestListUsers(t *testing.T) {
	w := newWorld(t)
	queen := as(t, "queen")
	var emails []string
	token := ""
	for range 10 {
		page, err := w.user().ListUsers(queen, &usherv1.ListUsersRequest{PageSize: 3, PageToken: token})
		for _, u := range must(t, page, err).GetUsers() {
			emails = append(emails, u.GetEmail())
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if got, want := strings.Join(emails, " "), "king@camelot.bt queen@camelot.bt squire@camelot.bt mordred@camelot.bt"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, test := range []struct {
		name string
		in   *usherv1.ListUsersRequest
		want string
	}{
		{"negative", &usherv1.ListUsersRequest{PageSize: -1}, invalid + " | page_size: VALUE_ERROR: A page has at least one user"},
		{"no token", &usherv1.ListUsersRequest{PageToken: "\x00"}, invalid + " | page_token: VALUE_ERROR: The token is not that of a page"},
	} {
		if _, err := w.user().ListUsers(queen, test.in); told(t, err) != test.want {
			t.Errorf("%s: got %s, want %s", test.name, told(t, err), test.want)
		}
	}
}

func TestListUsersWithoutLister(t *testing.T) {
	w := newWorld(t, func(w *world) { w.core.Stores.Lister = nil })
	_, err := w.user().ListUsers(as(t, "queen"), &usherv1.ListUsersRequest{})
	if got, want := told(t, err), "Unimplemented Not Implemented | usher NOT_IMPLEMENTED"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A cookie travels in the header of the answer and comes back in metadata; on a
// call for a page of another site it counts for nothing.
func TestCookie(t *testing.T) {
	w := newWorld(t)
	var sent metadata.MD
	session, err := w.login().Login(as(t, ""), &usherv1.LoginRequest{Backend: "cookie", Email: "king@camelot.bt", Password: "guinevere"}, grpc.Header(&sent))
	if token := must(t, session, err).GetAccessToken(); token != "" {
		t.Errorf("the token %s is in the message", token)
	}
	cookie, _, _ := strings.Cut(strings.Join(sent.Get("set-cookie"), "\n"), ";")
	with := func(more ...string) string {
		ctx := metadata.AppendToOutgoingContext(as(t, ""), append([]string{"cookie", cookie}, more...)...)
		_, err := w.user().GetMe(ctx, &usherv1.GetMeRequest{})
		return told(t, err)
	}
	for _, test := range []struct{ name, got, want string }{
		{"by itself", with(), "OK"},
		{"for a page of the same site", with("origin", "http://"+w.addr), "OK"},
		{"for a page of another site", with("origin", "https://evil.example"), forbidden},
		{"for a page of another site, as browsers say today", with("sec-fetch-site", "cross-site"), forbidden},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, test.got, test.want)
		}
	}
	ctx := metadata.AppendToOutgoingContext(as(t, ""), "cookie", cookie)
	_, err = w.login().Logout(ctx, &usherv1.LogoutRequest{}, grpc.Header(&sent))
	must(t, 0, err)
	if got := strings.Join(sent.Get("set-cookie"), "\n"); !strings.HasPrefix(got, `auth="";`) {
		t.Errorf("the logout sent the cookie %s", got)
	}
	if got := with(); got != unauthorized {
		t.Errorf("after the logout: %s", got)
	}
}
