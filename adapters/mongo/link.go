package mongostore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Link implements [ports.AccountStore].
func (s *accounts[T, U]) Link(ctx context.Context, a ports.Account, allow func(U) error) error {
	const op = "link account"
	if err := core.StorableAccount(a); err != nil {
		return err
	}
	var ok bool
	if a.UserID, ok = s.ids.parse(a.UserID); !ok {
		return none(ctx)
	}
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return err
		}
		u, user, err := s.load(ctx, by(idField, s.ids.value(a.UserID)))
		if err != nil {
			return userError(ctx, op, err)
		}
		revision := u.AuthUser().Revision
		if allow != nil {
			if err := allow(u); err != nil {
				return err
			}
		}
		linked, err := s.link(ctx, a, user, revision)
		if linked || err != nil {
			return accountError(ctx, op, err)
		}
	}
	return core.ErrConflict
}

// link gives an account to the user of that revision, or reports false where
// somebody else wrote the user or the account since.
func (s *accounts[T, U]) link(ctx context.Context, a ports.Account, user bson.Raw, revision int64) (bool, error) {
	c, err := s.claimOf(ctx, a.Provider, a.Subject)
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return false, err
	}
	if err == nil && c.UserID.Equal(user.Lookup(idField)) && isListed(user, c) {
		if ok, err := s.touch(ctx, a.UserID, revision, nil); !ok || err != nil {
			return false, err
		}
		r, err := s.users.accounts.UpdateOne(ctx, append(by(idField, c.Key), by(claimField, c.ID)...), bson.D{
			{Key: "$set", Value: valuesOf(a)}, {Key: "$inc", Value: by(revisionField, int64(1))},
		})
		return err == nil && r.MatchedCount > 0, err
	}
	c, made, err := s.make(ctx, a)
	if !made || err != nil {
		return false, err
	}
	if ok, err := s.touch(ctx, a.UserID, revision, by("$push", by(claimsField, c.ID))); !ok || err != nil {
		if err == nil {
			err = s.drop(ctx, c)
		}
		return false, err
	}
	if settled, err := s.settle(ctx, c); settled || err != nil {
		return settled, err
	}
	_, err = s.users.users.UpdateOne(ctx, by(idField, s.ids.value(a.UserID)), by("$pull", by(claimsField, c.ID)))
	return false, err
}

// touch raises the revision of a user and changes what is listed, or reports
// false where somebody else wrote the user since.
func (s *store) touch(ctx context.Context, id string, revision int64, change bson.D) (bool, error) {
	filter := append(by(idField, s.ids.value(id)), bson.E{Key: revisionField, Value: revision})
	r, err := s.users.UpdateOne(ctx, filter, append(slices.Clip(change), bson.E{Key: "$inc", Value: by(revisionField, int64(1))}))
	return err == nil && r.MatchedCount > 0, err
}

// Unlink implements [ports.AccountStore].
func (s *accounts[T, U]) Unlink(ctx context.Context, userID, provider, subject string, allow func(U, []ports.Account) error) error {
	const op = "unlink account"
	id, ok := s.ids.parse(userID)
	if !ok || !isKey(provider, subject) {
		return cmp.Or(ctx.Err(), core.ErrAccountNotFound)
	}
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return err
		}
		u, c, left, err := s.without(ctx, id, provider, subject)
		if err != nil {
			return accountError(ctx, op, err)
		}
		revision := u.AuthUser().Revision
		if err := allow(u, left); err != nil {
			return err
		}
		done, err := s.touch(ctx, id, revision, by("$pull", by(claimsField, c.ID)))
		if done {
			err = s.drop(ctx, c)
		}
		if done || err != nil {
			return accountError(ctx, op, err)
		}
	}
	return core.ErrConflict
}

// without returns a user, the claim of an account that the user has, and the
// user's other accounts.
func (s *accounts[T, U]) without(ctx context.Context, id, provider, subject string) (U, *claim, []ports.Account, error) {
	u, user, err := s.load(ctx, by(idField, s.ids.value(id)))
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := s.claimOf(ctx, provider, subject)
	if err != nil {
		return nil, nil, nil, err
	}
	if !c.UserID.Equal(user.Lookup(idField)) || !isListed(user, c) {
		return nil, nil, nil, core.ErrAccountNotFound
	}
	left, err := s.of(ctx, id, user, c.Key)
	return u, c, left, err
}
