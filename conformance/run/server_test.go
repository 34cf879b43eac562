package run

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/gousher/usher/adapters/argon2"
	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/mysqldialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// childEnv makes the test binary serve in the place of running tests.
const (
	childEnv   = "USHER_RUN_SERVE"   // the database's DSN
	flavourEnv = "USHER_RUN_FLAVOUR" // "", "naive", "upgrades" or "brief"
)

// patient is how long a server of a race lets a request take. What is tested
// is who wins, not how fast; the machine may be busy.
const patient = 25 * time.Second

// poolSize is the size of each server's connection pool.
const poolSize = 16

// openBun opens the database that dsn names with a pool of poolSize.
func openBun(dsn string) (*bun.DB, error) {
	kind := kindOf(dsn)
	pool, err := sql.Open(sqlxDrivers[kind], dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(poolSize)
	pool.SetMaxIdleConns(poolSize)
	return bun.NewDB(pool, bunDialect(kind)), nil
}

// kindOf is the kind of the database that dsn names.
func kindOf(dsn string) dialect.Name {
	switch {
	case strings.HasPrefix(dsn, "postgres"):
		return dialect.PG
	case strings.Contains(dsn, "@tcp("):
		return dialect.MySQL
	default:
		return dialect.SQLite
	}
}

func bunDialect(kind dialect.Name) schema.Dialect {
	switch kind {
	case dialect.PG:
		return pgdialect.New()
	case dialect.MySQL:
		return mysqldialect.New()
	default:
		return sqlitedialect.New()
	}
}

// served is a database that servers work on, as tests see it beside them.
type served struct {
	stores  stores
	migrate func(ctx context.Context) error
	// rows returns how many users have the key, and loosen lets several have it.
	rows   func(ctx context.Context, key string) (int64, error)
	loosen func(ctx context.Context) error
	close  func() error
}

// openServed opens the database that dsn names.
func openServed(dsn string) (*served, error) {
	if strings.HasPrefix(dsn, "mongodb") {
		return openServedMongo(dsn)
	}
	db, err := openBun(dsn)
	if err != nil {
		return nil, err
	}
	s, err := bunstore.New[member](db, bunstore.Config{})
	return &served{
		s, func(ctx context.Context) error { return bunstore.Migrate[member](ctx, db, bunstore.Config{}) },
		func(ctx context.Context, key string) (int64, error) {
			n, err := db.NewSelect().Table("users").Where("email_key = ?", key).Count(ctx)
			return int64(n), err
		},
		func(ctx context.Context) error { return dropUniqueKey(ctx, db) },
		db.Close,
	}, err
}

func openServedMongo(uri string) (*served, error) {
	db, err := openMongo(uri, options.Client())
	if err != nil {
		return nil, err
	}
	s, err := mongostore.New[member](db, mongostore.Config{})
	return &served{
		s, func(ctx context.Context) error { return mongostore.Migrate(ctx, db, mongostore.Config{}) },
		func(ctx context.Context, key string) (int64, error) {
			return db.Collection("users").CountDocuments(ctx, bson.D{{Key: "email_key", Value: key}})
		},
		func(ctx context.Context) error { return db.Collection("users").Indexes().DropOne(ctx, "email_key_1") },
		func() error { return db.Client().Disconnect(context.Background()) },
	}, err
}

// servedOn opens the database that dsn names, which has no stores, for t.
func servedOn(t testing.TB, dsn string) *served {
	t.Helper()
	db, err := openServed(dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.close()) })
	require.NoError(t, db.migrate(t.Context()))
	return db
}

// lookThenInsert is the store that one must not write: it looks whether the
// key is free, and then inserts into a table that does not care.
type lookThenInsert struct{ users }

func (s lookThenInsert) Create(ctx context.Context, m *member) error {
	if _, err := s.ByEmail(ctx, m.EmailKey); err == nil {
		return core.ErrEmailTaken
	}
	return s.users.Create(ctx, m)
}

// Update reads, changes and writes, without a look at what others did.
func (s lookThenInsert) Update(ctx context.Context, id string, change func(*member) error) (*member, error) {
	read, err := s.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := change(read); err != nil {
		return nil, err
	}
	return s.users.Update(ctx, id, func(m *member) error { *m = *core.Clone(read); return nil })
}

// newManager returns a manager of the users in s that mails into the drawer
// and makes hashes of that many passes.
func newManager(s stores, mails *drawer, passes uint32) (*core.Manager[*member], error) {
	hasher, err := cheapHasher(passes)
	if err != nil {
		return nil, err
	}
	signer, err := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{[]byte(strings.Repeat("m", 32))}})
	if err != nil {
		return nil, err
	}
	return core.NewManager(core.Config[*member]{
		Stores: s, Hasher: hasher, Emails: email.New(), Hashing: core.Hashing{Queue: 256, Wait: patient},
		Mail:   core.Mailing{Signer: signer, Mailer: mails},
		Limits: core.Limits{Off: true}, // one peer makes thousands of calls
	})
}

// newHandler wires a server on the database that dsn names.
func newHandler(dsn, flavour string) (http.Handler, error) {
	db, err := openServed(dsn)
	if err != nil {
		return nil, err
	}
	stores := db.stores
	if flavour == "naive" {
		stores.Users = lookThenInsert{stores.Users}
	}
	passes := uint32(1)
	if flavour == "upgrades" {
		passes = 2
	}
	manager, err := newManager(stores, &drawer{}, passes)
	if err != nil {
		return nil, err
	}
	jwt, err := jwxtoken.New(jwxtoken.Config{Secret: []byte(strings.Repeat("s", 32)), Lifetime: time.Hour})
	if err != nil {
		return nil, err
	}
	sessions, err := session.Backend("db", stores, session.Config{}, core.Bearer{})
	if err != nil {
		return nil, err
	}
	auth, err := core.NewAuthenticator(manager, sessions,
		core.Backend[*member]{Name: "jwt", Strategy: jwt, Transport: core.Bearer{}})
	if err != nil {
		return nil, err
	}
	timeout := patient
	if flavour == "brief" {
		timeout = 0 // what the delivery has by default
	}
	return httpauth.New(auth, httpauth.Config[*member]{Timeout: timeout, Schema: core.Schema[*member]{
		Read:   core.Reading(func(m *member) memberRead { return memberRead{core.ReadUser(m), m.Nickname} }),
		Update: core.Updating(func(in memberUpdate, m *member) { in.Nickname.Apply(&m.Nickname) }),
	}},
		httpauth.Include("/auth/jwt", httpauth.Auth{Backend: "jwt"}),
		httpauth.Include("/auth/db", httpauth.Auth{Backend: "db"}),
		httpauth.Include("/auth", httpauth.Register{}, httpauth.Reset{}, httpauth.Verify{}),
		httpauth.Include("/users", httpauth.Users{}))
}

type memberRead struct {
	core.UserRead
	Nickname string `json:"nickname"`
}

type memberUpdate struct {
	core.UserUpdate
	Nickname core.Optional[string] `json:"nickname"`
}

// cheapHasher makes argon2id hashes of 64 KiB and that many passes.
func cheapHasher(passes uint32) (*argon2hash.Hasher, error) {
	return argon2hash.New(argon2hash.Config{Memory: 64, Time: passes, Parallelism: 1})
}

// serve is the life of a child: it prints its address and serves until its
// standard input ends.
func serve(dsn, flavour string) error {
	if flavour == "brief" { // its engine goes away, which would fill the log
		slog.SetDefault(slog.New(slog.DiscardHandler))
		_ = mysql.SetLogger(log.New(io.Discard, "", 0))
	}
	handler, err := newHandler(dsn, flavour)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadString(0)
		stop()
	}()
	fmt.Println(listener.Addr())
	return httpauth.Serve(ctx, listener, handler, httpauth.ServerConfig{})
}

// startServer starts a process of its own that serves on dsn, and returns its
// URL.
func startServer(t testing.TB, dsn, flavour string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dsn, flavourEnv+"="+flavour)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	return "http://" + strings.TrimSpace(addr)
}
