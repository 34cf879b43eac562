package httpauth

import (
	"encoding"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/http/internal/jsonvalue"
)

// Info is what the OpenAPI document says of the application.
type Info struct {
	// Title and Version are the application's. Empty means "usher" and "0.1.0".
	Title, Version string
	// Description is a text in CommonMark.
	Description string
	// Servers are URLs under which the API is served. None means the one that
	// the document came from.
	Servers []string
	// Errors is the URL of the pages about error codes. Empty means usher's
	// own.
	Errors string
}

const errorPages = "https://github.com/gousher/usher/blob/main/docs/errors"

// SecurityScheme is implemented by a transport that is neither core.Bearer nor
// *core.Cookie and says how clients use it: the name and the object of an
// OpenAPI 3.1 Security Scheme.
type SecurityScheme interface {
	SecurityScheme() (name string, scheme map[string]any)
}

// operation is what the document says of a route.
type operation struct {
	// name is the route's, as FastAPI Users names it. A route without one is
	// not in the document.
	name, tag string
	// body returns the schema of the body; form says that it is a form.
	body func(d *document, id string) any
	form bool
	// query are the parameters of the query.
	query []any
	// protected says that the caller must be logged in.
	protected bool
	responses []response
}

// response is one of an operation's. An answer with examples is an ErrorModel,
// and one without schema has no body that is described.
type response struct {
	status   int
	text     string
	schema   func(d *document) any
	examples []example
}

// example is an error code, and when it is told.
type example struct {
	code, summary string
	// reason says that the detail holds the code and a reason.
	reason bool
	// blank leaves the value out.
	blank bool
}

// Texts of answers.
const (
	textMissing   = "Missing token or inactive user."
	textForbidden = "Not a superuser."
	textNotFound  = "The user does not exist."
	textOK        = "Successful Response"
)

var (
	unauthorized = response{status: http.StatusUnauthorized, text: textMissing}
	forbidden    = response{status: http.StatusForbidden, text: textForbidden}
	notThere     = response{status: http.StatusNotFound, text: textNotFound}
	invalid      = response{status: http.StatusUnprocessableEntity, text: "Validation Error", schema: ref("HTTPValidationError")}
	noContent    = response{status: http.StatusNoContent, text: textOK}

	badCredentials = example{code: "LOGIN_BAD_CREDENTIALS", summary: "Bad credentials or the user is inactive."}
	notVerified    = example{code: "LOGIN_USER_NOT_VERIFIED", summary: "The user is not verified."}
)

func refusal(examples ...example) response {
	return response{status: http.StatusBadRequest, text: "Bad Request", schema: ref("ErrorModel"), examples: examples}
}

func taken(code string) example {
	return example{code: code, summary: "A user with this email already exists."}
}

func weakPassword(code string) example {
	return example{code: code, summary: "Password validation failed.", reason: true}
}

// ok is a good answer with a schema.
func ok(status int, schema func(d *document) any) response {
	return response{status: status, text: textOK, schema: schema}
}

func anything(*document) any { return object() }

// ref refers to a schema of the document's own.
func ref(name string) func(*document) any {
	return func(*document) any { return object("$ref", "#/components/schemas/"+name) }
}

// object returns a JSON object with its names in the order given.
func object(pairs ...any) *core.Object {
	o := &core.Object{}
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

func array(values ...any) []any { return values }

// document is an OpenAPI document in the making.
type document struct {
	read, create, update core.Form
	schemas              *core.Object
	errors               string
}

// OpenAPI returns an OpenAPI 3.1 document of the routes that are mounted, with
// the operation ids of FastAPI Users. It is JSON. It returns an error where a
// [SecurityScheme] of a transport's holds what does not encode to it.
func (a *API[U]) OpenAPI(info Info) ([]byte, error) {
	d := &document{schemas: object(), errors: strings.TrimSuffix(info.Errors, "/")}
	if d.errors == "" {
		d.errors = errorPages
	}
	d.read, d.create, d.update = a.schema.Forms()
	schemes := object()
	security := a.security(schemes)
	paths := object()
	for _, rt := range a.routes {
		if rt.doc.name == "" {
			continue
		}
		path := rt.pattern()
		item, known := paths.Get(path)
		if !known {
			item = object()
			paths.Set(path, item)
		}
		method := strings.ToLower(rt.method)
		if item := item.(*core.Object); !has(item, method) {
			item.Set(method, d.operation(rt, path, method, security))
		}
	}
	d.fixed()
	out := object("openapi", "3.1.0", "info", infoOf(info))
	if len(info.Servers) > 0 {
		servers := []any{}
		for _, url := range info.Servers {
			servers = append(servers, object("url", url))
		}
		out.Set("servers", servers)
	}
	out.Set("paths", paths)
	d.sort()
	components := object("schemas", d.schemas)
	if len(schemes.Names()) > 0 {
		components.Set("securitySchemes", schemes)
	}
	out.Set("components", components)
	out.Set("externalDocs", object("description", "Error codes", "url", d.errors+"/README.md"))
	text, err := jsonvalue.Append(nil, out)
	if err != nil {
		return nil, &encodingError{err}
	}
	return text, nil
}

func has(o *core.Object, name string) bool { _, ok := o.Get(name); return ok }

func infoOf(info Info) *core.Object {
	out := object("title", "usher", "version", "0.1.0")
	if info.Title != "" {
		out.Set("title", info.Title)
	}
	if info.Description != "" {
		out.Set("description", info.Description)
	}
	if info.Version != "" {
		out.Set("version", info.Version)
	}
	return out
}

// security fills in the schemes, and returns the alternatives of a caller.
func (a *API[U]) security(schemes *core.Object) []any {
	alternatives := []any{}
	for _, b := range a.auth.Backends() {
		var name string
		var scheme any
		switch transport := b.Transport.(type) {
		case SecurityScheme:
			name, scheme = schemeOf(transport)
		case core.Bearer:
			name, scheme = "OAuth2PasswordBearer", object("type", "oauth2", "flows", object("password", object("scopes", object(), "tokenUrl", a.loginPath(b.Name))))
		case *core.Cookie:
			name, scheme = "APIKeyCookie", object("type", "apiKey", "in", "cookie", "name", transport.Name())
		default:
			name, scheme = "Authorization", object("type", "apiKey", "in", "header", "name", "Authorization")
		}
		if !has(schemes, name) {
			alternatives = append(alternatives, object(name, array()))
		}
		schemes.Set(name, scheme)
	}
	return alternatives
}

func schemeOf(s SecurityScheme) (string, any) {
	name, scheme := s.SecurityScheme()
	return name, scheme
}

// loginPath is where a token of the backend is to be had, relative to the
// document's server.
func (a *API[U]) loginPath(backend string) string {
	for _, rt := range a.routes {
		if rt.doc.name == "auth:"+backend+".login" {
			return strings.TrimPrefix(rt.path, "/")
		}
	}
	return "login"
}

var noWord = regexp.MustCompile(`\W`)

func (d *document) operation(rt route, path, method string, security []any) *core.Object {
	id := noWord.ReplaceAllString(rt.doc.name+path, "_") + "_" + method
	out := object("tags", array(rt.doc.tag), "summary", titled(rt.doc.name), "operationId", id)
	if rt.doc.protected {
		out.Set("security", security)
	}
	parameters := []any{}
	if rt.param != "" {
		parameters = append(parameters, object("name", rt.param, "in", "path", "required", true, "schema", object("type", "string", "title", titled(rt.param))))
	}
	if parameters = append(parameters, rt.doc.query...); len(parameters) > 0 {
		out.Set("parameters", parameters)
	}
	if rt.doc.body != nil {
		mediaType := "application/json"
		if rt.doc.form {
			mediaType = "application/x-www-form-urlencoded"
		}
		out.Set("requestBody", object("content", object(mediaType, object("schema", rt.doc.body(d, id))), "required", true))
	}
	responses := object()
	for _, r := range rt.doc.responses {
		responses.Set(strconv.Itoa(r.status), d.response(r))
	}
	out.Set("responses", responses)
	return out
}

func (d *document) response(r response) *core.Object {
	out := object("description", r.text)
	if r.schema == nil {
		return out
	}
	content := object("schema", r.schema(d))
	if len(r.examples) > 0 {
		examples := object()
		for _, e := range r.examples {
			one := object("summary", e.summary)
			switch {
			case e.blank:
			case e.reason:
				one.Set("value", object("detail", object("code", e.code, "reason", "Password should be at least 8 characters")))
			default:
				one.Set("value", object("detail", e.code))
			}
			if !e.blank {
				one.Set("description", "["+e.code+"]("+d.errors+"/"+e.code+".md)")
			}
			examples.Set(e.code, one)
		}
		content.Set("examples", examples)
	}
	out.Set("content", object("application/json", content))
	return out
}

// titled writes a name as Python's str.title does.
func titled(name string) string {
	letter := false
	return strings.Map(func(r rune) rune {
		was := letter
		letter = unicode.IsLetter(r)
		switch {
		case r == '_':
			return ' '
		case was:
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, name)
}

// named keeps a schema and returns what refers to it.
func (d *document) named(name string, schema *core.Object) any {
	schema.Set("title", name)
	d.schemas.Set(name, schema)
	return ref(name)(d)
}

// className is how a Go type is called in the document.
func className(name string) string {
	if name == "" {
		return "Object"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func shownUser(d *document) any { return d.formSchema(d.read, core.ReadForm, "read") }

func createBody(d *document, _ string) any { return d.formSchema(d.create, core.InputForm, "create") }

func updateBody(d *document, _ string) any { return d.formSchema(d.update, core.InputForm, "update") }

// fieldsBody is a body of texts, all of which are required. A name that ends
// with @ is an address.
func fieldsBody(names ...string) func(*document, string) any {
	return func(d *document, id string) any {
		properties, required := object(), []any{}
		for _, name := range names {
			name, email := strings.CutSuffix(name, "@")
			p := object("type", "string")
			if email {
				p.Set("format", "email")
			}
			p.Set("title", titled(name))
			properties.Set(name, p)
			required = append(required, name)
		}
		return d.named("Body_"+id, object("properties", properties, "type", "object", "required", required))
	}
}

// loginForm is that of OAuth 2.0's password grant, as FastAPI has it.
func loginForm(d *document, id string) any {
	orNull := func(kind *core.Object, title string) *core.Object {
		return object("anyOf", array(kind, object("type", "null")), "title", title)
	}
	secret := orNull(object("type", "string"), "Client Secret")
	secret.Set("format", "password")
	return d.named("Body_"+id, object("properties", object(
		"grant_type", orNull(object("type", "string", "pattern", "^password$"), "Grant Type"),
		"username", object("type", "string", "title", "Username"),
		"password", object("type", "string", "format", "password", "title", "Password"),
		"scope", object("type", "string", "title", "Scope", "default", ""),
		"client_id", orNull(object("type", "string"), "Client Id"),
		"client_secret", secret,
	), "type", "object", "required", array("username", "password")))
}

// flags are the defaults of the fields of core.UserRead and core.UserCreate.
var flags = map[string]bool{"is_active": true, "is_superuser": false, "is_verified": false}

// formSchema keeps the schema of a form. Of says how the structs in it are
// described.
func (d *document) formSchema(f core.Form, of func(reflect.Type) core.Form, kind string) any {
	name := className(f.Name)
	if has(d.schemas, name) {
		return ref(name)(d)
	}
	schema := object()
	d.schemas.Set(name, schema) // it may refer to itself
	properties, required := object(), []any{}
	for _, field := range f.Fields {
		p := d.typeSchema(field.Type, of, kind)
		if field.Email {
			p.Set("format", "email")
		}
		if field.Name == "password" && kind != "read" {
			if list, ok := p.Get("anyOf"); ok {
				list.([]any)[0].(*core.Object).Set("format", "password")
			} else {
				p.Set("format", "password")
			}
		}
		if !has(p, "$ref") {
			p.Set("title", titled(field.Name))
		}
		value, flag := flags[field.Name]
		if flag = flag && kind != "update"; flag {
			p.Set("default", value)
		}
		properties.Set(field.Name, p)
		if field.Required && !flag {
			required = append(required, field.Name)
		}
	}
	schema.Set("properties", properties)
	schema.Set("type", "object")
	if len(required) > 0 {
		schema.Set("required", required)
	}
	schema.Set("title", name)
	return ref(name)(d)
}

// typeSchema describes a value of Go's type t in JSON.
func (d *document) typeSchema(t reflect.Type, of func(reflect.Type) core.Form, kind string) *core.Object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object("type", "string", "format", "date-time")
	case t.Kind() == reflect.Pointer:
		return object("anyOf", array(d.typeSchema(t.Elem(), of, kind), object("type", "null")))
	case kind == "read" && t.Implements(reflect.TypeFor[json.Marshaler]()):
		return object()
	case kind == "read" && t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object("type", "string")
	}
	switch t.Kind() {
	case reflect.String:
		return object("type", "string")
	case reflect.Bool:
		return object("type", "boolean")
	case reflect.Float32, reflect.Float64:
		return object("type", "number")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object("type", "integer")
	case reflect.Slice, reflect.Array:
		if kind == "read" && t.Elem().Kind() == reflect.Uint8 {
			return object("type", "string", "contentEncoding", "base64")
		}
		list := object("items", d.typeSchema(t.Elem(), of, kind), "type", "array")
		if kind == "read" && t.Kind() == reflect.Slice { // nil is null
			return object("anyOf", array(list, object("type", "null")))
		}
		return list
	case reflect.Map:
		return object("additionalProperties", d.typeSchema(t.Elem(), of, kind), "type", "object")
	case reflect.Struct:
		return d.formSchema(of(t), of, kind).(*core.Object)
	default:
		return object()
	}
}

// fixed keeps the schemas that no struct of the application's makes.
func (d *document) fixed() {
	text := func(title string) *core.Object { return object("type", "string", "title", title) }
	d.named("BearerResponse", object("properties", object("access_token", text("Access Token"), "token_type", text("Token Type")),
		"type", "object", "required", array("access_token", "token_type")))
	d.named("ErrorModel", object("properties", object("detail", object("anyOf", array(
		object("type", "string"), object("additionalProperties", object("type", "string"), "type", "object"),
	), "title", "Detail")), "type", "object", "required", array("detail")))
	d.named("HTTPValidationError", object("properties", object("detail", object("items", ref("ValidationError")(d), "type", "array", "title", "Detail")), "type", "object"))
	d.named("ValidationError", object("properties", object(
		"loc", object("items", object("anyOf", array(object("type", "string"), object("type", "integer"))), "type", "array", "title", "Location"),
		"msg", text("Message"), "type", text("Error Type"), "input", object("title", "Input"), "ctx", object("type", "object", "title", "Context"),
	), "type", "object", "required", array("loc", "msg", "type")))
}

// sort puts the schemas in the order of their names.
func (d *document) sort() {
	names := slices.Sorted(slices.Values(d.schemas.Names()))
	sorted := object()
	for _, name := range names {
		schema, _ := d.schemas.Get(name)
		sorted.Set(name, schema)
	}
	d.schemas = sorted
}

// The answers of the groups of routes.

func loginDoc(backend string, sent bool) operation {
	op := operation{name: "auth:" + backend + ".login", tag: "auth", body: loginForm, form: true}
	if sent {
		op.responses = []response{ok(200, anything), refusal(badCredentials, notVerified), noContent, invalid}
		return op
	}
	op.responses = []response{ok(200, ref("BearerResponse")), refusal(badCredentials, notVerified), invalid}
	return op
}

func logoutDoc(backend string, sent bool) operation {
	op := operation{name: "auth:" + backend + ".logout", tag: "auth", protected: true, responses: []response{ok(200, anything), unauthorized}}
	if sent {
		op.responses = append(op.responses, noContent)
	}
	return op
}

func queryText(name string) any {
	return object("name", name, "in", "query", "required", false, "schema",
		object("anyOf", array(object("type", "string"), object("type", "null")), "title", titled(name)))
}

func oauthDoc(name string, protected bool, done response, examples ...example) (authorize, callback operation) {
	authorize = operation{name: name + ".authorize", tag: "auth", protected: protected,
		query: array(object("name", "scopes", "in", "query", "required", false, "schema",
			object("type", "array", "items", object("type", "string"), "title", "Scopes"))),
		responses: []response{ok(200, func(d *document) any {
			return d.named("OAuth2AuthorizeResponse", object("properties", object("authorization_url", object("type", "string", "title", "Authorization Url")),
				"type", "object", "required", array("authorization_url")))
		}), invalid}}
	callback = operation{name: name + ".callback", tag: "auth", protected: protected,
		query:     array(queryText("code"), queryText("code_verifier"), queryText("state"), queryText("error")),
		responses: []response{done, refusal(examples...), invalid}}
	return authorize, callback
}

var stateExamples = []example{
	{code: "INVALID_STATE_TOKEN", summary: "Invalid state token.", blank: true},
	{code: "ACCESS_TOKEN_DECODE_ERROR", summary: "Access token is error."},
	{code: "ACCESS_TOKEN_ALREADY_EXPIRED", summary: "Access token is already expired."},
	{code: "OAUTH_INVALID_STATE", summary: "The state is another browser's, or was used."},
	{code: "OAUTH_NOT_AVAILABLE_EMAIL", summary: "The identity provider gave no address."},
}

func loginByOAuthDoc(cfg OAuth) (authorize, callback operation) {
	return oauthDoc("oauth:"+cfg.Provider+"."+cfg.Backend, false,
		response{status: 200, text: "The response varies based on the authentication backend used.", schema: anything},
		append([]example{
			{code: "LOGIN_BAD_CREDENTIALS", summary: "User is inactive."},
			{code: "OAUTH_USER_ALREADY_EXISTS", summary: "A user with this email already exists."},
		}, stateExamples...)...)
}

func associateDoc(cfg OAuthAssociate) (authorize, callback operation) {
	return oauthDoc("oauth-associate:"+cfg.Provider, true, ok(200, shownUser),
		append([]example{{code: "OAUTH_ACCOUNT_ALREADY_LINKED", summary: "Another user has the account."}}, stateExamples...)...)
}

func linkedAccounts(d *document) any {
	d.formSchema(core.ReadForm(reflect.TypeFor[linkedAccount]()), core.ReadForm, "read")
	return object("items", ref("LinkedAccount")(d), "type", "array")
}

func fromQuery(name string) any {
	return object("name", name, "in", "query", "required", true, "schema", object("type", "string", "title", titled(name)))
}
