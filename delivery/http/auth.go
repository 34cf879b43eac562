package httpauth

import (
	"net/http"

	"github.com/gousher/usher/core"
)

// Auth routes POST /login and POST /logout for one backend. Logging in takes
// a form with the fields username, which is the e-mail address, and password.
// Logging out takes the credentials of any backend.
type Auth struct {
	// Backend names the backend. Required.
	Backend string
	// RequireVerified refuses users who are not verified.
	RequireVerified bool
}

func (Auth) isRouter() {}

func (a *API[U]) authRoutes(cfg Auth) []route {
	b, _ := a.auth.Backend(cfg.Backend)
	_, sent := b.Transport.(*core.Cookie)
	return []route{
		{method: http.MethodPost, path: "/login", read: readForm, serve: func(c *call) error { return a.login(c, cfg) },
			doc: loginDoc(cfg.Backend, sent)},
		{method: http.MethodPost, path: "/logout", serve: func(c *call) error { return a.logout(c, cfg) },
			doc: logoutDoc(cfg.Backend, sent)},
	}
}

// bearerToken is the answer to a login whose token travels in the body.
type bearerToken struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
}

func (a *API[U]) login(c *call, cfg Auth) error {
	email, password, err := c.form.credentials()
	if err != nil {
		return err
	}
	out := http.Header{}
	issued, err := a.auth.LoginWithPassword(c.ctx, email, password, core.Entry{
		Backend: cfg.Backend, Verified: cfg.RequireVerified, Request: c.req, Out: out,
	})
	if err != nil {
		return err
	}
	return c.loggedIn(issued, out)
}

// loggedIn answers with a session that was made, and with what its transport
// put into out.
func (c *call) loggedIn(issued core.Issued, out http.Header) error {
	c.add(out)
	if issued.Sent {
		return c.noContent()
	}
	return c.json(http.StatusOK, bearerToken{issued.Token, "bearer"})
}

func (a *API[U]) logout(c *call, cfg Auth) error {
	s, err := a.session(c, core.Policy[U]{Verified: cfg.RequireVerified})
	if err != nil {
		return err
	}
	out := http.Header{}
	if err := a.auth.Logout(c.ctx, s, cfg.Backend, out); err != nil {
		return err
	}
	c.add(out)
	return c.noContent()
}
