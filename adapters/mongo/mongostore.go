package mongostore

import (
	"fmt"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

// Config sets up the stores. Its zero value keeps users under UUIDs in the
// collection users, their tokens in tokens and their accounts in accounts.
type Config struct {
	// IDs is the form of the users' ids. It cannot be changed later.
	IDs IDs
	// Users, Tokens and Accounts name the collections. Empty means "users",
	// "tokens" and "accounts".
	Users, Tokens, Accounts string
}

func (c *Config) setDefaults() {
	if c.Users == "" {
		c.Users = "users"
	}
	if c.Tokens == "" {
		c.Tokens = "tokens"
	}
	if c.Accounts == "" {
		c.Accounts = "accounts"
	}
}

// problems returns what is wrong with db and c.
func (c *Config) problems(db *mongo.Database) []string {
	var out []string
	if db == nil {
		out = append(out, "db is missing")
	}
	if c.IDs < UUIDs || c.IDs > ObjectIDs {
		out = append(out, fmt.Sprintf("IDs %d is none of UUIDs, TextIDs and ObjectIDs", c.IDs))
	}
	for _, name := range []struct{ field, value string }{{"Users", c.Users}, {"Tokens", c.Tokens}, {"Accounts", c.Accounts}} {
		if strings.ContainsAny(name.value, "$\x00") || strings.HasPrefix(name.value, "system.") {
			out = append(out, fmt.Sprintf("%s %q cannot be the name of a collection", name.field, name.value))
		}
	}
	if c.Users == c.Tokens || c.Users == c.Accounts || c.Tokens == c.Accounts {
		out = append(out, fmt.Sprintf("Users, Tokens and Accounts are not three: %q, %q, %q", c.Users, c.Tokens, c.Accounts))
	}
	return out
}

// New returns stores for users of type T, the application's struct and not a
// pointer to it: mongostore.New[Member](db, mongostore.Config{}). It returns a
// *core.ConfigError that names everything that is wrong with db, cfg and T. It
// does not ask the server: see [Migrate] for the indexes.
func New[T any, U core.UserPtr[T]](db *mongo.Database, cfg Config) (ports.Stores[U], error) {
	cfg.setDefaults()
	if problems := append(cfg.problems(db), mappingProblems[T, U]()...); problems != nil {
		return ports.Stores[U]{}, &core.ConfigError{Of: "mongostore", Problems: problems}
	}
	s := newStore(db, cfg)
	u := &users[T, U]{s}
	return ports.Stores[U]{Users: u, Accounts: &accounts[T, U]{u}, Lister: u, Tokens: &tokens{s}}, nil
}

// store is what the stores share.
type store struct {
	ids                     IDs
	users, tokens, accounts *mongo.Collection
}

// newStore opens the collections. How the application's client reads, writes
// and encodes is not asked: from a secondary, a session that was ended would
// live on, and a write that a majority does not have may be taken back.
func newStore(db *mongo.Database, cfg Config) *store {
	opts := options.Collection().
		SetReadPreference(readpref.Primary()).SetReadConcern(readconcern.Local()).SetWriteConcern(writeconcern.Majority()).
		SetRegistry(bson.NewRegistry()).SetBSONOptions(&options.BSONOptions{})
	return &store{cfg.IDs, db.Collection(cfg.Users, opts), db.Collection(cfg.Tokens, opts), db.Collection(cfg.Accounts, opts)}
}

// by is the filter on the value of one field. Values are of types that this
// module chose, and never documents that a caller gave.
func by(field string, value any) bson.D { return bson.D{{Key: field, Value: value}} }
