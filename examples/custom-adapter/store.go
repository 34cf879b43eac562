// Package boltstore keeps users and the tokens of their sessions in a bbolt
// database. Ids are UUIDs. A user is kept as the JSON of the application's
// struct: what its tags leave out is not kept, what has no JSON is
// core.ErrInvalidValue, and no field may have the JSON name of one of
// core.User. Errors of bbolt are outages.
package boltstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// store implements ports.UserStore, ports.UserLister, ports.TokenStore and
// ports.SessionUsers.
type store[T any, U core.UserPtr[T]] struct{ db *bbolt.DB }

// The buckets, and what their keys are made of.
const (
	usersByID      = "users"            // id
	idsByEmail     = "ids"              // e-mail key
	tokensByDigest = "tokens"           // purpose, digest
	tokensByUser   = "tokens by user"   // user's id, purpose, digest
	tokensByExpiry = "tokens by expiry" // time, purpose, digest
)

// New returns stores for users of type T, the application's struct and not a
// pointer to it. It makes the buckets that are missing, and returns a
// *core.ConfigError where db or T will not do.
func New[T any, U core.UserPtr[T]](db *bbolt.DB) (none ports.Stores[U], err error) {
	if db == nil {
		return none, &core.ConfigError{Of: "boltstore.New", Problems: []string{"db: is nil"}}
	}
	if !core.EmbedsUser[U]() {
		return none, &core.ConfigError{Of: "boltstore.New", Problems: []string{"T: must embed core.User by value"}}
	}
	err = db.Update(func(tx *bbolt.Tx) (err error) {
		for _, name := range []string{usersByID, idsByEmail, tokensByDigest, tokensByUser, tokensByExpiry} {
			_, failed := tx.CreateBucketIfNotExists([]byte(name))
			err = errors.Join(err, failed)
		}
		return err
	})
	s := &store[T, U]{db}
	return ports.Stores[U]{Users: s, Lister: s, Tokens: s, Joined: s}, err
}

// read returns what f reads in one state of the database.
func read[V any](ctx context.Context, db *bbolt.DB, f func(tx *bbolt.Tx) (V, error)) (v V, err error) {
	if err := ctx.Err(); err != nil {
		return v, err
	}
	err = db.View(func(tx *bbolt.Tx) error { v, err = f(tx); return err })
	return v, err
}

// write runs f in the one transaction that may write, and commits it unless f
// returns an error. It waits no longer than ctx lasts, which bbolt does not
// know of: f may then still be running, and what it has in its hands is its own.
func write(ctx context.Context, db *bbolt.DB, f func(tx *bbolt.Tx) error) error {
	done := make(chan error, 1)
	go func() {
		done <- db.Update(func(tx *bbolt.Tx) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(tx)
		})
	}()
	select {
	case err := <-done:
		if errors.Is(err, bolterrors.ErrKeyTooLarge) {
			return core.ErrInvalidValue
		}
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func in(tx *bbolt.Tx, bucket string) *bbolt.Bucket { return tx.Bucket([]byte(bucket)) }

// key joins its parts with NUL bytes, for no part that is kept has any.
func key(parts ...string) []byte { return []byte(strings.Join(parts, "\x00")) }

// cut brings a time to what every store keeps of it.
func cut(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
