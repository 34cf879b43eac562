package mongostore

import (
	"context"
	"errors"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// tokens implements ports.TokenStore.
type tokens struct{ *store }

var _ ports.TokenStore = (*tokens)(nil)

// Put implements [ports.OnceStore]. It looks for the user once the token is
// there: a Delete that comes in between removes the token, and one that came
// before is seen.
func (s *tokens) Put(ctx context.Context, t ports.Token) error {
	const op = "put token"
	if err := ctx.Err(); err != nil {
		return err
	}
	if !isKey(t.Purpose, t.Digest) || !storable(t.UserID, t.Family) {
		return core.ErrInvalidValue
	}
	var ok bool
	if t.UserID, ok = s.ids.parse(t.UserID); !ok {
		return core.ErrUserNotFound
	}
	if _, err := s.tokens.InsertOne(ctx, s.documentOf(t)); err != nil {
		return tokenError(ctx, op, err)
	}
	err := s.has(ctx, t.UserID)
	if !errors.Is(err, mongo.ErrNoDocuments) {
		return tokenError(ctx, op, err)
	}
	if _, err := s.tokens.DeleteOne(ctx, by(idField, keyOf(t.Purpose, t.Digest))); err != nil {
		return tokenError(ctx, op, err)
	}
	return core.ErrUserNotFound
}

// Take implements [ports.OnceStore].
func (s *tokens) Take(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return s.one(ctx, "take token", purpose, digest, func(key bson.D) *mongo.SingleResult {
		return s.tokens.FindOneAndDelete(ctx, key)
	})
}

// Get implements [ports.TokenStore].
func (s *tokens) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return s.one(ctx, "get token", purpose, digest, func(key bson.D) *mongo.SingleResult {
		return s.tokens.FindOne(ctx, key)
	})
}

// one returns the token that ask finds.
func (s *tokens) one(ctx context.Context, op, purpose, digest string, ask func(key bson.D) *mongo.SingleResult) (ports.Token, error) {
	if err := ctx.Err(); err != nil {
		return ports.Token{}, err
	}
	if !isKey(purpose, digest) {
		return ports.Token{}, core.ErrTokenNotFound
	}
	doc, err := ask(by(idField, keyOf(purpose, digest))).Raw()
	if err != nil {
		return ports.Token{}, tokenError(ctx, op, err)
	}
	t, err := s.read(doc)
	return t, tokenError(ctx, op, err)
}

// Extend implements [ports.TokenStore].
func (s *tokens) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if until.IsZero() || !isKey(purpose, digest) {
		return nil
	}
	filter := append(by(idField, keyOf(purpose, digest)), by(expiresField, by("$lt", until.UnixMicro()))...)
	_, err := s.tokens.UpdateOne(ctx, filter, by("$set", endsAt(until)))
	return tokenError(ctx, "extend token", err)
}

// Restamp implements [ports.TokenStore].
func (s *tokens) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !isKey(purpose, digest) {
		return core.ErrTokenNotFound
	}
	r, err := s.tokens.UpdateOne(ctx, by(idField, keyOf(purpose, digest)), by("$max", by(epochField, epoch)))
	if err == nil && r.MatchedCount == 0 {
		err = mongo.ErrNoDocuments
	}
	return tokenError(ctx, "restamp token", err)
}

// ListUser implements [ports.TokenStore].
func (s *tokens) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	const op = "list tokens"
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	list := []ports.Token{}
	id, ok := s.ids.parse(userID)
	if !ok || !storable(purpose) {
		return list, nil
	}
	newest := options.Find().SetSort(bson.D{{Key: createdField, Value: -1}, {Key: digestField, Value: 1}})
	docs, err := all(ctx, s.tokens, s.ofUser(purpose, id), newest)
	if err != nil {
		return nil, tokenError(ctx, op, err)
	}
	for _, doc := range docs {
		t, err := s.read(doc)
		if err != nil {
			return nil, tokenError(ctx, op, err)
		}
		list = append(list, t)
	}
	return list, nil
}

// ofUser is the filter on a user's tokens.
func (s *store) ofUser(purpose, id string) bson.D {
	return append(by(userField, s.ids.value(id)), by(purposeField, purpose)...)
}

// EndUser implements [ports.TokenStore].
func (s *tokens) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	id, ok := s.ids.parse(userID)
	if !ok || !storable(purpose) {
		return nil
	}
	filter := s.ofUser(purpose, id)
	if exceptFamily != "" && storable(exceptFamily) {
		filter = append(filter, by(familyField, by("$ne", exceptFamily))...)
	}
	_, err := s.tokens.DeleteMany(ctx, filter)
	return tokenError(ctx, "end tokens", err)
}

// endAll removes all tokens of a user's.
func (s *store) endAll(ctx context.Context, id string) error {
	_, err := s.tokens.DeleteMany(ctx, by(userField, s.ids.value(id)))
	return err
}

// batch is how many tokens are purged at once at most.
const batch = 1000

// Purge implements [ports.TokenStore].
func (s *tokens) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	const op = "purge tokens"
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	expired := by(expiresField, by("$lt", before.UnixMicro()))
	indexed := append(by(endField, by("$lte", roundedUp(before))), expired...)
	removed := 0
	for removed < limit {
		some := options.Find().SetProjection(by(idField, 1)).SetLimit(int64(min(batch, limit-removed)))
		docs, err := all(ctx, s.tokens, indexed, some)
		if err != nil || len(docs) == 0 {
			return removed, tokenError(ctx, op, err)
		}
		keys := make(bson.A, len(docs))
		for i, doc := range docs {
			keys[i] = doc.Lookup(idField)
		}
		// Those that were extended since, or that another removed, are not counted.
		r, err := s.tokens.DeleteMany(ctx, append(by(idField, by("$in", keys)), expired...))
		if err != nil {
			return removed, tokenError(ctx, op, err)
		}
		removed += int(r.DeletedCount)
	}
	return removed, nil
}

// all returns the documents that a filter finds.
func all(ctx context.Context, c *mongo.Collection, filter bson.D, opts *options.FindOptionsBuilder) ([]bson.Raw, error) {
	cursor, err := c.Find(ctx, filter, opts)
	if err != nil {
		return nil, err
	}
	var docs []bson.Raw
	err = cursor.All(ctx, &docs)
	return docs, err
}
