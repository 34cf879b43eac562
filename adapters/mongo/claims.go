package mongostore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// An account is a document of its own, whose _id is made of provider and
// subject, so that it is there once. It is a claim: it names a user, and that
// user has the account if the user's document lists the claim. So a user's
// document decides, in one write, what accounts the user has, and a claim that
// nobody lists is void, whatever was cut off before or after it was made.
//
// To link, the claim is made first, then listed, then settled. A void claim may
// be replaced where it is as it was read: one that is settled and not listed will
// never be listed again, and one that is not settled is left alone for a while,
// for whoever made it to list it. Whoever then cannot settle the claim, because
// it was replaced, takes it off the list and starts again.
const (
	claimsField  = "account_claims" // of a user
	claimField   = "claim"
	settledField = "settled"
	claimedField = "claimed"
	emailField   = "email"
	dataField    = "data"
	updatedField = "updated"
)

// fresh is how long a claim that is not settled is left alone. It matters to
// who waits, and not to who wins.
const fresh = time.Second / 2

// claim is what is kept of an account.
type claim struct {
	Key      string        `bson:"_id"`
	ID       bson.ObjectID `bson:"claim"`
	Settled  bool          `bson:"settled"`
	Claimed  int64         `bson:"claimed"` // times are microseconds since 1970
	Provider string        `bson:"provider"`
	Subject  string        `bson:"subject"`
	UserID   bson.RawValue `bson:"user_id"`
	Email    string        `bson:"email"`
	Data     []byte        `bson:"data"`
	Created  int64         `bson:"created"`
	Updated  int64         `bson:"updated"`
	Revision int64         `bson:"revision"`
}

// itself is the filter on a claim as it was read.
func (c *claim) itself() bson.D {
	return bson.D{{Key: idField, Value: c.Key}, {Key: claimField, Value: c.ID}, {Key: settledField, Value: c.Settled}}
}

// account returns the account that a claim keeps.
func (s *store) account(c *claim) (ports.Account, error) {
	id, err := s.ids.text(c.UserID)
	return ports.Account{
		Provider: c.Provider, Subject: c.Subject, UserID: id, Email: c.Email, Data: c.Data,
		CreatedAt: time.UnixMicro(c.Created).UTC(), UpdatedAt: time.UnixMicro(c.Updated).UTC(), Revision: c.Revision,
	}, err
}

// valuesOf are the fields of an account that may be written again.
func valuesOf(a ports.Account) bson.D {
	return bson.D{{Key: emailField, Value: a.Email}, {Key: dataField, Value: a.Data}, {Key: updatedField, Value: a.UpdatedAt.UnixMicro()}}
}

// claimOf returns the claim of an account, or mongo.ErrNoDocuments.
func (s *store) claimOf(ctx context.Context, provider, subject string) (*claim, error) {
	c := new(claim)
	return c, s.accounts.FindOne(ctx, by(idField, keyOf(provider, subject))).Decode(c)
}

// listing is the filter on the user who has the account, if there is one.
func (c *claim) listing() bson.D {
	return append(by(idField, c.UserID), by(claimsField, c.ID)...)
}

// make claims the account a.Provider, a.Subject for a.UserID, and returns the
// claim. It returns core.ErrAccountTaken where a user has the account, and false
// where it may be that somebody is about to.
func (s *store) make(ctx context.Context, a ports.Account) (*claim, bool, error) {
	old, err := s.claimOf(ctx, a.Provider, a.Subject)
	there := err == nil
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return nil, false, err
	}
	if there {
		switch err := s.users.FindOne(ctx, old.listing(), onlyID()).Err(); {
		case err == nil:
			return nil, false, core.ErrAccountTaken
		case !errors.Is(err, mongo.ErrNoDocuments):
			return nil, false, err
		case !old.Settled && time.Since(time.UnixMicro(old.Claimed)) < fresh:
			return nil, false, nil
		}
	}
	c := &claim{Key: keyOf(a.Provider, a.Subject), ID: bson.NewObjectID()}
	fields := append(bson.D{
		{Key: claimField, Value: c.ID}, {Key: settledField, Value: false}, {Key: claimedField, Value: time.Now().UnixMicro()},
		{Key: "provider", Value: a.Provider}, {Key: "subject", Value: a.Subject}, {Key: userField, Value: s.ids.value(a.UserID)},
		{Key: createdField, Value: a.CreatedAt.UnixMicro()}, {Key: revisionField, Value: int64(1)},
	}, valuesOf(a)...)
	if there {
		r, err := s.accounts.UpdateOne(ctx, old.itself(), by("$set", fields))
		return c, err == nil && r.MatchedCount > 0, err
	}
	_, err = s.accounts.InsertOne(ctx, append(by(idField, c.Key), fields...))
	if err != nil && isDuplicate(err) {
		return nil, false, nil
	}
	return c, err == nil, err
}

// settle says that a claim is listed, and reports false where it was replaced
// before.
func (s *store) settle(ctx context.Context, c *claim) (bool, error) {
	r, err := s.accounts.UpdateOne(ctx, c.itself(), by("$set", by(settledField, true)))
	return err == nil && r.MatchedCount > 0, err
}

// drop removes a claim that nobody lists.
func (s *store) drop(ctx context.Context, c *claim) error {
	_, err := s.accounts.DeleteOne(ctx, append(by(idField, c.Key), by(claimField, c.ID)...))
	return err
}

// dropAll removes the claims of a user who is gone.
func (s *store) dropAll(ctx context.Context, id string) error {
	_, err := s.accounts.DeleteMany(ctx, by(userField, s.ids.value(id)))
	return err
}

// isListed reports whether a user's document lists a claim.
func isListed(user bson.Raw, c *claim) bool {
	return slices.Contains(listed(user), c.ID)
}

// listed returns the claims that a user's document lists.
func listed(user bson.Raw) (all []bson.ObjectID) {
	list, ok := user.Lookup(claimsField).ArrayOK()
	if !ok {
		return nil
	}
	values, err := list.Values()
	if err != nil {
		return nil
	}
	for _, v := range values {
		if id, ok := v.ObjectIDOK(); ok {
			all = append(all, id)
		}
	}
	return all
}
