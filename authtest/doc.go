// Package authtest helps to test applications that use usher: a client that is
// logged in, by one line; mails that can be read; a clock that can be set; a
// password hasher that takes no time; and an identity provider that can be told
// to misbehave.
//
//	client := authtest.LoggedIn(t, handler, auth, "jwt", user)
//	res, err := client.Get(authtest.Site + "/hello")
//
// Nothing in it is for production.
package authtest
