package run

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// tablesOf lists the tables of a database.
var tablesOf = map[dialect.Name]string{
	dialect.PG:     "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
	dialect.MySQL:  "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
	dialect.SQLite: "SELECT name FROM sqlite_master WHERE type = 'table'",
}

// dumpSQL returns the bytes of every column of every row of every table.
func dumpSQL(t testing.TB, db sqlDB) []byte {
	t.Helper()
	var tables []string
	require.NoError(t, bun.NewDB(db.DB, bunDialect(db.kind)).NewRaw(tablesOf[db.kind]).Scan(t.Context(), &tables))
	require.Subset(t, tables, []string{"users", "tokens"})
	var dump bytes.Buffer
	for _, table := range tables {
		rows, err := db.DB.QueryContext(t.Context(), "SELECT * FROM "+table)
		require.NoError(t, err)
		columns, err := rows.Columns()
		require.NoError(t, err)
		cells, dest := make([]sql.RawBytes, len(columns)), make([]any, len(columns))
		for i := range cells {
			dest[i] = &cells[i]
		}
		for rows.Next() {
			require.NoError(t, rows.Scan(dest...))
			for i, cell := range cells {
				fmt.Fprintf(&dump, "\n%s.%s=%s", table, columns[i], cell)
			}
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return dump.Bytes()
}

// filesOf returns the files of the SQLite database that dsn names.
func filesOf(t testing.TB, dsn string) (files []byte) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(u.Path + suffix)
		require.NoError(t, err)
		files = append(files, b...)
	}
	return files
}

// atRest returns s with the hasher, the signer and the strategy of an
// application.
func atRest(t testing.TB, s stores, dump func(t testing.TB) []byte) conformance.AtRest {
	t.Helper()
	hasher, err := cheapHasher(1)
	require.NoError(t, err)
	strategy, err := session.New(s.Tokens, session.Config{})
	require.NoError(t, err)
	clock := conformance.NewClock()
	clock.Set(time.Now())
	return conformance.AtRest{Stores: s, Dump: dump, Hasher: hasher, Signer: newSigner(t, clock), Strategy: strategy}
}

// ledger is stores in memory that write down all that they were ever given.
type ledger struct {
	users
	ports.TokenStore

	mu   sync.Mutex
	text bytes.Buffer
}

func (l *ledger) note(v any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch v := v.(type) {
	case ports.Token:
		l.text.Write(v.Data)
	case ports.Account:
		l.text.Write(v.Data)
	}
	_ = json.NewEncoder(&l.text).Encode(v)
}

func (l *ledger) Create(ctx context.Context, m *member) error {
	l.note(m)
	return l.users.Create(ctx, m)
}

func (l *ledger) Update(ctx context.Context, id string, change func(*member) error) (*member, error) {
	m, err := l.users.Update(ctx, id, change)
	l.note(m)
	return m, err
}

func (l *ledger) Put(ctx context.Context, tok ports.Token) error {
	l.note(tok)
	return l.TokenStore.Put(ctx, tok)
}

// notedAccounts writes down what accounts hold.
type notedAccounts struct {
	ports.AccountStore[*member]
	l *ledger
}

func (n notedAccounts) CreateWith(ctx context.Context, u *member, a ports.Account) error {
	n.l.note(a)
	return n.AccountStore.CreateWith(ctx, u, a)
}

func (n notedAccounts) Link(ctx context.Context, a ports.Account, allow func(*member) error) error {
	n.l.note(a)
	return n.AccountStore.Link(ctx, a, allow)
}

func (n notedAccounts) UpdateAccount(ctx context.Context, provider, subject string, change func(*ports.Account) error) (ports.Account, error) {
	a, err := n.AccountStore.UpdateAccount(ctx, provider, subject, change)
	n.l.note(a)
	return a, err
}

// ledgerAtRest returns stores in memory and what they wrote down.
func ledgerAtRest(t testing.TB) conformance.AtRest {
	s := memoryStores(t)
	l := &ledger{users: s.Users, TokenStore: s.Tokens}
	s.Users, s.Tokens, s.Joined = l, l, nil
	s.Accounts = notedAccounts{s.Accounts, l}
	return atRest(t, s, func(testing.TB) []byte { return bytes.Clone(l.text.Bytes()) })
}

// openSecret is a hasher that keeps the password in its hashes.
type openSecret struct{ ports.PasswordHasher }

func (h openSecret) Hash(password string) (string, error) {
	hash, err := h.PasswordHasher.Hash(password)
	return hash + "$" + hex.EncodeToString([]byte(password)), err
}

func (h openSecret) Verify(password, hash string) (bool, bool, error) {
	return h.PasswordHasher.Verify(password, hash[:strings.LastIndexByte(hash, '$')])
}

func (h openSecret) Cost(string) int64 { return h.PasswordHasher.Cost("") }

// openToken is a strategy that keeps its tokens as they are.
type openToken struct {
	ports.Strategy
	tokens ports.TokenStore
}

func (s openToken) Issue(ctx context.Context, g ports.Grant) (string, time.Time, error) {
	token, expires, err := s.Strategy.Issue(ctx, g)
	if err != nil {
		return token, expires, err
	}
	return token, expires, s.tokens.Put(ctx, ports.Token{
		Purpose: "seen", Digest: "of " + token[:8], UserID: g.UserID, Data: []byte(`{"token":"` + token + `"}`),
	})
}

// openDigest is a strategy that takes a digest for the token.
type openDigest struct {
	ports.Strategy
	tokens ports.TokenStore
}

func (s openDigest) Verify(ctx context.Context, token string) (ports.Grant, error) {
	if t, err := s.tokens.Get(ctx, "session", token); err == nil {
		return ports.Grant{UserID: t.UserID}, nil
	}
	return s.Strategy.Verify(ctx, token)
}

func TestAtRestMutants(t *testing.T) {
	alter := func(edit func(s *conformance.AtRest)) func(testing.TB) conformance.AtRest {
		return func(t testing.TB) conformance.AtRest {
			s := ledgerAtRest(t)
			edit(&s)
			return s
		}
	}
	runMutants(t, "what is kept", conformance.AtRestCases(), ledgerAtRest, []mutant[conformance.AtRest]{
		{"a dump without the data of tokens", "AR-01", alter(func(s *conformance.AtRest) {
			dump := s.Dump
			s.Dump = func(t testing.TB) []byte {
				lines := bytes.SplitAfter(dump(t), []byte("\n"))
				for i, line := range lines {
					if at := bytes.LastIndex(line, []byte(`{"Purpose"`)); at >= 0 {
						lines[i] = line[at:]
						lines[i], _, _ = bytes.Cut(lines[i], []byte(`"Data"`))
					}
				}
				return bytes.Join(lines, nil)
			}
		})},
		{"the password in hexadecimal behind its hash", "AR-02", alter(func(s *conformance.AtRest) { s.Hasher = openSecret{s.Hasher} })},
		{"the token in the data of another", "AR-02", alter(func(s *conformance.AtRest) { s.Strategy = openToken{s.Strategy, s.Stores.Tokens} })},
		{"a digest that is taken for a token", "AR-03", alter(func(s *conformance.AtRest) { s.Strategy = openDigest{s.Strategy, s.Stores.Tokens} })},
	})
}
