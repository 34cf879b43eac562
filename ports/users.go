package ports

import "context"

// UserStore keeps the application's users. U is a pointer to the
// application's struct, which embeds core.User by value; a store is used with
// pointers that are not nil.
//
// The store neither parses nor folds e-mail addresses: core computes
// EmailKey, and the store compares it byte for byte. CreatedAt and UpdatedAt
// are cut to the microsecond, from the year 1 to the year 9999, and come back
// in UTC.
type UserStore[U any] interface {
	// Create keeps a new user with every field of the application's struct
	// that the store maps. On success it sets on u the id, if it was empty,
	// and the revision, which is 1; on failure u is as it was. It returns
	// core.ErrEmailTaken where another user has the same EmailKey, decided by
	// the store itself and never by a look beforehand: of any number of
	// concurrent calls with one key, one succeeds. It returns
	// core.ErrInvalidValue for an id, e-mail or hash that the store could not
	// give back as it is: one with a NUL byte, invalid UTF-8, an id of another
	// form than the store's, or an empty EmailKey; and for an id that is in
	// use.
	Create(ctx context.Context, u U) error
	// ByID returns the user with the given id, or core.ErrUserNotFound, also
	// for an id that cannot be one. Every spelling of an id that the form of
	// the store's ids allows finds the user.
	ByID(ctx context.Context, id string) (U, error)
	// ByEmail returns the user with the given EmailKey, or
	// core.ErrUserNotFound. An empty key finds nobody.
	ByEmail(ctx context.Context, key string) (U, error)
	// Update reads the user, runs change on it, writes what change altered,
	// and returns the user as written. The write takes effect only if nobody
	// else wrote the user since it was read; otherwise Update starts again,
	// after a short random wait, at most 100 times, and then returns
	// core.ErrConflict. So change may run several times, each time on a fresh
	// copy; no lock is held while it runs. It must not use the store.
	//
	// A successful Update that alters something raises the revision by one;
	// one that alters nothing may leave it. The id and the revision are not
	// change's to set: what it does to them is ignored. Update returns the
	// error of change unwrapped and then writes nothing; core.ErrUserNotFound
	// where there is no such user; core.ErrEmailTaken where another user has
	// the new EmailKey; core.ErrInvalidValue as Create does.
	Update(ctx context.Context, id string, change func(u U) error) (U, error)
	// Delete removes the user and all that hangs on it, or returns
	// core.ErrUserNotFound. Of concurrent calls for one user one succeeds.
	// The e-mail key is free again at once.
	Delete(ctx context.Context, id string) error
}

// UserQuery asks for a page of users.
type UserQuery struct {
	// After is the Next of the page before, and "" for the first page.
	After string
	// Limit is how many users a page has at most; at least one.
	Limit int
}

// UserPage is a page of users.
type UserPage[U any] struct {
	Users []U
	// Next is the After of the next page, and "" where this is the last.
	Next string
}

// UserLister lists users.
type UserLister[U any] interface {
	// List returns a page of users in an order of the store's own, which
	// stays the same. Who is there all the while that the pages are asked
	// for, one after the other, is on one of them and on one only, whoever
	// else comes, changes and goes. Next is the id of the page's last user.
	// List returns core.ErrInvalidValue for a limit below one and for an
	// After that cannot be an id; a user of that id need not be there.
	List(ctx context.Context, q UserQuery) (UserPage[U], error)
}

// Stores is what a storage adapter offers. A nil field means that the adapter
// has no such store; core.NewManager checks that those it needs are there.
type Stores[U any] struct {
	Users    UserStore[U]
	Accounts AccountStore[U]
	Lister   UserLister[U]
	Tokens   TokenStore
	// Joined finds a token's user in one statement. It is used only where it
	// is the same value as Tokens.
	Joined SessionUsers[U]
}
