package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gousher/usher/adapters/argon2"
	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	redisstore "github.com/gousher/usher/adapters/redis"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	httpauth "github.com/gousher/usher/delivery/http"
	"github.com/gousher/usher/ports"
	"github.com/gousher/usher/sqlstore"
	"github.com/redis/go-redis/v9"
	"github.com/uptrace/bun"
)

// server is what wire makes.
type server struct {
	users   *core.Manager[*core.User]
	tokens  ports.TokenStore
	handler http.Handler
	routes  []string
}

// settings are those of the flags.
type settings struct {
	secret, jwtSecret          []byte
	verified, migrate, limited bool
}

// begin

// lifetime is the lifetime_seconds of all strategies.
const lifetime = time.Hour

// tables are FastAPI Users' own, and usher's beside them.
var tables = bunstore.Config{Users: "user"}

// wire makes the server. Rdb may be nil.
func wire(ctx context.Context, db *bun.DB, rdb redis.UniversalClient, mailer ports.Mailer, s settings) (*server, error) {
	emails := email.New()
	prepare := bunstore.Migrate[core.User]
	if s.migrate {
		prepare = func(ctx context.Context, db *bun.DB, cfg bunstore.Config) error {
			return bunstore.TakeOver[core.User](ctx, db, cfg, sqlstore.TakeOverConfig{Key: emails.Key})
		}
	}
	if err := prepare(ctx, db, tables); err != nil && !s.migrate {
		return nil, fmt.Errorf("%w (FastAPI Users' tables are taken over by -migrate)", err)
	} else if err != nil {
		return nil, err
	}
	stores, err1 := bunstore.New[core.User](db, tables)
	hasher, err2 := argon2hash.New(argon2hash.Config{})
	jwt, err3 := jwxtoken.New(jwxtoken.Config{Secret: s.jwtSecret, Lifetime: lifetime})
	signer, err4 := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{s.secret}})
	cookie, err5 := core.NewCookie(core.CookieConfig{MaxAge: lifetime})
	plain, err6 := bunstore.NewLegacy(db, tables, sqlstore.LegacyConfig{Lifetime: lifetime})
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		return nil, err
	}
	users, err := core.NewManager(core.Config[*core.User]{
		Stores: stores, Hasher: hasher, Emails: emails, Mail: core.Mailing{Signer: signer, Mailer: mailer},
		Limits: core.Limits{Off: !s.limited},
	})
	if err != nil {
		return nil, err
	}
	inDatabase, err := session.Backend("db", stores, session.Config{Lifetime: lifetime, Idle: lifetime, Plain: plain}, core.Bearer{})
	if err != nil {
		return nil, err
	}
	backends := []core.Backend[*core.User]{
		{Name: "jwt", Strategy: jwt, Transport: core.Bearer{}}, {Name: "cookie", Strategy: jwt, Transport: cookie}, inDatabase,
	}
	if rdb != nil {
		inRedis, err := redisBackend(rdb, stores)
		if err != nil {
			return nil, err
		}
		backends = append(backends, inRedis)
	}
	auth, err := core.NewAuthenticator(users, backends...)
	if err != nil {
		return nil, err
	}
	mounts := []httpauth.Mount{
		httpauth.Include("/auth", httpauth.Register{}, httpauth.Reset{}, httpauth.Verify{}),
		httpauth.Include("/users", httpauth.Users{RequireVerified: s.verified}),
		httpauth.Include("", httpauth.Docs{}),
	}
	for _, b := range backends {
		mounts = append(mounts, httpauth.Include("/auth/"+b.Name, httpauth.Auth{Backend: b.Name, RequireVerified: s.verified}))
	}
	api, err := httpauth.New(auth, httpauth.Config[*core.User]{}, mounts...)
	if err != nil {
		return nil, err
	}
	return &server{users, stores.Tokens, api, api.Routes()}, nil
}

// redisBackend keeps sessions in Redis, and reads those of FastAPI Users'
// RedisStrategy.
func redisBackend(rdb redis.UniversalClient, stores ports.Stores[*core.User]) (core.Backend[*core.User], error) {
	tokens, err1 := redisstore.New(rdb, redisstore.Config{})
	plain, err2 := redisstore.NewLegacy(rdb, redisstore.Config{}, redisstore.LegacyConfig{})
	if err := errors.Join(err1, err2); err != nil {
		return core.Backend[*core.User]{}, err
	}
	stores.Tokens = tokens
	return session.Backend("redis", stores, session.Config{Lifetime: lifetime, Idle: lifetime, Plain: plain}, core.Bearer{})
}

// end
