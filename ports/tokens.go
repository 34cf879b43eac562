package ports

import (
	"context"
	"time"
)

// Token is a secret that was given to a user, as a store keeps it: its digest
// and what it is for. The secret itself never reaches a store.
type Token struct {
	// Purpose and Digest together are the token's key: a token that is asked
	// for under another purpose is not there.
	Purpose, Digest string
	// UserID is the user whose token it is.
	UserID string
	// Family names the login that the token descends from.
	Family string
	// Epoch is the user's session epoch at the time of the login.
	Epoch int64
	// CreatedAt and ExpiresAt are in UTC, to the microsecond. A token expires
	// at ExpiresAt; zero means never.
	CreatedAt, ExpiresAt time.Time
	// Data is the core's own: at most 4,096 bytes, nil and empty being one.
	Data []byte
}

// OnceStore keeps tokens that are used once.
//
// It does not judge expiry: it returns expired tokens like any others, and
// core refuses them by its clock. A store whose engine removes what has
// expired does so some time after ExpiresAt and never before.
type OnceStore interface {
	// Put keeps t. It returns core.ErrTokenTaken where there is a token of
	// that purpose and digest, and core.ErrInvalidValue for one whose texts
	// have a NUL byte or invalid UTF-8 or whose purpose or digest is empty. A
	// store that keeps users as well returns core.ErrUserNotFound for a user
	// who is not there.
	Put(ctx context.Context, t Token) error
	// Take removes and returns the token, or returns core.ErrTokenNotFound.
	// Of any number of concurrent calls for one token, one gets it. A call
	// with another purpose leaves it where it is.
	Take(ctx context.Context, purpose, digest string) (Token, error)
}

// TokenStore keeps the tokens of sessions.
type TokenStore interface {
	OnceStore
	// Get returns the token, or core.ErrTokenNotFound.
	Get(ctx context.Context, purpose, digest string) (Token, error)
	// Extend moves the token's expiry to until, if that is later: it never
	// shortens a life, and it never gives one to a token that was removed.
	// Those, and a token that never expires, it leaves alone without an
	// error.
	Extend(ctx context.Context, purpose, digest string, until time.Time) error
	// Restamp sets the token's epoch, if the new one is greater, or returns
	// core.ErrTokenNotFound.
	Restamp(ctx context.Context, purpose, digest string, epoch int64) error
	// ListUser returns the user's tokens of that purpose, the newest first,
	// and of those made at one time the one with the smaller digest first.
	ListUser(ctx context.Context, purpose, userID string) ([]Token, error)
	// EndUser removes the user's tokens of that purpose, save those of the
	// family exceptFamily; "" spares none.
	EndUser(ctx context.Context, purpose, userID, exceptFamily string) error
	// Purge removes tokens that expired before the given time, at most limit
	// of them, and returns how many it removed. Concurrent calls share the
	// work and do not fail one another.
	Purge(ctx context.Context, before time.Time, limit int) (int, error)
}

// SessionUsers finds a token and its user in one statement, where both lie in
// one database.
type SessionUsers[U any] interface {
	// UserByToken returns the token and its user, or core.ErrTokenNotFound
	// where either is missing.
	UserByToken(ctx context.Context, purpose, digest string) (U, Token, error)
}

// Restamper is implemented by strategies whose sessions can be carried over a
// change of the user's epoch.
type Restamper interface {
	// Restamp makes token stand for the given epoch, which the caller's own
	// update returned. It returns core.ErrInvalidToken for a token that
	// Verify does not accept.
	Restamp(ctx context.Context, token string, epoch int64) error
}

// LegacyTokens reads the rows of another system during a migration.
type LegacyTokens interface {
	// Adopt returns the token that the other system keeps in the clear as
	// token, and from then on keeps it under digest alone: it writes the
	// digest, erases the plain value and keeps the expiry. It is asked after
	// the digest was not found, and returns core.ErrTokenNotFound for what
	// the other system did not keep or whose user is gone. Of concurrent
	// calls for one token one returns it at least; the others may return
	// core.ErrTokenNotFound, and find the token under its digest then. Rows
	// that have a digest are none of it.
	Adopt(ctx context.Context, token, digest string) (Token, error)
}
