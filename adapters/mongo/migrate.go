package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gousher/usher/core"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// slack is how long a token is kept after it has expired, for clocks that
// differ.
const slack = 10 * time.Minute

// Migrate makes the indexes that the stores need, unless they are there. It may
// run at every start, in any number of processes at once. Where the server can
// remove what has expired, it is told to remove tokens ten minutes after that.
// It returns a *core.ConfigError, or an error where documents are there already
// that the unique index of the e-mail keys does not allow, where that index is
// there and not unique, or where a collection has a collation: an index would then
// not compare byte for byte. Do not serve then: nothing would decide who has an
// address.
func Migrate(ctx context.Context, db *mongo.Database, cfg Config) error {
	cfg.setDefaults()
	if problems := cfg.problems(db); problems != nil {
		return &core.ConfigError{Of: "mongostore", Problems: problems}
	}
	s := newStore(db, cfg)
	if err := wantNoCollation(ctx, db, cfg.Users, cfg.Tokens, cfg.Accounts); err != nil {
		return fmt.Errorf("mongostore: migrate: %w", err)
	}
	for _, index := range []struct {
		on   *mongo.Collection
		keys bson.D
		opts *options.IndexOptionsBuilder
	}{
		{s.users, by(keyField, 1), options.Index().SetUnique(true)},
		{s.tokens, bson.D{{Key: userField, Value: 1}, {Key: purposeField, Value: 1}}, options.Index()},
		{s.accounts, by(userField, 1), options.Index()},
	} {
		if err := ensure(ctx, index.on, index.keys, index.opts); err != nil {
			return fmt.Errorf("mongostore: migrate: %w", err)
		}
	}
	err := ensure(ctx, s.tokens, by(endField, 1), options.Index().SetExpireAfterSeconds(int32(slack.Seconds())))
	if isNotImplemented(err) { // then it is for Purge alone
		err = ensure(ctx, s.tokens, by(endField, 1), options.Index())
	}
	if err == nil {
		err = wantUnique(ctx, s.users)
	}
	if err != nil {
		return fmt.Errorf("mongostore: migrate: %w", err)
	}
	return nil
}

// ensure makes an index, unless it is there.
func ensure(ctx context.Context, c *mongo.Collection, keys bson.D, opts *options.IndexOptionsBuilder) error {
	_, err := c.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys, Options: opts})
	return err
}

// wantUnique returns an error where the index of the e-mail keys is not unique:
// not every server refuses to make an index that is there with other options.
func wantUnique(ctx context.Context, c *mongo.Collection) error {
	specs, err := c.Indexes().ListSpecifications(ctx)
	if err != nil {
		return err
	}
	for _, spec := range specs {
		keys, err := spec.KeysDocument.Elements()
		if err == nil && len(keys) == 1 && keys[0].Key() == keyField && spec.Unique != nil && *spec.Unique {
			return nil
		}
	}
	return fmt.Errorf("the index of %s in %s is not unique", keyField, c.Name())
}

// isNotImplemented reports whether the server says that it has no such option.
func isNotImplemented(err error) bool {
	const notImplemented = 238
	var answer mongo.ServerError
	return errors.As(err, &answer) && answer.HasErrorCode(notImplemented)
}

// wantNoCollation returns an error where a collection was made with a collation.
func wantNoCollation(ctx context.Context, db *mongo.Database, names ...string) error {
	specs, err := db.ListCollectionSpecifications(ctx, by("name", by("$in", names)))
	if err != nil {
		return err
	}
	for _, spec := range specs {
		if _, err := spec.Options.LookupErr("collation"); err == nil {
			return fmt.Errorf("the collection %s has a collation", spec.Name)
		}
	}
	return nil
}
