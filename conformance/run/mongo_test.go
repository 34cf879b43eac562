package run

import (
	"context"
	"fmt"
	"testing"
	"time"

	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

// mongoForms are the forms of ids that adapters/mongo is tried with.
var mongoForms = []struct {
	name string
	ids  mongostore.IDs
}{{"UUIDs", mongostore.UUIDs}, {"TextIDs", mongostore.TextIDs}, {"ObjectIDs", mongostore.ObjectIDs}}

// openMongo opens the database that uri names.
func openMongo(uri string, settings *options.ClientOptions) (*mongo.Database, error) {
	cs, err := connstring.Parse(uri)
	if err != nil {
		return nil, err
	}
	client, err := mongo.Connect(settings.ApplyURI(uri).SetMaxPoolSize(poolSize))
	if err != nil {
		return nil, err
	}
	return client.Database(cs.Database), nil
}

// mongoOn opens the database that uri names, for t.
func mongoOn(t testing.TB, uri string, settings *options.ClientOptions) *mongo.Database {
	t.Helper()
	db, err := openMongo(uri, settings)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Client().Disconnect(context.Background())) })
	return db
}

// mongoStores returns the stores of a database that has none.
func mongoStores(t testing.TB, db *mongo.Database, ids mongostore.IDs) stores {
	t.Helper()
	cfg := mongostore.Config{IDs: ids}
	require.NoError(t, mongostore.Migrate(t.Context(), db, cfg))
	s, err := mongostore.New[member](db, cfg)
	require.NoError(t, err)
	return s
}

// mongoEngine is an engine that adapters/mongo works on. Fresh returns the URI
// of a new database.
type mongoEngine struct {
	name  string
	fresh func(testing.TB) string
}

// mongoEngines are those that there are. MongoDB is one where it is named.
var mongoEngines = func() []mongoEngine {
	all := []mongoEngine{{"FerretDB", engine.FerretDB}}
	if engine.HasMongo() {
		all = append(all, mongoEngine{"MongoDB", engine.Mongo})
	}
	return all
}()

// stores returns those of a new database.
func (on mongoEngine) stores(t testing.TB, ids mongostore.IDs) stores {
	t.Helper()
	return mongoStores(t, mongoOn(t, on.fresh(t), options.Client()), ids)
}

// onMongo runs f on every engine.
func onMongo(t *testing.T, f func(t *testing.T, on mongoEngine)) {
	t.Helper()
	for _, on := range mongoEngines {
		t.Run(on.name, func(t *testing.T) { f(t, on) })
	}
}

// Every suite of stores, for every form of ids.
func TestMongo(t *testing.T) {
	onMongo(t, func(t *testing.T, on mongoEngine) {
		on.fresh(t) // the engine has a version once it runs
		of := conformance.Subject{Adapter: "mongostore", Engine: engine.Version(on.name)}
		t.Run("ids", func(t *testing.T) {
			for _, form := range mongoForms {
				t.Run(form.name, func(t *testing.T) {
					t.Parallel() // they wait more than they work
					of := of
					of.Variant = form.name
					mongoSuites(t, of, func(t testing.TB) stores { return on.stores(t, form.ids) })
				})
			}
		})
		of.Variant = mongoForms[0].name // the form of ids does not matter to these
		mongoFaults(t, of, on)
		mongoAtRest(t, of, on)
	})
}

func mongoSuites(t *testing.T, of conformance.Subject, fresh func(t testing.TB) stores) {
	t.Run("users", func(t *testing.T) {
		conformance.TestUserStore(t, func(t testing.TB) users { return fresh(t).Users }, of)
	})
	t.Run("lists", func(t *testing.T) { conformance.TestUserLister(t, fresh, of) })
	t.Run("tokens", func(t *testing.T) { conformance.TestTokenStore(t, fresh, of) })
	t.Run("accounts", func(t *testing.T) { conformance.TestAccountStore(t, fresh, of) })
	t.Run("together", func(t *testing.T) { conformance.TestTogether(t, fresh, of) })
}

func mongoFaults(t *testing.T, of conformance.Subject, on mongoEngine) {
	t.Run("faults", func(t *testing.T) {
		conformance.TestFaults(t, func(t testing.TB) conformance.Faulty {
			uri, link := engine.Through(t, on.fresh(t))
			return conformance.Faulty{Stores: mongoStores(t, mongoOn(t, uri, options.Client()), mongoForms[0].ids), Link: link}
		}, of)
	})
}

func mongoAtRest(t *testing.T, of conformance.Subject, on mongoEngine) {
	t.Run("at rest", func(t *testing.T) {
		conformance.TestAtRest(t, func(t testing.TB) conformance.AtRest {
			db := mongoOn(t, on.fresh(t), options.Client())
			return atRest(t, mongoStores(t, db, mongoForms[0].ids), func(t testing.TB) []byte { return dumpMongo(t, db) })
		}, of)
	})
}

// dumpMongo returns the bytes of every document of every collection.
func dumpMongo(t testing.TB, db *mongo.Database) (dump []byte) {
	t.Helper()
	names, err := db.ListCollectionNames(t.Context(), bson.D{})
	require.NoError(t, err)
	require.Subset(t, names, []string{"users", "tokens"})
	for _, name := range names {
		cursor, err := db.Collection(name).Find(t.Context(), bson.D{})
		require.NoError(t, err)
		for cursor.Next(t.Context()) {
			dump = append(dump, cursor.Current...)
		}
		require.NoError(t, cursor.Err())
		require.NoError(t, cursor.Close(t.Context()))
	}
	return dump
}

// Eight instances that start at once on an empty database all come up, and
// starting again changes nothing.
func TestMongoMigratesOnce(t *testing.T) {
	onMongo(t, func(t *testing.T, on mongoEngine) {
		uri := on.fresh(t)
		errs := make(chan error)
		for range 8 {
			db := mongoOn(t, uri, options.Client())
			go func() { errs <- mongostore.Migrate(t.Context(), db, mongostore.Config{}) }()
		}
		for range 8 {
			require.NoError(t, <-errs)
		}
		db := mongoOn(t, uri, options.Client())
		m := &member{User: core.User{Email: "a@e.com", EmailKey: "a@e.com"}, Nickname: "Ann"}
		require.NoError(t, mongoStores(t, db, mongostore.UUIDs).Users.Create(t.Context(), m))
		got, err := mongoStores(t, db, mongostore.UUIDs).Users.ByID(t.Context(), m.ID)
		require.NoError(t, err)
		require.Equal(t, "Ann", got.Nickname)
		indexes := map[string][]string{}
		for _, name := range []string{"users", "tokens", "accounts"} {
			specs, err := db.Collection(name).Indexes().ListSpecifications(t.Context())
			require.NoError(t, err)
			for _, spec := range specs {
				indexes[name] = append(indexes[name], fmt.Sprintf("%s unique:%v", spec.Name, spec.Unique != nil && *spec.Unique))
			}
		}
		require.ElementsMatch(t, []string{"_id_ unique:false", "user_id_1 unique:false"}, indexes["accounts"])
		require.ElementsMatch(t, []string{"_id_ unique:false", "email_key_1 unique:true"}, indexes["users"])
		require.ElementsMatch(t, []string{"_id_ unique:false", "user_id_1_purpose_1 unique:false", "expires_at_1 unique:false"}, indexes["tokens"])
	})
}

// Where two users have one key already, or the index of the keys is another, there
// is nothing that decides who has an address: no instance starts.
func TestMongoRefusesToStart(t *testing.T) {
	onMongo(t, func(t *testing.T, on mongoEngine) {
		twice := mongoOn(t, on.fresh(t), options.Client())
		for range 2 {
			_, err := twice.Collection("users").InsertOne(t.Context(), bson.D{{Key: "email_key", Value: "a@e.com"}})
			require.NoError(t, err)
		}
		err := mongostore.Migrate(t.Context(), twice, mongostore.Config{})
		require.ErrorContains(t, err, "mongostore: migrate: ")

		loose := mongoOn(t, on.fresh(t), options.Client())
		_, err = loose.Collection("users").Indexes().CreateOne(t.Context(), mongo.IndexModel{Keys: bson.D{{Key: "email_key", Value: 1}}})
		require.NoError(t, err)
		err = mongostore.Migrate(t.Context(), loose, mongostore.Config{})
		require.ErrorContains(t, err, "mongostore: migrate: ")
	})
}

// What a user's document has beside the fields of the struct stays, and a
// struct that grows reads users of before.
func TestMongoLeavesOtherFields(t *testing.T) {
	onMongo(t, func(t *testing.T, on mongoEngine) {
		db := mongoOn(t, on.fresh(t), options.Client())
		s := mongoStores(t, db, mongostore.TextIDs)
		m := &member{User: core.User{ID: "ann", Email: "a@e.com", EmailKey: "a@e.com"}, Nickname: "Ann"}
		require.NoError(t, s.Users.Create(t.Context(), m))
		_, err := db.Collection("users").UpdateByID(t.Context(), "ann", bson.D{
			{Key: "$set", Value: bson.D{{Key: "shoe_size", Value: 39}}}, {Key: "$unset", Value: bson.D{{Key: "score", Value: ""}}},
		})
		require.NoError(t, err)
		got, err := s.Users.Update(t.Context(), "ann", func(m *member) error { m.Nickname = "Annie"; return nil })
		require.NoError(t, err)
		require.Equal(t, "Annie", got.Nickname)
		doc, err := db.Collection("users").FindOne(t.Context(), bson.D{{Key: "_id", Value: "ann"}}).Raw()
		require.NoError(t, err)
		require.EqualValues(t, 39, doc.Lookup("shoe_size").AsInt64())
		require.Equal(t, "Annie", doc.Lookup("nickname").StringValue())
	})
}

// Tokens that a Delete left behind are not those of whoever gets the id next.
func TestMongoReusesIDs(t *testing.T) {
	onMongo(t, func(t *testing.T, on mongoEngine) {
		db := mongoOn(t, on.fresh(t), options.Client())
		s := mongoStores(t, db, mongostore.TextIDs)
		ann := func() *member { return &member{User: core.User{ID: "ann", Email: "a@e.com", EmailKey: "a@e.com"}} }
		require.NoError(t, s.Users.Create(t.Context(), ann()))
		require.NoError(t, s.Tokens.Put(t.Context(), ports.Token{Purpose: "session", Digest: "old", UserID: "ann"}))
		require.ErrorIs(t, s.Users.Create(t.Context(), ann()), core.ErrInvalidValue)
		_, err := s.Tokens.Get(t.Context(), "session", "old")
		require.NoError(t, err, "a Create that failed ended a session")
		_, err = db.Collection("users").DeleteOne(t.Context(), bson.D{{Key: "_id", Value: "ann"}})
		require.NoError(t, err)
		require.NoError(t, s.Users.Create(t.Context(), ann()))
		_, err = s.Tokens.Get(t.Context(), "session", "old")
		require.ErrorIs(t, err, core.ErrTokenNotFound)
	})
}

// Of a login that meets the deletion of its user nothing is left.
func TestMongoPutMeetsDelete(t *testing.T) {
	onMongo(t, func(t *testing.T, on mongoEngine) {
		db := mongoOn(t, on.fresh(t), options.Client())
		s := mongoStores(t, db, mongostore.UUIDs)
		kept := 0
		for round := range 40 {
			key := fmt.Sprintf("%d@e.com", round)
			m := &member{User: core.User{Email: key, EmailKey: key}}
			require.NoError(t, s.Users.Create(t.Context(), m))
			put := make(chan error, 1)
			go func() {
				put <- s.Tokens.Put(t.Context(), ports.Token{Purpose: "session", Digest: key, UserID: m.ID})
			}()
			time.Sleep(time.Duration(round) * 100 * time.Microsecond)
			require.NoError(t, s.Users.Delete(t.Context(), m.ID))
			if err := <-put; err != nil {
				require.ErrorIs(t, err, core.ErrUserNotFound)
			} else {
				kept++
			}
			_, err := s.Tokens.Get(t.Context(), "session", key)
			require.ErrorIs(t, err, core.ErrTokenNotFound, "round %d", round)
		}
		t.Logf("%d of 40 logins came first", kept)
	})
}
