package grpcauth_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// tokens is a strategy that hands out t1, t2 and so on.
type tokens struct {
	mu     sync.Mutex
	grants map[string]ports.Grant
	n      int
}

func (s *tokens) Issue(_ context.Context, g ports.Grant) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	token := fmt.Sprintf("t%d", s.n)
	s.grants[token] = g
	return token, time.Unix(4102444800, 0), nil
}

func (s *tokens) Verify(_ context.Context, token string) (ports.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.grants[token]
	if !ok {
		return g, core.ErrInvalidToken
	}
	return g, nil
}

func (s *tokens) End(_ context.Context, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.grants, token)
	return nil
}

func (s *tokens) Restamp(_ context.Context, token string, epoch int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.grants[token]
	g.Epoch = epoch
	s.grants[token] = g
	return nil
}

// stopped is a store of users that can be stopped and made to wait.
type stopped struct {
	ports.UserStore[*Member]
	down, slow atomic.Bool
}

// state returns the error with which the store fails at present.
func (s *stopped) state(ctx context.Context) error {
	if s.slow.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if s.down.Load() {
		return errBoom
	}
	return nil
}

func (s *stopped) ByID(ctx context.Context, id string) (*Member, error) {
	if err := s.state(ctx); err != nil {
		return nil, err
	}
	return s.UserStore.ByID(ctx, id)
}

func (s *stopped) ByEmail(ctx context.Context, key string) (*Member, error) {
	if err := s.state(ctx); err != nil {
		return nil, err
	}
	return s.UserStore.ByEmail(ctx, key)
}

// mailbox keeps mails.
type mailbox struct {
	mu    sync.Mutex
	mails []ports.Mail
}

func (m *mailbox) Send(_ context.Context, mail ports.Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails = append(m.mails, mail)
	return nil
}

// signer hands claims out under numbers.
type signer struct {
	mu   sync.Mutex
	said []ports.Claims
}

func (s *signer) Sign(_ context.Context, c ports.Claims) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, c)
	return fmt.Sprint(len(s.said) - 1), nil
}

func (s *signer) Verify(_ context.Context, token, audience string) (ports.Claims, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var i int
	if _, err := fmt.Sscan(token, &i); err != nil || i < 0 || i >= len(s.said) || s.said[i].Audience != audience {
		return ports.Claims{}, core.ErrInvalidToken
	}
	return s.said[i], nil
}

type plainHasher struct{}

func (plainHasher) Hash(password string) (string, error) { return "plain:" + password, nil }

func (plainHasher) Verify(password, hash string) (ok, outdated bool, err error) {
	return hash == "plain:"+password, false, nil
}

func (plainHasher) Cost(hash string) int64 {
	if hash != "" && !strings.HasPrefix(hash, "plain:") {
		return 0
	}
	return 1
}

type emails struct{}

func (emails) Parse(addr string) (string, error) {
	addr = strings.TrimSpace(addr)
	if !strings.Contains(addr, "@") {
		return "", &core.EmailError{Reason: "An email address must have an @-sign."}
	}
	return addr, nil
}

func (emails) Key(addr string) string { return strings.ToLower(strings.TrimSpace(addr)) }

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
