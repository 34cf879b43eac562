package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/require"
)

// withDocs mounts the document beside everything else.
func withDocs(s *setup) {
	withOAuth(s)
	s.docs = true
}

// fetched returns the document as it is served.
func fetched(t testing.TB, w *world) []byte {
	t.Helper()
	head, body, _ := strings.Cut(w.send(t, get("/openapi.json")), "\n\n")
	require.True(t, strings.HasPrefix(head, "200\n"), head)
	require.Contains(t, head, "Content-Type: application/json")
	return []byte(body)
}

// spec is the part of a document that tests look at.
type spec struct {
	OpenAPI    string
	Paths      map[string]map[string]operation
	Components struct {
		Schemas         map[string]any
		SecuritySchemes map[string]json.RawMessage
	}
}

type operation struct {
	OperationID string
	Summary     string
	Tags        []string
	Security    json.RawMessage
	RequestBody json.RawMessage
	Responses   json.RawMessage
}

func specOf(t testing.TB, w *world) spec {
	t.Helper()
	var s spec
	require.NoError(t, json.Unmarshal(fetched(t, w), &s))
	return s
}

// statuses returns the keys of the responses in the order in which they stand.
func (o operation) statuses(t testing.TB) string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(o.Responses))
	_, err := d.Token()
	require.NoError(t, err)
	var keys []string
	for d.More() {
		key, err := d.Token()
		require.NoError(t, err)
		keys = append(keys, key.(string))
		require.NoError(t, d.Decode(new(any)))
	}
	return strings.Join(keys, ",")
}

// listing checks the id, the summary and the statuses of an operation.
func listing(method, path, id, summary, statuses string) func(testing.TB, *world) {
	return func(t testing.TB, w *world) {
		o, ok := specOf(t, w).Paths[path][method]
		require.True(t, ok, "%s %s is not in the document", method, path)
		require.Equal(t, []string{id, summary, statuses}, []string{o.OperationID, o.Summary, o.statuses(t)})
	}
}

// told checks the examples of an operation's 400, by code and summary.
func tells(method, path string, pairs ...string) func(testing.TB, *world) {
	return func(t testing.TB, w *world) {
		var all map[string]struct {
			Content map[string]struct {
				Examples map[string]struct {
					Summary, Description string
					Value                any
				}
			}
		}
		require.NoError(t, json.Unmarshal(specOf(t, w).Paths[path][method].Responses, &all))
		examples := all["400"].Content["application/json"].Examples
		require.Len(t, examples, len(pairs)/2)
		for i := 0; i < len(pairs); i += 2 {
			e, ok := examples[pairs[i]]
			require.True(t, ok, "there is no example %s", pairs[i])
			require.Equal(t, pairs[i+1], e.Summary)
			if e.Value == nil {
				require.Equal(t, "INVALID_STATE_TOKEN", pairs[i])
				continue
			}
			require.Contains(t, e.Description, "/docs/errors/"+pairs[i]+".md")
			text, err := json.Marshal(e.Value)
			require.NoError(t, err)
			require.Contains(t, string(text), `"`+pairs[i]+`"`)
		}
	}
}

func all(checks ...func(testing.TB, *world)) func(testing.TB, *world) {
	return func(t testing.TB, w *world) {
		for _, check := range checks {
			check(t, w)
		}
	}
}

func schemesAre(name, want string) func(testing.TB, *world) {
	return func(t testing.TB, w *world) {
		s := specOf(t, w)
		require.JSONEq(t, want, string(s.Components.SecuritySchemes[name]))
		require.JSONEq(t, `[{"OAuth2PasswordBearer":[]},{"APIKeyCookie":[]}]`, string(s.Paths["/users/me"]["get"].Security))
		require.Empty(t, s.Paths["/auth/register"]["post"].Security)
	}
}

// openapiTests are about the document of what is mounted.
var openapiTests = []test{
	{name: "route", setup: withDocs, check: valid},
	{name: "page", setup: withDocs, check: page},
	{name: "absent", talk: each(answer(404, `{"detail":"Not Found"}`), get("/openapi.json"), get("/docs"))},
	{name: "answers", setup: withDocs, happened: "registered, logged in, updated first_name, deleting, deleted", check: answersFit},
	{name: "bearer", setup: withDocs, check: all(schemesAre("OAuth2PasswordBearer", `{"type":"oauth2","flows":{"password":{"scopes":{},"tokenUrl":"auth/db/login"}}}`),
		listing("post", "/auth/jwt/login", "auth_jwt_login_auth_jwt_login_post", "Auth:Jwt.Login", "200,400,422"),
		listing("post", "/auth/jwt/logout", "auth_jwt_logout_auth_jwt_logout_post", "Auth:Jwt.Logout", "200,401"))},
	{name: "cookie", setup: withDocs, check: all(schemesAre("APIKeyCookie", `{"type":"apiKey","in":"cookie","name":"fastapiusersauth"}`),
		listing("post", "/auth/cookie/login", "auth_cookie_login_auth_cookie_login_post", "Auth:Cookie.Login", "200,400,204,422"),
		listing("post", "/auth/cookie/logout", "auth_cookie_logout_auth_cookie_logout_post", "Auth:Cookie.Logout", "200,401,204"))},
	{name: "login-examples", setup: withDocs, check: tells("post", "/auth/jwt/login",
		"LOGIN_BAD_CREDENTIALS", "Bad credentials or the user is inactive.", "LOGIN_USER_NOT_VERIFIED", "The user is not verified.")},
	{name: "register", setup: withDocs, check: all(
		listing("post", "/auth/register", "register_register_auth_register_post", "Register:Register", "201,400,422"),
		tells("post", "/auth/register", "REGISTER_USER_ALREADY_EXISTS", "A user with this email already exists.", "REGISTER_INVALID_PASSWORD", "Password validation failed."))},
	{name: "forgot-password", setup: withDocs, check: listing("post", "/auth/forgot-password", "reset_forgot_password_auth_forgot_password_post", "Reset:Forgot Password", "202,422")},
	{name: "reset-password", setup: withDocs, check: all(
		listing("post", "/auth/reset-password", "reset_reset_password_auth_reset_password_post", "Reset:Reset Password", "200,400,422"),
		tells("post", "/auth/reset-password", "RESET_PASSWORD_BAD_TOKEN", "Bad or expired token.", "RESET_PASSWORD_INVALID_PASSWORD", "Password validation failed."))},
	{name: "request-verify", setup: withDocs, check: listing("post", "/auth/request-verify-token", "verify_request_token_auth_request_verify_token_post", "Verify:Request-Token", "202,422")},
	{name: "verify", setup: withDocs, check: all(
		listing("post", "/auth/verify", "verify_verify_auth_verify_post", "Verify:Verify", "200,400,422"),
		tells("post", "/auth/verify", "VERIFY_USER_BAD_TOKEN", "Bad token, not existing user or not the e-mail currently set for the user.", "VERIFY_USER_ALREADY_VERIFIED", "The user is already verified."))},
	{name: "get-me", setup: withDocs, check: listing("get", "/users/me", "users_current_user_users_me_get", "Users:Current User", "200,401")},
	{name: "patch-me", setup: withDocs, check: all(
		listing("patch", "/users/me", "users_patch_current_user_users_me_patch", "Users:Patch Current User", "200,401,400,422"),
		tells("patch", "/users/me", "UPDATE_USER_EMAIL_ALREADY_EXISTS", "A user with this email already exists.", "UPDATE_USER_INVALID_PASSWORD", "Password validation failed."))},
	{name: "get-user", setup: withDocs, check: listing("get", "/users/{id}", "users_user_users__id__get", "Users:User", "200,401,403,404,422")},
	{name: "patch-user", setup: withDocs, check: listing("patch", "/users/{id}", "users_patch_user_users__id__patch", "Users:Patch User", "200,401,403,404,400,422")},
	{name: "delete-user", setup: withDocs, check: listing("delete", "/users/{id}", "users_delete_user_users__id__delete", "Users:Delete User", "204,401,403,404,422")},
	{name: "oauth-authorize", setup: withDocs, check: all(
		listing("get", "/oauth/authorize", "oauth_service1_db_authorize_oauth_authorize_get", "Oauth:Service1.Db.Authorize", "200,422"),
		listing("get", "/associate/authorize", "oauth_associate_service1_authorize_associate_authorize_get", "Oauth-Associate:Service1.Authorize", "200,422"))},
	{name: "oauth-callback", setup: withDocs, check: all(
		listing("get", "/oauth/callback", "oauth_service1_db_callback_oauth_callback_get", "Oauth:Service1.Db.Callback", "200,400,422"),
		listing("get", "/associate/callback", "oauth_associate_service1_callback_associate_callback_get", "Oauth-Associate:Service1.Callback", "200,400,422"),
		tells("get", "/oauth/callback", "LOGIN_BAD_CREDENTIALS", "User is inactive.", "OAUTH_USER_ALREADY_EXISTS", "A user with this email already exists.",
			"INVALID_STATE_TOKEN", "Invalid state token.", "ACCESS_TOKEN_DECODE_ERROR", "Access token is error.", "ACCESS_TOKEN_ALREADY_EXPIRED", "Access token is already expired.",
			"OAUTH_INVALID_STATE", "The state is another browser's, or was used.", "OAUTH_NOT_AVAILABLE_EMAIL", "The identity provider gave no address."))},
}

// document returns what checks requests and answers against the document.
func document(t testing.TB, w *world) validator.Validator {
	t.Helper()
	doc, err := libopenapi.NewDocument(fetched(t, w))
	require.NoError(t, err)
	v, errs := validator.NewValidator(doc)
	require.Empty(t, errs)
	return v
}

// valid checks the document against OpenAPI's own schema, and that the names of
// operations and schemas are those which generated clients have.
func valid(t testing.TB, w *world) {
	ok, problems := document(t, w).ValidateDocument()
	for _, p := range problems {
		t.Errorf("%s: %s", p.Message, p.Reason)
	}
	require.True(t, ok)
	s := specOf(t, w)
	require.Equal(t, "3.1.0", s.OpenAPI)
	seen := map[string]bool{}
	for path, item := range s.Paths {
		for method, o := range item {
			require.False(t, seen[o.OperationID], "two operations are %s", o.OperationID)
			seen[o.OperationID] = true
			want := "auth"
			if strings.HasPrefix(path, "/users") {
				want = "users"
			}
			require.Equal(t, []string{want}, o.Tags, "%s %s", method, path)
		}
	}
	for _, name := range []string{"BearerResponse", "ErrorModel", "HTTPValidationError", "ValidationError", "OAuth2AuthorizeResponse", "MemberRead", "MemberCreate", "MemberUpdate", "Shield"} {
		require.Contains(t, s.Components.Schemas, name)
	}
	create, err := json.Marshal(s.Components.Schemas["MemberCreate"])
	require.NoError(t, err)
	require.JSONEq(t, `{"title":"MemberCreate","type":"object","required":["email","password"],"properties":{
		"email":{"type":"string","format":"email","title":"Email"},"password":{"type":"string","format":"password","title":"Password"},
		"is_active":{"anyOf":[{"type":"boolean"},{"type":"null"}],"title":"Is Active","default":true},
		"is_superuser":{"anyOf":[{"type":"boolean"},{"type":"null"}],"title":"Is Superuser","default":false},
		"is_verified":{"anyOf":[{"type":"boolean"},{"type":"null"}],"title":"Is Verified","default":false},
		"first_name":{"anyOf":[{"type":"string"},{"type":"null"}],"title":"First Name"},
		"shield":{"anyOf":[{"$ref":"#/components/schemas/Shield"},{"type":"null"}],"title":"Shield"}}}`, string(create))
}

// page checks the page that shows the document: it needs nothing from
// elsewhere.
func page(t testing.TB, w *world) {
	for path, mediaType := range map[string]string{"/docs": "text/html", "/docs/page.js": "text/javascript", "/docs/page.css": "text/css"} {
		head, body, _ := strings.Cut(w.send(t, get(path)), "\n\n")
		require.True(t, strings.HasPrefix(head, "200\n"), "%s: %s", path, head)
		require.Contains(t, head, "Content-Type: "+mediaType+"; charset=utf-8")
		require.Contains(t, head, "Content-Security-Policy: default-src 'none'; script-src 'self'")
		require.NotContains(t, strings.ReplaceAll(body, "http://www.w3.org", ""), "://", "%s refers elsewhere", path)
	}
}

// answersFit has a user's life, and checks each request and answer against the
// document.
func answersFit(t testing.TB, w *world) {
	v := document(t, w)
	token := ""
	do := func(method, path, contentType, body string, status int) map[string]any {
		request := func() *http.Request {
			r, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.addr+path, strings.NewReader(body))
			require.NoError(t, err)
			if body != "" {
				r.Header.Set("Content-Type", contentType)
			}
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			return r
		}
		res, err := http.DefaultClient.Do(request())
		require.NoError(t, err)
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, status, res.StatusCode, "%s %s: %s", method, path, got)
		res.Body = io.NopCloser(bytes.NewReader(got))
		ok, problems := v.ValidateHttpResponse(request(), res)
		for _, p := range problems {
			t.Errorf("%s %s: %s: %s: %s", method, path, p.Message, p.Reason, got)
		}
		require.True(t, ok)
		var out map[string]any
		_ = json.Unmarshal(got, &out) // some have none
		return out
	}
	const form, body = "application/x-www-form-urlencoded", "application/json"
	id := do("POST", "/auth/register", body, `{"email":"galahad@camelot.bt","password":"a good one","shield":{"beast":"lion","colours":["red"]}}`, 201)["id"]
	do("POST", "/auth/register", body, `{"email":"galahad@camelot.bt","password":"a good one"}`, 400)
	do("POST", "/auth/register", body, `{"email":"galahad","password":1}`, 422)
	do("POST", "/auth/jwt/login", form, "username=galahad@camelot.bt&password=wrong", 400)
	do("POST", "/auth/jwt/login", form, "", 422)
	do("POST", "/auth/forgot-password", body, `{"email":"nobody@camelot.bt"}`, 202)
	do("POST", "/auth/reset-password", body, `{"token":"x","password":"a good one"}`, 400)
	do("POST", "/auth/verify", body, `{"token":"x"}`, 400)
	do("GET", "/users/me", "", "", 401)
	token = do("POST", "/auth/db/login", form, "username=galahad@camelot.bt&password=a+good+one", 200)["access_token"].(string)
	do("GET", "/users/me", "", "", 200)
	do("GET", "/users/me/accounts", "", "", 200)
	do("PATCH", "/users/me", body, `{"first_name":"Galahad"}`, 200)
	do("PATCH", "/users/me", body, `{"email":"lake.lady@camelot.bt"}`, 400)
	do("GET", "/users/"+fmt.Sprint(id), "", "", 403)
	do("GET", "/oauth/authorize", "", "", 200)
	do("GET", "/oauth/callback?code=x&state=x", "", "", 400)
	token = w.issue(t, w.jwt, "merlin")
	do("GET", "/users/"+fmt.Sprint(id), "", "", 200)
	do("GET", "/users/"+nobody, "", "", 404)
	do("DELETE", "/users/"+fmt.Sprint(id), "", "", 204)
}

// Whatever is mounted, and below whatever prefix, is in the document, and
// nothing else is.
func TestDocumentFollowsRoutes(t *testing.T) {
	routers := map[string][]httpauth.Router{
		"/auth/jwt": {httpauth.Auth{Backend: "jwt"}}, "/auth/cookie": {httpauth.Auth{Backend: "cookie"}},
		"/auth": {httpauth.Register{}, httpauth.Reset{}, httpauth.Verify{}}, "/users": {httpauth.Users{}}, "/x/y": {httpauth.Users{RequireVerified: true}},
		"": {httpauth.Register{}},
	}
	prefixes := []string{"", "/auth", "/auth/cookie", "/auth/jwt", "/users", "/x/y"}
	w := newWorld(t, storeKinds[0].open(t), nil)
	for subset := range 1 << len(prefixes) {
		var mounts []httpauth.Mount
		for i, prefix := range prefixes {
			if subset&(1<<i) != 0 {
				mounts = append(mounts, httpauth.Include(prefix, routers[prefix]...))
			}
		}
		api, err := httpauth.New(w.auth, httpauth.Config[*member]{Schema: memberSchema}, mounts...)
		require.NoError(t, err)
		var s spec
		document, err := api.OpenAPI(httpauth.Info{})
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(document, &s))
		var listed []string
		for path, item := range s.Paths {
			for method := range item {
				listed = append(listed, strings.ToUpper(method)+" "+path)
			}
		}
		require.ElementsMatch(t, api.Routes(), listed)
	}
}
