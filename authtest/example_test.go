package authtest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
)

// testHello is a test of an application's own route: app is what newApp wired,
// with the stores of adapters/memory, an authtest.Hasher and an
// authtest.Mailbox.
func testHello(t *testing.T, app *app) {
	user, err := app.users.Create(t.Context(), &core.User{Email: "ann@example.com", IsActive: true}, "a long password")
	if err != nil {
		t.Fatal(err)
	}
	client := authtest.LoggedIn(t, app, app.auth, "cookie", user)
	res, err := client.Get(authtest.Site + "/hello")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res, err)
	}
}

func ExampleLoggedIn() {
	app, err := newApp()
	if err != nil {
		fmt.Println(err)
		return
	}
	TestHello := func(t *testing.T) { testHello(t, app) }
	fmt.Println(testing.RunTests(func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "TestHello", F: TestHello}}))
	// Output: true
}
