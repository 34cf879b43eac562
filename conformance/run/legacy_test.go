package run

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/gousher/usher/sqlstore"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// legacyLife is the lifetime of the other system's sessions.
const legacyLife = 24 * time.Hour

// accessTokens is the table as SQLAlchemy makes it for FastAPI Users, with ids
// of the type in place of %s.
var accessTokens = map[dialect.Name]string{
	dialect.PG:     "CREATE TABLE accesstoken (user_id %s NOT NULL REFERENCES users (id) ON DELETE CASCADE, token VARCHAR(43) NOT NULL, created_at TIMESTAMP WITH TIME ZONE NOT NULL, PRIMARY KEY (token))",
	dialect.MySQL:  "CREATE TABLE accesstoken (user_id %s NOT NULL, token VARCHAR(43) NOT NULL, created_at TIMESTAMP NOT NULL, PRIMARY KEY (token), FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
	dialect.SQLite: "CREATE TABLE accesstoken (user_id %s NOT NULL, token VARCHAR(43) NOT NULL, created_at TIMESTAMP NOT NULL, PRIMARY KEY (token), FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE cascade)",
}

// sqlLegacy returns what is adopted of a table of the other system's.
func sqlLegacy(t testing.TB, adapter sqlDB, ids core.IDs) conformance.Legacy {
	t.Helper()
	s, on := adapter.stores(t, ids), adapter.kind
	db := bun.NewDB(adapter.DB, bunDialect(on))
	idType := map[dialect.Name]string{dialect.PG: "UUID", dialect.MySQL: "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin", dialect.SQLite: "CHAR(36)"}[on]
	if ids == core.IntIDs {
		idType = "BIGINT"
	}
	_, err := db.DB.ExecContext(t.Context(), fmt.Sprintf(accessTokens[on], idType))
	require.NoError(t, err)
	plain, err := adapter.legacy(ids, sqlstore.LegacyConfig{Lifetime: legacyLife})
	require.NoError(t, err)
	return conformance.Legacy{
		Stores: s, Plain: plain,
		Plant: func(t testing.TB, token, userID string, expires time.Time) {
			at := expires.Add(-legacyLife).UTC()
			row := map[string]any{"token": token, "user_id": userID, "created_at": at.Format("2006-01-02 15:04:05.000000")}
			if on == dialect.PG {
				row["created_at"] = at
			}
			_, err := db.NewInsert().Model(&row).Table("accesstoken").Exec(t.Context())
			require.NoError(t, err)
		},
		Left: func(t testing.TB) (tokens []string) {
			require.NoError(t, db.NewSelect().Table("accesstoken").Column("token").Scan(t.Context(), &tokens))
			return tokens
		},
	}
}

// plainMap is the other system as a map, and the rules of adopting from it as
// the memory adapter would have them, with faults that can be switched on.
type plainMap struct {
	tokens ports.TokenStore

	keeps, copies, forgets, folds, late, nameless bool

	mu   sync.Mutex
	rows map[string]ports.Token
}

func (p *plainMap) Adopt(ctx context.Context, token, digest string) (ports.Token, error) {
	if err := ctx.Err(); err != nil && !p.late {
		return ports.Token{}, err
	}
	p.mu.Lock()
	row, ok := p.rows[token]
	if !ok && p.folds {
		for kept, r := range p.rows {
			if strings.EqualFold(kept, token) {
				row, ok = r, true
			}
		}
	}
	if !p.keeps {
		delete(p.rows, token)
	}
	p.mu.Unlock()
	if !ok && p.copies { // what is not there may be one of ours
		row, err := p.tokens.Get(ctx, "session", token)
		row.Digest = digest
		if err == nil {
			return row, p.tokens.Put(ctx, row)
		}
	}
	if !ok {
		return ports.Token{}, core.ErrTokenNotFound
	}
	row.Digest = digest
	if !p.nameless {
		row.Family = rand.Text()
	}
	if p.forgets {
		row.ExpiresAt = row.ExpiresAt.Add(legacyLife)
	}
	return row, p.tokens.Put(context.WithoutCancel(ctx), row)
}

func openPlainMap(faults func(p *plainMap)) func(testing.TB) conformance.Legacy {
	return func(t testing.TB) conformance.Legacy {
		s := memoryStores(t)
		p := &plainMap{tokens: s.Tokens, rows: map[string]ports.Token{}}
		faults(p)
		return conformance.Legacy{
			Stores: s, Plain: p,
			Plant: func(_ testing.TB, token, userID string, expires time.Time) {
				p.rows[token] = ports.Token{Purpose: "session", UserID: userID, CreatedAt: expires.Add(-legacyLife), ExpiresAt: expires}
			},
			Left: func(testing.TB) (left []string) {
				for token := range p.rows {
					left = append(left, token)
				}
				return left
			},
		}
	}
}

// slowly is a LegacyTokens that takes the row away and keeps the token some
// time later: who comes in between finds neither.
type slowly struct{ *plainMap }

func (s slowly) Adopt(ctx context.Context, token, digest string) (ports.Token, error) {
	s.mu.Lock()
	row, ok := s.rows[token]
	delete(s.rows, token)
	s.mu.Unlock()
	if !ok {
		return ports.Token{}, core.ErrTokenNotFound
	}
	time.Sleep(10 * time.Millisecond)
	row.Digest, row.Family = digest, rand.Text()
	return row, s.tokens.Put(ctx, row)
}

// serial holds one lock over all of Adopt.
type serial struct {
	*plainMap
	mu *sync.Mutex
}

func (a serial) Adopt(ctx context.Context, token, digest string) (ports.Token, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.plainMap.Adopt(ctx, token, digest)
}

func TestLegacyTokensMutants(t *testing.T) {
	with := func(faults func(p *plainMap)) func(testing.TB) conformance.Legacy {
		return func(t testing.TB) conformance.Legacy {
			l := openPlainMap(faults)(t)
			l.Plain = serial{l.Plain.(*plainMap), new(sync.Mutex)}
			return l
		}
	}
	runMutants(t, "LegacyTokens", conformance.LegacyTokensCases(), with(func(*plainMap) {}), []mutant[conformance.Legacy]{
		{"leaves the plain value", "LG-01", with(func(p *plainMap) { p.keeps = true })},
		{"starts the life anew", "LG-01", with(func(p *plainMap) { p.forgets = true })},
		{"names no login", "LG-01", with(func(p *plainMap) { p.nameless = true })},
		{"takes away, and keeps later", "LG-02", func(t testing.TB) conformance.Legacy {
			l := openPlainMap(func(*plainMap) {})(t)
			l.Plain = slowly{l.Plain.(*plainMap)}
			return l
		}},
		{"compares by a collation", "LG-03", with(func(p *plainMap) { p.folds = true })},
		{"adopts what is ours", "LG-04", with(func(p *plainMap) { p.copies = true })},
		{"goes on after the context ended", "LG-05", with(func(p *plainMap) { p.late = true })},
	})
}
