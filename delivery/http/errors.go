package httpauth

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gousher/usher/core"
)

// codes are the words for errors that differ between routes.
type codes struct{ emailTaken, invalidPassword, invalidToken string }

// answer is what a client is told of an error.
type answer struct {
	status int
	// detail is what detailJSON encodes.
	detail any
	// retryAfter is left out where it is zero.
	retryAfter time.Duration
	// log is true where the operator is told as well.
	log bool
}

// sentinels and answerTo are the table from errors to answers. An error that
// is in neither is an outage.
var sentinels = []struct {
	err    error
	status int
	detail string
}{
	{core.ErrUnauthenticated, http.StatusUnauthorized, "Unauthorized"},
	{core.ErrForbidden, http.StatusForbidden, "Forbidden"},
	{core.ErrUserNotFound, http.StatusNotFound, "Not Found"},
	{core.ErrInvalidCredentials, http.StatusBadRequest, "LOGIN_BAD_CREDENTIALS"},
	{core.ErrInactive, http.StatusBadRequest, "LOGIN_BAD_CREDENTIALS"},
	{core.ErrUnverified, http.StatusBadRequest, "LOGIN_USER_NOT_VERIFIED"},
	{core.ErrAlreadyVerified, http.StatusBadRequest, "VERIFY_USER_ALREADY_VERIFIED"},
	{core.ErrInvalidState, http.StatusBadRequest, "ACCESS_TOKEN_DECODE_ERROR"},
	{core.ErrExpiredState, http.StatusBadRequest, "ACCESS_TOKEN_ALREADY_EXPIRED"},
	{core.ErrForeignState, http.StatusBadRequest, "OAUTH_INVALID_STATE"},
	{core.ErrForeignUser, http.StatusBadRequest, "Bad Request"},
	{core.ErrNoEmail, http.StatusBadRequest, "OAUTH_NOT_AVAILABLE_EMAIL"},
	{core.ErrAccountTaken, http.StatusBadRequest, "OAUTH_ACCOUNT_ALREADY_LINKED"},
	{core.ErrLastWayIn, http.StatusBadRequest, "OAUTH_LAST_WAY_IN"},
	{core.ErrAccountNotFound, http.StatusNotFound, "Not Found"},
}

func answerTo(err error, c *call) answer {
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return answer{status: s.status, detail: s.detail}
		}
	}
	if e, ok := errors.AsType[*requestError](err); ok {
		return answer{status: e.status, detail: e.detail}
	}
	if e, ok := errors.AsType[*core.InputError](err); ok {
		return answer{status: http.StatusUnprocessableEntity, detail: e.Errors}
	}
	if errors.Is(err, core.ErrInvalidValue) {
		return answer{status: http.StatusUnprocessableEntity, detail: unstorable(c.body)}
	}
	if e, ok := errors.AsType[*core.PasswordError](err); ok {
		return answer{status: http.StatusBadRequest, detail: passwordDetail{c.codes.invalidPassword, e.Reason}}
	}
	if errors.Is(err, core.ErrEmailTaken) {
		return answer{status: http.StatusBadRequest, detail: c.codes.emailTaken}
	}
	if errors.Is(err, core.ErrInvalidToken) && c.codes.invalidToken != "" {
		return answer{status: http.StatusBadRequest, detail: c.codes.invalidToken}
	}
	if e, ok := errors.AsType[*core.BusyError](err); ok {
		return answer{status: http.StatusServiceUnavailable, detail: "Service Unavailable", retryAfter: max(e.RetryAfter, 1)}
	}
	if e, ok := errors.AsType[*core.LimitError](err); ok {
		return answer{status: http.StatusTooManyRequests, detail: "Too Many Requests", retryAfter: max(e.RetryAfter, 1)}
	}
	if _, ok := errors.AsType[*encodingError](err); ok {
		return answer{status: http.StatusInternalServerError, log: true}
	}
	if errors.Is(err, core.ErrCodeRefused) {
		return answer{status: http.StatusBadGateway, detail: "OAUTH_PROVIDER_ERROR", log: true}
	}
	if errors.Is(err, core.ErrProviderUnavailable) {
		return answer{status: http.StatusServiceUnavailable, detail: "OAUTH_PROVIDER_UNAVAILABLE", log: true}
	}
	return answer{status: http.StatusServiceUnavailable, detail: "Service Unavailable", log: true}
}

// requestError is a request that cannot be read.
type requestError struct {
	status int
	detail string
}

func (e *requestError) Error() string { return "httpauth: " + e.detail }

func badRequest(detail string) error { return &requestError{http.StatusBadRequest, detail} }

var (
	// errUnreadable: the body is not what its media type says.
	errUnreadable = badRequest("There was an error parsing the body")
	// errTooLarge: the body has more than maxBody bytes.
	errTooLarge = &requestError{http.StatusRequestEntityTooLarge, "Request Entity Too Large"}
)

type passwordDetail struct {
	Code   string `json:"code"`
	Reason any    `json:"reason"`
}

// unstorable says that the store cannot keep one of the values in body.
func unstorable(body any) []core.FieldError {
	const reason = "a value cannot be stored as it is"
	return []core.FieldError{{
		Type: "value_error", Loc: []any{"body"}, Msg: "Value error, " + reason,
		Input: body, Ctx: map[string]any{"error": reason},
	}}
}

// fail answers for err.
func (a *API[U]) fail(c *call, err error) {
	ans := answerTo(err, c)
	body, bad := detailJSON(ans.detail)
	if bad != nil {
		err = &encodingError{bad}
		ans = answerTo(err, c)
	}
	if ans.log {
		if errors.Is(c.r.Context().Err(), context.Canceled) {
			panic(http.ErrAbortHandler) // nobody is there to be told
		}
		a.log.ErrorContext(c.r.Context(), "usher: request failed",
			"method", c.r.Method, "path", c.r.URL.Path, "error", err)
	}
	if ans.status == http.StatusInternalServerError {
		c.broken()
		return
	}
	if ans.retryAfter > 0 {
		seconds := (ans.retryAfter + time.Second - 1) / time.Second
		c.w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	c.answered = true
	write(c.w, ans.status, "application/json", body)
}
