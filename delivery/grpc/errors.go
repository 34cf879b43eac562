package grpcauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/gousher/usher/core"
)

// domain is that of every ErrorInfo.
const domain = "usher"

// words are what differs between the answers of methods.
type words struct {
	// emailTaken, invalidPassword and invalidToken are reasons.
	emailTaken, invalidPassword, invalidToken string
	// password is the field of a new password, added that of the
	// application's fields.
	password, added string
}

// answer is what a caller is told of an error.
type answer struct {
	code codes.Code
	// message is the code or the words of the HTTP delivery; reason is the
	// same as an identifier.
	message string
	// metadata is the ErrorInfo's.
	metadata   map[string]string
	violations []violation
	// retryAfter is left out where it is zero.
	retryAfter time.Duration
	// log is true where the operator is told as well.
	log bool
}

// violation is one thing that is wrong with a message.
type violation struct{ field, reason, description string }

// sentinels and answerTo are the table from errors to answers. An error that
// is in neither is an outage.
var sentinels = []struct {
	err     error
	code    codes.Code
	message string
}{
	{core.ErrUnauthenticated, codes.Unauthenticated, "Unauthorized"},
	{core.ErrForbidden, codes.PermissionDenied, "Forbidden"},
	{core.ErrUserNotFound, codes.NotFound, "Not Found"},
	{core.ErrInvalidCredentials, codes.InvalidArgument, "LOGIN_BAD_CREDENTIALS"},
	{core.ErrInactive, codes.InvalidArgument, "LOGIN_BAD_CREDENTIALS"},
	{core.ErrUnverified, codes.FailedPrecondition, "LOGIN_USER_NOT_VERIFIED"},
	{core.ErrAlreadyVerified, codes.FailedPrecondition, "VERIFY_USER_ALREADY_VERIFIED"},
	{core.ErrNoLister, codes.Unimplemented, "Not Implemented"},
	{errAmbiguous, codes.InvalidArgument, "Bad Request"},
	{core.ErrInvalidState, codes.InvalidArgument, "ACCESS_TOKEN_DECODE_ERROR"},
	{core.ErrExpiredState, codes.InvalidArgument, "ACCESS_TOKEN_ALREADY_EXPIRED"},
	{core.ErrForeignState, codes.InvalidArgument, "OAUTH_INVALID_STATE"},
	{core.ErrForeignUser, codes.InvalidArgument, "Bad Request"},
	{core.ErrNoEmail, codes.InvalidArgument, "OAUTH_NOT_AVAILABLE_EMAIL"},
	{core.ErrAccountTaken, codes.AlreadyExists, "OAUTH_ACCOUNT_ALREADY_LINKED"},
	{core.ErrLastWayIn, codes.FailedPrecondition, "OAUTH_LAST_WAY_IN"},
	{core.ErrAccountNotFound, codes.NotFound, "Not Found"},
}

// errAmbiguous: the call carries more than one authorization.
var errAmbiguous = errors.New("grpcauth: more than one authorization")

// unavailable and broken are the answers for an outage and for a fault of the
// program.
var (
	unavailable = answer{code: codes.Unavailable, message: "Service Unavailable", log: true}
	broken      = answer{code: codes.Internal, message: "Internal Server Error", log: true}
)

func answerTo(err error, w words) answer {
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return answer{code: s.code, message: s.message}
		}
	}
	if e, ok := errors.AsType[*core.InputError](err); ok {
		return invalid(inputViolations(e, w.added)...)
	}
	if e, ok := errors.AsType[*fieldError](err); ok {
		return invalid(e.violation)
	}
	if errors.Is(err, core.ErrInvalidValue) {
		return invalid(violation{"", "VALUE_ERROR", "a value cannot be stored as it is"})
	}
	if e, ok := errors.AsType[*core.PasswordError](err); ok {
		reason := passwordReason(e)
		return answer{code: codes.InvalidArgument, message: w.invalidPassword,
			metadata: map[string]string{"reason": reason}, violations: []violation{{w.password, "VALUE_ERROR", reason}}}
	}
	if errors.Is(err, core.ErrEmailTaken) {
		return answer{code: codes.AlreadyExists, message: w.emailTaken}
	}
	if errors.Is(err, core.ErrInvalidToken) && w.invalidToken != "" {
		return answer{code: codes.InvalidArgument, message: w.invalidToken}
	}
	if e, ok := errors.AsType[*core.BusyError](err); ok {
		return answer{code: codes.Unavailable, message: "Service Unavailable", retryAfter: max(e.RetryAfter, 1)}
	}
	if e, ok := errors.AsType[*core.LimitError](err); ok {
		return answer{code: codes.ResourceExhausted, message: "Too Many Requests", retryAfter: max(e.RetryAfter, 1)}
	}
	if _, ok := errors.AsType[*encodingError](err); ok {
		return broken
	}
	if errors.Is(err, core.ErrCodeRefused) {
		return answer{code: codes.Unavailable, message: "OAUTH_PROVIDER_ERROR", log: true}
	}
	if errors.Is(err, core.ErrProviderUnavailable) {
		return answer{code: codes.Unavailable, message: "OAUTH_PROVIDER_UNAVAILABLE", log: true}
	}
	return unavailable
}

func invalid(list ...violation) answer {
	return answer{code: codes.InvalidArgument, message: "Unprocessable Entity", violations: list}
}

// fieldError is one thing that is wrong with a message.
type fieldError struct{ violation }

func (e *fieldError) Error() string { return "grpcauth: " + e.field + ": " + e.description }

func wrongField(field, reason, format string, args ...any) error {
	return &fieldError{violation{field, reason, fmt.Sprintf(format, args...)}}
}

// encodingError says that a user cannot be put into a message.
type encodingError struct{ cause error }

func (e *encodingError) Error() string { return "grpcauth: " + e.cause.Error() }

// passwordReason is text, or another value as JSON.
func passwordReason(e *core.PasswordError) string {
	if text, ok := e.Reason.(string); ok {
		return text
	}
	text, err := json.Marshal(e.Reason)
	if err != nil {
		return "Password was refused"
	}
	return string(text)
}

// inputViolations names fields as the messages do: those of the application
// are below added.
func inputViolations(e *core.InputError, added string) []violation {
	var list []violation
	for _, f := range e.Errors {
		var path strings.Builder
		for i, at := range f.Loc {
			switch {
			case i == 0 && at == "body":
				path.WriteString("user")
			case i == 0:
				fmt.Fprint(&path, at)
			case i == 1 && !isBuiltin(at):
				path.Reset()
				fmt.Fprintf(&path, "%s.%v", added, at)
			default:
				fmt.Fprintf(&path, ".%v", at)
			}
		}
		list = append(list, violation{path.String(), strings.ToUpper(f.Type), f.Msg})
	}
	return list
}

const (
	// maxViolations and maxText keep a status within the few KiB of trailers
	// that every client accepts.
	maxViolations = 10
	maxText       = 200
)

// cut returns at most maxText bytes of text, whole characters.
func cut(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxText {
		return text
	}
	end := maxText - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// reason is the message as an identifier.
func (a answer) reason() string { return strings.ToUpper(strings.ReplaceAll(a.message, " ", "_")) }

// err returns the status.
func (a answer) err() error {
	info := &errdetails.ErrorInfo{Reason: a.reason(), Domain: domain}
	for key, value := range a.metadata {
		if info.Metadata == nil {
			info.Metadata = map[string]string{}
		}
		info.Metadata[key] = cut(value)
	}
	details := []protoadapt.MessageV1{protoadapt.MessageV1Of(info)}
	if a.violations != nil {
		bad := &errdetails.BadRequest{}
		for _, v := range a.violations[:min(len(a.violations), maxViolations)] {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: cut(v.field), Description: cut(v.description), Reason: v.reason,
			})
		}
		details = append(details, protoadapt.MessageV1Of(bad))
	}
	if a.retryAfter > 0 {
		details = append(details, protoadapt.MessageV1Of(&errdetails.RetryInfo{RetryDelay: durationpb.New(a.retryAfter)}))
	}
	s := status.New(a.code, a.message)
	if with, err := s.WithDetails(details...); err == nil {
		s = with
	}
	return s.Err()
}

// fail returns the status for err, an error of core's. Ctx is the caller's.
func (a *API[U]) fail(ctx context.Context, m *method[U], err error) error {
	ans := answerTo(err, m.words)
	if !ans.log {
		return ans.err()
	}
	if gone := ctx.Err(); gone != nil { // nobody waits for the answer
		return status.FromContextError(gone).Err()
	}
	a.log.ErrorContext(ctx, "usher: call failed", "method", m.name, "error", err)
	return ans.err()
}
