package core_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// strategy keeps its tokens in a map.
type strategy struct {
	prefix string // of its tokens
	expiry time.Time
	stale  bool // End returns core.ErrNotRevocable
	err    error

	mu     sync.Mutex
	grants map[string]ports.Grant
	issued []ports.Grant
	asked  []string // the tokens that Verify was asked for
}

var _ ports.Strategy = (*strategy)(nil)

func newStrategy(prefix string) *strategy {
	return &strategy{prefix: prefix, grants: map[string]ports.Grant{}}
}

func (s *strategy) Issue(_ context.Context, g ports.Grant) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", time.Time{}, s.err
	}
	g.Methods = slices.Clone(g.Methods)
	s.issued = append(s.issued, g)
	token := fmt.Sprint(s.prefix, len(s.issued))
	s.grants[token] = g
	return token, s.expiry, nil
}

func (s *strategy) Verify(_ context.Context, token string) (ports.Grant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, token)
	if s.err != nil {
		return ports.Grant{}, s.err
	}
	if g, ok := s.grants[token]; ok {
		return g, nil
	}
	return ports.Grant{}, core.ErrInvalidToken
}

func (s *strategy) End(_ context.Context, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.stale {
		return core.ErrNotRevocable
	}
	delete(s.grants, token)
	return nil
}

// cookie is a transport whose tokens browsers send of their own accord. It is
// the name of the header in both directions.
type cookie string

var _ ports.Transport = cookie("")

func (c cookie) Token(in ports.Header) string {
	if values := in.Values(string(c)); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (c cookie) Ambient() bool { return true }

func (c cookie) Send(out ports.Header, token string, _ time.Time) bool {
	out.Add(string(c), token)
	return true
}

func (c cookie) Forget(out ports.Header) { out.Add(string(c), "forget") }
