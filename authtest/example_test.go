package authtest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
)

// A test of an application's own route: newApp wired it with the stores of
// adapters/memory, an authtest.Hasher and an authtest.Mailbox.
func ExampleLoggedIn() {
	var t testing.TB = printing{} // in a test, its *testing.T

	app, err := newApp()
	if err != nil {
		t.Fatal(err)
	}
	user, err := app.users.Create(t.Context(), &core.User{Email: "ann@example.com", IsActive: true}, "a long password")
	if err != nil {
		t.Fatal(err)
	}
	client := authtest.LoggedIn(t, app, app.auth, "cookie", user)
	res, err := client.Get(authtest.Site + "/hello")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(res.StatusCode)
	// Output: 200
}

// printing is a testing.TB for examples, which have none.
type printing struct{ testing.TB }

func (printing) Helper()                           {}
func (printing) Context() context.Context          { return context.Background() }
func (printing) Fatal(args ...any)                 { panic(fmt.Sprint(args...)) }
func (printing) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
