package httpauth

import "net/http"

// Reset routes POST /forgot-password, which mails a token to the user with
// the address that is sent and answers the same whether or not there is one,
// and POST /reset-password, which takes the token and a new password. The
// manager must send mails.
type Reset struct{}

func (Reset) isRouter() {}

func (a *API[U]) resetRoutes() []route {
	return []route{
		{method: http.MethodPost, path: "/forgot-password", read: readJSON, serve: a.forgotPassword,
			doc: operation{name: "reset:forgot_password", tag: "auth", body: fieldsBody("email@"), responses: []response{ok(http.StatusAccepted, anything), invalid}}},
		{method: http.MethodPost, path: "/reset-password", read: readJSON, serve: a.resetPassword,
			codes: codes{invalidToken: "RESET_PASSWORD_BAD_TOKEN", invalidPassword: "RESET_PASSWORD_INVALID_PASSWORD"},
			doc: operation{name: "reset:reset_password", tag: "auth", body: fieldsBody("token", "password"), responses: []response{
				ok(http.StatusOK, anything),
				refusal(example{code: "RESET_PASSWORD_BAD_TOKEN", summary: "Bad or expired token."}, weakPassword("RESET_PASSWORD_INVALID_PASSWORD")), invalid,
			}}},
	}
}

func (a *API[U]) forgotPassword(c *call) error {
	email, err := c.address(a.users.ParseEmail)
	if err != nil {
		return err
	}
	if err := a.users.ForgotPassword(c.ctx, email); err != nil {
		return err
	}
	return c.json(http.StatusAccepted, nil)
}

func (a *API[U]) resetPassword(c *call) error {
	in, err := c.texts("token", "password")
	if err != nil {
		return err
	}
	if err := a.users.ResetPassword(c.ctx, in[0], in[1]); err != nil {
		return err
	}
	return c.json(http.StatusOK, nil)
}
