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

// A login with OpenID Connect, up to the code that comes back.
func ExampleOpenProvider() {
	provider, err := authtest.OpenProvider(authtest.ProviderConfig{URL: "https://idp.test"})
	if err != nil {
		panic(err)
	}
	_, err = provider.Authorize("https://idp.test/authorize?response_type=code&client_id=client&state=abc" +
		"&redirect_uri=https%3A%2F%2Fapp.test%2Fcallback&scope=openid&nonce=xyz")
	fmt.Println(err)
	callback, err := provider.Authorize("https://idp.test/authorize?response_type=code&client_id=client&state=abc" +
		"&redirect_uri=https%3A%2F%2Fapp.test%2Fcallback&scope=openid&nonce=xyz" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256")
	if err != nil {
		panic(err)
	}
	fmt.Println(callback.Get("state"), callback.Get("iss"), callback.Has("code"))
	// Output:
	// authtest: there is no code challenge of S256 (RFC 7636)
	// abc https://idp.test true
}
