// Package memory keeps users, their accounts and tokens in the memory of the process, for tests, for
// trying things out, and as the specification of a store in code: what it
// does is what every store does, without an engine in the way.
//
// It uses the standard library only. Nothing outlives the process.
package memory

import (
	"sync"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// Config sets up the stores. Its zero value keeps users under UUIDs.
type Config struct {
	// IDs is the form of the users' ids.
	IDs core.IDs
}

// New returns empty stores for users of type T, the application's struct and
// not a pointer to it: memory.New[Member](memory.Config{}).
func New[T any, U core.UserPtr[T]](cfg Config) ports.Stores[U] {
	d := &data[U]{
		ids: cfg.IDs, byID: map[string]U{}, byKey: map[string]string{}, tokens: map[tokenKey]ports.Token{},
		accounts: map[accountKey]ports.Account{},
	}
	t := &tokens[U]{d}
	u := &users[U]{d}
	return ports.Stores[U]{Users: u, Accounts: &accounts[U]{u}, Lister: u, Tokens: t, Joined: t}
}

// data is all that the stores keep. Nothing of it is ever shared with a
// caller: values are copied on their way in and on their way out.
type data[U core.AnyUser] struct {
	ids core.IDs

	mu     sync.RWMutex
	last   int64 // the last number that was an id
	byID   map[string]U
	byKey  map[string]string // EmailKey to id
	tokens map[tokenKey]ports.Token

	accounts map[accountKey]ports.Account
}

type (
	tokenKey   struct{ purpose, digest string }
	accountKey struct{ provider, subject string }
)
