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

// FerretDB is the name of what stands in for MongoDB where no server is named:
// there is no package of MongoDB that could be installed.
const FerretDB = "FerretDB"

// mongoServer is where databases are made.
type mongoServer struct {
	base   *url.URL
	client *mongo.Client
	name   string // "MongoDB", or what stands in for it
}

// Mongo returns the URI of an empty database of MongoDB, or of FerretDB where
// no server is named. No other test uses it until t ends; then it is dropped.
func Mongo(t testing.TB) string {
	t.Helper()
	s := onMongo(t)
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

// MongoName is the name of the engine that Mongo's databases are on.
func MongoName(t testing.TB) string {
	t.Helper()
	return onMongo(t).name
}

func onMongo(t testing.TB) *mongoServer {
	t.Helper()
	process.mustSupervise(t)
	s, err := findMongo()
	if err != nil && isSet(mongoEnv) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, err)
	}
	return s
}

// withDatabase returns the URI of a database at base.
func withDatabase(base *url.URL, name string) string {
	u := *base
	u.Path = "/" + name
	return u.String()
}

// findMongo starts or finds the server, once.
var findMongo = sync.OnceValues(func() (*mongoServer, error) {
	if uri := os.Getenv(mongoEnv); uri != "" {
		return foundMongo(uri, mongoEnv, "")
	}
	f, err := startFerretDB()
	if err != nil {
		return nil, err
	}
	process.atEnd(f.close)
	version, err := f.version()
	if err != nil {
		return nil, err
	}
	return foundMongo(f.uri(), "process", version)
})

// foundMongo returns the server that uri names, and notes what it is: the
// version is that of FerretDB, if it is known to be that.
func foundMongo(uri, source, ferret string) (*mongoServer, error) {
	base, err := url.Parse(uri)
	if err != nil || !strings.HasPrefix(base.Scheme, "mongodb") {
		return nil, fmt.Errorf("engine: %s is not a mongodb:// URI", source)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return nil, fmt.Errorf("engine: %s: %w", source, err)
	}
	process.atEnd(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return client.Disconnect(ctx)
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var info struct {
		Version  string `bson:"version"`
		FerretDB string `bson:"ferretdbVersion"`
	}
	if err := client.Database("admin").RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&info); err != nil {
		return nil, fmt.Errorf("engine: %s: %w", source, err)
	}
	s := &mongoServer{base, client, "MongoDB"}
	switch {
	case ferret != "":
		s.name = FerretDB
		seen.add(FerretDB + " " + ferret + " (serialised) (" + source + ")")
	case info.FerretDB != "":
		s.name = FerretDB
		seen.add(FerretDB + " " + info.FerretDB + " (" + source + ")")
	default:
		seen.add("MongoDB " + info.Version + " (" + source + ")")
	}
	return s, nil
}

// MongoServer is FerretDB for a test alone, which can be stopped and started,
// behind a link.
type MongoServer struct {
	*Link
	// URI leads to an empty database through the link.
	URI string
	t   testing.TB
	f   *ferretDB
}

// OwnMongo starts FerretDB for t alone.
func OwnMongo(t testing.TB) *MongoServer {
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
	return &MongoServer{link, uri, t, f}
}

// Stop stops the engine as its operator would.
func (s *MongoServer) Stop() {
	s.t.Helper()
	if err := s.f.stop(); err != nil {
		s.t.Errorf("engine: stop FerretDB: %v", err)
	}
}

// Start starts the engine again, and returns when it takes connections.
func (s *MongoServer) Start() {
	s.t.Helper()
	if err := s.f.start(); err != nil {
		s.t.Fatal(err)
	}
	s.lead(s.f.addr())
}
