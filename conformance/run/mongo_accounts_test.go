package run

import (
	"strings"
	"sync/atomic"
	"testing"

	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// claims is a database in which accounts are linked.
type claims struct {
	t  *testing.T
	db *mongo.Database
	s  stores
}

// user creates a user.
func (c *claims) user(name string) *member {
	c.t.Helper()
	m := &member{User: core.User{ID: name, Email: name + "@e.com", EmailKey: name + "@e.com"}}
	require.NoError(c.t, c.s.Users.Create(c.t.Context(), m))
	return m
}

func (c *claims) link(user string) error {
	return c.s.Accounts.Link(c.t.Context(), ports.Account{Provider: "google", Subject: "1", UserID: user}, nil)
}

// owner returns whose the account is, or "".
func (c *claims) owner() string {
	c.t.Helper()
	u, _, err := c.s.Accounts.ByAccount(c.t.Context(), "google", "1")
	if err != nil {
		require.ErrorIs(c.t, err, core.ErrAccountNotFound)
		return ""
	}
	return u.ID
}

// write changes a document of a collection, as nobody but a test does.
func (c *claims) write(collection string, filter, update bson.D) {
	c.t.Helper()
	r, err := c.db.Collection(collection).UpdateOne(c.t.Context(), filter, bson.D{{Key: "$set", Value: update}})
	require.NoError(c.t, err)
	require.EqualValues(c.t, 1, r.MatchedCount)
}

// listed returns how many claims a user lists.
func (c *claims) listed(user string) int {
	c.t.Helper()
	doc, err := c.db.Collection("users").FindOne(c.t.Context(), bson.D{{Key: "_id", Value: user}}).Raw()
	require.NoError(c.t, err)
	list, ok := doc.Lookup("account_claims").ArrayOK()
	if !ok {
		return 0
	}
	values, err := list.Values()
	require.NoError(c.t, err)
	return len(values)
}

// Whatever was cut off while an account was linked or unlinked, or its user
// deleted, the account has one user or none, and can be linked again.
func TestMongoClaimsThatWereCutOff(t *testing.T) {
	mark := func(settled bool) func(c *claims) {
		return func(c *claims) {
			c.write("users", bson.D{{Key: "_id", Value: "ann"}}, bson.D{{Key: "account_claims", Value: bson.A{}}})
			c.write("accounts", bson.D{}, bson.D{{Key: "settled", Value: settled}})
		}
	}
	for name, tt := range map[string]struct {
		cut   func(c *claims) // after ann linked the account
		owner string
		err   error // for bob, who links it then
	}{
		"before it was listed":  {mark(false), "", nil},
		"after it was unlisted": {mark(true), "", nil},
		"before it was settled": {func(c *claims) { c.write("accounts", bson.D{}, bson.D{{Key: "settled", Value: false}}) }, "ann", core.ErrAccountTaken},
		"after it was settled":  {func(*claims) {}, "ann", core.ErrAccountTaken},
		"after it was replaced": {func(c *claims) { c.write("accounts", bson.D{}, bson.D{{Key: "claim", Value: bson.NewObjectID()}}) }, "", nil},
		"after the user was gone": {func(c *claims) {
			_, err := c.db.Collection("users").DeleteOne(c.t.Context(), bson.D{{Key: "_id", Value: "ann"}})
			require.NoError(c.t, err)
		}, "", nil},
		"and the id was given away": {func(c *claims) {
			_, err := c.db.Collection("users").DeleteOne(c.t.Context(), bson.D{{Key: "_id", Value: "ann"}})
			require.NoError(c.t, err)
			c.user("ann")
		}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			onMongo(t, func(t *testing.T, on mongoEngine) {
				db := mongoOn(t, on.fresh(t), options.Client())
				c := &claims{t, db, mongoStores(t, db, mongostore.TextIDs)}
				c.user("ann")
				c.user("bob")
				require.NoError(t, c.link("ann"))
				tt.cut(c)
				require.Equal(t, tt.owner, c.owner())
				require.ErrorIs(t, c.link("bob"), tt.err)
				want := "bob"
				if tt.err != nil {
					want = tt.owner
				}
				require.Equal(t, want, c.owner())
				for user, n := range map[string]int{"ann": 0, "bob": 0} {
					if user == want {
						n = 1
					}
					list, err := c.s.Accounts.AccountsOf(t.Context(), user)
					require.NoError(t, err)
					require.Len(t, list, n, "accounts of %s", user)
				}
			})
		})
	}
}

// Whose claim is replaced before it is settled takes it off the list and starts
// again, with a user who was there as with one who is new.
func TestMongoClaimIsReplaced(t *testing.T) {
	for name, act := range map[string]func(c *claims) error{
		"Link": func(c *claims) error { c.user("ann"); return c.link("ann") },
		"CreateWith": func(c *claims) error {
			m := &member{User: core.User{ID: "ann", Email: "ann@e.com", EmailKey: "ann@e.com"}}
			return c.s.Accounts.CreateWith(c.t.Context(), m, ports.Account{Provider: "google", Subject: "1"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			onMongo(t, func(t *testing.T, on mongoEngine) {
				uri := on.fresh(t)
				db := mongoOn(t, uri, options.Client())
				beside := &claims{t, db, mongoStores(t, db, mongostore.TextIDs)}
				var replaced atomic.Int32
				altered := mongoOn(t, engine.Altered(t, uri, func(command string) string {
					settling := strings.HasPrefix(command, `{"update":"accounts"`) && strings.Contains(command, `"$set":{"settled":true}`)
					if settling && replaced.Add(1) == 1 {
						beside.write("accounts", bson.D{}, bson.D{{Key: "claim", Value: bson.NewObjectID()}, {Key: "user_id", Value: "bob"}})
					}
					return command
				}), options.Client())
				c := &claims{t, db, mongoStores(t, altered, mongostore.TextIDs)}
				c.user("bob") // who is cut off before he lists it
				require.NoError(t, act(c))
				require.EqualValues(t, 2, replaced.Load(), "how often the claim was settled")
				require.Equal(t, "ann", c.owner())
				require.Equal(t, 1, c.listed("ann"))
				require.Zero(t, c.listed("bob"))
			})
		})
	}
}
