package run

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/argon2"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"golang.org/x/crypto/bcrypt"
)

const (
	oldJWTSecret  = "the secret of the strategy, 32 bytes and more"
	oldMailSecret = "the secret of the manager, 32 bytes and more"
)

// oldToken is a JWT as PyJWT makes it for FastAPI Users.
func oldToken(t testing.TB, secret string, claims map[string]any) string {
	t.Helper()
	claims["exp"] = time.Now().Add(time.Hour).Unix()
	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// oldSession is a token as Python's secrets.token_urlsafe makes it.
func oldSession() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// oldSite fills a database and Redis as FastAPI Users would have done, and
// returns what its clients and users have, by the names that the guide uses.
func oldSite(t testing.TB, db *bun.DB, rdb redis.UniversalClient) map[string]string {
	t.Helper()
	strong, err := argon2hash.New(argon2hash.Config{Memory: 64 << 10, Time: 3, Parallelism: 4})
	require.NoError(t, err)
	argon, err := strong.Hash("correct horse")
	require.NoError(t, err)
	old, err := bcrypt.GenerateFromPassword([]byte("tr0ub4dor and 3"), 12)
	require.NoError(t, err)
	ann, bob := addReferenceUser(t, db, "Ann@example.com", argon), addReferenceUser(t, db, "bob@example.com", string(old))
	_, err = db.NewUpdate().Table("user").Set("is_verified = ?", false).Where("id = ?", bob).Exec(t.Context())
	require.NoError(t, err)
	addReferenceAccount(t, db, ann, "google", "people/1")
	fingerprint, err := strong.Hash(argon)
	require.NoError(t, err)
	has := map[string]string{
		"OLD_JWT":          oldToken(t, oldJWTSecret, map[string]any{"sub": ann, "aud": []string{"fastapi-users:auth"}}),
		"OLD_RESET_TOKEN":  oldToken(t, oldMailSecret, map[string]any{"sub": ann, "password_fgpt": fingerprint, "aud": "fastapi-users:reset"}),
		"OLD_VERIFY_TOKEN": oldToken(t, oldMailSecret, map[string]any{"sub": bob, "email": "bob@example.com", "aud": "fastapi-users:verify"}),
		"OLD_SESSION":      oldSession(), "EXPIRED_SESSION": oldSession(), "OLD_REDIS_SESSION": oldSession(),
	}
	for name, age := range map[string]time.Duration{"OLD_SESSION": time.Minute, "EXPIRED_SESSION": 61 * time.Minute} {
		at := time.Now().UTC().Add(-age)
		row := map[string]any{"token": has[name], "user_id": ann, "created_at": at.Format("2006-01-02 15:04:05.000000")}
		if db.Dialect().Name() == dialect.PG {
			row["created_at"] = at
		}
		_, err := db.NewInsert().Model(&row).Table("accesstoken").Exec(t.Context())
		require.NoError(t, err)
	}
	key := "fastapi_users_token:" + has["OLD_REDIS_SESSION"]
	require.NoError(t, rdb.Set(t.Context(), key, ann, time.Hour).Err())
	t.Cleanup(func() { rdb.Del(t.Context(), key) })
	return has
}

// What docs/migrating-from-fastapi-users.md says is what happens, on a database
// that FastAPI Users has used: nobody is logged out, no password is lost.
func TestMigrating(t *testing.T) {
	program := buildExample(t, "fastapi-users-compat")
	steps := stepsOf(t, "../../docs/migrating-from-fastapi-users.md")
	require.Greater(t, len(steps), 5)
	server, _ := engine.RedisServer(t)
	rdb := redis.NewClient(&redis.Options{Addr: server.DSN})
	t.Cleanup(func() { require.NoError(t, rdb.Close()) })
	onReference(t, func(t *testing.T, db *bun.DB, dsn string) {
		has := oldSite(t, db, rdb)
		if u, err := url.Parse(dsn); err == nil && u.Scheme == "file" {
			dsn = u.Path
		}
		env := []string{
			"USHER_DB=" + dsn, "USHER_REDIS=redis://" + server.DSN, "USHER_JWT_SECRET=" + oldJWTSecret,
			"USHER_SECRET=" + oldMailSecret, "USHER_MAILBOX=" + filepath.Join(t.TempDir(), "mails"),
		}
		refused := exec.Command(program)
		refused.Env = append(env, "USHER_ADDR=127.0.0.1:0")
		text, err := refused.CombinedOutput()
		require.Error(t, err, "tables are taken over without being told to")
		require.Contains(t, string(text), "-migrate")
		cmd := exec.Command(program)
		cmd.Env = append(append(os.Environ(), "USHER_ADDR=127.0.0.1:0", "USHER_MIGRATE=true"), env...)
		printed := start(t, cmd, func(line string) bool { return strings.HasSuffix(line, "/docs") })
		site := regexp.MustCompile(`http://[\d.:]+`).FindString(printed[0])
		assign := step{}
		for name, value := range has {
			assign.commands += fmt.Sprintf("%s='%s'\n", name, value)
		}
		mine := []step{assign}
		for _, s := range steps {
			s.commands = strings.ReplaceAll(s.commands, "http://127.0.0.1:8000", site)
			mine = append(mine, s)
		}
		shell(t, t.TempDir(), mine)
		var left, hashes []string
		require.NoError(t, db.NewSelect().Table("accesstoken").Column("token").Scan(t.Context(), &left))
		require.Empty(t, left, "sessions that were looked at stay in the clear")
		require.NoError(t, db.NewSelect().Table("user").Column("hashed_password").Where("email = 'bob@example.com'").Scan(t.Context(), &hashes))
		require.True(t, strings.HasPrefix(hashes[0], "$argon2id$"), "the weaker hash was not replaced")
	})
}
