package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// spelled is when, as it is bound.
const spelled = "2026-05-17 11:42:13.987654+00:00"

var oneToken = ports.Token{
	Purpose: "session", Digest: "d1", UserID: id, Family: "f1", Epoch: 3, CreatedAt: when, ExpiresAt: when.Add(time.Hour), Data: []byte("x"),
}

// tokenRow is the row of oneToken as PostgreSQL's drivers give it.
func tokenRow() []driver.Value {
	return []driver.Value{"session", "d1", id, "f1", int64(3), when.Local(), when.Add(time.Hour).Local(), []byte("x")}
}

func tokensOn(t testing.TB, d Dialect, answer func(string, []any) answer) (ports.Stores[*Member], *engineFake) {
	t.Helper()
	db, e := openFake(t, answer)
	stores, err := New[Member](db, d, columnsFor[Member](), Config{})
	if err != nil {
		t.Fatal(err)
	}
	return stores, e
}

func TestTokensAndJoinedAreOne(t *testing.T) {
	stores, _ := tokensOn(t, Postgres(), nil)
	if any(stores.Tokens) != any(stores.Joined) {
		t.Errorf("got %p and %p, want one value", stores.Tokens, stores.Joined)
	}
}

func TestTokenStatements(t *testing.T) {
	const columns = "purpose, digest, user_id, family, epoch, created_at, expires_at, data"
	later := when.Add(999).In(time.FixedZone("", 3600))
	for _, tt := range []struct {
		name string
		on   Dialect
		call func(ctx context.Context, s ports.TokenStore) error
		want string
		args []any
	}{
		{"Put", Postgres(),
			func(ctx context.Context, s ports.TokenStore) error {
				t := oneToken
				t.UserID, t.CreatedAt = "{"+strings.ToUpper(id)+"}", later
				return s.Put(ctx, t)
			},
			`INSERT INTO "tokens" (` + columns + `) SELECT $1, $2, id, $3, $4, $5, $6, $7 FROM "users" WHERE id = $8`,
			[]any{"session", "d1", "f1", int64(3), spelled, "2026-05-17 12:42:13.987654+00:00", []byte("x"), id}},
		{"Put without an end", SQLite(),
			func(ctx context.Context, s ports.TokenStore) error {
				return s.Put(ctx, ports.Token{Purpose: "session", Digest: "d1", UserID: id, Data: []byte{}})
			},
			`INSERT INTO "tokens" (` + columns + `) SELECT ?, ?, id, ?, ?, ?, ?, ? FROM "users" WHERE id = ?`,
			[]any{"session", "d1", "", int64(0), "0001-01-01 00:00:00+00:00", nil, nil, id}},
		{"Take", Postgres(),
			func(ctx context.Context, s ports.TokenStore) error {
				_, err := s.Take(ctx, "session", "d1")
				return err
			},
			`DELETE FROM "tokens" WHERE purpose = $1 AND digest = $2 RETURNING ` + columns, []any{"session", "d1"}},
		{"Get", SQLite(),
			func(ctx context.Context, s ports.TokenStore) error {
				_, err := s.Get(ctx, "session", "d1")
				return err
			},
			"SELECT " + columns + ` FROM "tokens" WHERE purpose = ? AND digest = ?`, []any{"session", "d1"}},
		{"Extend", Postgres(),
			func(ctx context.Context, s ports.TokenStore) error { return s.Extend(ctx, "session", "d1", later) },
			`UPDATE "tokens" SET expires_at = $1 WHERE purpose = $2 AND digest = $3 AND expires_at < $4`,
			[]any{spelled, "session", "d1", spelled}},
		{"Restamp", Postgres(),
			func(ctx context.Context, s ports.TokenStore) error { return s.Restamp(ctx, "session", "d1", 4) },
			`UPDATE "tokens" SET epoch = CASE WHEN epoch < $1 THEN $2 ELSE epoch END WHERE purpose = $3 AND digest = $4`,
			[]any{int64(4), int64(4), "session", "d1"}},
		{"ListUser", Postgres(),
			func(ctx context.Context, s ports.TokenStore) error {
				_, err := s.ListUser(ctx, "session", strings.ToUpper(id))
				return err
			},
			"SELECT " + columns + ` FROM "tokens" WHERE user_id = $1 AND purpose = $2 ORDER BY "tokens".created_at DESC, digest`, []any{id, "session"}},
		{"EndUser", SQLite(),
			func(ctx context.Context, s ports.TokenStore) error { return s.EndUser(ctx, "session", id, "") },
			`DELETE FROM "tokens" WHERE user_id = ? AND purpose = ?`, []any{id, "session"}},
		{"EndUser but one", Postgres(),
			func(ctx context.Context, s ports.TokenStore) error { return s.EndUser(ctx, "session", id, "f1") },
			`DELETE FROM "tokens" WHERE user_id = $1 AND purpose = $2 AND family <> $3`, []any{id, "session", "f1"}},
		{"EndUser but a family that cannot be", Postgres(),
			func(ctx context.Context, s ports.TokenStore) error { return s.EndUser(ctx, "session", id, "\x00") },
			`DELETE FROM "tokens" WHERE user_id = $1 AND purpose = $2`, []any{id, "session"}},
		{"Purge", Postgres(),
			func(ctx context.Context, s ports.TokenStore) error { _, err := s.Purge(ctx, later, 7); return err },
			`DELETE FROM "tokens" WHERE ctid = ANY (ARRAY( SELECT ctid FROM "tokens" WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))`,
			[]any{spelled, int64(7)}},
		{"Purge", SQLite(),
			func(ctx context.Context, s ports.TokenStore) error { _, err := s.Purge(ctx, later, 7); return err },
			`DELETE FROM "tokens" WHERE rowid IN ( SELECT rowid FROM "tokens" WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`,
			[]any{spelled, int64(7)}},
	} {
		t.Run(tt.name+" "+tt.on.name, func(t *testing.T) {
			stores, e := tokensOn(t, tt.on, func(string, []any) answer {
				return answer{rows: [][]driver.Value{tokenRow()}, affected: 1}
			})
			if err := tt.call(t.Context(), stores.Tokens); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(e.asked, []string{tt.want}) || !reflect.DeepEqual(e.args[0], tt.args) {
				t.Errorf("got %q %v, want %q %v", e.asked, e.args, tt.want, tt.args)
			}

			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := tt.call(ended, stores.Tokens); !errors.Is(err, context.Canceled) || len(e.asked) != 1 {
				t.Errorf("got %v and %q after the context ended, want %v and no statement", err, e.asked[1:], context.Canceled)
			}
		})
	}
}

func TestTokenStatementsFail(t *testing.T) {
	stores, _ := tokensOn(t, Postgres(), func(string, []any) answer { return answer{err: io.ErrUnexpectedEOF} })
	_, take := stores.Tokens.Take(t.Context(), "session", "d1")
	_, get := stores.Tokens.Get(t.Context(), "session", "d1")
	_, list := stores.Tokens.ListUser(t.Context(), "session", id)
	_, purge := stores.Tokens.Purge(t.Context(), when, 1)
	_, _, joined := stores.Joined.UserByToken(t.Context(), "session", "d1")
	for name, err := range map[string]error{
		"Put": stores.Tokens.Put(t.Context(), oneToken), "Take": take, "Get": get, "ListUser": list, "Purge": purge, "UserByToken": joined,
		"Extend":  stores.Tokens.Extend(t.Context(), "session", "d1", when),
		"Restamp": stores.Tokens.Restamp(t.Context(), "session", "d1", 1),
		"EndUser": stores.Tokens.EndUser(t.Context(), "session", id, ""),
	} {
		if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(err.Error(), "sqlstore: ") {
			t.Errorf("%s: got %v, want %v", name, err, io.ErrUnexpectedEOF)
		}
	}
}

func TestPutRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(t *ports.Token)
		want  error
		asks  bool
	}{
		{"nobody", func(*ports.Token) {}, core.ErrUserNotFound, true},
		{"id that cannot be one", func(t *ports.Token) { t.UserID = "me" }, core.ErrUserNotFound, false},
		{"no id", func(t *ports.Token) { t.UserID = "" }, core.ErrUserNotFound, false},
		{"NUL in the id", func(t *ports.Token) { t.UserID = "\x00" }, core.ErrInvalidValue, false},
		{"no purpose", func(t *ports.Token) { t.Purpose = "" }, core.ErrInvalidValue, false},
		{"no digest", func(t *ports.Token) { t.Digest = "" }, core.ErrInvalidValue, false},
		{"NUL in the purpose", func(t *ports.Token) { t.Purpose = "a\x00" }, core.ErrInvalidValue, false},
		{"broken digest", func(t *ports.Token) { t.Digest = "\xff" }, core.ErrInvalidValue, false},
		{"broken family", func(t *ports.Token) { t.Family = "\xff" }, core.ErrInvalidValue, false},
		{"year 10000", func(t *ports.Token) { t.ExpiresAt = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, core.ErrInvalidValue, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stores, e := tokensOn(t, SQLite(), func(string, []any) answer { return answer{} })
			token := oneToken
			tt.spoil(&token)
			if err := stores.Tokens.Put(t.Context(), token); err != tt.want {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if asked := len(e.asked) > 0; asked != tt.asks {
				t.Errorf("got %q, want asked %v", e.asked, tt.asks)
			}
		})
	}
}

func TestTokenNotThere(t *testing.T) {
	for _, tt := range []struct {
		name            string
		purpose, digest string
		asks            bool
	}{
		{"gone", "session", "d1", true},
		{"no purpose", "", "d1", false},
		{"no digest", "session", "", false},
		{"NUL", "session", "d\x00", false},
		{"broken UTF-8", "\xff", "d1", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stores, e := tokensOn(t, Postgres(), func(string, []any) answer { return answer{} })
			_, take := stores.Tokens.Take(t.Context(), tt.purpose, tt.digest)
			_, get := stores.Tokens.Get(t.Context(), tt.purpose, tt.digest)
			restamp := stores.Tokens.Restamp(t.Context(), tt.purpose, tt.digest, 4)
			u, _, joined := stores.Joined.UserByToken(t.Context(), tt.purpose, tt.digest)
			for name, err := range map[string]error{"Take": take, "Get": get, "Restamp": restamp, "UserByToken": joined} {
				if err != core.ErrTokenNotFound {
					t.Errorf("%s: got %v, want %v", name, err, core.ErrTokenNotFound)
				}
			}
			if err := stores.Tokens.Extend(t.Context(), tt.purpose, tt.digest, when); err != nil || u != nil {
				t.Errorf("got %v from Extend and the user %v, want neither", err, u)
			}
			if asked := len(e.asked) > 0; asked != tt.asks {
				t.Errorf("got %q, want asked %v", e.asked, tt.asks)
			}
		})
	}
}

// What cannot be is not asked for.
func TestTokensOfNobody(t *testing.T) {
	stores, e := tokensOn(t, Postgres(), nil)
	for _, key := range [][2]string{{"session", "me"}, {"session", ""}, {"\x00", id}} {
		list, err := stores.Tokens.ListUser(t.Context(), key[0], key[1])
		if len(list) != 0 || err != nil {
			t.Errorf("%q: got %v, %v, want nothing", key, list, err)
		}
		if err := stores.Tokens.EndUser(t.Context(), key[0], key[1], ""); err != nil {
			t.Errorf("%q: got %v, want nil", key, err)
		}
	}
	for _, limit := range []int{0, -1, math.MinInt} {
		if n, err := stores.Tokens.Purge(t.Context(), when, limit); n != 0 || err != nil {
			t.Errorf("limit %d: got %d, %v, want 0", limit, n, err)
		}
	}
	if len(e.asked) != 0 {
		t.Errorf("got %q, want no statement", e.asked)
	}
}

func TestTimesThatCannotBeKept(t *testing.T) {
	stores, e := tokensOn(t, Postgres(), nil)
	far := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	_, purge := stores.Tokens.Purge(t.Context(), far, 1)
	for name, err := range map[string]error{"Purge": purge, "Extend": stores.Tokens.Extend(t.Context(), "session", "d1", far)} {
		if !errors.Is(err, core.ErrInvalidValue) || len(e.asked) != 0 {
			t.Errorf("%s: got %v and %q, want %v and no statement", name, err, e.asked, core.ErrInvalidValue)
		}
	}
}

func TestUserByToken(t *testing.T) {
	stores, e := tokensOn(t, Postgres(), func(string, []any) answer {
		return answer{rows: [][]driver.Value{append(kept(4), tokenRow()...)}}
	})
	u, token, err := stores.Joined.UserByToken(t.Context(), "session", "d1")
	want := `SELECT "users"."id", "users"."email", "users"."email_key", "users"."hashed_password", "users"."is_active", "users"."is_superuser",` +
		` "users"."is_verified", "users"."session_epoch", "users"."revision", "users"."created_at", "users"."updated_at",` +
		` "users"."nickname", "users"."motto", "users"."tags", "users"."last_seen",` +
		` "tokens".purpose, "tokens".digest, "tokens".user_id, "tokens".family, "tokens".epoch, "tokens".created_at, "tokens".expires_at, "tokens".data` +
		` FROM "tokens" JOIN "users" ON "users".id = "tokens".user_id WHERE "tokens".purpose = $1 AND "tokens".digest = $2`
	if !slices.Equal(e.asked, []string{want}) || !reflect.DeepEqual(e.args[0], []any{"session", "d1"}) {
		t.Errorf("got %q %v, want %q", e.asked, e.args, want)
	}
	if err != nil || u.ID != id || u.Revision != 4 || u.CreatedAt != when || u.Nickname != "Ann" || !reflect.DeepEqual(token, oneToken) {
		t.Errorf("got %+v, %+v, %v, want Ann and %+v", u, token, err, oneToken)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := stores.Joined.UserByToken(ended, "session", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
