package oauthclient_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	oauthclient "github.com/gousher/usher/adapters/oauth2"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"golang.org/x/oauth2"
)

const (
	callback = "https://app.test/callback"
	verifier = "a-verifier-of-at-least-43-characters-0123456789"
	nonce    = "the-nonce-of-this-login"
)

func configOf(idp *authtest.Provider) oauthclient.Config {
	return oauthclient.Config{ClientID: idp.Client.ID, ClientSecret: idp.Client.Secret}
}

// made returns what a constructor returned.
func made(t testing.TB, p *oauthclient.Provider, err error) *oauthclient.Provider {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// openID returns a provider and a client of it.
func openID(t testing.TB, edit func(*oauthclient.Config)) (*authtest.Provider, *oauthclient.Provider) {
	t.Helper()
	idp := authtest.NewProvider(t)
	return idp, another(t, idp, edit)
}

// another returns another client of idp, which knows nothing of it yet.
func another(t testing.TB, idp *authtest.Provider, edit func(*oauthclient.Config)) *oauthclient.Provider {
	t.Helper()
	c := configOf(idp)
	if edit != nil {
		edit(&c)
	}
	p, err := oauthclient.OpenID(c, idp.URL)
	return made(t, p, err)
}

// comeBack is a browser that logs in at idp and comes back.
func comeBack(t testing.TB, idp *authtest.Provider, p ports.IdentityProvider) ports.AuthorizationResponse {
	t.Helper()
	at, err := p.AuthorizationURL(t.Context(), ports.AuthorizationRequest{
		RedirectURL: callback, State: "the-state", Verifier: verifier, Nonce: nonce,
	})
	if err != nil {
		t.Fatal(err)
	}
	back, err := idp.Authorize(at)
	if err != nil {
		t.Fatal(err)
	}
	if back.Get("state") != "the-state" {
		t.Fatalf("came back with %v", back)
	}
	return ports.AuthorizationResponse{
		Code: back.Get("code"), Issuer: back.Get("iss"), RedirectURL: callback, Verifier: verifier, Nonce: nonce,
	}
}

// wantRefused checks that err says that the provider refused, and no secret.
func wantRefused(t testing.TB, err error, r ports.AuthorizationResponse) {
	t.Helper()
	if !errors.Is(err, core.ErrCodeRefused) {
		t.Errorf("got %v, want core.ErrCodeRefused", err)
	}
	wantNoSecrets(t, err, r)
}

// wantOutage checks that err says that the provider could not be asked.
func wantOutage(t testing.TB, err error, r ports.AuthorizationResponse) {
	t.Helper()
	if err == nil || errors.Is(err, core.ErrCodeRefused) {
		t.Errorf("got %v, want an outage", err)
	}
	wantNoSecrets(t, err, r)
}

// planted is in the provider's bad answers.
const planted = "planted-in-the-answer"

func wantNoSecrets(t testing.TB, err error, r ports.AuthorizationResponse) {
	t.Helper()
	for _, secret := range []string{r.Code, verifier, nonce, "client secret", "client+secret", planted, "eyJ", "http://127.0.0.1"} {
		if err != nil && secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("the error says %q: %v", secret, err)
		}
	}
}

func TestOpenID(t *testing.T) {
	clock := authtest.NewClock(time.Now())
	idp, p := openID(t, func(c *oauthclient.Config) { c.Now = clock.Now })
	if p.Name() != "openid" {
		t.Errorf("got the name %q", p.Name())
	}
	if n := idp.Calls(authtest.AtDiscovery); n != 0 {
		t.Errorf("%d calls before the first login", n)
	}
	r := comeBack(t, idp, p)
	who, err := p.Identify(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if who.Subject != "1001" || who.Email != "ann@example.com" || !who.EmailVerified {
		t.Errorf("got %q %q %v", who.Subject, who.Email, who.EmailVerified)
	}
	if who.Tokens.Access == "" || who.Tokens.Refresh == "" || !who.Tokens.Expires.Equal(clock.Now().Add(time.Hour)) {
		t.Errorf("got tokens until %v", who.Tokens.Expires)
	}
	if n := idp.Calls(authtest.AtUserinfo); n != 0 {
		t.Errorf("userinfo was asked %d times for what the ID token says", n)
	}
	_, err = p.Identify(t.Context(), r)
	wantRefused(t, err, r) // a code is good once

	if _, err := p.Identify(t.Context(), comeBack(t, idp, p)); err != nil {
		t.Error(err)
	}
	if d, k := idp.Calls(authtest.AtDiscovery), idp.Calls(authtest.AtKeys); d != 1 || k != 1 {
		t.Errorf("metadata was fetched %d times and keys %d times, for two logins", d, k)
	}
}

func TestOpenIDAddresses(t *testing.T) {
	idp, p := openID(t, nil)
	identify := func(faults ...authtest.Fault) (ports.Identity, error) {
		t.Helper()
		r := comeBack(t, idp, p)
		idp.Misbehave(faults...)
		defer idp.Misbehave()
		return p.Identify(t.Context(), r)
	}
	withoutEmail := authtest.Fault{Claims: func(c map[string]any) { delete(c, "email"); delete(c, "email_verified") }}
	for _, test := range []struct {
		name     string
		faults   []authtest.Fault
		email    string
		verified bool
	}{
		{"in the ID token", nil, "ann@example.com", true},
		{"from userinfo", []authtest.Fault{withoutEmail}, "ann@example.com", true},
		{"verified as a text", []authtest.Fault{{Claims: func(c map[string]any) { c["email_verified"] = "true" }}}, "ann@example.com", true},
		{"not verified", []authtest.Fault{{Claims: func(c map[string]any) { c["email_verified"] = false }}}, "ann@example.com", false},
		{"not verified as a text", []authtest.Fault{{Claims: func(c map[string]any) { c["email_verified"] = "false" }}}, "ann@example.com", false},
		{"verified as a number", []authtest.Fault{{Claims: func(c map[string]any) { c["email_verified"] = 1 }}}, "ann@example.com", false},
		{"verified is not said", []authtest.Fault{{Claims: func(c map[string]any) { delete(c, "email_verified") }}}, "ann@example.com", false},
		{"nowhere", []authtest.Fault{withoutEmail, {At: authtest.AtUserinfo, Edit: func(c map[string]any) { delete(c, "email") }}}, "", false},
		{"userinfo is denied", []authtest.Fault{withoutEmail, {At: authtest.AtUserinfo, Status: 403}}, "", false},
		{"userinfo does not say verified", []authtest.Fault{withoutEmail, {At: authtest.AtUserinfo, Edit: func(c map[string]any) { delete(c, "email_verified") }}}, "ann@example.com", false},
	} {
		who, err := identify(test.faults...)
		if err != nil || who.Subject != "1001" || who.Email != test.email || who.EmailVerified != test.verified {
			t.Errorf("%s: got %q %q %v, %v", test.name, who.Subject, who.Email, who.EmailVerified, err)
		}
	}
	_, err := identify(withoutEmail, authtest.Fault{At: authtest.AtUserinfo, Status: 500, Body: planted})
	wantOutage(t, err, ports.AuthorizationResponse{})
}

// naive is a client as it is easily written: it gets the tokens by the library
// and reads the ID token. It shows that an attack is one.
func naive(idp *authtest.Provider, r ports.AuthorizationResponse) (subject string, err error) {
	config := oauth2.Config{
		ClientID: idp.Client.ID, ClientSecret: idp.Client.Secret, RedirectURL: r.RedirectURL,
		Endpoint: oauth2.Endpoint{TokenURL: idp.Endpoint(authtest.AtToken)},
	}
	token, err := config.Exchange(context.Background(), r.Code, oauth2.VerifierOption(r.Verifier))
	if err != nil {
		return "", err
	}
	parts := strings.Split(token.Extra("id_token").(string), ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", err
	}
	var claims struct {
		Subject string `json:"sub"`
	}
	return claims.Subject, json.Unmarshal(raw, &claims)
}

// Each ID token is one that a provider answers, or that somebody makes it
// answer. The naive client takes them all.
func TestAttacksOnIDTokens(t *testing.T) {
	idp, p := openID(t, nil)
	set := func(name string, value any) authtest.Fault {
		return authtest.Fault{Claims: func(c map[string]any) { c[name] = value }}
	}
	drop := func(name string) authtest.Fault {
		return authtest.Fault{Claims: func(c map[string]any) { delete(c, name) }}
	}
	attacks := map[string]authtest.Fault{
		"iss of another issuer":            set("iss", "https://evil.test"),
		"iss with a slash more":            set("iss", idp.URL+"/"),
		"no iss":                           drop("iss"),
		"aud of another client":            set("aud", "another"),
		"no aud":                           drop("aud"),
		"aud of two clients without azp":   set("aud", []string{idp.Client.ID, "another"}),
		"azp of another client":            set("azp", "another"),
		"nonce of another login":           set("nonce", "another"),
		"no nonce":                         drop("nonce"),
		"expired":                          set("exp", time.Now().Add(-time.Second).Unix()),
		"no exp":                           drop("exp"),
		"not yet":                          set("nbf", time.Now().Add(time.Hour).Unix()),
		"alg none":                         {Signature: authtest.SignedByNone},
		"another key":                      {Signature: authtest.SignedByOther},
		"HS256 with the public key":        {Signature: authtest.SignedByPublicKey},
		"at_hash of another token":         set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"),
		"access token of another ID token": {At: authtest.AtToken, Edit: func(a map[string]any) { a["access_token"] = planted }},
		"aud of two, azp of neither":       {Claims: func(c map[string]any) { c["aud"], c["azp"] = []string{idp.Client.ID, "b"}, "c" }},
		"aud of another and a good azp":    {Claims: func(c map[string]any) { c["aud"], c["azp"] = "another", idp.Client.ID }},
		"nonce that begins as it should":   set("nonce", nonce+"x"),
		"exp that is a text":               set("exp", "tomorrow"),
		"address that is a list":           set("email", []string{"ann@example.com", planted}),
	}
	for name, fault := range attacks {
		t.Run(name, func(t *testing.T) {
			r := comeBack(t, idp, p)
			idp.Misbehave(fault)
			defer idp.Misbehave()
			_, err := p.Identify(t.Context(), r)
			wantRefused(t, err, r)
			if n := idp.Calls(authtest.AtUserinfo); n != 0 {
				t.Errorf("userinfo was asked")
			}
			again := comeBack(t, idp, p)
			if subject, err := naive(idp, again); err != nil || subject != "1001" {
				t.Errorf("the naive client got %q, %v: this is no attack", subject, err)
			}
		})
	}
	// And what is no attack is let in.
	idp.Misbehave(authtest.Fault{Claims: func(c map[string]any) {
		c["aud"], c["azp"] = []string{"another", idp.Client.ID}, idp.Client.ID
		delete(c, "at_hash")
	}})
	if _, err := p.Identify(t.Context(), comeBack(t, idp, p)); err != nil {
		t.Errorf("aud of two with azp: %v", err)
	}
}

// Userinfo of somebody else, after an ID token that has no address.
func TestAttackByUserinfo(t *testing.T) {
	idp, p := openID(t, nil)
	for name, edit := range map[string]func(map[string]any){
		"other sub": func(c map[string]any) { c["sub"], c["email"] = "1", "boss@example.com" },
		"no sub":    func(c map[string]any) { delete(c, "sub") },
	} {
		r := comeBack(t, idp, p)
		idp.Misbehave(authtest.Fault{Claims: func(c map[string]any) { delete(c, "email") }}, authtest.Fault{At: authtest.AtUserinfo, Edit: edit})
		who, err := p.Identify(t.Context(), r)
		idp.Misbehave()
		if who.Email != "" {
			t.Errorf("%s: got %q", name, who.Email)
		}
		wantRefused(t, err, r)
	}
}

// A code of one provider that comes back to the callback of another is sent to
// neither (RFC 9207); without iss it is worth nothing there.
func TestAttackByMixUp(t *testing.T) {
	honest, atHonest := openID(t, nil)
	evil, atEvil := openID(t, nil)
	r := comeBack(t, honest, atHonest)
	_, err := atEvil.Identify(t.Context(), r)
	wantRefused(t, err, r)
	if n := evil.Calls(authtest.AtToken); n != 0 {
		t.Error("the code was sent to the other provider")
	}
	// The evil provider's metadata would say that it sends no iss.
	without := r
	without.Issuer = ""
	if _, err := naive(evil, without); err == nil || evil.Calls(authtest.AtToken) == 0 {
		t.Error("the naive client did not send the code: this is no attack")
	}
	_, err = atHonest.Identify(t.Context(), without)
	wantRefused(t, err, without) // as its metadata says that it sends iss
	if n := honest.Calls(authtest.AtToken); n != 0 {
		t.Error("the code was redeemed")
	}

	evil.Misbehave(authtest.Fault{At: authtest.AtDiscovery, Edit: func(m map[string]any) {
		delete(m, "authorization_response_iss_parameter_supported")
	}})
	_, err = another(t, evil, nil).Identify(t.Context(), without)
	wantRefused(t, err, without)

	if who, err := atHonest.Identify(t.Context(), r); err != nil || who.Subject != "1001" {
		t.Errorf("at home: got %q, %v", who.Subject, err)
	}
}

// A code that was stolen from one login is put into another one.
func TestAttackByInjection(t *testing.T) {
	idp, p := openID(t, nil)
	r := comeBack(t, idp, p)
	r.Verifier = strings.Repeat("x", 43)
	_, err := p.Identify(t.Context(), r)
	wantRefused(t, err, r)
	for _, edit := range []func(*ports.AuthorizationResponse){
		func(r *ports.AuthorizationResponse) { r.Verifier = "" },
		func(r *ports.AuthorizationResponse) { r.Nonce = "" },
		func(r *ports.AuthorizationResponse) { r.Nonce = "another" },
		func(r *ports.AuthorizationResponse) { r.Code = "" },
		func(r *ports.AuthorizationResponse) { r.RedirectURL = callback + "/other" },
	} {
		r := comeBack(t, idp, p)
		edit(&r)
		_, err := p.Identify(t.Context(), r)
		wantRefused(t, err, r)
	}
}

// A provider that was taken over sends the application elsewhere.
func TestAttackByRedirect(t *testing.T) {
	called := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer elsewhere.Close()
	idp := authtest.NewProvider(t)
	for _, at := range []authtest.Endpoint{authtest.AtDiscovery, authtest.AtKeys, authtest.AtToken, authtest.AtUserinfo} {
		for _, status := range []int{302, 307} {
			r := comeBack(t, idp, another(t, idp, nil))
			idp.Misbehave(authtest.Fault{At: at, Status: status, Location: elsewhere.URL},
				authtest.Fault{Claims: func(c map[string]any) { delete(c, "email") }})
			_, err := another(t, idp, nil).Identify(t.Context(), r)
			wantOutage(t, err, r)
			idp.Misbehave()
		}
	}
	if called {
		t.Error("a redirect was followed")
	}
}

func TestDiscovery(t *testing.T) {
	idp := authtest.NewProvider(t)
	for name, fault := range map[string]authtest.Fault{
		"another issuer":          {Edit: func(m map[string]any) { m["issuer"] = "https://evil.test" }},
		"a slash more":            {Edit: func(m map[string]any) { m["issuer"] = m["issuer"].(string) + "/" }},
		"no issuer":               {Edit: func(m map[string]any) { delete(m, "issuer") }},
		"no token endpoint":       {Edit: func(m map[string]any) { delete(m, "token_endpoint") }},
		"keys without TLS":        {Edit: func(m map[string]any) { m["jwks_uri"] = "http://idp.example.com/keys" }},
		"token by a file":         {Edit: func(m map[string]any) { m["token_endpoint"] = "file:///etc/passwd" }},
		"userinfo without TLS":    {Edit: func(m map[string]any) { m["userinfo_endpoint"] = "http://169.254.169.254/" }},
		"methods that are a text": {Edit: func(m map[string]any) { m["token_endpoint_auth_methods_supported"] = planted }},
		"down":                    {Status: 503, Body: planted},
		"not found":               {Status: 404, Body: planted},
		"no JSON":                 {Body: "<html>" + planted},
		"cut off":                 {Cut: true},
		"too long":                {Body: `{"issuer":"` + strings.Repeat(planted, 100_000) + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			p, tokens := another(t, idp, nil), idp.Calls(authtest.AtToken)
			fault.At = authtest.AtDiscovery
			idp.Misbehave(fault)
			q := ports.AuthorizationRequest{RedirectURL: callback, State: "s", Verifier: verifier, Nonce: nonce}
			_, err := p.AuthorizationURL(t.Context(), q)
			wantOutage(t, err, ports.AuthorizationResponse{})
			r := ports.AuthorizationResponse{Code: "c-o-d-e", Issuer: idp.URL, RedirectURL: callback, Verifier: verifier, Nonce: nonce}
			_, err = p.Identify(t.Context(), r)
			wantOutage(t, err, r)
			_, err = p.Refresh(t.Context(), "r-e-f-r-e-s-h")
			wantOutage(t, err, ports.AuthorizationResponse{Code: "r-e-f-r-e-s-h"})
			if n := idp.Calls(authtest.AtToken); n != tokens {
				t.Error("the token endpoint was called")
			}
			idp.Misbehave() // and what failed is not remembered
			if _, err := p.Identify(t.Context(), comeBack(t, idp, p)); err != nil {
				t.Error(err)
			}
		})
	}
}

// What the provider does wrong, and whether that is a refusal.
func TestFaults(t *testing.T) {
	idp := authtest.NewProvider(t)
	huge := `{"access_token":"` + strings.Repeat("x", oauthclient.MaxBody) + `"}`
	code := func(status int, code string) authtest.Fault {
		return authtest.Fault{At: authtest.AtToken, Status: status, Body: fmt.Sprintf(`{"error":%q,"error_description":%q}`, code, planted)}
	}
	for name, test := range map[string]struct {
		fault   authtest.Fault
		refused bool
	}{
		"refused code":             {code(400, "invalid_grant"), true},
		"refused in a 200":         {code(200, "bad_verification_code"), true},
		"refused by an unknown":    {code(400, planted), true},
		"4xx":                      {authtest.Fault{At: authtest.AtToken, Status: 418, Body: planted}, true},
		"401 without a code":       {authtest.Fault{At: authtest.AtToken, Status: 401}, true},
		"no JSON":                  {authtest.Fault{At: authtest.AtToken, Body: planted}, true},
		"no tokens":                {authtest.Fault{At: authtest.AtToken, Body: "{}"}, true},
		"a list":                   {authtest.Fault{At: authtest.AtToken, Body: "[]"}, true},
		"no ID token":              {authtest.Fault{At: authtest.AtToken, Edit: func(a map[string]any) { delete(a, "id_token") }}, true},
		"an ID token that is none": {authtest.Fault{At: authtest.AtToken, Edit: func(a map[string]any) { a["id_token"] = planted + "." + planted + "." + planted }}, true},
		"an ID token of dots":      {authtest.Fault{At: authtest.AtToken, Edit: func(a map[string]any) { a["id_token"] = strings.Repeat(".", 500_000) }}, true},
		"an ID token of a number":  {authtest.Fault{At: authtest.AtToken, Edit: func(a map[string]any) { a["id_token"] = 7 }}, true},
		"refused application":      {code(401, "invalid_client"), false},
		"server error":             {code(400, "temporarily_unavailable"), false},
		"5xx":                      {authtest.Fault{At: authtest.AtToken, Status: 502, Body: planted}, false},
		"too many requests":        {authtest.Fault{At: authtest.AtToken, Status: 429, Body: planted}, false},
		"cut off":                  {authtest.Fault{At: authtest.AtToken, Cut: true}, false},
		"too long":                 {authtest.Fault{At: authtest.AtToken, Body: huge}, false},
		"slow":                     {authtest.Fault{At: authtest.AtToken, Delay: time.Hour}, false},
		"slow keys":                {authtest.Fault{At: authtest.AtKeys, Delay: time.Hour}, false},
		"no keys":                  {authtest.Fault{At: authtest.AtKeys, Status: 404, Body: planted}, false},
		"keys that are none":       {authtest.Fault{At: authtest.AtKeys, Body: planted}, false},
		"too many keys":            {authtest.Fault{At: authtest.AtKeys, Body: `{"keys":[` + strings.Repeat("{},", 400_000) + `{}]}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := another(t, idp, func(c *oauthclient.Config) {
				if test.fault.Delay > 0 {
					c.Timeout, c.Transport = time.Second, &http.Transport{} // which has no limits of its own
				}
			})
			r := comeBack(t, idp, p)
			idp.Misbehave(test.fault)
			_, err := p.Identify(t.Context(), r)
			if test.refused {
				wantRefused(t, err, r)
			} else {
				wantOutage(t, err, r)
			}
			if test.fault.Delay > 0 && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want context.DeadlineExceeded", err)
			}
			idp.Misbehave()
			_, err = p.Identify(t.Context(), comeBack(t, idp, p))
			if errors.Is(err, context.DeadlineExceeded) { // of a fetch that was still under way
				_, err = p.Identify(t.Context(), comeBack(t, idp, p))
			}
			if err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	idp, p := openID(t, nil)
	r := comeBack(t, idp, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Identify(ctx, r)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	wantOutage(t, err, r)
	_, err = another(t, idp, nil).Refresh(ctx, "token")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestRotationOfKeys(t *testing.T) {
	clock := authtest.NewClock(time.Now())
	idp, p := openID(t, func(c *oauthclient.Config) { c.Now = clock.Now })
	identify := func() (ports.AuthorizationResponse, error) {
		t.Helper()
		r := comeBack(t, idp, p)
		_, err := p.Identify(t.Context(), r)
		return r, err
	}
	wantKeys := func(n int) {
		t.Helper()
		if got := idp.Calls(authtest.AtKeys); got != n {
			t.Errorf("keys were fetched %d times, want %d", got, n)
		}
	}
	future := authtest.Fault{Claims: func(c map[string]any) { c["exp"] = clock.Now().Add(time.Minute).Unix() }}
	idp.Misbehave(future)
	if _, err := identify(); err != nil {
		t.Fatal(err)
	}
	wantKeys(1)
	// Within a minute, a key that is not known fetches nothing.
	idp.RotateKeys()
	for range 3 {
		clock.Advance(19 * time.Second)
		r, err := identify()
		wantRefused(t, err, r)
	}
	wantKeys(1)
	clock.Advance(3 * time.Second)
	if _, err := identify(); err != nil {
		t.Errorf("the new key: %v", err)
	}
	wantKeys(2)
	// An hour at most is a key believed that cannot be looked up.
	down := authtest.Fault{At: authtest.AtKeys, Status: 503}
	idp.Misbehave(future, down)
	clock.Advance(time.Hour - time.Second)
	if _, err := identify(); err != nil {
		t.Errorf("a key of almost an hour: %v", err)
	}
	wantKeys(2)
	clock.Advance(time.Second)
	r, err := identify()
	wantOutage(t, err, r)
	wantKeys(3)
	idp.Misbehave(future) // it recovers at once
	if _, err := identify(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	wantKeys(4)
	// A key that is not known while keys cannot be had is no forgery yet.
	idp.RotateKeys()
	clock.Advance(time.Minute)
	idp.Misbehave(future, down)
	r, err = identify()
	wantOutage(t, err, r)
}

// Of logins at once, one fetches.
func TestOneFetches(t *testing.T) {
	idp, p := openID(t, nil)
	other := another(t, idp, nil)
	var logins []ports.AuthorizationResponse
	for range 16 {
		logins = append(logins, comeBack(t, idp, other))
	}
	discoveries := idp.Calls(authtest.AtDiscovery)
	idp.Misbehave(authtest.Fault{At: authtest.AtKeys, Delay: 100 * time.Millisecond}, authtest.Fault{At: authtest.AtDiscovery, Delay: 100 * time.Millisecond})
	var wg sync.WaitGroup
	for _, r := range logins {
		wg.Go(func() {
			if _, err := p.Identify(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if d, k := idp.Calls(authtest.AtDiscovery)-discoveries, idp.Calls(authtest.AtKeys); d != 1 || k != 1 {
		t.Errorf("metadata was fetched %d times and keys %d times", d, k)
	}
}

func TestRefresh(t *testing.T) {
	idp, p := openID(t, nil)
	who, err := p.Identify(t.Context(), comeBack(t, idp, p))
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := p.Refresh(t.Context(), who.Tokens.Refresh)
	if err != nil || tokens.Access == "" || tokens.Access == who.Tokens.Access || tokens.Refresh != "" || tokens.Expires.IsZero() {
		t.Errorf("got refresh %q until %v, %v", tokens.Refresh, tokens.Expires, err)
	}
	idp.Misbehave(authtest.Fault{At: authtest.AtToken, Edit: func(a map[string]any) { a["refresh_token"] = "next"; delete(a, "expires_in") }})
	tokens, err = p.Refresh(t.Context(), who.Tokens.Refresh)
	if err != nil || tokens.Refresh != "next" || !tokens.Expires.IsZero() {
		t.Errorf("got refresh %q until %v, %v", tokens.Refresh, tokens.Expires, err)
	}
	idp.Misbehave()
	for _, bad := range []string{"", "b-a-d"} {
		_, err = p.Refresh(t.Context(), bad)
		wantRefused(t, err, ports.AuthorizationResponse{Code: bad})
	}
	idp.Misbehave(authtest.Fault{At: authtest.AtToken, Status: 500})
	_, err = p.Refresh(t.Context(), who.Tokens.Refresh)
	wantOutage(t, err, ports.AuthorizationResponse{Code: who.Tokens.Refresh})
}

// A refresh token is forgotten for good once it was refused, so only the
// provider's own word for that is a refusal.
func TestRefreshRefused(t *testing.T) {
	const at = "POST https://github.com/login/oauth/access_token"
	for _, test := range []struct {
		name, answer string
		refused      bool
		says         string
	}{
		{"invalid_grant", `400 {"error":"invalid_grant","error_description":"` + planted + `"}`, true, "answered 400 invalid_grant"},
		{"invalid_grant with 401", `401 {"error":"invalid_grant"}`, true, "answered 401 invalid_grant"},
		{"invalid_grant with 200", `{"error":"invalid_grant"}`, true, "answered 200 invalid_grant"},
		{"GitHub's code", `{"error":"bad_refresh_token","error_description":"` + planted + `"}`, true, "answered 200 bad_refresh_token"},
		{"invalid_grant with 503", `503 {"error":"invalid_grant"}`, false, "answered 503 invalid_grant"},
		{"403 of a gateway", "403 <html>" + planted, false, "answered 403"},
		{"404 of a gateway", "404 <html>" + planted, false, "answered 404"},
		{"403 in JSON", `403 {"message":"` + planted + `"}`, false, "answered 403"},
		{"401 without a body", "401 ", false, "answered 401"},
		{"400 in words", "400 invalid_grant " + planted, false, "answered 400"},
		{"400 without a code", `400 {"message":"` + planted + `"}`, false, "answered 400"},
		{"200 with HTML", "<html>" + planted, false, "no access token"},
		{"200 without a token", `{}`, false, "no access token"},
		{"a code that nobody knows", `400 {"error":"` + planted + `"}`, false, "answered 400"},
		{"a code of another request", `400 {"error":"invalid_request"}`, false, "answered 400 invalid_request"},
		{"not the client", `401 {"error":"invalid_client"}`, false, "answered 401 invalid_client"},
		{"busy", "429 " + planted, false, "answered 429"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := oauthclient.GitHub(oauthclient.Config{ClientID: "id", ClientSecret: "sec", Transport: answers{at: test.answer}})
			r := ports.AuthorizationResponse{Code: "r-e-f"}
			tokens, err := made(t, p, err).Refresh(t.Context(), r.Code)
			if tokens != (ports.ProviderTokens{}) {
				t.Error("got tokens")
			}
			if test.refused {
				wantRefused(t, err, r)
			} else {
				wantOutage(t, err, r)
			}
			if err == nil || !strings.Contains(err.Error(), "token endpoint") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, which does not say %q", err, test.says)
			}
		})
	}
}

// The same answers refuse a code, where they are no outage of the provider's.
func TestCodeRefused(t *testing.T) {
	const at = "POST https://github.com/login/oauth/access_token"
	for _, answer := range []string{
		"403 <html>", "404 <html>", "401 ", "400 " + planted, "<html>", `400 {"error":"` + planted + `"}`, `400 {"error":"invalid_request"}`,
	} {
		p, err := oauthclient.GitHub(oauthclient.Config{ClientID: "id", ClientSecret: "sec", Transport: answers{at: answer}})
		r := ports.AuthorizationResponse{Code: "c-o-d-e", RedirectURL: callback, Verifier: verifier}
		_, err = made(t, p, err).Identify(t.Context(), r)
		wantRefused(t, err, r)
	}
}

// The client is told apart from others in the way that metadata asks for.
func TestClientAuthentication(t *testing.T) {
	for _, test := range []struct {
		methods []any
		header  bool
	}{
		{nil, true},
		{[]any{"private_key_jwt", "client_secret_post", "client_secret_basic"}, false},
		{[]any{"client_secret_basic", "client_secret_post"}, true},
		{[]any{"none"}, true},
	} {
		idp, err := authtest.OpenProvider(authtest.ProviderConfig{URL: "https://idp.test"})
		if err != nil {
			t.Fatal(err)
		}
		idp.Misbehave(authtest.Fault{At: authtest.AtDiscovery, Edit: func(m map[string]any) {
			m["token_endpoint_auth_methods_supported"] = test.methods
			if test.methods == nil {
				delete(m, "token_endpoint_auth_methods_supported")
			}
		}})
		seen := &recorder{base: authtest.NewClient(idp).Transport}
		c := configOf(idp)
		c.Transport = seen
		p, err := oauthclient.OpenID(c, idp.URL)
		p = made(t, p, err)
		if _, err := p.Identify(t.Context(), comeBack(t, idp, p)); err != nil {
			t.Error(err)
		}
		r := seen.to(idp.Endpoint(authtest.AtToken))
		_, _, header := r.BasicAuth()
		if header != test.header || r.PostForm.Has("client_secret") == test.header {
			t.Errorf("%v: in a header: %v, form %v", test.methods, header, r.PostForm)
		}
		if r.PostForm.Get("code_verifier") != verifier || r.Header.Get("Accept") != "application/json" || r.Header.Get("User-Agent") == "" {
			t.Errorf("%v: got %v %v", test.methods, r.PostForm, r.Header)
		}
	}
}

// recorder keeps requests that it passes on.
type recorder struct {
	base http.RoundTripper
	mu   sync.Mutex
	seen []*http.Request
}

func (c *recorder) RoundTrip(r *http.Request) (*http.Response, error) {
	kept := r.Clone(r.Context())
	if r.GetBody != nil {
		kept.Body, _ = r.GetBody()
		_ = kept.ParseForm()
	}
	c.mu.Lock()
	c.seen = append(c.seen, kept)
	c.mu.Unlock()
	return c.base.RoundTrip(r)
}

// to returns the last request to a URL, or an empty one.
func (c *recorder) to(at string) *http.Request {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.seen) - 1; i >= 0; i-- {
		if c.seen[i].URL.String() == at {
			return c.seen[i]
		}
	}
	return &http.Request{Header: http.Header{}, PostForm: url.Values{}}
}
