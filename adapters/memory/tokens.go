package memory

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// tokens implements ports.TokenStore and ports.SessionUsers.
type tokens[U core.AnyUser] struct{ *data[U] }

var (
	_ ports.TokenStore               = (*tokens[*core.User])(nil)
	_ ports.SessionUsers[*core.User] = (*tokens[*core.User])(nil)
)

// Put implements [ports.OnceStore].
func (s *tokens[U]) Put(ctx context.Context, t ports.Token) error {
	for _, text := range []string{t.Purpose, t.Digest, t.UserID, t.Family} {
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			return core.ErrInvalidValue
		}
	}
	if t.Purpose == "" || t.Digest == "" {
		return core.ErrInvalidValue
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.find(ctx, t.UserID)
	if err != nil {
		return err
	}
	k := tokenKey{t.Purpose, t.Digest}
	if _, taken := s.tokens[k]; taken {
		return core.ErrTokenTaken
	}
	t.UserID = u.AuthUser().ID
	t.CreatedAt, t.ExpiresAt = cut(t.CreatedAt), cut(t.ExpiresAt)
	s.tokens[k] = copied(t)
	return nil
}

// Take implements [ports.OnceStore].
func (s *tokens[U]) Take(ctx context.Context, purpose, digest string) (ports.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.token(ctx, purpose, digest)
	delete(s.tokens, tokenKey{t.Purpose, t.Digest})
	return t, err
}

// Get implements [ports.TokenStore].
func (s *tokens[U]) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.token(ctx, purpose, digest)
}

// token returns a copy of the token. s.mu is held.
func (s *tokens[U]) token(ctx context.Context, purpose, digest string) (ports.Token, error) {
	if err := ctx.Err(); err != nil {
		return ports.Token{}, err
	}
	t, ok := s.tokens[tokenKey{purpose, digest}]
	if !ok {
		return ports.Token{}, core.ErrTokenNotFound
	}
	return copied(t), nil
}

// Extend implements [ports.TokenStore].
func (s *tokens[U]) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.token(ctx, purpose, digest)
	if err != nil {
		return found(err)
	}
	if until = cut(until); !t.ExpiresAt.IsZero() && until.After(t.ExpiresAt) {
		t.ExpiresAt = until
		s.tokens[tokenKey{purpose, digest}] = t
	}
	return nil
}

// found is err, unless it says that there was no token.
func found(err error) error {
	if err == core.ErrTokenNotFound {
		return nil
	}
	return err
}

// Restamp implements [ports.TokenStore].
func (s *tokens[U]) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.token(ctx, purpose, digest)
	if err != nil {
		return err
	}
	t.Epoch = max(t.Epoch, epoch)
	s.tokens[tokenKey{purpose, digest}] = t
	return nil
}

// ListUser implements [ports.TokenStore].
func (s *tokens[U]) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	id, _ := s.ids.Parse(userID)
	list := []ports.Token{}
	for _, t := range s.tokens {
		if t.Purpose == purpose && t.UserID == id {
			list = append(list, copied(t))
		}
	}
	slices.SortFunc(list, func(a, b ports.Token) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Digest, b.Digest))
	})
	return list, nil
}

// EndUser implements [ports.TokenStore].
func (s *tokens[U]) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	id, _ := s.ids.Parse(userID)
	s.removeTokens(func(t ports.Token) bool {
		spared := exceptFamily != "" && t.Family == exceptFamily
		return t.Purpose == purpose && t.UserID == id && !spared
	})
	return nil
}

// Purge implements [ports.TokenStore].
func (s *tokens[U]) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	n := 0
	s.removeTokens(func(t ports.Token) bool {
		expired := !t.ExpiresAt.IsZero() && t.ExpiresAt.Before(before) && n < limit
		if expired {
			n++
		}
		return expired
	})
	return n, nil
}

// UserByToken implements [ports.SessionUsers].
func (s *tokens[U]) UserByToken(ctx context.Context, purpose, digest string) (U, ports.Token, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var none U
	t, err := s.token(ctx, purpose, digest)
	if err != nil {
		return none, t, err
	}
	u, err := s.find(ctx, t.UserID)
	return u, t, err
}

// removeTokens removes the tokens that gone reports. s.mu is held.
func (s *data[U]) removeTokens(gone func(t ports.Token) bool) {
	for k, t := range s.tokens {
		if gone(t) {
			delete(s.tokens, k)
		}
	}
}

func copied(t ports.Token) ports.Token {
	t.Data = bytes.Clone(t.Data)
	return t
}
