package httpauth

import "net/http"

// Register routes POST /register, which makes a user of what anybody sends.
type Register struct{}

func (Register) isRouter() {}

func (a *API[U]) registerRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/register", read: readJSON, serve: a.register,
		codes: codes{emailTaken: "REGISTER_USER_ALREADY_EXISTS", invalidPassword: "REGISTER_INVALID_PASSWORD"},
		doc: operation{name: "register:register", tag: "auth", body: createBody, responses: []response{
			ok(http.StatusCreated, shownUser), refusal(taken("REGISTER_USER_ALREADY_EXISTS"), weakPassword("REGISTER_INVALID_PASSWORD")), invalid,
		}},
	}}
}

func (a *API[U]) register(c *call) error {
	u, password, err := a.schema.Registration(c.body, a.users.ParseEmail)
	if err != nil {
		return err
	}
	if u, err = a.users.Register(c.ctx, u, password); err != nil {
		return err
	}
	return a.show(c, http.StatusCreated, u)
}
