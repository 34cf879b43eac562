package session_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

type key struct{ purpose, digest string }

// store keeps tokens in a map: the smallest store that keeps its contract. It
// finds their users as well, who are all active.
type store struct {
	mu     sync.Mutex
	tokens map[key]ports.Token
	calls  []string
	// at runs at the start of each method, with the method's name. What it
	// returns is an outage.
	at func(call string) error
}

var (
	_ ports.TokenStore               = (*store)(nil)
	_ ports.SessionUsers[*core.User] = (*store)(nil)
)

func newStore() *store { return &store{tokens: map[key]ports.Token{}} }

// reach notes a call. It returns with s.mu held if there is no error.
func (s *store) reach(ctx context.Context, call string) error {
	s.mu.Lock()
	s.calls = append(s.calls, call)
	at := s.at
	s.mu.Unlock()
	if at != nil {
		if err := at(call); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	return nil
}

func (s *store) Put(ctx context.Context, t ports.Token) error {
	if err := s.reach(ctx, "Put"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for _, at := range []time.Time{t.CreatedAt, t.ExpiresAt} {
		if at != at.UTC().Truncate(time.Microsecond) {
			return fmt.Errorf("store: %v is not in UTC to the microsecond", at)
		}
	}
	if len(t.Data) > 4096 {
		return fmt.Errorf("store: %d bytes of data", len(t.Data))
	}
	if _, taken := s.tokens[key{t.Purpose, t.Digest}]; taken {
		return core.ErrTokenTaken
	}
	s.tokens[key{t.Purpose, t.Digest}] = copied(t)
	return nil
}

func copied(t ports.Token) ports.Token {
	t.Data = bytes.Clone(t.Data)
	return t
}

// find returns the token. s.mu is held.
func (s *store) find(purpose, digest string) (ports.Token, error) {
	if t, ok := s.tokens[key{purpose, digest}]; ok {
		return copied(t), nil
	}
	return ports.Token{}, core.ErrTokenNotFound
}

func (s *store) Take(ctx context.Context, purpose, digest string) (ports.Token, error) {
	if err := s.reach(ctx, "Take"); err != nil {
		return ports.Token{}, err
	}
	defer s.mu.Unlock()
	t, err := s.find(purpose, digest)
	delete(s.tokens, key{purpose, digest})
	return t, err
}

func (s *store) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	if err := s.reach(ctx, "Get"); err != nil {
		return ports.Token{}, err
	}
	defer s.mu.Unlock()
	return s.find(purpose, digest)
}

func (s *store) UserByToken(ctx context.Context, purpose, digest string) (*core.User, ports.Token, error) {
	if err := s.reach(ctx, "UserByToken"); err != nil {
		return nil, ports.Token{}, err
	}
	defer s.mu.Unlock()
	t, err := s.find(purpose, digest)
	if err != nil || t.UserID == "gone" {
		return nil, ports.Token{}, core.ErrTokenNotFound
	}
	return &core.User{ID: t.UserID, IsActive: true}, t, nil
}

func (s *store) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	if err := s.reach(ctx, "Extend"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	t, err := s.find(purpose, digest)
	if err == nil && !t.ExpiresAt.IsZero() && until.After(t.ExpiresAt) {
		t.ExpiresAt = until
		s.tokens[key{purpose, digest}] = t
	}
	return nil
}

func (s *store) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	if err := s.reach(ctx, "Restamp"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	t, err := s.find(purpose, digest)
	if err != nil {
		return err
	}
	t.Epoch = max(t.Epoch, epoch)
	s.tokens[key{purpose, digest}] = t
	return nil
}

func (s *store) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	if err := s.reach(ctx, "ListUser"); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []ports.Token
	for _, t := range s.tokens {
		if t.Purpose == purpose && t.UserID == userID {
			out = append(out, copied(t))
		}
	}
	slices.SortFunc(out, func(a, b ports.Token) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Digest, b.Digest))
	})
	return out, nil
}

func (s *store) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	if err := s.reach(ctx, "EndUser"); err != nil {
		return err
	}
	defer s.mu.Unlock()
	for k, t := range s.tokens {
		if t.Purpose == purpose && t.UserID == userID && (exceptFamily == "" || t.Family != exceptFamily) {
			delete(s.tokens, k)
		}
	}
	return nil
}

func (s *store) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	if err := s.reach(ctx, "Purge"); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	n := 0
	for k, t := range s.tokens {
		if n < limit && !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(before) {
			delete(s.tokens, k)
			n++
		}
	}
	return n, nil
}

// plain is another system's rows, by their tokens in the clear.
type plain struct {
	store *store
	rows  map[string]ports.Token
}

var _ ports.LegacyTokens = (*plain)(nil)

func (p *plain) Adopt(ctx context.Context, token, digest string) (ports.Token, error) {
	if err := p.store.reach(ctx, "Adopt"); err != nil {
		return ports.Token{}, err
	}
	defer p.store.mu.Unlock()
	t, ok := p.rows[token]
	if !ok {
		return ports.Token{}, core.ErrTokenNotFound
	}
	delete(p.rows, token)
	t.Purpose, t.Digest = "session", digest
	p.store.tokens[key{t.Purpose, t.Digest}] = t
	return t, nil
}
