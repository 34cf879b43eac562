package authtest_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
)

const (
	callback = "https://app.test/callback"
	verifier = "a-verifier-of-at-least-43-characters-0123456789"
)

// asked is a request for a code that is well formed.
func asked(p *authtest.Provider) url.Values {
	digest := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {p.Client.ID}, "redirect_uri": {callback}, "state": {"the state"},
		"scope": {"openid email profile"}, "nonce": {"the nonce"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(digest[:])},
	}
}

func authorize(t *testing.T, p *authtest.Provider) (code string) {
	t.Helper()
	back, err := p.Authorize(p.Endpoint(authtest.AtAuthorize) + "?" + asked(p).Encode())
	if err != nil {
		t.Fatal(err)
	}
	return back.Get("code")
}

// exchange asks the token endpoint. It returns the status and the answer.
func exchange(t *testing.T, p *authtest.Provider, code string, edit func(url.Values)) (int, map[string]any) {
	t.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier},
		"client_id": {p.Client.ID}, "client_secret": {p.Client.Secret},
	}
	if edit != nil {
		edit(form)
	}
	res, err := http.PostForm(p.Endpoint(authtest.AtToken), form)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, res)
}

func decode(t *testing.T, res *http.Response) (int, map[string]any) {
	t.Helper()
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

func fetch(t *testing.T, p *authtest.Provider, at authtest.Endpoint, access any) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest("GET", p.Endpoint(at), nil)
	if err != nil {
		t.Fatal(err)
	}
	if access != nil {
		r.Header.Set("Authorization", "Bearer "+access.(string))
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, res)
}

// claimsOf returns the claims of an ID token, and whether the key that the
// provider publishes under its id signed it with RS256.
func claimsOf(t *testing.T, p *authtest.Provider, token any) (claims map[string]any, good bool) {
	t.Helper()
	parts := strings.Split(token.(string), ".")
	if len(parts) != 3 {
		t.Fatalf("got %d parts", len(parts))
	}
	raw := make([][]byte, 3)
	for i, part := range parts {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			t.Fatal(err)
		}
	}
	var header map[string]any
	if err := errors.Join(json.Unmarshal(raw[0], &header), json.Unmarshal(raw[1], &claims)); err != nil {
		t.Fatal(err)
	}
	_, set := fetch(t, p, authtest.AtKeys, nil)
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, k := range set["keys"].([]any) {
		k := k.(map[string]any)
		if k["kid"] != header["kid"] || header["alg"] != "RS256" {
			continue
		}
		n, err1 := base64.RawURLEncoding.DecodeString(k["n"].(string))
		e, err2 := base64.RawURLEncoding.DecodeString(k["e"].(string))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		good = good || rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], raw[2]) == nil
	}
	return claims, good
}

func TestProvider(t *testing.T) {
	p := authtest.NewProvider(t)
	_, about := fetch(t, p, authtest.AtDiscovery, nil)
	if about["issuer"] != p.URL || about["token_endpoint"] != p.Endpoint(authtest.AtToken) || about["jwks_uri"] != p.Endpoint(authtest.AtKeys) {
		t.Errorf("discovery says %v", about)
	}
	back, err := p.Authorize(p.Endpoint(authtest.AtAuthorize) + "?" + asked(p).Encode())
	if err != nil {
		t.Fatal(err)
	}
	if back.Get("state") != "the state" || back.Get("iss") != p.URL {
		t.Errorf("came back with %v", back)
	}
	status, answer := exchange(t, p, back.Get("code"), nil)
	if status != 200 || answer["token_type"] != "Bearer" || answer["expires_in"] != 3600.0 {
		t.Fatalf("got %d %v", status, answer)
	}
	claims, good := claimsOf(t, p, answer["id_token"])
	digest := sha256.Sum256([]byte(answer["access_token"].(string)))
	if !good || claims["iss"] != p.URL || claims["aud"] != p.Client.ID || claims["nonce"] != "the nonce" || claims["sub"] != "1001" ||
		claims["email"] != "ann@example.com" || claims["email_verified"] != true || claims["name"] != "Ann" ||
		claims["at_hash"] != base64.RawURLEncoding.EncodeToString(digest[:16]) || claims["exp"].(float64) <= claims["iat"].(float64) {
		t.Errorf("signed well: %v, %v", good, claims)
	}
	if status, info := fetch(t, p, authtest.AtUserinfo, answer["access_token"]); status != 200 || info["sub"] != "1001" || info["email"] != "ann@example.com" {
		t.Errorf("userinfo: %d %v", status, info)
	}
	if status, info := fetch(t, p, authtest.AtUser, answer["access_token"]); status != 200 || info["id"] != 1001.0 || info["email"] != nil {
		t.Errorf("user: %d %v", status, info)
	}
	if status, info := fetch(t, p, authtest.AtEmails, answer["access_token"]); status != 403 || info["error"] != "insufficient_scope" {
		t.Errorf("emails without their scope: %d %v", status, info)
	}
	if status, info := fetch(t, p, authtest.AtUserinfo, "nobody's"); status != 401 || info["error"] != "invalid_token" {
		t.Errorf("userinfo of nobody: %d %v", status, info)
	}
	if n := p.Calls(authtest.AtUserinfo); n != 2 {
		t.Errorf("%d calls of userinfo", n)
	}
}

// What a client forgets, no code is issued for.
func TestProviderIsStrict(t *testing.T) {
	p, err := authtest.OpenProvider(authtest.ProviderConfig{
		URL: "https://idp.test", Clients: []authtest.ProviderClient{{ID: "client", Secret: "s", RedirectURLs: []string{callback}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string]func(url.Values){
		"state":          func(q url.Values) { q.Del("state") },
		"nonce":          func(q url.Values) { q.Del("nonce") },
		"code challenge": func(q url.Values) { q.Set("code_challenge_method", "plain") },
		"client_id":      func(q url.Values) { q.Set("client_id", "other") },
		"redirect_uri":   func(q url.Values) { q.Set("redirect_uri", callback+"/") },
		"response_type":  func(q url.Values) { q.Set("response_type", "token") },
		"scope is there": func(q url.Values) { q.Add("scope", "openid") },
	} {
		q := asked(p)
		edit(q)
		if _, err := p.Authorize(p.Endpoint(authtest.AtAuthorize) + "?" + q.Encode()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := p.Authorize("https://other.test/authorize?" + asked(p).Encode()); err == nil {
		t.Error("a URL of somebody else was accepted")
	}
	if _, err := p.Authorize(p.Endpoint(authtest.AtAuthorize) + "?" + asked(p).Encode()); err != nil {
		t.Errorf("got %v for a good request", err)
	}
}

func TestProviderTokens(t *testing.T) {
	p := authtest.NewProvider(t)
	for name, edit := range map[string]func(url.Values){
		"verifier": func(f url.Values) { f.Set("code_verifier", verifier+"x") },
		"redirect": func(f url.Values) { f.Set("redirect_uri", callback+"x") },
		"code":     func(f url.Values) { f.Set("code", "x") },
	} {
		if status, answer := exchange(t, p, authorize(t, p), edit); status != 400 || answer["error"] != "invalid_grant" {
			t.Errorf("%s: got %d %v", name, status, answer)
		}
	}
	if status, answer := exchange(t, p, authorize(t, p), func(f url.Values) { f.Set("client_secret", "x") }); status != 401 || answer["error"] != "invalid_client" {
		t.Errorf("wrong secret: got %d %v", status, answer)
	}
	if status, answer := exchange(t, p, "", func(f url.Values) { f.Set("grant_type", "password") }); status != 400 || answer["error"] != "unsupported_grant_type" {
		t.Errorf("wrong grant: got %d %v", status, answer)
	}

	refreshing := func(token any) func(url.Values) {
		return func(f url.Values) { f.Set("grant_type", "refresh_token"); f.Set("refresh_token", token.(string)) }
	}
	code := authorize(t, p)
	_, first := exchange(t, p, code, nil)
	status, second := exchange(t, p, "", refreshing(first["refresh_token"]))
	if status != 200 || second["access_token"] == first["access_token"] || second["refresh_token"] != nil {
		t.Errorf("refresh: got %d %v", status, second)
	}
	// A code that comes again ends what it gave.
	if status, answer := exchange(t, p, code, nil); status != 400 || answer["error"] != "invalid_grant" {
		t.Errorf("second use: got %d %v", status, answer)
	}
	if status, _ := fetch(t, p, authtest.AtUserinfo, second["access_token"]); status != 401 {
		t.Errorf("access token of a code used twice: %d", status)
	}
	if status, _ := exchange(t, p, "", refreshing(first["refresh_token"])); status != 400 {
		t.Errorf("refresh token of a code used twice: %d", status)
	}
}

// served serves a provider of a configuration without a port.
func served(t *testing.T, c authtest.ProviderConfig) (*authtest.Provider, *http.Client) {
	t.Helper()
	p, err := authtest.OpenProvider(c)
	if err != nil {
		t.Fatal(err)
	}
	return p, authtest.NewClient(p)
}

func TestProviderClientsAndTime(t *testing.T) {
	clock := authtest.NewClock(time.Now())
	p, client := served(t, authtest.ProviderConfig{
		URL: "https://idp.test/path", Now: clock.Now, RotateRefresh: true,
		Clients: []authtest.ProviderClient{{ID: "a", Secret: "1"}, {ID: "b b", Secret: "2%"}},
	})
	post := func(id, secret string, form url.Values) (int, map[string]any) {
		r, _ := http.NewRequest("POST", p.Endpoint(authtest.AtToken), strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		return decode(t, res)
	}
	redeem := func(code string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	}
	if status, answer := post("b b", "2%", redeem(authorize(t, p))); status != 400 || answer["error"] != "invalid_grant" {
		t.Errorf("code of another client: got %d %v", status, answer)
	}
	late := authorize(t, p)
	clock.Advance(time.Minute)
	if status, _ := post("a", "1", redeem(late)); status != 400 {
		t.Errorf("late code: got %d", status)
	}
	_, answer := post("a", "1", redeem(authorize(t, p)))
	refresh := func(token any) (int, map[string]any) {
		return post("a", "1", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.(string)}})
	}
	status, next := refresh(answer["refresh_token"])
	if status != 200 || next["refresh_token"] == nil || next["refresh_token"] == answer["refresh_token"] {
		t.Errorf("got %d %v, want another refresh token", status, next)
	}
	if status, _ := refresh(answer["refresh_token"]); status != 400 {
		t.Errorf("refresh token again: got %d", status)
	}
}

// A browser clicks on an account.
func TestProviderPage(t *testing.T) {
	p, client := served(t, authtest.ProviderConfig{URL: "https://idp.test", Accounts: []authtest.ProviderAccount{
		{Subject: "1", Name: "<Ann>"}, {Subject: "2", Email: "bob@example.com"},
	}})
	at := p.Endpoint(authtest.AtAuthorize) + "?" + asked(p).Encode()
	read := func(res *http.Response, err error) (*http.Response, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, string(body)
	}
	res, page := read(client.Get(at))
	if res.StatusCode != 200 || !strings.Contains(page, `value="1">&lt;Ann&gt;`) || !strings.Contains(page, `value="2">bob@example.com`) {
		t.Fatalf("got %d %s", res.StatusCode, page)
	}
	res, _ = read(client.PostForm(at, url.Values{"account": {"2"}}))
	to, err := res.Location()
	if err != nil || res.StatusCode != 303 || !strings.HasPrefix(to.String(), callback+"?") || to.Query().Get("state") != "the state" {
		t.Fatalf("got %d %v %v", res.StatusCode, to, err)
	}
	if code := to.Query().Get("code"); code == "" {
		t.Error("there is no code")
	}
	res, _ = read(client.PostForm(at, url.Values{"account": {""}}))
	if to, err := res.Location(); err != nil || to.Query().Get("error") != "access_denied" || to.Query().Has("code") {
		t.Errorf("cancelled: got %v %v", to, err)
	}
	if res, _ := read(client.PostForm(at, url.Values{"account": {"3"}})); res.StatusCode != 400 {
		t.Errorf("unknown account: got %d", res.StatusCode)
	}
	if res, _ := read(client.Get(at + "&state=twice")); res.StatusCode != 400 {
		t.Errorf("bad request: got %d", res.StatusCode)
	}
	res, page = read(client.PostForm(at+"&response_mode=form_post", url.Values{"account": {"1"}}))
	fields := map[string]string{}
	for _, m := range regexp.MustCompile(`name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		fields[m[1]] = html.UnescapeString(m[2])
	}
	if res.StatusCode != 200 || !strings.Contains(page, `action="`+callback+`"`) || fields["code"] == "" || fields["state"] != "the state" || fields["iss"] != p.URL {
		t.Errorf("form_post: got %d %s", res.StatusCode, page)
	}
	if res, _ := read(client.Get(p.URL + "/elsewhere")); res.StatusCode != 404 {
		t.Errorf("elsewhere: got %d", res.StatusCode)
	}
}

func TestProviderMisbehaves(t *testing.T) {
	p := authtest.NewProvider(t)
	wrong := func(f authtest.Fault) (int, map[string]any) {
		t.Helper()
		p.Misbehave(f)
		defer p.Misbehave()
		return exchange(t, p, authorize(t, p), nil)
	}
	if status, answer := wrong(authtest.Fault{Status: 503, Body: `{"a":1}`}); status != 503 || answer["a"] != 1.0 {
		t.Errorf("got %d %v", status, answer)
	}
	if status, answer := wrong(authtest.Fault{At: authtest.AtUserinfo, Status: 503}); status != 200 || answer["access_token"] == nil {
		t.Errorf("fault of another endpoint: got %d %v", status, answer)
	}
	_, answer := wrong(authtest.Fault{At: authtest.AtToken, Edit: func(a map[string]any) { delete(a, "refresh_token") }})
	if answer["refresh_token"] != nil || answer["access_token"] == nil {
		t.Errorf("got %v", answer)
	}
	_, answer = wrong(authtest.Fault{Claims: func(c map[string]any) { c["aud"] = "other" }})
	if claims, good := claimsOf(t, p, answer["id_token"]); !good || claims["aud"] != "other" {
		t.Errorf("got %v %v", good, claims)
	}
	for _, s := range []authtest.Signature{authtest.SignedByNone, authtest.SignedByOther, authtest.SignedByPublicKey} {
		_, answer = wrong(authtest.Fault{Signature: s})
		if claims, good := claimsOf(t, p, answer["id_token"]); good || claims["sub"] != "1001" {
			t.Errorf("%s: got %v %v", s, good, claims)
		}
	}
	_, answer = exchange(t, p, authorize(t, p), nil)
	p.RotateKeys()
	if _, good := claimsOf(t, p, answer["id_token"]); good {
		t.Error("the old key is still there")
	}
	_, answer = exchange(t, p, authorize(t, p), nil)
	if _, good := claimsOf(t, p, answer["id_token"]); !good {
		t.Error("the new key is not there")
	}

	p.SetAccounts(authtest.ProviderAccount{Subject: "abc"})
	_, answer = exchange(t, p, authorize(t, p), nil)
	if claims, _ := claimsOf(t, p, answer["id_token"]); claims["sub"] != "abc" || claims["email"] != nil {
		t.Errorf("got %v", claims)
	}

	p.Misbehave(authtest.Fault{Cut: true})
	if _, err := http.Get(p.Endpoint(authtest.AtKeys)); !errors.Is(err, io.EOF) {
		t.Errorf("cut: got %v", err)
	}
	p.Misbehave(authtest.Fault{Delay: time.Hour})
	if _, err := (&http.Client{Timeout: 20 * time.Millisecond}).Get(p.Endpoint(authtest.AtKeys)); err == nil || !err.(*url.Error).Timeout() {
		t.Errorf("delay: got %v", err)
	}
	if _, err := (&http.Client{Timeout: 20 * time.Millisecond}).PostForm(p.Endpoint(authtest.AtToken), url.Values{"a": {"b"}}); err == nil || !err.(*url.Error).Timeout() {
		t.Errorf("delay of an answer to a form: got %v", err)
	}
	p.Misbehave(authtest.Fault{Status: 307, Location: "https://elsewhere.test"})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(p.Endpoint(authtest.AtKeys))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 307 || res.Header.Get("Location") != "https://elsewhere.test" {
		t.Errorf("redirect: got %d", res.StatusCode)
	}
}

func TestProviderConfigProblems(t *testing.T) {
	_, err := authtest.OpenProvider(authtest.ProviderConfig{
		URL: "https://idp.test/", Clients: []authtest.ProviderClient{{ID: "a"}}, Accounts: []authtest.ProviderAccount{{Name: "Ann"}},
	})
	if e, ok := errors.AsType[*core.ConfigError](err); !ok || len(e.Problems) != 3 {
		t.Errorf("got %v, want three problems", err)
	}
	if _, err := authtest.OpenProvider(authtest.ProviderConfig{URL: "https://idp.test", Clients: []authtest.ProviderClient{}}); err == nil {
		t.Error("no clients: got no error")
	}
}
