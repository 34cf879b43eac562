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
		settled, err := s.insertWith(ctx, id, given, doc, c)
		if err != nil {
			return userError(ctx, op, err)
		}
		if settled {
			u.AuthUser().ID, u.AuthUser().Revision = id, 1
			return nil
		}
	}
	return core.ErrConflict
}

// insertWith keeps the document of a new user, who lists a claim, and settles
// that. It reports false where the claim was replaced before; then there is no
// user.
func (s *accounts[T, U]) insertWith(ctx context.Context, id string, given bool, doc bson.D, c *claim) (bool, error) {
	err := s.insert(ctx, id, given, append(slices.Clip(doc), bson.E{Key: claimsField, Value: bson.A{c.ID}}))
	if err != nil && (isDuplicate(err) || errors.Is(err, core.ErrInvalidValue)) {
		_ = s.drop(ctx, c) // it is void all the same
	}
	if err != nil {
		return false, err // where it is an outage, the user may be there
	}
	if settled, err := s.settle(ctx, c); settled || err != nil {
		return settled, err
	}
	_, err = s.users.users.DeleteOne(ctx, append(by(idField, s.ids.value(id)), by(claimsField, c.ID)...))
	return false, err
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
	u, _, err := s.load(ctx, c.listing()) // nobody lists a claim that is void
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
