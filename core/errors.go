package core

import (
	"errors"
	"fmt"
	"time"
)

// The domain errors. Their texts are for logs; what strangers are told is
// decided by the deliveries.
var (
	// ErrUserNotFound: there is no user with that id or e-mail.
	ErrUserNotFound = errors.New("usher: user not found")
	// ErrEmailTaken: another user has that e-mail address.
	ErrEmailTaken = errors.New("usher: e-mail address is taken")
	// ErrConflict: too many others wrote the same user at the same time. The
	// call changed nothing and may be tried again.
	ErrConflict = errors.New("usher: too many concurrent changes")
	// ErrInvalidValue: the store cannot keep one of the values as it is.
	ErrInvalidValue = errors.New("usher: value cannot be stored")
	// ErrInvalidCredentials: no user has that e-mail and password.
	ErrInvalidCredentials = errors.New("usher: invalid credentials")
	// ErrInactive: the user is banned.
	ErrInactive = errors.New("usher: user is inactive")
	// ErrUnverified: the user has not verified the e-mail address.
	ErrUnverified = errors.New("usher: user is not verified")
	// ErrAlreadyVerified: the user has verified the address before.
	ErrAlreadyVerified = errors.New("usher: user is verified already")
	// ErrNoLister: the stores do not list users, as there is no Lister.
	ErrNoLister = errors.New("usher: the stores do not list users")
	// ErrAccountNotFound: no user, or not this one, has that account.
	ErrAccountNotFound = errors.New("usher: account not found")
	// ErrAccountTaken: another user has that account.
	ErrAccountTaken = errors.New("usher: account is taken")
	// ErrLastWayIn: without the account its user could not log in any more.
	ErrLastWayIn = errors.New("usher: last way in")
	// ErrInvalidState: a state was not made here, was altered, or is for
	// another provider or flow.
	ErrInvalidState = errors.New("usher: invalid OAuth state")
	// ErrExpiredState: the state's time is over.
	ErrExpiredState = errors.New("usher: OAuth state has expired")
	// ErrForeignState: the state is another browser's, or was used.
	ErrForeignState = errors.New("usher: OAuth state of another browser, or used")
	// ErrForeignUser: the state is another user's.
	ErrForeignUser = errors.New("usher: OAuth state of another user")
	// ErrNoEmail: the identity provider gave no address that can be kept.
	ErrNoEmail = errors.New("usher: no e-mail address from the identity provider")
	// ErrProviderUnavailable: the identity provider could not be asked.
	ErrProviderUnavailable = errors.New("usher: identity provider unavailable")
	// ErrNoProviderToken: there is no token of the provider's that is good,
	// and none by which to get one.
	ErrNoProviderToken = errors.New("usher: no token of the identity provider")
	// ErrCodeRefused: an identity provider refused the code, or answered what
	// is not to be trusted.
	ErrCodeRefused = errors.New("usher: identity provider refused")
	// ErrTokenNotFound: there is no token of that purpose and digest.
	ErrTokenNotFound = errors.New("usher: token not found")
	// ErrTokenTaken: there is a token of that purpose and digest already.
	ErrTokenTaken = errors.New("usher: token is taken")
	// ErrInvalidToken: the token is not, or no longer, worth anything.
	ErrInvalidToken = errors.New("usher: invalid token")
	// ErrNotRevocable: tokens of this strategy live until they expire.
	ErrNotRevocable = errors.New("usher: token cannot be revoked")
	// ErrUnauthenticated: the call carries no valid credentials.
	ErrUnauthenticated = errors.New("usher: unauthenticated")
	// ErrForbidden: the caller is known and may not do this.
	ErrForbidden = errors.New("usher: forbidden")
)

// EmailError says why a string is not an e-mail address.
type EmailError struct {
	// Reason is a sentence for whoever typed the address.
	Reason string
}

func (e *EmailError) Error() string { return "usher: invalid e-mail address: " + e.Reason }

// PasswordError says why a new password was refused.
type PasswordError struct {
	// Reason is for whoever chose the password: a sentence, or any value that
	// encodes to JSON. Deliveries pass it on as it is.
	Reason any
}

func (e *PasswordError) Error() string { return fmt.Sprintf("usher: password refused: %v", e.Reason) }

// BusyError says that too many passwords wait to be hashed, or too many mails
// to be sent. Nothing was done.
type BusyError struct {
	// RetryAfter is when it may be worth trying again.
	RetryAfter time.Duration
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("usher: too busy, retry after %v", e.RetryAfter)
}

// LimitError says that something was tried too often. Nothing was done.
type LimitError struct {
	// RetryAfter is how long it takes until it may be tried again.
	RetryAfter time.Duration
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("usher: tried too often, retry after %v", e.RetryAfter)
}

// ConfigError lists everything that is wrong with a configuration.
type ConfigError struct {
	// Of is the type that was configured, such as "core.Config".
	Of string
	// Problems each start with the name of a field.
	Problems []string
}

func (e *ConfigError) Error() string {
	text := e.Of + ": "
	for i, p := range e.Problems {
		if i > 0 {
			text += "; "
		}
		text += p
	}
	return text
}
