package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	argon2hash "github.com/gousher/usher/adapters/argon2"
	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	redisstore "github.com/gousher/usher/adapters/redis"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// Member is the application's user.
type Member struct {
	core.User
	Nickname string `bun:"nickname"`
}

// memberRead is what clients see of a Member, of usher and of bare handlers.
type memberRead struct {
	core.UserRead
	Nickname string `json:"nickname"`
}

func readMember(m *Member) memberRead { return memberRead{core.ReadUser(m), m.Nickname} }

// open opens the pool of PostgreSQL that s names.
func (s *setting) open() *sql.DB {
	db := stdlib.OpenDB(*s.postgres)
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
	return db
}

// stores returns usher's stores. Sessions are in Redis where that is asked for.
func (s *setting) stores(inRedis bool) (ports.Stores[*Member], *bun.DB, error) {
	db := bun.NewDB(s.open(), pgdialect.New())
	stores, err := bunstore.New[Member](db, bunstore.Config{})
	if err == nil && inRedis {
		stores.Tokens, err = redisstore.New(s.redis, redisstore.Config{Prefix: s.prefix})
	}
	return stores, db, err
}

// jwt returns the strategy that signs tokens with the secret of all servers.
func (s *setting) jwt() (*jwxtoken.Strategy, error) {
	return jwxtoken.New(jwxtoken.Config{Secret: s.secret, Lifetime: lifetime})
}

// lifetime is that of JWTs.
const lifetime = 24 * time.Hour

// schema is what clients see.
var schema = core.Schema[*Member]{Read: core.Reading(readMember)}

// usherBy returns a target with one backend.
func usherBy(backend string) target {
	return func(s setting) (http.Handler, error) {
		auth, err := s.authenticator(backend)
		if err != nil {
			return nil, err
		}
		return httpauth.New(auth, httpauth.Config[*Member]{Schema: schema},
			httpauth.Include("/auth", httpauth.Auth{Backend: backend}, httpauth.Register{}, httpauth.Reset{}),
			httpauth.Include("/users", httpauth.Users{}))
	}
}

// authenticator is usher with one backend. It is wired as an application does
// it, but for limits: they are off, for one peer does all.
func (s *setting) authenticator(backend string) (*core.Authenticator[*Member], error) {
	stores, _, err := s.stores(backend == "redis")
	if err != nil {
		return nil, err
	}
	var hasher ports.PasswordHasher
	hasher, err1 := argon2hash.New(argon2hash.Config{})
	if s.count != nil {
		hasher = countedHasher{hasher, s.count}
	}
	signer, err2 := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{s.secret}})
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	users, err := core.NewManager(core.Config[*Member]{
		Stores: stores, Hasher: hasher, Emails: email.New(), Limits: core.Limits{Off: true},
		Mail: core.Mailing{Signer: signer, Mailer: nobody{}},
	})
	if err != nil {
		return nil, err
	}
	way, err := s.backend(backend, stores)
	if err != nil {
		return nil, err
	}
	return core.NewAuthenticator(users, way)
}

func (s *setting) backend(name string, stores ports.Stores[*Member]) (core.Backend[*Member], error) {
	if name != "jwt" {
		return session.Backend(name, stores, session.Config{Lifetime: lifetime, Idle: lifetime}, core.Bearer{})
	}
	jwt, err := s.jwt()
	return core.Backend[*Member]{Name: name, Strategy: jwt, Transport: core.Bearer{}}, err
}

// nobody is a mailer whose mails arrive nowhere.
type nobody struct{}

func (nobody) Send(context.Context, ports.Mail) error { return nil }
