package httpauth

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gousher/usher/core"
)

// OAuth routes GET /authorize and GET /callback, by which somebody logs in with
// an identity provider at one backend. The query of /authorize may name scopes.
// It answers with the address that the browser is to be sent to, and keeps a
// secret in a cookie that /callback must find again: the two must be called on
// one host. /callback answers as a login does.
type OAuth struct {
	// Provider and Backend are names. Required.
	Provider, Backend string
	// RedirectURL is the absolute URL of /callback, as it is registered with
	// the provider, or of a page of the application's that passes its query on.
	// Required. It is never made of a request's Host, which a stranger chooses.
	RedirectURL string
	// RequireVerified refuses users who are not verified.
	RequireVerified bool
	// AssociateByEmail and VerifiedByDefault are those of [core.Admission].
	AssociateByEmail, VerifiedByDefault bool
	// FormPost adds POST /callback, for providers that send the browser there
	// with a form, as Apple does where it is asked for an address.
	FormPost bool
	// Cookie sets up the cookie. An empty Name means "fastapiusersoauthcsrf",
	// and a MaxAge of zero an hour.
	Cookie core.CookieConfig
}

func (OAuth) isRouter() {}

// OAuthAssociate routes GET /authorize and GET /callback, by which the user who
// is logged in links an account at an identity provider. /callback answers with
// the user.
type OAuthAssociate struct {
	// Provider is a name. Required.
	Provider string
	// RedirectURL, RequireVerified, FormPost and Cookie are those of [OAuth].
	RedirectURL     string
	RequireVerified bool
	FormPost        bool
	Cookie          core.CookieConfig
}

func (OAuthAssociate) isRouter() {}

// Accounts routes GET /me/accounts, which lists the accounts of the user who is
// logged in at identity providers, and DELETE /me/accounts/{provider}, with the
// account's id as account_id in the query, which unlinks one. The last way in
// stays.
type Accounts struct {
	// RequireVerified refuses users who are not verified.
	RequireVerified bool
}

func (Accounts) isRouter() {}

// half is what the two halves of a flow have in common.
type half struct {
	flow   core.Flow
	cookie *core.Cookie
}

// begun checks what a router is told of its flow. The problem is empty where
// all is well.
func (a *API[U]) begun(router string, f core.Flow, cfg core.CookieConfig) (half, string) {
	if a.oauth == nil {
		return half{}, router + ": Config.OAuth is missing"
	}
	if _, ok := a.oauth.Provider(f.Provider); !ok {
		return half{}, fmt.Sprintf("%s.Provider: there is no identity provider %q", router, f.Provider)
	}
	if err := core.CheckRedirectURL(f.RedirectURL); err != nil {
		return half{}, fmt.Sprintf("%s.RedirectURL: %v", router, err)
	}
	if cfg.Name == "" {
		cfg.Name = "fastapiusersoauthcsrf"
	}
	if life := a.oauth.StateLifetime(); cfg.MaxAge == 0 {
		cfg.MaxAge = max(time.Hour, life.Truncate(time.Second))
	} else if cfg.MaxAge < life.Truncate(time.Second) {
		return half{}, fmt.Sprintf("%s.Cookie.MaxAge is %v, and the state that it belongs to lives for %v", router, cfg.MaxAge, life)
	}
	cookie, err := core.NewCookie(cfg)
	if err != nil {
		return half{}, fmt.Sprintf("%s.Cookie: %v", router, err)
	}
	return half{f, cookie}, ""
}

func (a *API[U]) oauthRoutes(cfg OAuth) ([]route, string) {
	if _, ok := a.auth.Backend(cfg.Backend); !ok {
		return nil, fmt.Sprintf("OAuth.Backend: there is no backend %q", cfg.Backend)
	}
	h, problem := a.begun("OAuth", core.Flow{Provider: cfg.Provider, Backend: cfg.Backend, RedirectURL: cfg.RedirectURL}, cfg.Cookie)
	if problem != "" {
		return nil, problem
	}
	words := codes{emailTaken: "OAUTH_USER_ALREADY_EXISTS"}
	authorize, callback := loginByOAuthDoc(cfg)
	return withFormPost(cfg.FormPost,
		route{method: http.MethodGet, path: "/authorize", doc: authorize, serve: func(c *call) error { return a.authorize(c, h) }},
		route{method: http.MethodGet, path: "/callback", codes: words, doc: callback, serve: func(c *call) error { return a.loginByOAuth(c, h, cfg) }},
	), ""
}

func (a *API[U]) associateRoutes(cfg OAuthAssociate) ([]route, string) {
	h, problem := a.begun("OAuthAssociate", core.Flow{Provider: cfg.Provider, RedirectURL: cfg.RedirectURL}, cfg.Cookie)
	if problem != "" {
		return nil, problem
	}
	p := core.Policy[U]{Verified: cfg.RequireVerified}
	authorize, callback := associateDoc(cfg)
	return withFormPost(cfg.FormPost,
		route{method: http.MethodGet, path: "/authorize", doc: authorize, serve: func(c *call) error {
			s, err := a.session(c, p)
			if err != nil {
				return err
			}
			return a.authorize(c, h.of(s.User))
		}},
		route{method: http.MethodGet, path: "/callback", doc: callback, serve: func(c *call) error { return a.associate(c, h, p) }},
	), ""
}

// of is the half of a flow of a user who links an account.
func (h half) of(u core.AnyUser) half {
	h.flow.UserID = u.AuthUser().ID
	return h
}

// withFormPost adds the route of a callback that comes with a form: it sends
// the browser on, by a request that carries the cookies which one from another
// site does not.
func withFormPost(wanted bool, routes ...route) []route {
	if !wanted {
		return routes
	}
	return append(routes, route{method: http.MethodPost, path: "/callback", read: readBounded, serve: func(c *call) error {
		query := url.Values{}
		for _, name := range []string{"code", "state", "error", "iss"} {
			if value := c.r.PostForm.Get(name); value != "" {
				query.Set(name, value)
			}
		}
		c.answered = true
		h := c.w.Header()
		h.Set("Location", c.r.URL.EscapedPath()+"?"+query.Encode())
		h.Set("Cache-Control", "no-store")
		c.w.WriteHeader(http.StatusSeeOther)
		return nil
	}})
}

// readBounded reads the form of a callback.
func readBounded(c *call) error {
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, 64<<10)
	if c.r.ParseForm() != nil {
		return errUnreadable
	}
	return nil
}

// authorization is the answer of /authorize.
type authorization struct {
	URL string `json:"authorization_url"`
}

func (a *API[U]) authorize(c *call, h half) error {
	var scopes []string
	if asked, ok := c.r.URL.Query()["scopes"]; ok {
		scopes = []string{}
		for _, scope := range asked {
			if scope != "" {
				scopes = append(scopes, scope)
			}
		}
	}
	start, err := a.oauth.Begin(c.ctx, h.flow, scopes)
	if err != nil {
		return err
	}
	out := http.Header{}
	h.cookie.Send(out, start.CSRF, start.Expires)
	c.add(out)
	return c.json(http.StatusOK, authorization{start.URL})
}

// callback reads what the browser came back with.
func (h half) callback(c *call) (core.Callback, error) {
	query := c.r.URL.Query()
	last := func(name string) string {
		values := query[name]
		if len(values) == 0 {
			return ""
		}
		return values[len(values)-1]
	}
	if query.Has("error") {
		return core.Callback{}, badRequest(last("error"))
	}
	if !query.Has("code") {
		return core.Callback{}, badRequest("Bad Request")
	}
	return core.Callback{
		Flow: h.flow, Code: last("code"), State: last("state"), Issuer: last("iss"), CSRF: h.cookie.Token(c.req.Header),
	}, nil
}

func (a *API[U]) loginByOAuth(c *call, h half, cfg OAuth) error {
	back, err := h.callback(c)
	if err != nil {
		return err
	}
	u, err := a.oauth.Login(c.ctx, back, core.Admission{AssociateByEmail: cfg.AssociateByEmail, Verified: cfg.VerifiedByDefault})
	if err != nil {
		return err
	}
	out := http.Header{}
	issued, err := a.auth.Login(c.ctx, u, core.Entry{Backend: cfg.Backend, Verified: cfg.RequireVerified, Request: c.req, Out: out})
	if err != nil {
		return err
	}
	h.cookie.Forget(out)
	return c.loggedIn(issued, out)
}

func (a *API[U]) associate(c *call, h half, p core.Policy[U]) error {
	s, err := a.session(c, p)
	if err != nil {
		return err
	}
	back, err := h.of(s.User).callback(c)
	if err != nil {
		return err
	}
	u, err := a.oauth.Link(c.ctx, s.User, back)
	if err != nil {
		return err
	}
	out := http.Header{}
	h.cookie.Forget(out)
	c.add(out)
	return a.show(c, http.StatusOK, u)
}

func (a *API[U]) accountsRoutes(cfg Accounts) ([]route, string) {
	if a.oauth == nil {
		return nil, "Accounts: Config.OAuth is missing"
	}
	p := core.Policy[U]{Verified: cfg.RequireVerified}
	return []route{
		{method: http.MethodGet, path: "/me/accounts", serve: func(c *call) error { return a.listAccounts(c, p) },
			doc: operation{name: "users:accounts", tag: "users", protected: true, responses: []response{ok(http.StatusOK, linkedAccounts), unauthorized}}},
		{method: http.MethodDelete, path: "/me/accounts/", param: "provider", serve: func(c *call) error { return a.unlink(c, p) },
			doc: operation{name: "users:unlink_account", tag: "users", protected: true, query: array(fromQuery("account_id")), responses: []response{
				noContent, unauthorized, refusal(example{code: "OAUTH_LAST_WAY_IN", summary: "The user could not log in any more."}), notThere,
			}}},
	}, ""
}

// linkedAccount is what a user is told of an account. The names are those of
// FastAPI Users.
type linkedAccount struct {
	Provider string `json:"oauth_name"`
	Subject  string `json:"account_id"`
	Email    string `json:"account_email"`
}

func (a *API[U]) listAccounts(c *call, p core.Policy[U]) error {
	s, err := a.session(c, p)
	if err != nil {
		return err
	}
	all, err := a.oauth.Accounts(c.ctx, s.User.AuthUser().ID)
	if err != nil {
		return err
	}
	list := make([]linkedAccount, len(all))
	for i, account := range all {
		list[i] = linkedAccount{account.Provider, account.Subject, account.Email}
	}
	return c.json(http.StatusOK, list)
}

func (a *API[U]) unlink(c *call, p core.Policy[U]) error {
	s, err := a.session(c, p)
	if err != nil {
		return err
	}
	if err := a.oauth.Unlink(c.ctx, s.User.AuthUser().ID, c.id, c.r.URL.Query().Get("account_id")); err != nil {
		return err
	}
	return c.noContent()
}
