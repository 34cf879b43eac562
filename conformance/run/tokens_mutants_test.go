package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func memoryStores(testing.TB) stores { return memory.New[member](memory.Config{}) }

// alteredTokens is a store of tokens with some of its methods replaced.
type alteredTokens struct {
	ports.TokenStore
	joined   ports.SessionUsers[*member]
	put      func(ctx context.Context, t ports.Token) error
	take     func(ctx context.Context, purpose, digest string) (ports.Token, error)
	get      func(ctx context.Context, purpose, digest string) (ports.Token, error)
	extend   func(ctx context.Context, purpose, digest string, until time.Time) error
	restamp  func(ctx context.Context, purpose, digest string, epoch int64) error
	listUser func(ctx context.Context, purpose, userID string) ([]ports.Token, error)
	endUser  func(ctx context.Context, purpose, userID, exceptFamily string) error
	purge    func(ctx context.Context, before time.Time, limit int) (int, error)
	byToken  func(ctx context.Context, purpose, digest string) (*member, ports.Token, error)
}

func (a *alteredTokens) Put(ctx context.Context, t ports.Token) error {
	if a.put != nil {
		return a.put(ctx, t)
	}
	return a.TokenStore.Put(ctx, t)
}

func (a *alteredTokens) Take(ctx context.Context, purpose, digest string) (ports.Token, error) {
	if a.take != nil {
		return a.take(ctx, purpose, digest)
	}
	return a.TokenStore.Take(ctx, purpose, digest)
}

func (a *alteredTokens) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	if a.get != nil {
		return a.get(ctx, purpose, digest)
	}
	return a.TokenStore.Get(ctx, purpose, digest)
}

func (a *alteredTokens) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	if a.extend != nil {
		return a.extend(ctx, purpose, digest, until)
	}
	return a.TokenStore.Extend(ctx, purpose, digest, until)
}

func (a *alteredTokens) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	if a.restamp != nil {
		return a.restamp(ctx, purpose, digest, epoch)
	}
	return a.TokenStore.Restamp(ctx, purpose, digest, epoch)
}

func (a *alteredTokens) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	if a.listUser != nil {
		return a.listUser(ctx, purpose, userID)
	}
	return a.TokenStore.ListUser(ctx, purpose, userID)
}

func (a *alteredTokens) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	if a.endUser != nil {
		return a.endUser(ctx, purpose, userID, exceptFamily)
	}
	return a.TokenStore.EndUser(ctx, purpose, userID, exceptFamily)
}

func (a *alteredTokens) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	if a.purge != nil {
		return a.purge(ctx, before, limit)
	}
	return a.TokenStore.Purge(ctx, before, limit)
}

func (a *alteredTokens) UserByToken(ctx context.Context, purpose, digest string) (*member, ports.Token, error) {
	if a.byToken != nil {
		return a.byToken(ctx, purpose, digest)
	}
	return a.joined.UserByToken(ctx, purpose, digest)
}

// alterTokens returns a maker of memory stores whose tokens edit has broken.
func alterTokens(edit func(a *alteredTokens, s *stores)) func(testing.TB) stores {
	return func(t testing.TB) stores {
		s := memoryStores(t)
		a := &alteredTokens{TokenStore: s.Tokens, joined: s.Joined}
		s.Tokens, s.Joined = a, a
		edit(a, &s)
		return s
	}
}

// spoilPut makes a store that keeps what spoil makes of a token.
func spoilPut(spoil func(t *ports.Token)) func(testing.TB) stores {
	return alterTokens(func(a *alteredTokens, _ *stores) {
		a.put = func(ctx context.Context, t ports.Token) error {
			spoil(&t)
			return a.TokenStore.Put(ctx, t)
		}
	})
}

// reput removes a token and keeps what change makes of it: a read, and a
// write of the whole.
func (a *alteredTokens) reput(ctx context.Context, purpose, digest string, change func(t *ports.Token)) error {
	t, err := a.TokenStore.Get(ctx, purpose, digest)
	if err != nil {
		return err
	}
	time.Sleep(100 * time.Microsecond) // the gap between read and write
	change(&t)
	_, _ = a.TokenStore.Take(ctx, purpose, digest)
	return a.TokenStore.Put(ctx, t)
}

func tokenStoreMutants() []mutant[stores] {
	return []mutant[stores]{
		{"reads, then removes", "OT-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.take = func(ctx context.Context, purpose, digest string) (ports.Token, error) {
				t, err := a.TokenStore.Get(ctx, purpose, digest)
				if err == nil {
					time.Sleep(time.Millisecond)
					_, _ = a.TokenStore.Take(ctx, purpose, digest)
				}
				return t, err
			}
		})},
		{"burns a token of another purpose", "OT-02", alterTokens(func(a *alteredTokens, _ *stores) {
			a.take = func(ctx context.Context, purpose, digest string) (ports.Token, error) {
				t, err := a.TokenStore.Take(ctx, purpose, digest)
				if purpose == "reset" && errors.Is(err, core.ErrTokenNotFound) {
					_, _ = a.TokenStore.Take(ctx, "session", digest)
				}
				return t, err
			}
		})},
		{"does not look at the purpose", "OT-02", alterTokens(func(a *alteredTokens, _ *stores) {
			a.get = func(ctx context.Context, purpose, digest string) (ports.Token, error) {
				return a.TokenStore.Get(ctx, strings.ToLower(strings.TrimSpace(purpose)), digest)
			}
		})},
		{"keeps the epoch as a float", "TK-01", spoilPut(func(t *ports.Token) { t.Epoch = int64(float64(t.Epoch)) })},
		{"cuts the data", "TK-01", spoilPut(func(t *ports.Token) { t.Data = t.Data[:min(len(t.Data), 255)] })},
		{"gives every token an end", "TK-01", spoilPut(func(t *ports.Token) {
			if t.ExpiresAt.IsZero() {
				t.ExpiresAt = t.CreatedAt.Add(24 * time.Hour)
			}
		})},
		{"replaces a token", "TK-02", alterTokens(func(a *alteredTokens, _ *stores) {
			a.put = func(ctx context.Context, t ports.Token) error {
				err := a.TokenStore.Put(ctx, t)
				if errors.Is(err, core.ErrTokenTaken) {
					_, _ = a.TokenStore.Take(ctx, t.Purpose, t.Digest)
					err = a.TokenStore.Put(ctx, t)
				}
				return err
			}
		})},
		{"drops what it cannot keep", "TK-03", spoilPut(func(t *ports.Token) {
			t.Digest, t.Family, t.Purpose = stripNUL(t.Digest), stripNUL(t.Family), stripNUL(t.Purpose)
			if t.Purpose == "" {
				t.Purpose = "none"
			}
		})},
		{"compares digests by a collation", "TK-04", alterTokens(func(a *alteredTokens, _ *stores) {
			a.get = func(ctx context.Context, purpose, digest string) (ports.Token, error) {
				t, err := a.TokenStore.Get(ctx, purpose, digest)
				if errors.Is(err, core.ErrTokenNotFound) {
					return a.TokenStore.Get(ctx, purpose, strings.ToLower(digest))
				}
				return t, err
			}
		})},
		{"returns what it keeps", "TK-05", alterTokens(func(a *alteredTokens, _ *stores) {
			var mu sync.Mutex
			kept := map[string][]byte{}
			a.get = func(ctx context.Context, purpose, digest string) (ports.Token, error) {
				t, err := a.TokenStore.Get(ctx, purpose, digest)
				mu.Lock()
				defer mu.Unlock()
				if same := kept[digest]; len(same) == len(t.Data) && len(same) > 0 && err == nil {
					t.Data = same
				}
				kept[digest] = t.Data
				return t, err
			}
		})},
		{"shortens a life", "EX-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.extend = func(ctx context.Context, purpose, digest string, until time.Time) error {
				err := a.reput(ctx, purpose, digest, func(t *ports.Token) {
					if !t.ExpiresAt.IsZero() {
						t.ExpiresAt = until
					}
				})
				if errors.Is(err, core.ErrTokenNotFound) {
					return nil
				}
				return err
			}
		})},
		{"extends all tokens of the user", "EX-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.extend = func(ctx context.Context, purpose, digest string, until time.Time) error {
				t, err := a.TokenStore.Get(ctx, purpose, digest)
				if errors.Is(err, core.ErrTokenNotFound) {
					return nil
				}
				if err != nil {
					return err
				}
				list, err := a.TokenStore.ListUser(ctx, purpose, t.UserID)
				for _, t := range list {
					err = errors.Join(err, a.TokenStore.Extend(ctx, purpose, t.Digest, until))
				}
				return err
			}
		})},
		{"gives an end to what has none", "EX-02", alterTokens(func(a *alteredTokens, _ *stores) {
			a.extend = func(ctx context.Context, purpose, digest string, until time.Time) error {
				if t, err := a.TokenStore.Get(ctx, purpose, digest); err == nil && t.ExpiresAt.IsZero() {
					return a.reput(ctx, purpose, digest, func(t *ports.Token) { t.ExpiresAt = until })
				}
				return a.TokenStore.Extend(ctx, purpose, digest, until)
			}
		})},
		{"takes a token that is gone for an error", "EX-02", alterTokens(func(a *alteredTokens, _ *stores) {
			a.extend = func(ctx context.Context, purpose, digest string, until time.Time) error {
				if _, err := a.TokenStore.Get(ctx, purpose, digest); err != nil {
					return err
				}
				return a.TokenStore.Extend(ctx, purpose, digest, until)
			}
		})},
		{"extends by a read and a write", "EX-03", alterTokens(func(a *alteredTokens, _ *stores) {
			a.extend = func(ctx context.Context, purpose, digest string, until time.Time) error {
				err := a.reput(ctx, purpose, digest, func(t *ports.Token) { t.ExpiresAt = until })
				if errors.Is(err, core.ErrTokenNotFound) || errors.Is(err, core.ErrTokenTaken) {
					return nil
				}
				return err
			}
		})},
		{"lowers the epoch", "RS-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.restamp = func(ctx context.Context, purpose, digest string, epoch int64) error {
				return a.reput(ctx, purpose, digest, func(t *ports.Token) { t.Epoch = epoch })
			}
		})},
		{"does not miss the token it restamps", "RS-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.restamp = func(ctx context.Context, purpose, digest string, epoch int64) error {
				err := a.TokenStore.Restamp(ctx, purpose, digest, epoch)
				if errors.Is(err, core.ErrTokenNotFound) {
					return nil
				}
				return err
			}
		})},
		{"purges what expires at the time itself", "PU-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.purge = func(ctx context.Context, before time.Time, limit int) (int, error) {
				return a.TokenStore.Purge(ctx, before.Add(time.Microsecond), limit)
			}
		})},
		{"purges without a limit", "PU-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.purge = func(ctx context.Context, before time.Time, _ int) (int, error) {
				return a.TokenStore.Purge(ctx, before, 1<<30)
			}
		})},
		{"counts what another worker removed", "PU-02", alterTokens(func(a *alteredTokens, _ *stores) {
			var mu sync.Mutex
			last, calls := 0, 0
			a.purge = func(ctx context.Context, before time.Time, limit int) (int, error) {
				n, err := a.TokenStore.Purge(ctx, before, limit)
				mu.Lock()
				defer mu.Unlock()
				if calls++; n == 0 && calls%2 == 0 && last > 0 {
					n, last = last, 0
				} else {
					last = n
				}
				if limit == 7 && calls == 3 {
					n++
				}
				return n, err
			}
		})},
		{"does not see that a call was cancelled", "CX-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.endUser = func(ctx context.Context, purpose, userID, exceptFamily string) error {
				return a.TokenStore.EndUser(context.WithoutCancel(ctx), purpose, userID, exceptFamily)
			}
		})},
		{"keeps a token in two steps", "CX-03", alterTokens(func(a *alteredTokens, _ *stores) {
			a.put = func(ctx context.Context, t ports.Token) error {
				bare := t
				bare.Data = nil
				if err := a.TokenStore.Put(ctx, bare); err != nil {
					return err
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Millisecond):
				}
				return a.reput(ctx, t.Purpose, t.Digest, func(kept *ports.Token) { kept.Data = t.Data })
			}
		})},
		{"lists the oldest first", "SE-01", alterTokens(func(a *alteredTokens, _ *stores) {
			a.listUser = func(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
				list, err := a.TokenStore.ListUser(ctx, purpose, userID)
				slices.Reverse(list)
				return list, err
			}
		})},
		{"spares tokens without a family", "SE-02", alterTokens(func(a *alteredTokens, _ *stores) {
			a.endUser = func(ctx context.Context, purpose, userID, exceptFamily string) error {
				list, err := a.TokenStore.ListUser(ctx, purpose, userID)
				for _, t := range list {
					if t.Family != exceptFamily && err == nil {
						_, err = a.TokenStore.Take(ctx, purpose, t.Digest)
					}
				}
				return err
			}
		})},
		{"ends the family and spares the others", "SE-02", alterTokens(func(a *alteredTokens, _ *stores) {
			a.endUser = func(ctx context.Context, purpose, userID, exceptFamily string) error {
				if exceptFamily == "" {
					return a.TokenStore.EndUser(ctx, purpose, userID, "")
				}
				list, err := a.TokenStore.ListUser(ctx, purpose, userID)
				for _, t := range list {
					if t.Family == exceptFamily && err == nil {
						_, err = a.TokenStore.Take(ctx, purpose, t.Digest)
					}
				}
				return err
			}
		})},
		{"brings tokens back", "SE-03", alterTokens(func(a *alteredTokens, _ *stores) {
			a.extend = func(ctx context.Context, purpose, digest string, until time.Time) error {
				err := a.reput(ctx, purpose, digest, func(t *ports.Token) {
					if until.After(t.ExpiresAt) && !t.ExpiresAt.IsZero() {
						t.ExpiresAt = until
					}
				})
				if errors.Is(err, core.ErrTokenNotFound) || errors.Is(err, core.ErrTokenTaken) {
					return nil
				}
				return err
			}
		})},
	}
}

func TestTokenStoreMutants(t *testing.T) {
	runMutants(t, "TokenStore", conformance.TokenStoreCases(), memoryStores, tokenStoreMutants())
}

func TestSessionUsersMutants(t *testing.T) {
	runMutants(t, "SessionUsers", conformance.SessionUsersCases(), memoryStores, []mutant[stores]{
		{"returns another user", "SU-01", alterTokens(func(a *alteredTokens, s *stores) {
			var last *member
			a.byToken = func(ctx context.Context, purpose, digest string) (*member, ports.Token, error) {
				u, t, err := a.joined.UserByToken(ctx, purpose, digest)
				if last != nil && err == nil {
					return last, t, nil
				}
				last = u
				return u, t, err
			}
		})},
		{"is not the store of the tokens", "SU-01", alterTokens(func(a *alteredTokens, s *stores) { s.Joined = a.joined })},
		{"does not look at the purpose", "SU-02", alterTokens(func(a *alteredTokens, _ *stores) {
			a.byToken = func(ctx context.Context, purpose, digest string) (*member, ports.Token, error) {
				return a.joined.UserByToken(ctx, "session", digest)
			}
		})},
		{"leaves the tokens of a user who is deleted", "CR-08", func(t testing.TB) stores {
			s, apart := memoryStores(t), &unattached{tokens: map[[2]string]ports.Token{}}
			a := &alteredTokens{TokenStore: s.Tokens, joined: s.Joined}
			a.put = func(ctx context.Context, tok ports.Token) error {
				err := a.TokenStore.Put(ctx, tok)
				if err == nil {
					err = apart.Put(ctx, tok)
				}
				return err
			}
			a.get = func(ctx context.Context, purpose, digest string) (ports.Token, error) {
				if tok, err := apart.Get(ctx, purpose, digest); err == nil {
					return tok, nil
				}
				return a.TokenStore.Get(ctx, purpose, digest)
			}
			s.Tokens, s.Joined = a, a
			return s
		}},
		{"keeps tokens of nobody", "SU-03", alterTokens(func(a *alteredTokens, _ *stores) {
			a.put = func(ctx context.Context, t ports.Token) error {
				err := a.TokenStore.Put(ctx, t)
				if errors.Is(err, core.ErrUserNotFound) {
					return nil
				}
				return err
			}
		})},
	})
}
