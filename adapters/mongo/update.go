package mongostore

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/gousher/usher/core"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// attempts is how often Update tries to be the only writer.
const attempts = 100

// Update implements [ports.UserStore].
func (s *users[T, U]) Update(ctx context.Context, id string, change func(U) error) (U, error) {
	const op = "update user"
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return nil, err
		}
		u, err := s.ByID(ctx, id)
		if err != nil {
			return nil, err
		}
		read, err := encode(u)
		if err != nil {
			return nil, userError(ctx, op, err)
		}
		id, revision := u.AuthUser().ID, u.AuthUser().Revision
		if err := change(u); err != nil {
			return nil, err
		}
		user := u.AuthUser()
		user.ID, user.Revision = id, revision
		if err := core.Storable(user); err != nil {
			return nil, err
		}
		written, err := s.write(ctx, u, read)
		if written != nil || err != nil {
			return written, userError(ctx, op, err)
		}
	}
	return nil, core.ErrConflict
}

// write writes the fields of u that differ from those that were read, and
// returns the user as written, or nil where somebody else wrote the user since.
func (s *users[T, U]) write(ctx context.Context, u U, read bson.D) (U, error) {
	altered, err := encode(u)
	if err != nil {
		return nil, err
	}
	id, revision := s.ids.value(u.AuthUser().ID), u.AuthUser().Revision
	if changes := difference(read, altered); changes != nil {
		filter := append(by(idField, id), bson.E{Key: revisionField, Value: revision})
		r, err := s.users.UpdateOne(ctx, filter, append(changes, bson.E{Key: "$inc", Value: by(revisionField, int64(1))}))
		if err != nil || r.MatchedCount == 0 {
			return nil, err
		}
		revision++
	}
	doc, err := bson.Marshal(append(by(idField, id), altered...))
	if err != nil {
		return nil, err
	}
	written, err := decode[T, U](doc, s.ids)
	if err == nil {
		written.AuthUser().Revision = revision
	}
	return written, err
}

// difference returns the update that makes read altered, or nil where they are
// the same.
func difference(read, altered bson.D) (changes bson.D) {
	var sets, unsets bson.D
	for _, f := range altered {
		if was, ok := field(read, f.Key); !ok || !was.Equal(f.Value.(bson.RawValue)) {
			sets = append(sets, f)
		}
	}
	for _, f := range read {
		if _, ok := field(altered, f.Key); !ok {
			unsets = append(unsets, bson.E{Key: f.Key, Value: ""})
		}
	}
	if sets != nil {
		changes = append(changes, bson.E{Key: "$set", Value: sets})
	}
	if unsets != nil {
		changes = append(changes, bson.E{Key: "$unset", Value: unsets})
	}
	return changes
}

// wait holds the n-th attempt back for a random while, the longer the more
// attempts failed.
func wait(ctx context.Context, n int) error {
	if n == 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(rand.N(time.Millisecond << min(n, 5)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
