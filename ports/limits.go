package ports

import (
	"context"
	"time"
)

// Limit is how often a thing may happen: Events times at once, and from then
// on once more for every Per/Events that passes. Events is at least 1, Per at
// least a millisecond for each of them.
type Limit struct {
	Events int
	Per    time.Duration
}

// Limiter counts events, so that there are not too many of them.
type Limiter interface {
	// Allow counts an event of key and returns 0 or, where limit has no room
	// for it, counts nothing and returns how long it takes until there is
	// room, if no other event comes in between. Of any number of concurrent
	// calls, in all processes that share the limiter, no more are counted
	// than the limit has room for.
	//
	// Keys are compared byte for byte. A key is used with one limit, always
	// the same. A limiter that forgets a key does so when its limit has room
	// for all events again, or when there are more keys than it can keep.
	Allow(ctx context.Context, key string, limit Limit) (wait time.Duration, err error)
}
