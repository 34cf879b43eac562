package mongostore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// accounts implements ports.AccountStore.
type accounts[T any, U core.UserPtr[T]] struct{ *users[T, U] }

var _ ports.AccountStore[*core.User] = (*accounts[core.User, *core.User])(nil)

// CreateWith implements [ports.AccountStore].
func (s *accounts[T, U]) CreateWith(ctx context.Context, u U, a ports.Account) error {
	const op = "create user with account"
	if err := core.StorableAccount(a); err != nil {
		return err
	}
	id, doc, err := s.prepare(ctx, u)
	if err != nil {
		return err
	}
	given := u.AuthUser().ID != ""
	a.UserID = id
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return err
		}
		c, made, err := s.make(ctx, a)
		if err != nil {
			return accountError(ctx, op, err)
		}
		if !made {
			continue
		}
		if err := s.insert(ctx, op, id, given, append(slices.Clip(doc), bson.E{Key: claimsField, Value: bson.A{c.ID}})); err != nil {
			if err == core.ErrEmailTaken || err == core.ErrInvalidValue { // else the user may be there
				_ = s.drop(ctx, c) // it is void all the same
			}
			return err
		}
		settled, err := s.settle(ctx, c)
		if err != nil {
			return accountError(ctx, op, err) // the user has the account
		}
		if settled {
			u.AuthUser().ID, u.AuthUser().Revision = id, 1
			return nil
		}
		if _, err := s.users.users.DeleteOne(ctx, append(by(idField, s.ids.value(id)), by(claimsField, c.ID)...)); err != nil {
			return userError(ctx, op, err)
		}
	}
	return core.ErrConflict
}

// ByAccount implements [ports.AccountStore].
func (s *accounts[T, U]) ByAccount(ctx context.Context, provider, subject string) (U, ports.Account, error) {
	const op = "find account"
	u, c, err := s.byAccount(ctx, provider, subject)
	if err != nil {
		return nil, ports.Account{}, accountError(ctx, op, err)
	}
	a, err := s.account(c)
	return u, a, accountError(ctx, op, err)
}

// byAccount returns the claim of an account and the user who lists it.
func (s *accounts[T, U]) byAccount(ctx context.Context, provider, subject string) (U, *claim, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if !isKey(provider, subject) {
		return nil, nil, core.ErrAccountNotFound
	}
	c, err := s.claimOf(ctx, provider, subject)
	if err != nil {
		return nil, nil, err
	}
	u, err := s.find(ctx, c.listing())
	if err == core.ErrUserNotFound { // the claim is void
		err = core.ErrAccountNotFound
	}
	return u, c, err
}

// AccountsOf implements [ports.AccountStore].
func (s *accounts[T, U]) AccountsOf(ctx context.Context, userID string) ([]ports.Account, error) {
	const op = "list accounts"
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	id, ok := s.ids.parse(userID)
	if !ok {
		return []ports.Account{}, nil
	}
	user, err := s.users.users.FindOne(ctx, by(idField, s.ids.value(id)), options.FindOne().SetProjection(by(claimsField, 1))).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return []ports.Account{}, nil
	}
	if err != nil {
		return nil, accountError(ctx, op, err)
	}
	list, err := s.of(ctx, id, user, "")
	return list, accountError(ctx, op, err)
}

// of returns the accounts that a user's document lists, save the one of a key.
func (s *accounts[T, U]) of(ctx context.Context, id string, user bson.Raw, but string) ([]ports.Account, error) {
	docs, err := all(ctx, s.users.accounts, by(userField, s.ids.value(id)), options.Find())
	if err != nil {
		return nil, err
	}
	list := []ports.Account{}
	for _, doc := range docs {
		c := new(claim)
		if err := bson.Unmarshal(doc, c); err != nil {
			return nil, err
		}
		if c.Key == but || !isListed(user, c) {
			continue
		}
		a, err := s.account(c)
		if err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b ports.Account) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.Provider, b.Provider), strings.Compare(a.Subject, b.Subject))
	})
	return list, nil
}

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
			return err
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

// UpdateAccount implements [ports.AccountStore].
func (s *accounts[T, U]) UpdateAccount(ctx context.Context, provider, subject string, change func(*ports.Account) error) (ports.Account, error) {
	const op = "update account"
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return ports.Account{}, err
		}
		_, c, err := s.byAccount(ctx, provider, subject)
		if err != nil {
			return ports.Account{}, accountError(ctx, op, err)
		}
		a, err := s.account(c)
		if err != nil {
			return ports.Account{}, accountError(ctx, op, err)
		}
		next := a
		if err := change(&a); err != nil {
			return ports.Account{}, err
		}
		next.Email, next.Data, next.UpdatedAt, next.Revision = a.Email, slices.Clone(a.Data), cut(a.UpdatedAt), next.Revision+1
		if err := core.StorableAccount(next); err != nil {
			return ports.Account{}, err
		}
		r, err := s.users.accounts.UpdateOne(ctx,
			bson.D{{Key: idField, Value: c.Key}, {Key: claimField, Value: c.ID}, {Key: revisionField, Value: c.Revision}},
			by("$set", append(valuesOf(next), bson.E{Key: revisionField, Value: next.Revision})))
		if err != nil {
			return ports.Account{}, accountError(ctx, op, err)
		}
		if r.MatchedCount > 0 {
			return next, nil
		}
	}
	return ports.Account{}, core.ErrConflict
}

// Unlink implements [ports.AccountStore].
func (s *accounts[T, U]) Unlink(ctx context.Context, userID, provider, subject string, allow func(U, []ports.Account) error) error {
	const op = "unlink account"
	for n := range attempts {
		if err := wait(ctx, n); err != nil {
			return err
		}
		id, ok := s.ids.parse(userID)
		if !ok || !isKey(provider, subject) {
			return core.ErrAccountNotFound
		}
		u, user, err := s.load(ctx, by(idField, s.ids.value(id)))
		if err == core.ErrUserNotFound {
			err = core.ErrAccountNotFound
		}
		if err != nil {
			return err
		}
		c, err := s.claimOf(ctx, provider, subject)
		if err != nil {
			return accountError(ctx, op, err)
		}
		if !c.UserID.Equal(user.Lookup(idField)) || !isListed(user, c) {
			return core.ErrAccountNotFound
		}
		left, err := s.of(ctx, id, user, c.Key)
		if err != nil {
			return accountError(ctx, op, err)
		}
		revision := u.AuthUser().Revision
		if err := allow(u, left); err != nil {
			return err
		}
		done, err := s.touch(ctx, id, revision, by("$pull", by(claimsField, c.ID)))
		if err != nil {
			return accountError(ctx, op, err)
		}
		if done {
			return accountError(ctx, op, s.drop(ctx, c))
		}
	}
	return core.ErrConflict
}
