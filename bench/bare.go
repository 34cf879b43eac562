package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/semaphore"
)

// The statements of bare handlers are those of usher, to the letter: the
// bench compares what both send.
const (
	userColumns = `"users"."id", "users"."email", "users"."email_key", "users"."hashed_password", "users"."is_active", ` +
		`"users"."is_superuser", "users"."is_verified", "users"."session_epoch", "users"."revision", ` +
		`"users"."created_at", "users"."updated_at", "users"."nickname"`
	byID    = `SELECT ` + userColumns + ` FROM "users" WHERE id = $1`
	byEmail = `SELECT ` + userColumns + ` FROM "users" WHERE email_key = $1`
	byToken = `SELECT ` + userColumns + `, "tokens".purpose, "tokens".digest, "tokens".user_id, "tokens".family, ` +
		`"tokens".epoch, "tokens".created_at, "tokens".expires_at, "tokens".data ` +
		`FROM "tokens" JOIN "users" ON "users".id = "tokens".user_id WHERE "tokens".purpose = $1 AND "tokens".digest = $2`
	insert = `INSERT INTO "users" ("id", "email", "email_key", "hashed_password", "is_active", "is_superuser", "is_verified", ` +
		`"session_epoch", "revision", "created_at", "updated_at", "nickname") ` +
		`VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
)

// bare is a handler that a careful hand would write: it verifies the token,
// reads the user with one prepared statement, checks that the user is active
// and the session of the present epoch, and answers with the same JSON.
type bare struct {
	db                    *sql.DB
	byID, byEmail, insert *sql.Stmt
	secret                []byte
	// gate bounds the memory that hashing takes, as usher's does.
	gate *semaphore.Weighted
}

var errRefused = errors.New("refused")

// identify tells who a token is of: it returns errRefused, or an outage.
type identify func(ctx context.Context, token string) (*Member, error)

// serveMe serves GET /users/me.
func serveMe(who identify) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok {
			answer(w, http.StatusUnauthorized, map[string]string{"detail": "Unauthorized"})
			return
		}
		m, err := who(r.Context(), token)
		switch {
		case errors.Is(err, errRefused):
			answer(w, http.StatusUnauthorized, map[string]string{"detail": "Unauthorized"})
		case err != nil:
			answer(w, http.StatusServiceUnavailable, map[string]string{"detail": "Service Unavailable"})
		default:
			answer(w, http.StatusOK, readMember(m))
		}
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func newBare(s setting) (*bare, error) {
	b := &bare{db: s.open(), secret: s.secret, gate: semaphore.NewWeighted(budget())}
	var err1, err2, err3 error
	b.byID, err1 = b.db.Prepare(byID)
	b.byEmail, err2 = b.db.Prepare(byEmail)
	b.insert, err3 = b.db.Prepare(insert)
	return b, errors.Join(err1, err2, err3)
}

// fields are where a row of userColumns is scanned to.
func fields(m *Member) []any {
	return []any{&m.ID, &m.Email, &m.EmailKey, &m.HashedPassword, &m.IsActive, &m.IsSuperuser, &m.IsVerified,
		&m.SessionEpoch, &m.Revision, &m.CreatedAt, &m.UpdatedAt, &m.Nickname}
}

// current returns m if it was found, is active and has that epoch.
func current(m *Member, epoch int64, err error) (*Member, error) {
	switch {
	case errors.Is(err, sql.ErrNoRows), errors.Is(err, pgx.ErrNoRows):
		return nil, errRefused
	case err != nil:
		return nil, err
	case !m.IsActive || m.SessionEpoch != epoch:
		return nil, errRefused
	}
	return m, nil
}

func (b *bare) user(ctx context.Context, id string, epoch int64) (*Member, error) {
	m := new(Member)
	err := b.byID.QueryRowContext(ctx, id).Scan(fields(m)...)
	return current(m, epoch, err)
}

// mux adds the routes to log in and register, which all bare handlers share.
func (b *bare) mux(who identify) (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /users/me", serveMe(who))
	mux.HandleFunc("POST /auth/login", b.login)
	mux.HandleFunc("POST /auth/register", b.register)
	return mux, nil
}

// bareJWT verifies through jwx.
func bareJWT(s setting) (http.Handler, error) {
	b, err := newBare(s)
	if err != nil {
		return nil, err
	}
	return b.mux(b.byJWT)
}

// byJWT is an identify for JWTs.
func (b *bare) byJWT(ctx context.Context, token string) (*Member, error) {
	id, epoch, err := b.jwx(token)
	if err != nil {
		return nil, err
	}
	return b.user(ctx, id, epoch)
}

func (b *bare) jwx(token string) (id string, epoch int64, err error) {
	t, err := jwt.ParseString(token, jwt.WithKey(jwa.HS256, b.secret), jwt.WithValidate(true),
		jwt.WithAudience(jwxtoken.DefaultAudience), jwt.WithRequiredClaim("exp"))
	if err != nil {
		return "", 0, errRefused
	}
	if claim, ok := t.Get("epoch"); ok {
		n, ok := claim.(float64)
		if !ok {
			return "", 0, errRefused
		}
		epoch = int64(n)
	}
	return t.Subject(), epoch, nil
}

// bareHMAC verifies by crypto/hmac, and knows no token but its own kind.
func bareHMAC(s setting) (http.Handler, error) {
	b, err := newBare(s)
	if err != nil {
		return nil, err
	}
	return b.mux(func(ctx context.Context, token string) (*Member, error) {
		id, epoch, err := b.hmac(token)
		if err != nil {
			return nil, err
		}
		return b.user(ctx, id, epoch)
	})
}

// ownHeader is {"alg":"HS256","typ":"JWT"}.
const ownHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

func (b *bare) hmac(token string) (id string, epoch int64, err error) {
	rest, ok := strings.CutPrefix(token, ownHeader+".")
	payload, signature, found := strings.Cut(rest, ".")
	if !ok || !found {
		return "", 0, errRefused
	}
	sum := hmac.New(sha256.New, b.secret)
	sum.Write([]byte(token[:len(token)-len(signature)-1]))
	mac, err := base64.RawURLEncoding.Strict().DecodeString(signature)
	if err != nil || subtle.ConstantTimeCompare(mac, sum.Sum(nil)) != 1 {
		return "", 0, errRefused
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil {
		return "", 0, errRefused
	}
	var claims struct {
		Sub   string
		Aud   []string
		Exp   int64
		Epoch int64
	}
	if json.Unmarshal(text, &claims) != nil || time.Now().Unix() >= claims.Exp ||
		len(claims.Aud) != 1 || claims.Aud[0] != jwxtoken.DefaultAudience {
		return "", 0, errRefused
	}
	return claims.Sub, claims.Epoch, nil
}

// barePool verifies through jwx and reads through pgx's own pool.
func barePool(s setting) (http.Handler, error) {
	b, err := newBare(s)
	if err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(s.dsn)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = pool
	if s.count != nil {
		cfg.ConnConfig.Tracer = s.count
	}
	conns, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	return b.mux(func(ctx context.Context, token string) (*Member, error) {
		id, epoch, err := b.jwx(token)
		if err != nil {
			return nil, err
		}
		m := new(Member)
		err = conns.QueryRow(ctx, byID, id).Scan(fields(m)...)
		return current(m, epoch, err)
	})
}

func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// bareToken finds the session and its user by a join.
func bareToken(s setting) (http.Handler, error) {
	b, err := newBare(s)
	if err != nil {
		return nil, err
	}
	who, err := b.byStored()
	if err != nil {
		return nil, err
	}
	return b.mux(who)
}

// byStored is an identify for sessions in the database.
func (b *bare) byStored() (identify, error) {
	join, err := b.db.Prepare(byToken)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, token string) (*Member, error) {
		m := new(Member)
		var purpose, digested, userID, family string
		var epoch int64
		var created time.Time
		var expires sql.NullTime
		var data []byte
		err := join.QueryRowContext(ctx, "session", digest(token)).Scan(append(fields(m),
			&purpose, &digested, &userID, &family, &epoch, &created, &expires, &data)...)
		if m, err = current(m, epoch, err); err == nil && !time.Now().Before(expires.Time) {
			return nil, errRefused
		}
		return m, err
	}, nil
}

// bareRedis finds the session in Redis and its user by id.
func bareRedis(s setting) (http.Handler, error) {
	b, err := newBare(s)
	if err != nil {
		return nil, err
	}
	return b.mux(func(ctx context.Context, token string) (*Member, error) {
		value, err := s.redis.Get(ctx, s.prefix+"token:session:{"+digest(token)+"}").Result()
		if errors.Is(err, redis.Nil) {
			return nil, errRefused
		}
		if err != nil {
			return nil, err
		}
		id, epoch, err := sessionIn(value)
		if err != nil {
			return nil, err
		}
		return b.user(ctx, id, epoch)
	})
}

// sessionIn reads what usher keeps in Redis: a layout, then the expiry in
// microseconds, the epoch and the time of the login, of 20 digits each with the
// sign bit turned, and the user with a NUL behind.
func sessionIn(value string) (id string, epoch int64, err error) {
	if len(value) < 61 || value[0] != '1' {
		return "", 0, errors.New("a value of another layout")
	}
	expires, err1 := strconv.ParseUint(value[1:21], 10, 64)
	of, err2 := strconv.ParseUint(value[21:41], 10, 64)
	id, _, ok := strings.Cut(value[61:], "\x00")
	if err := errors.Join(err1, err2); err != nil || !ok {
		return "", 0, errors.Join(err, errors.New("a value that is no session"))
	}
	if time.Now().UnixMicro() >= int64(expires^1<<63) {
		return "", 0, errRefused
	}
	return id, int64(of ^ 1<<63), nil
}
