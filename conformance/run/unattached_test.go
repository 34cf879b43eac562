package run

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// unattached keeps tokens and knows no users, as a store on another database
// than theirs does.
type unattached struct {
	mu     sync.Mutex
	tokens map[[2]string]ports.Token
}

func (s *unattached) with(ctx context.Context, f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return f()
}

func (s *unattached) Put(ctx context.Context, t ports.Token) error {
	return s.with(ctx, func() error {
		k := [2]string{t.Purpose, t.Digest}
		if t.Purpose == "" || t.Digest == "" || stripNUL(k[0]+k[1]+t.UserID+t.Family) != k[0]+k[1]+t.UserID+t.Family {
			return core.ErrInvalidValue
		}
		if _, taken := s.tokens[k]; taken {
			return core.ErrTokenTaken
		}
		t.Data = bytes.Clone(t.Data)
		s.tokens[k] = t
		return nil
	})
}

func (s *unattached) Get(ctx context.Context, purpose, digest string) (t ports.Token, err error) {
	err = s.with(ctx, func() error {
		var ok bool
		if t, ok = s.tokens[[2]string{purpose, digest}]; !ok {
			return core.ErrTokenNotFound
		}
		t.Data = bytes.Clone(t.Data)
		return nil
	})
	return t, err
}

func (s *unattached) Take(ctx context.Context, purpose, digest string) (t ports.Token, err error) {
	err = s.with(ctx, func() error {
		var ok bool
		if t, ok = s.tokens[[2]string{purpose, digest}]; !ok {
			return core.ErrTokenNotFound
		}
		delete(s.tokens, [2]string{purpose, digest})
		return nil
	})
	return t, err
}

// change changes a token that is there.
func (s *unattached) change(ctx context.Context, purpose, digest string, f func(t *ports.Token)) error {
	return s.with(ctx, func() error {
		t, ok := s.tokens[[2]string{purpose, digest}]
		if !ok {
			return core.ErrTokenNotFound
		}
		f(&t)
		s.tokens[[2]string{purpose, digest}] = t
		return nil
	})
}

func (s *unattached) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	err := s.change(ctx, purpose, digest, func(t *ports.Token) {
		if !t.ExpiresAt.IsZero() && until.After(t.ExpiresAt) {
			t.ExpiresAt = until
		}
	})
	if err == core.ErrTokenNotFound {
		return nil
	}
	return err
}

func (s *unattached) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	return s.change(ctx, purpose, digest, func(t *ports.Token) { t.Epoch = max(t.Epoch, epoch) })
}

func (s *unattached) ListUser(ctx context.Context, purpose, userID string) (list []ports.Token, err error) {
	err = s.with(ctx, func() error {
		for _, t := range s.tokens {
			if t.Purpose == purpose && t.UserID == userID {
				t.Data = bytes.Clone(t.Data)
				list = append(list, t)
			}
		}
		slices.SortFunc(list, func(a, b ports.Token) int {
			return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.Digest, b.Digest))
		})
		return nil
	})
	return list, err
}

// remove removes the tokens that gone reports and counts them.
func (s *unattached) remove(ctx context.Context, gone func(t ports.Token) bool) (n int, err error) {
	err = s.with(ctx, func() error {
		for k, t := range s.tokens {
			if gone(t) {
				delete(s.tokens, k)
				n++
			}
		}
		return nil
	})
	return n, err
}

func (s *unattached) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	_, err := s.remove(ctx, func(t ports.Token) bool {
		return t.Purpose == purpose && t.UserID == userID && (exceptFamily == "" || t.Family != exceptFamily)
	})
	return err
}

func (s *unattached) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	return s.remove(ctx, func(t ports.Token) bool {
		if limit == 0 || t.ExpiresAt.IsZero() || !t.ExpiresAt.Before(before) {
			return false
		}
		limit--
		return true
	})
}

// A store of tokens need not know users.
func TestUnattachedTokens(t *testing.T) {
	conformance.TestTokenStore(t, func(testing.TB) stores {
		return stores{Tokens: &unattached{tokens: map[[2]string]ports.Token{}}}
	})
}
