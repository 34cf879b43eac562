package httpauth

import (
	"context"
	"errors"
	"net/http"

	"github.com/gousher/usher/core"
)

// Users routes GET and PATCH /me, for every active user, and GET, PATCH and
// DELETE /{id}, for superusers.
type Users struct {
	// RequireVerified refuses users who are not verified.
	RequireVerified bool
}

func (Users) isRouter() {}

func (a *API[U]) usersRoutes(cfg Users) []route {
	self := core.Policy[U]{Verified: cfg.RequireVerified}
	admin := core.Policy[U]{Verified: cfg.RequireVerified, Superuser: true}
	words := codes{emailTaken: "UPDATE_USER_EMAIL_ALREADY_EXISTS", invalidPassword: "UPDATE_USER_INVALID_PASSWORD"}
	refused := refusal(taken(words.emailTaken), weakPassword(words.invalidPassword))
	doc := func(name string, body func(*document, string) any, responses ...response) operation {
		return operation{name: "users:" + name, tag: "users", protected: true, body: body, responses: responses}
	}
	shown := ok(http.StatusOK, shownUser)
	return []route{
		{method: http.MethodGet, path: "/me", serve: func(c *call) error { return a.readSelf(c, self) },
			doc: doc("current_user", nil, shown, unauthorized)},
		{method: http.MethodPatch, path: "/me", read: readJSON, codes: words,
			serve: func(c *call) error { return a.changeSelf(c, self) },
			doc:   doc("patch_current_user", updateBody, shown, unauthorized, refused, invalid)},
		{method: http.MethodGet, path: "/", param: "id", serve: func(c *call) error { return a.readUser(c, admin) },
			doc: doc("user", nil, shown, unauthorized, forbidden, notThere, invalid)},
		{method: http.MethodPatch, path: "/", param: "id", read: readJSON, codes: words,
			serve: func(c *call) error { return a.changeUser(c, admin) },
			doc:   doc("patch_user", updateBody, shown, unauthorized, forbidden, notThere, refused, invalid)},
		{method: http.MethodDelete, path: "/", param: "id", serve: func(c *call) error { return a.deleteUser(c, admin) },
			doc: doc("delete_user", nil, noContent, unauthorized, forbidden, notThere, invalid)},
	}
}

func (a *API[U]) readSelf(c *call, p core.Policy[U]) error {
	s, err := a.auth.Authenticate(c.ctx, c.req, p)
	if err != nil {
		return err
	}
	return a.show(c, http.StatusOK, s.User)
}

func (a *API[U]) changeSelf(c *call, p core.Policy[U]) error {
	s, err := a.session(c, p)
	if err != nil {
		return err
	}
	change, err := a.schema.Changes(c.body, false, a.users.ParseEmail)
	if err != nil {
		return err
	}
	u, err := a.users.UpdateSelf(c.ctx, s.User, change)
	if errors.Is(err, core.ErrUserNotFound) {
		return core.ErrUnauthenticated // deleted since
	}
	if err != nil {
		return err
	}
	a.carry(c, s, u)
	return a.show(c, http.StatusOK, u)
}

// carry lets the session go on where a change of u has ended all sessions. The
// change is made, so that the answer does not depend on it, and a client that
// has gone finds its session when it comes back.
func (a *API[U]) carry(c *call, s core.Session[U], u U) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), a.timeout)
	defer cancel()
	out := http.Header{}
	if err := a.auth.Carry(ctx, s, u, out); err != nil {
		a.log.ErrorContext(ctx, "usher: session not carried over a new password",
			"method", c.r.Method, "path", c.r.URL.Path, "error", err)
	}
	c.add(out)
}

// named returns the user whom the path names, to those whom p allows.
func (a *API[U]) named(c *call, p core.Policy[U]) (U, error) {
	if s, err := a.session(c, p); err != nil {
		return s.User, err
	}
	return a.users.ByID(c.ctx, c.id)
}

func (a *API[U]) readUser(c *call, p core.Policy[U]) error {
	u, err := a.named(c, p)
	if err != nil {
		return err
	}
	return a.show(c, http.StatusOK, u)
}

func (a *API[U]) changeUser(c *call, p core.Policy[U]) error {
	u, err := a.named(c, p)
	if err != nil {
		return err
	}
	change, err := a.schema.Changes(c.body, true, a.users.ParseEmail)
	if err != nil {
		return err
	}
	if u, err = a.users.Update(c.ctx, u, change); err != nil {
		return err
	}
	return a.show(c, http.StatusOK, u)
}

func (a *API[U]) deleteUser(c *call, p core.Policy[U]) error {
	u, err := a.named(c, p)
	if err != nil {
		return err
	}
	if err := a.users.Delete(c.ctx, u); err != nil {
		return err
	}
	return c.noContent()
}
