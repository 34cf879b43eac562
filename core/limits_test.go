package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// from is the context of a call that a delivery took from peer.
func from(t *testing.T, peer string) context.Context {
	req := ports.Request{}
	if peer != "" {
		req.Peer = netip.MustParseAddr(peer)
	}
	return core.WithRequest(t.Context(), req)
}

// tight are limits that are reached soon.
func tight(c *core.Config[*Member]) {
	pair := core.Limit{Address: ports.Limit{Events: 2, Per: time.Hour}, Peer: ports.Limit{Events: 4, Per: time.Hour}}
	c.Limits.Login, c.Limits.Register, c.Limits.Mail = pair, pair, pair
}

// limited is what strangers do, by its name.
func (o *office) limited(s *site) map[string]func(ctx context.Context, email string) error {
	return map[string]func(ctx context.Context, email string) error{
		"login": func(ctx context.Context, email string) error {
			req, _ := core.RequestFrom(ctx)
			_, err := s.auth.LoginWithPassword(ctx, email, "wrong", core.Entry{Backend: "header", Request: req})
			if errors.Is(err, core.ErrInvalidCredentials) {
				return nil
			}
			return err
		},
		"register": func(ctx context.Context, email string) error {
			_, err := o.Register(ctx, &Member{User: core.User{Email: email}}, password)
			if errors.Is(err, core.ErrEmailTaken) {
				return nil
			}
			return err
		},
		"forgotten password": o.ForgotPassword,
		"verification":       o.RequestVerify,
	}
}

// officeSite is an office with an authenticator.
func officeSite(t *testing.T, tweaks ...func(*core.Config[*Member])) (*office, *site) {
	t.Helper()
	o := newOffice(t, tweaks...)
	s := &site{world: o.world, header: newStrategy("h"), cookie: newStrategy("c")}
	s.auth = s.authenticator(core.Backend[*Member]{Name: "header", Strategy: s.header, Transport: core.Bearer{}})
	return o, s
}

func wantLimited(t *testing.T, what string, err error, want time.Duration) {
	t.Helper()
	var limit *core.LimitError
	if !errors.As(err, &limit) {
		t.Errorf("%s: got %v, want a *LimitError", what, err)
		return
	}
	wantEqual(t, what+": when to come back", limit.RetryAfter, want)
}

func TestLimits(t *testing.T) {
	for _, name := range []string{"login", "register", "forgotten password", "verification"} {
		t.Run(name, func(t *testing.T) {
			o, s := officeSite(t, tight)
			do := o.limited(s)[name]
			for i, email := range []string{"ann@example.com", "ANN@example.com"} {
				must(t, do(from(t, fmt.Sprint("192.0.2.", i)), email))
			}
			hashed, verified, calls := o.work(func() {
				wantLimited(t, "an address too often", do(from(t, "192.0.2.9"), " Ann@Example.com "), 30*time.Minute)
			})
			wantEqual(t, "work for what is refused", []int{hashed, verified, len(calls)}, []int{0, 0, 0})

			for i := range 4 {
				must(t, do(from(t, "198.51.100.1"), fmt.Sprintf("%d@example.com", i)))
			}
			hashed, verified, calls = o.work(func() {
				wantLimited(t, "a peer too often", do(from(t, "198.51.100.1"), "new@example.com"), 15*time.Minute)
			})
			wantEqual(t, "work for what is refused", []int{hashed, verified, len(calls)}, []int{0, 0, 0})
			must(t, do(from(t, "198.51.100.2"), "new@example.com"))
			must(t, do(from(t, ""), "newer@example.com")) // of an unknown peer
			must(t, do(t.Context(), "ann@example.com"))   // by the application itself

			o.now = o.now.Add(30 * time.Minute)
			must(t, do(from(t, "192.0.2.9"), "ann@example.com"))
		})
	}
}

func TestLimitsOfNetworks(t *testing.T) {
	o, s := officeSite(t, tight)
	do := o.limited(s)["login"]
	for i := range 4 {
		must(t, do(from(t, fmt.Sprintf("2001:db8:0:1::%d", i)), fmt.Sprintf("%d@example.com", i)))
	}
	wantLimited(t, "another host of one network", do(from(t, "2001:db8:0:1:ffff::1"), "x@example.com"), 15*time.Minute)
	must(t, do(from(t, "2001:db8:0:2::1"), "x@example.com"))
	for i := range 4 {
		must(t, do(from(t, "::ffff:192.0.2.1"), fmt.Sprintf("v4.%d@example.com", i)))
	}
	wantLimited(t, "IPv4 in IPv6", do(from(t, "192.0.2.1"), "y@example.com"), 15*time.Minute)
	must(t, do(from(t, "192.0.2.2"), "y@example.com"))
}

func TestSameNetwork(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"192.0.2.1", "192.0.2.1", true}, {"192.0.2.1", "192.0.2.2", false}, {"192.0.2.1", "::ffff:192.0.2.1", true},
		{"2001:db8::1", "2001:db8::ffff:1", true}, {"2001:db8::1", "2001:db8:0:1::1", false}, {"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		got := core.SameNetwork(netip.MustParseAddr(tt.a), netip.MustParseAddr(tt.b))
		wantEqual(t, tt.a+" and "+tt.b, got, tt.want)
	}
	wantEqual(t, "nobody and nobody", core.SameNetwork(netip.Addr{}, netip.Addr{}), false)
}

func TestNoLimits(t *testing.T) {
	o, s := officeSite(t, tight, func(c *core.Config[*Member]) { c.Limits.Off = true })
	for name, do := range o.limited(s) {
		for range 20 {
			if err := do(from(t, "192.0.2.1"), "ann@example.com"); err != nil {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

// sharedLimiter is a limiter that all processes share, which can fail.
type sharedLimiter struct {
	ports.Limiter
	keys  []string
	err   error
	hangs bool
}

func (s *sharedLimiter) Allow(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
	s.keys = append(s.keys, key)
	if s.hangs {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	if s.err != nil {
		return 0, s.err
	}
	return s.Limiter.Allow(ctx, key, limit)
}

func newSharedLimiter(t *testing.T) *sharedLimiter {
	t.Helper()
	local, err := core.NewLocalLimiter(core.LocalLimiterConfig{Now: func() time.Time { return noon }})
	must(t, err)
	return &sharedLimiter{Limiter: local}
}

func TestSharedLimiter(t *testing.T) {
	shared := newSharedLimiter(t)
	use := func(c *core.Config[*Member]) { c.Limits.Limiter = shared }
	o1, s1 := officeSite(t, tight, use)
	o2, s2 := officeSite(t, tight, use)
	must(t, o1.limited(s1)["login"](from(t, "192.0.2.1"), "ann@example.com"))
	must(t, o2.limited(s2)["login"](from(t, "192.0.2.2"), "ann@example.com"))
	wantLimited(t, "two processes", o1.limited(s1)["login"](from(t, "192.0.2.3"), "ann@example.com"), 30*time.Minute)
	for _, key := range shared.keys {
		if strings.Contains(key, "ann") || strings.Contains(key, "192") {
			t.Errorf("the shared limiter is told who is counted: %s", key)
		}
	}

	// While it fails, each process counts by itself, and allows half.
	shared.err = errOutage
	do := o1.limited(s1)["login"]
	must(t, do(from(t, "192.0.2.1"), "bob@example.com"))
	wantLimited(t, "alone", do(from(t, "192.0.2.1"), "bob@example.com"), time.Hour)
	if !strings.Contains(o1.log.String(), errOutage.Error()) {
		t.Errorf("the log does not tell of the failure: %s", o1.log)
	}
	shared.hangs = true
	must(t, do(from(t, "192.0.2.4"), "dora@example.com"))
	wantLimited(t, "alone, as no answer comes", do(from(t, "192.0.2.5"), "dora@example.com"), time.Hour)
	shared.hangs = false
	ended, cancel := context.WithCancel(from(t, "192.0.2.1"))
	cancel()
	shared.err = context.Canceled
	wantErr(t, do(ended, "carl@example.com"), context.Canceled)
}

// Who is logged in is not locked out by tries from elsewhere.
func TestLimitOfKnownPeers(t *testing.T) {
	o := newOffice(t, tight)
	ann, bob := o.member("ann@example.com"), o.member("bob@example.com")
	o.store.calls = nil
	var failing error
	s := &site{world: o.world, header: newStrategy("h"), cookie: newStrategy("c")}
	s.auth = s.authenticator(
		core.Backend[*Member]{Name: "header", Strategy: s.header, Transport: core.Bearer{}},
		core.Backend[*Member]{Name: "stored", Strategy: s.cookie, Transport: core.Bearer{},
			Knows: func(_ context.Context, u *Member, peer netip.Addr) (bool, error) {
				return u.ID == ann.ID && peer == netip.MustParseAddr("198.51.100.7"), failing
			}})
	try := func(peer, email, password string) error {
		ctx := from(t, peer)
		req, _ := core.RequestFrom(ctx)
		_, err := s.auth.LoginWithPassword(ctx, email, password, core.Entry{Backend: "header", Request: req})
		return err
	}
	for _, email := range []string{ann.Email, bob.Email} {
		for i := range 2 {
			wantErr(t, try(fmt.Sprint("192.0.2.", i), email, "wrong"), core.ErrInvalidCredentials)
		}
	}
	wantLimited(t, "a stranger", try("192.0.2.9", ann.Email, password), 30*time.Minute)
	wantLimited(t, "an unknown address", func() error {
		for range 2 {
			_ = try("192.0.2.10", "nobody@example.com", "wrong")
		}
		return try("198.51.100.7", "nobody@example.com", "wrong")
	}(), 30*time.Minute)
	wantLimited(t, "another user's peer", try("198.51.100.7", bob.Email, password), 30*time.Minute)
	must(t, try("198.51.100.7", ann.Email, password))
	wantErr(t, try("198.51.100.7", ann.Email, "wrong"), core.ErrInvalidCredentials)
	wantLimited(t, "the known peer, too often", try("198.51.100.7", ann.Email, password), 30*time.Minute)

	failing = errOutage
	o.now = o.now.Add(15 * time.Minute)
	wantErr(t, try("203.0.113.1", ann.Email, password), errOutage)
}

func TestLimitsProblems(t *testing.T) {
	_, err := core.NewManager(core.Config[*Member]{Limits: core.Limits{
		Login: core.Limit{Address: ports.Limit{Events: -1, Per: time.Hour}, Peer: ports.Limit{Events: 2}},
		Mail:  core.Limit{Peer: ports.Limit{Events: 1000, Per: time.Second - 1}},
	}})
	var config *core.ConfigError
	if !errors.As(err, &config) {
		t.Fatalf("got %v, want a *ConfigError", err)
	}
	for _, field := range []string{"Limits.Login.Address is -1 in 1h0m0s", "Limits.Login.Peer is 2 in 0s", "Limits.Mail.Peer is 1000 in"} {
		if !slices.ContainsFunc(config.Problems, func(p string) bool { return strings.HasPrefix(p, field) }) {
			t.Errorf("got %q, want one that starts with %q", config.Problems, field)
		}
	}
}
