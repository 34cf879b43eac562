package ports

import (
	"context"
	"time"
)

// Account is an account at an identity provider by which a user logs in.
type Account struct {
	// Provider is the provider's name, such as "google", and Subject what the
	// provider calls the account by for ever. Together they are the account's
	// key, compared byte for byte: no two users have one account.
	Provider, Subject string
	// UserID is the user whose account it is.
	UserID string
	// Email is the address that the provider gave last, as it spelt it; it may
	// be empty.
	Email string
	// Data is the core's own: the provider's tokens, sealed. It has at most
	// 64 KiB; nil and empty are one.
	Data []byte
	// CreatedAt and UpdatedAt are in UTC, to the microsecond.
	CreatedAt, UpdatedAt time.Time
	// Revision counts the writes of the account, from 1. It is the store's to
	// set.
	Revision int64
}

// AccountStore keeps the accounts of users at identity providers. They belong
// to their users: what changes the set of a user's accounts is written only if
// nobody else wrote the user since it was read, and raises the user's revision.
// Such a change starts again as [UserStore]'s Update does, and returns
// core.ErrConflict as it does.
//
// Accounts that have no Provider or Subject, or whose texts have a NUL byte or
// invalid UTF-8, cannot be kept: core.ErrInvalidValue.
type AccountStore[U any] interface {
	// CreateWith keeps a new user, as Create of [UserStore] does, together
	// with its first account: both or neither. The account's UserID is set by
	// the store. It returns core.ErrAccountTaken where any user has the
	// account, and what Create returns; where both the address and the account
	// are taken, either.
	CreateWith(ctx context.Context, u U, a Account) error
	// ByAccount returns an account and its user, or core.ErrAccountNotFound.
	ByAccount(ctx context.Context, provider, subject string) (U, Account, error)
	// AccountsOf returns the user's accounts, the oldest first, and of those
	// made at one time in the order of their keys; none for a user who is not
	// there.
	AccountsOf(ctx context.Context, userID string) ([]Account, error)
	// Link gives an account to the user a.UserID, or, where the user has it,
	// writes its Email, Data and UpdatedAt. Allow is asked first, about the
	// user as it is then; its error is returned unwrapped and nothing is
	// written. It may run several times and must not use the store; nil
	// allows. Link returns core.ErrAccountTaken where another user has the
	// account, of any number of concurrent calls all but one, and
	// core.ErrUserNotFound where there is no such user.
	Link(ctx context.Context, a Account, allow func(u U) error) error
	// UpdateAccount reads an account, runs change on it and writes Email, Data
	// and UpdatedAt, under the rules of [UserStore]'s Update: only if nobody
	// wrote the account since, else again. It returns the account as written,
	// or core.ErrAccountNotFound.
	UpdateAccount(ctx context.Context, provider, subject string, change func(a *Account) error) (Account, error)
	// Unlink takes an account from a user. Allow is asked first, as Link asks,
	// about the user and the accounts that would be left. Of two concurrent
	// calls the second is asked about what the first left. It returns
	// core.ErrAccountNotFound where the user does not have the account.
	Unlink(ctx context.Context, userID, provider, subject string, allow func(u U, left []Account) error) error
}
