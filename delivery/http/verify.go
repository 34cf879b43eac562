package httpauth

import "net/http"

// Verify routes POST /request-verify-token, which mails a token to the user
// with the address that is sent and answers the same whether or not there is
// one, and POST /verify, which takes the token. The manager must send mails.
type Verify struct{}

func (Verify) isRouter() {}

func (a *API[U]) verifyRoutes() []route {
	return []route{
		{method: http.MethodPost, path: "/request-verify-token", read: readJSON, serve: a.requestVerify,
			doc: operation{name: "verify:request-token", tag: "auth", body: fieldsBody("email@"), responses: []response{ok(http.StatusAccepted, anything), invalid}}},
		{method: http.MethodPost, path: "/verify", read: readJSON, serve: a.verify,
			codes: codes{invalidToken: "VERIFY_USER_BAD_TOKEN"},
			doc: operation{name: "verify:verify", tag: "auth", body: fieldsBody("token"), responses: []response{
				ok(http.StatusOK, shownUser), refusal(
					example{code: "VERIFY_USER_BAD_TOKEN", summary: "Bad token, not existing user or not the e-mail currently set for the user."},
					example{code: "VERIFY_USER_ALREADY_VERIFIED", summary: "The user is already verified."},
				), invalid,
			}}},
	}
}

func (a *API[U]) requestVerify(c *call) error {
	email, err := c.address(a.users.ParseEmail)
	if err != nil {
		return err
	}
	if err := a.users.RequestVerify(c.ctx, email); err != nil {
		return err
	}
	return c.json(http.StatusAccepted, nil)
}

func (a *API[U]) verify(c *call) error {
	in, err := c.texts("token")
	if err != nil {
		return err
	}
	u, err := a.users.Verify(c.ctx, in[0])
	if err != nil {
		return err
	}
	return a.show(c, http.StatusOK, u)
}
