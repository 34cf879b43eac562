package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// goAPI is an application that uses core by itself.
type goAPI struct{ w *world }

func newGoAPI(w *world) driver { return &goAPI{w} }

// peer is the caller of every call.
var peer = netip.MustParseAddr("127.0.0.1")

func (d *goAPI) do(use string, c call) answer {
	req := ports.Request{Header: http.Header{}, Peer: peer}
	if c.token != "" {
		req.Header.Add("Authorization", "Bearer "+c.token)
	}
	ctx := core.WithRequest(c.t.Context(), req)
	out, err := d.use(ctx, use, c, req)
	if err != nil {
		return answer{code: d.code(use, err)}
	}
	out.code = ok
	return out
}

func (d *goAPI) use(ctx context.Context, use string, c call, req ports.Request) (answer, error) {
	w := d.w
	switch use {
	case register:
		u, password, err := schemaOf().Registration(object(c.in), w.users.ParseEmail)
		if err != nil {
			return answer{}, err
		}
		u, err = w.users.Register(ctx, u, password)
		return shown(err, u)
	case login:
		issued, err := w.auth.LoginWithPassword(ctx, c.in.text("email"), c.in.text("password"),
			core.Entry{Backend: "bearer", Verified: w.verified, Request: req, Out: http.Header{}})
		return answer{token: issued.Token}, err
	case forgot, requestVerify:
		addr, err := w.users.ParseEmail(c.in.text("email"))
		if err == nil && use == forgot {
			err = w.users.ForgotPassword(ctx, addr)
		} else if err == nil {
			err = w.users.RequestVerify(ctx, addr)
		}
		return answer{}, err
	case resetPassword:
		return answer{}, w.users.ResetPassword(ctx, c.in.text("token"), c.in.text("password"))
	case verify:
		u, err := w.users.Verify(ctx, c.in.text("token"))
		return shown(err, u)
	case logout, readMe, changeMe:
		s, err := w.auth.Authenticate(ctx, req, core.Policy[*member]{Verified: w.verified})
		if err != nil {
			return answer{}, err
		}
		return d.self(ctx, use, c, s)
	}
	if _, err := w.auth.Authenticate(ctx, req, core.Policy[*member]{Verified: w.verified, Superuser: true}); err != nil {
		return answer{}, err
	}
	return d.admin(ctx, use, c)
}

func (d *goAPI) self(ctx context.Context, use string, c call, s core.Session[*member]) (answer, error) {
	switch use {
	case logout:
		return answer{}, d.w.auth.Logout(ctx, s, "bearer", http.Header{})
	case readMe:
		return shown(nil, s.User)
	}
	change, err := schemaOf().Changes(object(c.in), false, d.w.users.ParseEmail)
	if err != nil {
		return answer{}, err
	}
	u, err := d.w.users.UpdateSelf(ctx, s.User, change)
	if err == nil {
		err = d.w.auth.Carry(ctx, s, u, http.Header{})
	}
	return shown(err, u)
}

func (d *goAPI) admin(ctx context.Context, use string, c call) (answer, error) {
	if use == listUsers {
		page, err := d.w.users.List(ctx, ports.UserQuery{After: c.in.text("page_token")})
		return shown(err, page.Users...)
	}
	u, err := d.w.users.ByID(ctx, c.id)
	if err != nil {
		return answer{}, err
	}
	switch use {
	case changeUser:
		change, err := schemaOf().Changes(object(c.in), true, d.w.users.ParseEmail)
		if err != nil {
			return answer{}, err
		}
		u, err = d.w.users.Update(ctx, u, change)
		return shown(err, u)
	case deleteUser:
		return answer{}, d.w.users.Delete(ctx, u)
	}
	return shown(nil, u)
}

func schemaOf() *core.Schema[*member] {
	s, err := schema.WithDefaults()
	if err != nil {
		panic(err)
	}
	return &s
}

// shown are users as the schema shows them.
func shown(err error, users ...*member) (answer, error) {
	var out answer
	if err != nil {
		return out, err
	}
	for _, u := range users {
		out.users = append(out.users, decoded(schemaOf().Show(u)))
	}
	return out, nil
}

// decoded is a value as JSON has it.
func decoded(v any) fields {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	var out fields
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

// object is what schemas take.
func object(in fields) *core.Object {
	out := &core.Object{}
	for name, value := range in {
		switch value.(type) {
		case int, float64:
			value = json.Number(fmt.Sprint(value))
		}
		out.Set(name, value)
	}
	return out
}

// words are the codes that errors have in a use case.
var words = map[string]struct{ taken, password, token string }{
	register:      {taken: "REGISTER_USER_ALREADY_EXISTS", password: "REGISTER_INVALID_PASSWORD"},
	changeMe:      {taken: "UPDATE_USER_EMAIL_ALREADY_EXISTS", password: "UPDATE_USER_INVALID_PASSWORD"},
	changeUser:    {taken: "UPDATE_USER_EMAIL_ALREADY_EXISTS", password: "UPDATE_USER_INVALID_PASSWORD"},
	resetPassword: {token: "RESET_PASSWORD_BAD_TOKEN", password: "RESET_PASSWORD_INVALID_PASSWORD"},
	verify:        {token: "VERIFY_USER_BAD_TOKEN"},
}

// code is what the contract of HTTP calls an error of core's.
func (d *goAPI) code(use string, err error) string {
	for _, c := range []struct {
		err  error
		code string
	}{
		{core.ErrUnauthenticated, unauthorized}, {core.ErrForbidden, forbidden}, {core.ErrUserNotFound, notFound},
		{core.ErrInvalidCredentials, "LOGIN_BAD_CREDENTIALS"}, {core.ErrInactive, "LOGIN_BAD_CREDENTIALS"},
		{core.ErrUnverified, "LOGIN_USER_NOT_VERIFIED"}, {core.ErrAlreadyVerified, "VERIFY_USER_ALREADY_VERIFIED"},
		{core.ErrEmailTaken, words[use].taken}, {core.ErrInvalidToken, words[use].token}, {core.ErrNoLister, noLister},
		{core.ErrConflict, outage}, {errCut, outage},
	} {
		if errors.Is(err, c.err) && c.code != "" {
			return c.code
		}
	}
	if use == listUsers && errors.Is(err, core.ErrInvalidValue) {
		return invalid("page_token value_error")
	}
	if e, ok := errors.AsType[*core.InputError](err); ok {
		var wrong []string
		for _, f := range e.Errors {
			wrong = append(wrong, fmt.Sprintf("%v %s", f.Loc[1], f.Type))
		}
		return invalid(wrong...)
	}
	if _, ok := errors.AsType[*core.EmailError](err); ok {
		return invalid("email value_error")
	}
	if e, ok := errors.AsType[*core.PasswordError](err); ok {
		return refused(words[use].password, fmt.Sprint(e.Reason))
	}
	if _, ok := errors.AsType[*core.LimitError](err); ok {
		return tooMany
	}
	if _, ok := errors.AsType[*core.BusyError](err); ok {
		return busy
	}
	return unknown(err).code
}
