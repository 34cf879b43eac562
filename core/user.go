package core

import (
	"reflect"
	"time"
)

// User is what usher needs to know of a user. Embed it by value, not as a
// pointer, in the application's struct:
//
//	type Member struct {
//		core.User
//		Nickname string `json:"nickname"`
//	}
//
// The tags name the columns for the storage adapters. Deliveries never encode
// a User; they encode what the application's [Schema] reads from it. An
// application that shows users by other ways does the same: the JSON names
// here are for stores, and the hash is among them. The application may read
// every field. It sets them only through a [Manager].
type User struct {
	// ID is set by the store and never changes. How it is spelled is the
	// store's affair; see [IDs].
	ID string `json:"id" db:"id" bun:"id,pk" bson:"_id"`
	// Email is the address as it is shown, EmailKey its canonical form: no
	// two users have the same. Both come from ports.Emails.
	Email    string `json:"email" db:"email" bun:"email" bson:"email"`
	EmailKey string `json:"email_key" db:"email_key" bun:"email_key" bson:"email_key"`
	// HashedPassword is a hash of the password in PHC string format. One that
	// the hasher does not know, such as "!", lets nobody in by password.
	HashedPassword string `json:"hashed_password" db:"hashed_password" bun:"hashed_password" bson:"hashed_password"`
	// IsActive is false for a user who is banned: all sessions end at once
	// and no login succeeds.
	IsActive bool `json:"is_active" db:"is_active" bun:"is_active" bson:"is_active"`
	// IsSuperuser allows to read, change and delete other users.
	IsSuperuser bool `json:"is_superuser" db:"is_superuser" bun:"is_superuser" bson:"is_superuser"`
	// IsVerified says that the user has shown to receive mail at Email.
	IsVerified bool `json:"is_verified" db:"is_verified" bun:"is_verified" bson:"is_verified"`
	// SessionEpoch counts the events that end all sessions of the user: a
	// change of the password, a ban, logging out everywhere. A session is
	// good while its epoch equals this one.
	SessionEpoch int64 `json:"session_epoch" db:"session_epoch" bun:"session_epoch" bson:"session_epoch"`
	// Revision counts the writes of the user. The store alone sets it.
	Revision int64 `json:"revision" db:"revision" bun:"revision" bson:"revision"`
	// CreatedAt and UpdatedAt are in UTC, to the microsecond.
	CreatedAt time.Time `json:"created_at" db:"created_at" bun:"created_at" bson:"created_at"`
	UpdatedAt time.Time `json:"updated_at" db:"updated_at" bun:"updated_at" bson:"updated_at"`
}

// AuthUser returns u. Embedding promotes it, which makes a pointer to the
// application's struct an [AnyUser].
func (u *User) AuthUser() *User { return u }

// AnyUser is a pointer to a struct that embeds [User] by value.
type AnyUser interface{ AuthUser() *User }

// UserPtr constrains a pair of a struct and its pointer, for stores, which
// make users. U is inferred: memory.New[Member]().
type UserPtr[T any] interface {
	*T
	AnyUser
}

// EmbedsUser tells a pointer to a struct that embeds [User] by value, which
// works, from one that embeds *User, which compiles too and panics in use. A
// store of users asks before it makes one.
func EmbedsUser[U AnyUser]() bool {
	t := reflect.TypeFor[U]()
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return false
	}
	if t.Elem() == reflect.TypeFor[User]() {
		return true
	}
	u := reflect.New(t.Elem()).Interface().(AnyUser)
	defer func() { _ = recover() }()
	return u.AuthUser() != nil
}
