package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// mongoEnv names a MongoDB server by a mongodb:// URI of a user who may make
// and drop databases.
const mongoEnv = "USHER_TEST_MONGO"

// mongoServer is where databases are made.
type mongoServer struct {
	base   *url.URL
	client *mongo.Client
}

// FerretDB returns the URI of an empty database of FerretDB, which stands in for
// MongoDB: there is no package of that which could be installed. No other test
// uses it until t ends; then it is dropped.
func FerretDB(t testing.TB) string {
	t.Helper()
	process.mustSupervise(t)
	s, err := ferret()
	if err != nil {
		unavailable(t, err)
	}
	return s.fresh(t)
}

// HasMongo says that the environment names a MongoDB server.
func HasMongo() bool { return isSet(mongoEnv) }

// Mongo is as FerretDB, on a MongoDB server, which the environment must name.
func Mongo(t testing.TB) string {
	t.Helper()
	process.mustSupervise(t)
	s, err := mongoNamed()
	if err != nil {
		t.Fatal(err)
	}
	return s.fresh(t)
}

// fresh returns the URI of an empty database.
func (s *mongoServer) fresh(t testing.TB) string {
	name := "usher_" + strings.ToLower(rand.Text())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.client.Database(name).Drop(ctx); err != nil {
			t.Errorf("engine: drop database: %v", err)
		}
	})
	return withDatabase(s.base, name)
}

// withDatabase returns the URI of a database at base.
func withDatabase(base *url.URL, name string) string {
	u := *base
	u.Path = "/" + name
	return u.String()
}

// ferret starts the server, once.
var ferret = sync.OnceValues(func() (*mongoServer, error) {
	f, err := startFerretDB()
	if err != nil {
		return nil, err
	}
	process.atEnd(f.close)
	version, err := f.version()
	if err != nil {
		return nil, err
	}
	s, err := foundMongo(f.uri())
	if err != nil {
		return nil, err
	}
	seen.add("FerretDB " + version + " (serialised) (process)")
	return s, nil
})

// mongoNamed finds the server, once.
var mongoNamed = sync.OnceValues(func() (*mongoServer, error) {
	s, err := foundMongo(os.Getenv(mongoEnv))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var info struct {
		Version string `bson:"version"`
		Ferret  string `bson:"ferretdbVersion"`
	}
	if err := s.client.Database("admin").RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&info); err != nil {
		return nil, fmt.Errorf("engine: %s: %w", mongoEnv, err)
	}
	if info.Ferret != "" {
		return nil, fmt.Errorf("engine: %s names FerretDB %s", mongoEnv, info.Ferret)
	}
	seen.add("MongoDB " + info.Version + " (" + mongoEnv + ")")
	return s, nil
})

// foundMongo returns the server that uri names.
func foundMongo(uri string) (*mongoServer, error) {
	base, err := url.Parse(uri)
	if err != nil || !strings.HasPrefix(base.Scheme, "mongodb") {
		return nil, fmt.Errorf("engine: %s is not a mongodb:// URI", mongoEnv)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	process.atEnd(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return client.Disconnect(ctx)
	})
	return &mongoServer{base, client}, nil
}

// FerretServer is FerretDB for a test alone, which can be stopped and started,
// behind a link.
type FerretServer struct {
	*Link
	// URI leads to an empty database through the link.
	URI string
	t   testing.TB
	f   *ferretDB
}

// FerretDBServer starts FerretDB for t alone.
func FerretDBServer(t testing.TB) *FerretServer {
	t.Helper()
	process.mustSupervise(t)
	f, err := startFerretDB()
	if err != nil {
		unavailable(t, err)
	}
	t.Cleanup(func() {
		if err := f.close(); err != nil {
			t.Errorf("engine: stop FerretDB: %v", err)
		}
	})
	uri, link := Through(t, withDatabase(&url.URL{Scheme: "mongodb", Host: f.addr(), RawQuery: "directConnection=true"}, "usher"))
	return &FerretServer{link, uri, t, f}
}

// Stop stops the engine as its operator would.
func (s *FerretServer) Stop() {
	s.t.Helper()
	if err := s.f.stop(); err != nil {
		s.t.Errorf("engine: stop FerretDB: %v", err)
	}
}

// Start starts the engine again, and returns when it takes connections.
func (s *FerretServer) Start() {
	s.t.Helper()
	if err := s.f.start(); err != nil {
		s.t.Fatal(err)
	}
	s.lead(s.f.addr())
}
