package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// LegacyConfig says how FastAPI Users keeps its sessions, with its
// DatabaseStrategy, in the database of the users.
type LegacyConfig struct {
	// Table names the table of access tokens. Empty means "accesstoken".
	Table string
	// Lifetime is the strategy's lifetime_seconds. Zero means that its
	// sessions never end.
	Lifetime time.Duration
	// Purpose is that of the tokens which they become. Empty means "session".
	Purpose string
}

// legacy implements ports.LegacyTokens.
type legacy struct {
	*store
	from            LegacyConfig
	find, put, drop string // statements
}

var _ ports.LegacyTokens = (*legacy)(nil)

// NewLegacy returns the sessions that FastAPI Users keeps in a table beside
// those of cfg. Each that is adopted moves, in one transaction, to the table
// of tokens, with epoch 0: a user's sessions end when the epoch is raised for
// the first time. It returns a *core.ConfigError.
func NewLegacy(db *sql.DB, d Dialect, cfg Config, from LegacyConfig) (ports.LegacyTokens, error) {
	cfg.setDefaults()
	if from.Table == "" {
		from.Table = "accesstoken"
	}
	if from.Purpose == "" {
		from.Purpose = "session"
	}
	problems := cfg.problems(d)
	if db == nil {
		problems = append(problems, "db is missing")
	}
	if !nameForm.MatchString(from.Table) || from.Table == cfg.Tokens || from.Table == cfg.Users {
		problems = append(problems, "LegacyConfig.Table is not a name, or one of the stores' own tables")
	}
	if from.Lifetime < 0 {
		problems = append(problems, "LegacyConfig.Lifetime is negative")
	}
	if problems != nil {
		return nil, &core.ConfigError{Of: "sqlstore.NewLegacy", Problems: problems}
	}
	s := &store{db: db, d: d, cfg: cfg, users: d.table(cfg.Schema, cfg.Users), tokens: d.table(cfg.Schema, cfg.Tokens)}
	table := d.table(cfg.Schema, from.Table)
	return &legacy{
		store: s, from: from,
		find: d.bind("SELECT token, user_id, " + d.read("created_at", true) + " FROM " + table + " WHERE token = ?" + d.forUpdate),
		put:  s.bind(putToken),
		drop: d.bind("DELETE FROM " + table + " WHERE token = ?"),
	}, nil
}

// Adopt implements [ports.LegacyTokens].
func (s *legacy) Adopt(ctx context.Context, token, digest string) (ports.Token, error) {
	const op = "adopt token"
	if err := ctx.Err(); err != nil {
		return ports.Token{}, s.readError(ctx, op, err)
	}
	if token == "" || storable(token) != nil || !isKey(s.from.Purpose, digest) {
		return ports.Token{}, core.ErrTokenNotFound
	}
	var t ports.Token
	err := retry(ctx, func() (err error) {
		t, err = s.move(ctx, token, digest)
		return err
	})
	switch {
	case err == nil:
		return t, nil
	case errors.Is(err, core.ErrTokenNotFound), errors.Is(err, sql.ErrNoRows), isDuplicate(err):
		return ports.Token{}, core.ErrTokenNotFound // not there, or moved by another a moment ago
	default:
		return ports.Token{}, s.readError(ctx, op, err)
	}
}

// move moves a row of the other system in one transaction.
func (s *legacy) move(ctx context.Context, token, digest string) (ports.Token, error) {
	tx, err := s.db.(*sql.DB).BeginTx(ctx, nil)
	if err != nil {
		return ports.Token{}, err
	}
	defer tx.Rollback()
	var kept string
	t := ports.Token{Purpose: s.from.Purpose, Digest: digest, Family: rand.Text()}
	if err := tx.QueryRowContext(ctx, s.find, token).Scan(&kept, &t.UserID, (*Time)(&t.CreatedAt)); err != nil {
		return t, err
	}
	id, ok := s.cfg.IDs.Parse(t.UserID)
	if kept != token || !ok { // MySQL takes tokens for equal that differ in case
		return t, core.ErrTokenNotFound
	}
	t.UserID = id
	if s.from.Lifetime > 0 {
		t.ExpiresAt = t.CreatedAt.Add(s.from.Lifetime)
	}
	result, err := tx.ExecContext(ctx, s.put, s.putArgs(t)...)
	if err != nil {
		return t, err
	}
	switch rows, err := result.RowsAffected(); {
	case err != nil:
		return t, err
	case rows == 0: // there is no such user
		return t, core.ErrTokenNotFound
	}
	if _, err := tx.ExecContext(ctx, s.drop, token); err != nil {
		return t, err
	}
	return t, tx.Commit()
}
