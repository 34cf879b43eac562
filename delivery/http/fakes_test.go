package httpauth_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/gousher/usher/core"
	httpauth "github.com/gousher/usher/delivery/http"
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
	return token, time.Time{}, nil
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

// cookie is a transport of which browsers send the token by themselves.
type cookie struct{}

func (cookie) Token(in ports.Header) string {
	for _, v := range in.Values("Cookie") {
		if token, ok := strings.CutPrefix(v, "auth="); ok {
			return token
		}
	}
	return ""
}

func (cookie) Ambient() bool { return true }

func (cookie) Send(out ports.Header, token string, _ time.Time) bool {
	out.Add("Set-Cookie", "auth="+token)
	return true
}

func (cookie) Forget(out ports.Header) { out.Add("Set-Cookie", "auth=; Max-Age=0") }

// withCookie adds a backend that works with cookies, under /auth/cookie.
func withCookie(w *world) {
	w.backends = append(w.backends, backend{Name: "cookie", Strategy: w.tokens, Transport: cookie{}})
	w.mounts = append(w.mounts, httpauth.Include("/auth/cookie", httpauth.Auth{Backend: "cookie"}))
}

// numbered gives new users predictable ids.
type numbered struct {
	ports.UserStore[*Member]
	mu sync.Mutex
	n  int
}

func (s *numbered) Create(ctx context.Context, u *Member) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u.ID == "" {
		s.n++
		u.ID = fmt.Sprintf("00000000-0000-7000-8000-%012d", s.n)
	}
	return s.UserStore.Create(ctx, u)
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
