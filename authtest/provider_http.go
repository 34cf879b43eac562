package authtest

import (
	"cmp"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// ServeHTTP implements [http.Handler].
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h, ok := p.routes[r.URL.Path]; ok {
		h(w, r)
		return
	}
	http.NotFound(w, r)
}

// handlers returns what is answered at which path, below prefix.
func (p *Provider) handlers(prefix string) map[string]http.HandlerFunc {
	at := func(e Endpoint, answer func(r *http.Request) (status int, body any)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			badForm := r.ParseForm() != nil // a server sees that a client gave up once it has read the body
			faults := p.called(e)
			for _, f := range faults {
				if f.meet(w, r) {
					return
				}
			}
			status, body := http.StatusBadRequest, any(failure("invalid_request"))
			if !badForm {
				p.mu.Lock()
				status, body = answer(r)
				p.mu.Unlock()
			}
			if object, ok := body.(map[string]any); ok && status == http.StatusOK {
				for _, f := range faults {
					if f.Edit != nil {
						f.Edit(object)
					}
				}
			}
			if status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", "Basic")
			}
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body) // the client's loss
		}
	}
	return map[string]http.HandlerFunc{
		prefix + paths[AtAuthorize]: p.page,
		prefix + paths[AtDiscovery]: at(AtDiscovery, p.discovery),
		prefix + paths[AtKeys]:      at(AtKeys, func(*http.Request) (int, any) { return http.StatusOK, p.jwks() }),
		prefix + paths[AtToken]:     at(AtToken, p.token),
		prefix + paths[AtUserinfo]:  at(AtUserinfo, p.withAccess("openid", userinfo)),
		prefix + paths[AtUser]:      at(AtUser, p.withAccess("", githubUser)),
		prefix + paths[AtEmails]:    at(AtEmails, p.withAccess("user:email", githubEmails)),
	}
}

func failure(code string) map[string]any { return map[string]any{"error": code} }

func (p *Provider) discovery(*http.Request) (int, any) {
	return http.StatusOK, map[string]any{
		"issuer":                                         p.URL,
		"authorization_endpoint":                         p.Endpoint(AtAuthorize),
		"token_endpoint":                                 p.Endpoint(AtToken),
		"userinfo_endpoint":                              p.Endpoint(AtUserinfo),
		"jwks_uri":                                       p.Endpoint(AtKeys),
		"response_types_supported":                       []any{"code"},
		"response_modes_supported":                       []any{"query", "form_post"},
		"grant_types_supported":                          []any{"authorization_code", "refresh_token"},
		"subject_types_supported":                        []any{"public"},
		"id_token_signing_alg_values_supported":          []any{"RS256"},
		"code_challenge_methods_supported":               []any{"S256"},
		"token_endpoint_auth_methods_supported":          []any{"client_secret_basic", "client_secret_post"},
		"authorization_response_iss_parameter_supported": true,
	}
}

func (p *Provider) token(r *http.Request) (int, any) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, failure("invalid_request")
	}
	id, secret, basic := r.BasicAuth()
	if basic { // RFC 6749, 2.3.1
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	client, ok := p.client(id)
	if !ok || client.Secret != secret {
		return http.StatusUnauthorized, failure("invalid_client")
	}
	answer, code := p.redeem(client.ID, r.PostForm)
	if code != "" {
		return http.StatusBadRequest, failure(code)
	}
	return http.StatusOK, answer
}

// withAccess answers those who have an access token with a scope.
func (p *Provider) withAccess(scope string, answer func(*grant) any) func(*http.Request) (int, any) {
	return func(r *http.Request) (int, any) {
		kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		g, ok := p.access[token]
		switch {
		case !ok || !strings.EqualFold(kind, "bearer") && kind != "token" || !p.config.Now().Before(g.until):
			return http.StatusUnauthorized, failure("invalid_token")
		case scope != "" && !g.has(scope):
			return http.StatusForbidden, failure("insufficient_scope")
		}
		return http.StatusOK, answer(g)
	}
}

func userinfo(g *grant) any {
	claims := map[string]any{"sub": g.account.Subject}
	g.describe(claims)
	return claims
}

// githubUser has no address, as one that is not public is left out.
func githubUser(g *grant) any {
	var id any = g.account.Subject
	if n, err := strconv.ParseInt(g.account.Subject, 10, 64); err == nil {
		id = n
	}
	return map[string]any{"id": id, "login": strings.ToLower(g.account.Name), "name": g.account.Name, "email": nil}
}

func githubEmails(g *grant) any {
	if g.account.Email == "" {
		return []any{}
	}
	return []any{map[string]any{
		"email": g.account.Email, "primary": true, "verified": g.account.EmailVerified, "visibility": "private",
	}}
}

// page is where browsers log in: with a button for each account.
func (p *Provider) page(w http.ResponseWriter, r *http.Request) {
	for _, f := range p.called(AtAuthorize) {
		if f.meet(w, r) {
			return
		}
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "authtest: no form", http.StatusBadRequest)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	q := r.URL.Query()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.request(q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method != http.MethodPost {
		_ = loginPage.Execute(w, p.config.Accounts) // the client's loss
		return
	}
	back := url.Values{"error": {"access_denied"}, "state": {q.Get("state")}, "iss": {p.URL}}
	if subject := r.PostForm.Get("account"); subject != "" {
		var err error
		if back, err = p.issue(q, subject); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	if q.Get("response_mode") == "form_post" {
		_ = postPage.Execute(w, map[string]any{"To": q.Get("redirect_uri"), "With": back})
		return
	}
	to, _ := url.Parse(q.Get("redirect_uri")) // request did
	with := to.Query()
	for name := range back {
		with.Set(name, back.Get(name))
	}
	to.RawQuery = with.Encode()
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// title is how an account is called on the page.
func (a ProviderAccount) title() string { return cmp.Or(a.Name, a.Email, a.Subject) }

var (
	loginPage = template.Must(template.New("login").Funcs(template.FuncMap{"title": ProviderAccount.title}).Parse(`<!DOCTYPE html>
<html lang="en"><title>Log in</title>
<meta name="viewport" content="width=device-width">
<h1>Log in</h1>
<p>A provider for tests: anybody can be anybody.</p>
<form method="post">
{{range .}}<p><button name="account" value="{{.Subject}}">{{title .}}{{with .Email}} ({{.}}){{end}}</button></p>
{{end}}<p><button name="account" value="">Cancel</button></p>
</form>
</html>
`))
	// postPage is how response_mode=form_post answers.
	postPage = template.Must(template.New("post").Parse(`<!DOCTYPE html>
<html lang="en"><title>Log in</title>
<form method="post" action="{{.To}}">
{{range $name, $values := .With}}<input type="hidden" name="{{$name}}" value="{{index $values 0}}">
{{end}}<button>Continue</button>
</form>
</html>
`))
)
