package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"golang.org/x/text/unicode/norm"
)

// newJWT is a strategy of adapters/jwx that goes by clock.
func newJWT(t testing.TB, clock *conformance.Clock) ports.Strategy {
	t.Helper()
	s, err := jwxtoken.New(jwxtoken.Config{Secret: []byte(strings.Repeat("s", 32)), Lifetime: time.Hour, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// alteredStrategy is a strategy with some of its methods replaced.
type alteredStrategy struct {
	ports.Strategy
	issue  func(ctx context.Context, g ports.Grant) (string, time.Time, error)
	verify func(ctx context.Context, token string) (ports.Grant, error)
	end    func(ctx context.Context, token string) error
}

func (a *alteredStrategy) Issue(ctx context.Context, g ports.Grant) (string, time.Time, error) {
	if a.issue != nil {
		return a.issue(ctx, g)
	}
	return a.Strategy.Issue(ctx, g)
}

func (a *alteredStrategy) Verify(ctx context.Context, token string) (ports.Grant, error) {
	if a.verify != nil {
		return a.verify(ctx, token)
	}
	return a.Strategy.Verify(ctx, token)
}

func (a *alteredStrategy) End(ctx context.Context, token string) error {
	if a.end != nil {
		return a.end(ctx, token)
	}
	return a.Strategy.End(ctx, token)
}

func timedJWT(t testing.TB) conformance.TimedStrategy {
	clock := conformance.NewClock()
	return conformance.TimedStrategy{Strategy: newJWT(t, clock), Clock: clock}
}

func alterStrategy(edit func(a *alteredStrategy, clock *conformance.Clock)) func(testing.TB) conformance.TimedStrategy {
	return func(t testing.TB) conformance.TimedStrategy {
		s := timedJWT(t)
		a := &alteredStrategy{Strategy: s.Strategy}
		edit(a, s.Clock)
		s.Strategy = a
		return s
	}
}

func strategyMutants() []mutant[conformance.TimedStrategy] {
	return []mutant[conformance.TimedStrategy]{
		{"keeps the epoch in 32 bits", "ST-01", alterStrategy(func(a *alteredStrategy, _ *conformance.Clock) {
			a.issue = func(ctx context.Context, g ports.Grant) (string, time.Time, error) {
				g.Epoch = int64(uint32(g.Epoch))
				return a.Strategy.Issue(ctx, g)
			}
		})},
		{"trims what it is given", "ST-02", alterStrategy(func(a *alteredStrategy, _ *conformance.Clock) {
			a.verify = func(ctx context.Context, token string) (ports.Grant, error) {
				return a.Strategy.Verify(ctx, strings.TrimSpace(token))
			}
		})},
		{"ignores the last character", "ST-02", alterStrategy(func(a *alteredStrategy, _ *conformance.Clock) {
			a.issue = func(ctx context.Context, g ports.Grant) (string, time.Time, error) {
				token, expires, err := a.Strategy.Issue(ctx, g)
				return token + "A", expires, err
			}
			a.verify = func(ctx context.Context, token string) (ports.Grant, error) {
				if token == "" {
					return ports.Grant{}, core.ErrInvalidToken
				}
				return a.Strategy.Verify(ctx, token[:len(token)-1])
			}
		})},
		{"accepts a token at its expiry", "ST-03", alterStrategy(func(a *alteredStrategy, clock *conformance.Clock) {
			a.verify = func(ctx context.Context, token string) (ports.Grant, error) {
				now := clock.Now()
				clock.Set(now.Add(-time.Microsecond))
				defer clock.Set(now)
				return a.Strategy.Verify(ctx, token)
			}
		})},
		{"asks for no shorter life than its own", "ST-04", alterStrategy(func(a *alteredStrategy, _ *conformance.Clock) {
			a.issue = func(ctx context.Context, g ports.Grant) (string, time.Time, error) {
				g.Expires = time.Time{}
				return a.Strategy.Issue(ctx, g)
			}
		})},
		{"makes one token for each user", "ST-05", alterStrategy(func(a *alteredStrategy, _ *conformance.Clock) {
			made := map[string]string{}
			a.issue = func(ctx context.Context, g ports.Grant) (string, time.Time, error) {
				token, expires, err := a.Strategy.Issue(ctx, g)
				if old, ok := made[g.UserID]; ok {
					token = old
				}
				made[g.UserID] = token
				return token, expires, err
			}
		})},
		{"says that it ended a token and did not", "ST-06", alterStrategy(func(a *alteredStrategy, _ *conformance.Clock) {
			a.end = func(ctx context.Context, token string) error { return ctx.Err() }
		})},
		{"tells why a token is invalid", "ST-07", alterStrategy(func(a *alteredStrategy, _ *conformance.Clock) {
			a.verify = func(ctx context.Context, token string) (ports.Grant, error) {
				g, err := a.Strategy.Verify(ctx, token)
				if errors.Is(err, core.ErrInvalidToken) {
					err = fmt.Errorf("%w: %d bytes", err, len(token))
				}
				return g, err
			}
		})},
		{"takes a cancelled call for an invalid token", "ST-08", alterStrategy(func(a *alteredStrategy, _ *conformance.Clock) {
			a.verify = func(ctx context.Context, token string) (ports.Grant, error) {
				if ctx.Err() != nil {
					return ports.Grant{}, core.ErrInvalidToken
				}
				return a.Strategy.Verify(ctx, token)
			}
		})},
	}
}

func TestStrategyMutants(t *testing.T) {
	runMutants(t, "Strategy", conformance.StrategyCases(), timedJWT, strategyMutants())
}

// cookie is a transport by a cookie, with faults that can be switched on.
type cookie struct {
	cuts, keeps, explicit, remembers, lax bool
	last                                  *string
}

func (c cookie) Token(in ports.Header) string {
	r := http.Request{Header: http.Header{"Cookie": in.Values("Cookie")}}
	if found, err := r.Cookie("session"); err == nil {
		return found.Value
	}
	if c.lax {
		for _, found := range r.Cookies() {
			return found.Value
		}
	}
	if c.remembers {
		return *c.last
	}
	return ""
}

func (c cookie) Ambient() bool { return !c.explicit }

func (c cookie) Send(out ports.Header, token string, _ time.Time) bool {
	if c.last != nil {
		*c.last = token
	}
	if c.cuts {
		token = token[:len(token)-1]
	}
	out.Add("Set-Cookie", (&http.Cookie{Name: "session", Value: token}).String())
	return true
}

func (c cookie) Forget(out ports.Header) {
	age := -1
	value := ""
	if c.keeps {
		age, value = 0, "kept"
	}
	out.Add("Set-Cookie", (&http.Cookie{Name: "session", Value: value, MaxAge: age}).String())
}

func TestTransportMutants(t *testing.T) {
	with := func(c cookie) func(testing.TB) ports.Transport {
		return func(testing.TB) ports.Transport {
			c.last = new(string)
			return c
		}
	}
	runMutants(t, "Transport", conformance.TransportCases(), with(cookie{}), []mutant[ports.Transport]{
		{"takes any cookie for its own", "TR-01", with(cookie{lax: true})},
		{"takes any scheme for its own", "TR-01", func(testing.TB) ports.Transport { return anyScheme{} }},
		{"cuts the token", "TR-02", with(cookie{cuts: true})},
		{"does not drop the cookie", "TR-03", with(cookie{keeps: true})},
		{"does not know that cookies are ambient", "TR-04", with(cookie{explicit: true})},
		{"remembers the last token", "TR-05", with(cookie{remembers: true})},
	})
}

// anyScheme is a bearer transport that does not look at the scheme.
type anyScheme struct{ core.Bearer }

func (anyScheme) Token(in ports.Header) string {
	for _, value := range in.Values("Authorization") {
		_, token, _ := strings.Cut(value, " ")
		return token
	}
	return ""
}

// alteredHasher is a hasher with some of its methods replaced.
type alteredHasher struct {
	ports.PasswordHasher
	hash   func(password string) (string, error)
	verify func(password, hash string) (ok, outdated bool, err error)
	cost   func(hash string) int64
}

func (a *alteredHasher) Hash(password string) (string, error) {
	if a.hash != nil {
		return a.hash(password)
	}
	return a.PasswordHasher.Hash(password)
}

func (a *alteredHasher) Verify(password, hash string) (bool, bool, error) {
	if a.verify != nil {
		return a.verify(password, hash)
	}
	return a.PasswordHasher.Verify(password, hash)
}

func (a *alteredHasher) Cost(hash string) int64 {
	if a.cost != nil {
		return a.cost(hash)
	}
	return a.PasswordHasher.Cost(hash)
}

func newHasher(t testing.TB) ports.PasswordHasher {
	t.Helper()
	h, err := cheapHasher(1)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestPasswordHasherMutants(t *testing.T) {
	alter := func(edit func(a *alteredHasher)) func(testing.TB) ports.PasswordHasher {
		return func(t testing.TB) ports.PasswordHasher {
			a := &alteredHasher{PasswordHasher: newHasher(t)}
			edit(a)
			return a
		}
	}
	normalize := func(normal func(string) string) func(testing.TB) ports.PasswordHasher {
		return alter(func(a *alteredHasher) {
			a.hash = func(p string) (string, error) { return a.PasswordHasher.Hash(normal(p)) }
			a.verify = func(p, hash string) (bool, bool, error) { return a.PasswordHasher.Verify(normal(p), hash) }
		})
	}
	runMutants(t, "PasswordHasher", conformance.PasswordHasherCases(), newHasher, []mutant[ports.PasswordHasher]{
		{"takes every hash for outdated", "PH-01", alter(func(a *alteredHasher) {
			a.verify = func(p, hash string) (bool, bool, error) {
				ok, _, err := a.PasswordHasher.Verify(p, hash)
				return ok, ok, err
			}
		})},
		{"cuts passwords at 72 bytes", "PH-02", normalize(func(p string) string { return p[:min(len(p), 72)] })},
		{"cuts passwords at NUL", "PH-02", normalize(func(p string) string { p, _, _ = strings.Cut(p, "\x00"); return p })},
		{"composes passwords", "PH-02", normalize(norm.NFC.String)},
		{"uses one salt", "PH-03", alter(func(a *alteredHasher) {
			made := map[string]string{}
			a.hash = func(p string) (string, error) {
				if made[p] == "" {
					hash, err := a.PasswordHasher.Hash(p)
					if err != nil {
						return "", err
					}
					made[p] = hash
				}
				return made[p], nil
			}
		})},
		{"takes an unknown hash for an outage", "PH-04", alter(func(a *alteredHasher) {
			a.verify = func(p, hash string) (bool, bool, error) {
				if !strings.HasPrefix(hash, "$argon2id$") && len(hash) < 50 {
					return false, false, errors.New("unknown hash")
				}
				return a.PasswordHasher.Verify(p, hash)
			}
		})},
		{"charges for an unknown hash", "PH-04", alter(func(a *alteredHasher) {
			a.cost = func(string) int64 { return a.PasswordHasher.Cost("") }
		})},
		{"trims hashes", "PH-05", alter(func(a *alteredHasher) {
			a.verify = func(p, hash string) (bool, bool, error) {
				return a.PasswordHasher.Verify(p, strings.TrimSpace(hash))
			}
		})},
		{"does not charge for a new hash", "PH-06", alter(func(a *alteredHasher) {
			a.cost = func(hash string) int64 {
				if hash == "" {
					return 0
				}
				return a.PasswordHasher.Cost(hash)
			}
		})},
		{"keeps the password in the hash", "PH-07", alter(func(a *alteredHasher) {
			a.hash = func(p string) (string, error) {
				hash, err := a.PasswordHasher.Hash(p)
				return hash + "\x00" + p, err
			}
			strip := func(hash string) string { hash, _, _ = strings.Cut(hash, "\x00"); return hash }
			a.verify = func(p, hash string) (bool, bool, error) { return a.PasswordHasher.Verify(p, strip(hash)) }
			a.cost = func(hash string) int64 { return a.PasswordHasher.Cost(strip(hash)) }
		})},
	})
}

// alteredEmails is ports.Emails with its methods replaced.
type alteredEmails struct {
	ports.Emails
	parse func(addr string) (string, error)
	key   func(addr string) string
}

func (a *alteredEmails) Parse(addr string) (string, error) {
	if a.parse != nil {
		return a.parse(addr)
	}
	return a.Emails.Parse(addr)
}

func (a *alteredEmails) Key(addr string) string {
	if a.key != nil {
		return a.key(addr)
	}
	return a.Emails.Key(addr)
}

func newEmails(testing.TB) ports.Emails { return email.New() }

func TestEmailsMutants(t *testing.T) {
	alter := func(edit func(a *alteredEmails)) func(testing.TB) ports.Emails {
		return func(t testing.TB) ports.Emails {
			a := &alteredEmails{Emails: newEmails(t)}
			edit(a)
			return a
		}
	}
	runMutants(t, "Emails", conformance.EmailsCases(), newEmails, []mutant[ports.Emails]{
		{"parses to something else each time", "EM-01", alter(func(a *alteredEmails) {
			a.parse = func(addr string) (string, error) {
				shown, err := a.Emails.Parse(addr)
				if strings.Contains(addr, "Example.COM") {
					shown = strings.Replace(shown, "Ann", "ANN", 1)
				} else if strings.HasPrefix(addr, "ANN") {
					shown = "Ann" + shown[3:]
				}
				return shown, err
			}
		})},
		{"does not say why", "EM-02", alter(func(a *alteredEmails) {
			a.parse = func(addr string) (string, error) {
				shown, err := a.Emails.Parse(addr)
				if err != nil {
					err = errors.New("invalid")
				}
				return shown, err
			}
		})},
		{"keeps blanks in keys", "EM-03", alter(func(a *alteredEmails) {
			a.key = func(addr string) string {
				key := a.Emails.Key(addr)
				if strings.HasSuffix(addr, "\t") {
					key += "\t"
				}
				return key
			}
		})},
		{"keeps the case of the local part", "EM-04", alter(func(a *alteredEmails) {
			a.key = func(addr string) string {
				local, _, _ := strings.Cut(strings.TrimSpace(addr), "@")
				_, domain, ok := strings.Cut(a.Emails.Key(addr), "@")
				if !ok {
					return a.Emails.Key(addr)
				}
				return local + "@" + domain
			}
		})},
		{"strips accents", "EM-05", alter(func(a *alteredEmails) {
			a.key = func(addr string) string { return strings.ReplaceAll(a.Emails.Key(addr), "é", "e") }
		})},
		{"strips tags", "EM-05", alter(func(a *alteredEmails) {
			a.key = func(addr string) string { return strings.Replace(a.Emails.Key(addr), "+x@", "@", 1) }
		})},
		{"takes a full-width at-sign for an at-sign", "EM-06", alter(func(a *alteredEmails) {
			a.key = func(addr string) string { return a.Emails.Key(norm.NFKC.String(addr)) }
		})},
		{"drops what cannot be seen", "EM-06", alter(func(a *alteredEmails) {
			a.key = func(addr string) string { return a.Emails.Key(strings.ReplaceAll(addr, "\u200b", "")) }
		})},
	})
}
