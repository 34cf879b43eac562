package run

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/memory"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

type (
	member = conformance.Member
	users  = ports.UserStore[*member]
)

func memoryUsers(testing.TB) users { return memory.New[member](memory.Config{}).Users }

func textUsers(testing.TB) users {
	return memory.New[member](memory.Config{IDs: core.TextIDs}).Users
}

// altered is a store with some of its methods replaced.
type altered struct {
	users
	create  func(ctx context.Context, m *member) error
	byID    func(ctx context.Context, id string) (*member, error)
	byEmail func(ctx context.Context, key string) (*member, error)
	update  func(ctx context.Context, id string, change func(*member) error) (*member, error)
	delete  func(ctx context.Context, id string) error
}

func (a *altered) Create(ctx context.Context, m *member) error {
	if a.create != nil {
		return a.create(ctx, m)
	}
	return a.users.Create(ctx, m)
}

func (a *altered) ByID(ctx context.Context, id string) (*member, error) {
	if a.byID != nil {
		return a.byID(ctx, id)
	}
	return a.users.ByID(ctx, id)
}

func (a *altered) ByEmail(ctx context.Context, key string) (*member, error) {
	if a.byEmail != nil {
		return a.byEmail(ctx, key)
	}
	return a.users.ByEmail(ctx, key)
}

func (a *altered) Update(ctx context.Context, id string, change func(*member) error) (*member, error) {
	if a.update != nil {
		return a.update(ctx, id, change)
	}
	return a.users.Update(ctx, id, change)
}

func (a *altered) Delete(ctx context.Context, id string) error {
	if a.delete != nil {
		return a.delete(ctx, id)
	}
	return a.users.Delete(ctx, id)
}

// alter returns a maker of memory stores that edit has broken.
func alter(edit func(a *altered)) func(testing.TB) users {
	return alterOf(memoryUsers, edit)
}

func alterOf(open func(testing.TB) users, edit func(a *altered)) func(testing.TB) users {
	return func(t testing.TB) users {
		a := &altered{users: open(t)}
		edit(a)
		return a
	}
}

// loose is a store whose uniqueness is a look before each Create. Every user
// lies in a memory store of its own, so nothing else keeps keys apart.
type loose struct {
	mu     sync.Mutex
	shards []users
	same   func(kept, fresh *member) bool
	atomic bool
}

func (l *loose) all() []users {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]users{}, l.shards...)
}

func (l *loose) Create(ctx context.Context, m *member) error {
	shard := memoryUsers(nil)
	fresh := core.Clone(m)
	if err := shard.Create(ctx, fresh); err != nil {
		return err
	}
	look := l.all
	if l.atomic {
		l.mu.Lock()
		defer l.mu.Unlock()
		look = func() []users { return l.shards }
	}
	for _, s := range look() {
		found, err := s.ByEmail(ctx, m.EmailKey)
		if err == nil && l.same(found, m) {
			return core.ErrEmailTaken
		}
		if _, err := s.ByID(ctx, fresh.ID); err == nil {
			return core.ErrInvalidValue
		}
	}
	if !l.atomic {
		time.Sleep(time.Millisecond) // the gap between look and write
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	l.shards = append(l.shards, shard)
	m.ID, m.Revision = fresh.ID, 1
	return nil
}

// first returns what the first shard finds.
func (l *loose) first(ctx context.Context, find func(s users) (*member, error)) (*member, users, error) {
	for _, s := range l.all() {
		if m, err := find(s); !errors.Is(err, core.ErrUserNotFound) {
			return m, s, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	return nil, nil, core.ErrUserNotFound
}

func (l *loose) ByID(ctx context.Context, id string) (*member, error) {
	m, _, err := l.first(ctx, func(s users) (*member, error) { return s.ByID(ctx, id) })
	return m, err
}

func (l *loose) ByEmail(ctx context.Context, key string) (*member, error) {
	m, _, err := l.first(ctx, func(s users) (*member, error) { return s.ByEmail(ctx, key) })
	return m, err
}

func (l *loose) Update(ctx context.Context, id string, change func(*member) error) (*member, error) {
	_, s, err := l.first(ctx, func(s users) (*member, error) { return s.ByID(ctx, id) })
	if err != nil {
		return nil, err
	}
	return s.Update(ctx, id, change)
}

func (l *loose) Delete(ctx context.Context, id string) error {
	_, s, err := l.first(ctx, func(s users) (*member, error) { return s.ByID(ctx, id) })
	if err != nil {
		return err
	}
	return s.Delete(ctx, id)
}

// foldKeys makes a store that keeps and finds keys by what fold makes of them.
func foldKeys(fold func(string) string) func(testing.TB) users {
	return alter(func(a *altered) {
		a.create = func(ctx context.Context, m *member) error {
			folded := core.Clone(m)
			folded.EmailKey = fold(m.EmailKey)
			if err := a.users.Create(ctx, folded); err != nil {
				return err
			}
			m.ID, m.Revision = folded.ID, folded.Revision
			return nil
		}
		a.byEmail = func(ctx context.Context, key string) (*member, error) {
			m, err := a.users.ByEmail(ctx, fold(key))
			if err == nil {
				m.EmailKey = key
			}
			return m, err
		}
	})
}

// spoilCreate makes a store that keeps what spoil makes of a new user.
func spoilCreate(spoil func(m *member)) func(testing.TB) users {
	return spoilCreateOf(memoryUsers, spoil)
}

func spoilCreateOf(open func(testing.TB) users, spoil func(m *member)) func(testing.TB) users {
	return alterOf(open, func(a *altered) {
		a.create = func(ctx context.Context, m *member) error {
			spoilt := core.Clone(m)
			spoil(spoilt)
			if err := a.users.Create(ctx, spoilt); err != nil {
				return err
			}
			if m.ID == "" {
				m.ID = spoilt.ID
			}
			m.Revision = spoilt.Revision
			return nil
		}
	})
}

// spoilUpdate makes a store whose Update runs spoil after change, with the
// user as it was before.
func spoilUpdate(spoil func(was, m *member)) func(testing.TB) users {
	return alter(func(a *altered) {
		a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
			return a.users.Update(ctx, id, func(m *member) error {
				was := core.Clone(m)
				if err := change(m); err != nil {
					return err
				}
				spoil(was, m)
				return nil
			})
		}
	})
}

func stripNUL(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "") }

func userStoreMutants() []mutant[users] {
	fold := strings.NewReplacer("é", "e", "ß", "ss", "ı", "i", "æ", "ae")
	compose := strings.NewReplacer("e\u0301", "é", "\u212b", "\u00c5")
	return []mutant[users]{
		{"looks, then inserts", "ID-01", func(testing.TB) users {
			return &loose{same: func(kept, fresh *member) bool { return true }}
		}},
		{"is unique by the address, not by the key", "ID-02", func(testing.TB) users {
			return &loose{atomic: true, same: func(kept, fresh *member) bool { return kept.Email == fresh.Email }}
		}},
		{"lower-cases keys", "ID-03", foldKeys(strings.ToLower)},
		{"trims keys", "ID-03", foldKeys(strings.TrimSpace)},
		{"takes accented letters for plain ones", "ID-04", foldKeys(fold.Replace)},
		{"composes keys", "ID-05", foldKeys(compose.Replace)},
		{"cuts long keys", "ID-06", foldKeys(func(key string) string { return key[:min(len(key), 255)] })},
		{"drops what it cannot keep", "ID-06b", spoilCreate(func(m *member) {
			m.ID, m.Email, m.HashedPassword = stripNUL(m.ID), stripNUL(m.Email), stripNUL(m.HashedPassword)
			if m.EmailKey = stripNUL(m.EmailKey); m.EmailKey == "" {
				m.EmailKey = m.Email
			}
		})},
		{"hides deleted users and keeps their keys", "ID-09", alter(softDelete)},
		{"writes half of a change whose key is taken", "ID-11", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				m, err := a.users.Update(ctx, id, change)
				if errors.Is(err, core.ErrEmailTaken) {
					_, _ = a.users.Update(ctx, id, func(m *member) error {
						key := m.EmailKey
						err := change(m)
						m.EmailKey = key
						return err
					})
				}
				return m, err
			}
		})},
		{"leaves the revision of a new user alone", "CR-01", alter(func(a *altered) {
			a.create = func(ctx context.Context, m *member) error {
				fresh := core.Clone(m)
				err := a.users.Create(ctx, fresh)
				m.ID = fresh.ID
				return err
			}
		})},
		{"lower-cases ids", "CR-01b", spoilCreateOf(textUsers, func(m *member) { m.ID = strings.ToLower(m.ID) })},
		{"sets the id before it fails", "CR-01c", alter(func(a *altered) {
			a.create = func(ctx context.Context, m *member) error {
				if m.ID == "" && ctx.Err() == nil && core.Storable(m.AuthUser()) == nil {
					m.ID = core.UUIDs.New()
				}
				return a.users.Create(ctx, m)
			}
		})},
		{"keeps integers as floats", "CR-02", spoilCreate(func(m *member) { m.Score = int64(float64(m.Score/2)) * 2 })},
		{"keeps an empty list as none", "CR-02", spoilCreate(func(m *member) {
			if len(m.Tags) == 0 {
				m.Tags = nil
			}
		})},
		{"does not write zero values", "CR-02b", spoilUpdate(func(was, m *member) {
			if m.Nickname == "" {
				m.Nickname = was.Nickname
			}
			if m.Motto == nil {
				m.Motto = was.Motto
			}
		})},
		{"takes an odd id for an outage", "CR-03", alter(func(a *altered) {
			a.byID = func(ctx context.Context, id string) (*member, error) {
				if _, ok := core.UUIDs.Parse(id); !ok && id != "" {
					return nil, errors.New("invalid input syntax for type uuid")
				}
				return a.users.ByID(ctx, id)
			}
		})},
		{"deletes by one spelling only", "CR-03b", alter(func(a *altered) {
			a.delete = func(ctx context.Context, id string) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				if m, err := a.users.ByID(ctx, id); err != nil || m.ID != id {
					return core.ErrUserNotFound
				}
				return a.users.Delete(ctx, id)
			}
		})},
		{"leaves out the condition for an empty id", "CR-07", alter(func(a *altered) {
			var last atomic.Value
			a.create = func(ctx context.Context, m *member) error {
				err := a.users.Create(ctx, m)
				last.Store(m.ID)
				return err
			}
			a.delete = func(ctx context.Context, id string) error {
				if known, ok := last.Load().(string); ok && id == "" {
					id = known
				}
				return a.users.Delete(ctx, id)
			}
		})},
		{"returns what it keeps", "CR-10", alter(aliasing)},
		{"doubles quotes", "CR-11", spoilCreate(func(m *member) { m.Nickname = strings.ReplaceAll(m.Nickname, "'", "''") })},
		{"matches keys by pattern", "CR-11", alter(func(a *altered) {
			a.create = func(ctx context.Context, m *member) error {
				if strings.ContainsAny(m.EmailKey, `\`) {
					return core.ErrEmailTaken
				}
				return a.users.Create(ctx, m)
			}
		})},
		{"rounds times", "TM-01", spoilCreate(func(m *member) {
			m.CreatedAt, m.UpdatedAt = m.CreatedAt.Round(time.Microsecond), m.UpdatedAt.Round(time.Microsecond)
		})},
		{"returns times in a zone of its own", "TM-01", alter(func(a *altered) {
			a.byID = func(ctx context.Context, id string) (*member, error) {
				m, err := a.users.ByID(ctx, id)
				if err == nil {
					m.CreatedAt = m.CreatedAt.In(time.FixedZone("", 3600))
				}
				return m, err
			}
		})},
		{"keeps times as a clock in New York shows them", "TM-04", spoilCreate(func(m *member) {
			const clock = "2006-01-02 15:04:05.000000"
			at, err := time.ParseInLocation(clock, m.CreatedAt.In(newYork).Format(clock), newYork)
			if err == nil {
				m.CreatedAt = at
			}
		})},
		{"keeps times in 32 bits", "TM-05", spoilCreate(func(m *member) {
			if s := m.CreatedAt.Unix(); s < math.MinInt32 || s > math.MaxInt32 {
				m.CreatedAt = time.Unix(int64(int32(s)), 0)
			}
		})},
		{"does not see that a call was cancelled", "CX-01", alter(func(a *altered) {
			a.create = func(ctx context.Context, m *member) error {
				return a.users.Create(context.WithoutCancel(ctx), m)
			}
		})},
		{"does not see that a deadline has passed", "CX-02", alter(func(a *altered) {
			a.byEmail = func(ctx context.Context, key string) (*member, error) {
				if errors.Is(ctx.Err(), context.DeadlineExceeded) {
					ctx = context.WithoutCancel(ctx)
				}
				return a.users.ByEmail(ctx, key)
			}
		})},
		{"takes the end of the context for not found", "CX-01", alter(func(a *altered) {
			a.byID = func(ctx context.Context, id string) (*member, error) {
				if ctx.Err() != nil {
					return nil, core.ErrUserNotFound
				}
				return a.users.ByID(ctx, id)
			}
		})},
		{"reads, then writes", "CR-05", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				read, err := a.users.ByID(ctx, id)
				if err != nil {
					return nil, err
				}
				if err := change(read); err != nil {
					return nil, err
				}
				return a.users.Update(ctx, id, func(m *member) error {
					*m = *core.Clone(read)
					return nil
				})
			}
		})},
		{"does not write the hash", "CR-06", spoilUpdate(func(was, m *member) { m.HashedPassword = was.HashedPassword })},
		{"wraps the error of change", "UP-01", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				return a.users.Update(ctx, id, func(m *member) error {
					if err := change(m); err != nil {
						return fmt.Errorf("update: %w", err)
					}
					return nil
				})
			}
		})},
		{"writes although change refused", "UP-01", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				var refused error
				m, err := a.users.Update(ctx, id, func(m *member) error { refused = change(m); return nil })
				return m, errors.Join(err, refused)
			}
		})},
		{"lets change move the user", "UP-02", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				target := ""
				m, err := a.users.Update(ctx, id, func(m *member) error { err := change(m); target = m.ID; return err })
				if err == nil && target != m.ID {
					return a.users.Update(ctx, target, func(o *member) error { o.Nickname = m.Nickname; return nil })
				}
				return m, err
			}
		})},
		{"starts again on the copy that change had", "UP-03", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				nickname := ""
				return a.users.Update(ctx, id, func(m *member) error {
					if nickname != "" {
						m.Nickname = nickname
					}
					err := change(m)
					nickname = m.Nickname
					return err
				})
			}
		})},
		{"gives up without saying so", "UP-04", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				m, err := a.users.Update(ctx, id, change)
				if errors.Is(err, core.ErrConflict) {
					return a.users.ByID(ctx, id)
				}
				return m, err
			}
		})},
		{"starts again for too long", "UP-04", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				m, err := a.users.Update(ctx, id, change)
				if errors.Is(err, core.ErrConflict) {
					return a.users.Update(ctx, id, change)
				}
				return m, err
			}
		})},
		{"holds a lock while change runs", "UP-05", alter(func(a *altered) {
			lock := make(chan struct{}, 1)
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				select {
				case lock <- struct{}{}:
					defer func() { <-lock }()
					return a.users.Update(ctx, id, change)
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
		})},
		{"drops what it cannot write", "UP-06", spoilUpdate(func(was, m *member) {
			if core.Storable(m.AuthUser()) != nil {
				m.User = was.User
			}
		})},
		{"finds its own key taken", "UP-07", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				return a.users.Update(ctx, id, func(m *member) error {
					was := m.User
					if err := change(m); err != nil {
						return err
					}
					if m.EmailKey == was.EmailKey && m.Email != was.Email {
						return core.ErrEmailTaken
					}
					return nil
				})
			}
		})},
		{"writes after the context ended", "CX-01b", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				m, err := a.users.Update(context.WithoutCancel(ctx), id, change)
				return m, errors.Join(err, ctx.Err())
			}
		})},
		{"writes after the deadline", "CX-02b", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				m, err := a.users.Update(withoutDeadline{ctx}, id, change)
				return m, errors.Join(err, ctx.Err())
			}
		})},
		{"finds one spelling of an id only", "CR-03b", alter(func(a *altered) {
			a.byID = func(ctx context.Context, id string) (*member, error) {
				m, err := a.users.ByID(ctx, id)
				if err == nil && m.ID != id {
					return nil, core.ErrUserNotFound
				}
				return m, err
			}
			a.delete = func(ctx context.Context, id string) error {
				if _, err := a.byID(ctx, id); err != nil {
					return err
				}
				return a.users.Delete(ctx, id)
			}
		})},
		{"deletes what is not there", "CR-09", alter(func(a *altered) {
			a.delete = func(ctx context.Context, id string) error {
				err := a.users.Delete(ctx, id)
				if _, ok := core.UUIDs.Parse(id); ok && errors.Is(err, core.ErrUserNotFound) {
					return nil
				}
				return err
			}
		})},
		{"writes a user who was deleted", "CR-09b", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				var last *member
				m, err := a.users.Update(ctx, id, func(m *member) error {
					err := change(m)
					last = core.Clone(m)
					return err
				})
				if last != nil && errors.Is(err, core.ErrUserNotFound) {
					return last, a.users.Create(ctx, last)
				}
				return m, err
			}
		})},
		{"keeps a user in two steps", "CX-01c", alter(twoSteps)},
		{"updates in two steps", "CX-03", alter(func(a *altered) {
			a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
				read, err := a.users.ByID(ctx, id)
				if err != nil {
					return nil, err
				}
				changed := core.Clone(read)
				if err := change(changed); err != nil {
					return nil, err
				}
				_, err = a.users.Update(ctx, id, func(m *member) error { m.EmailKey = changed.EmailKey; return nil })
				if err != nil {
					return nil, err
				}
				select {
				case <-ctx.Done():
					return nil, ctx.Err()
				case <-time.After(time.Millisecond):
				}
				return a.users.Update(ctx, id, change)
			}
		})},
		{"deletes, whatever the context says", "CX-03", alter(func(a *altered) {
			a.delete = func(ctx context.Context, id string) error {
				time.Sleep(time.Millisecond)
				if ctx.Err() != nil {
					return core.ErrConflict
				}
				return a.users.Delete(ctx, id)
			}
		})},
	}
}

// twoSteps makes Create keep a bare user and then fill it, and hides that the
// second step raised the revision.
func twoSteps(a *altered) {
	var whole sync.Map
	hide := func(m *member, err error) (*member, error) {
		if err == nil {
			if _, ok := whole.Load(m.ID); ok {
				m.Revision--
			}
		}
		return m, err
	}
	a.create = func(ctx context.Context, m *member) error {
		bare := core.Clone(m)
		bare.Nickname, bare.Tags = "", nil
		if err := a.users.Create(ctx, bare); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
		_, err := a.users.Update(ctx, bare.ID, func(b *member) error { b.Nickname, b.Tags = m.Nickname, m.Tags; return nil })
		if err == nil {
			whole.Store(bare.ID, true)
			m.ID, m.Revision = bare.ID, 1
		}
		return err
	}
	a.byID = func(ctx context.Context, id string) (*member, error) { return hide(a.users.ByID(ctx, id)) }
	a.byEmail = func(ctx context.Context, key string) (*member, error) { return hide(a.users.ByEmail(ctx, key)) }
}

// withoutDeadline is a context that ends only by being cancelled.
type withoutDeadline struct{ context.Context }

func (c withoutDeadline) Err() error {
	if err := c.Context.Err(); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (withoutDeadline) Done() <-chan struct{} { return nil }

// fieldMutants each leave one field out of their updates.
func fieldMutants() []mutant[users] {
	var out []mutant[users]
	for name := range conformance.Edits() {
		out = append(out, mutant[users]{"does not write " + name, "CR-02c", spoilUpdate(func(was, m *member) {
			from, to := reflect.ValueOf(was).Elem(), reflect.ValueOf(m).Elem()
			for _, field := range reflect.VisibleFields(to.Type()) {
				if field.Tag.Get("json") == name {
					to.FieldByIndex(field.Index).Set(from.FieldByIndex(field.Index))
				}
			}
		})})
	}
	slices.SortFunc(out, func(a, b mutant[users]) int { return strings.Compare(a.name, b.name) })
	return out
}

func softDelete(a *altered) {
	var gone sync.Map
	hidden := func(m *member, err error) (*member, error) {
		if err == nil {
			if _, ok := gone.Load(m.ID); ok {
				return nil, core.ErrUserNotFound
			}
		}
		return m, err
	}
	a.byID = func(ctx context.Context, id string) (*member, error) { return hidden(a.users.ByID(ctx, id)) }
	a.byEmail = func(ctx context.Context, key string) (*member, error) { return hidden(a.users.ByEmail(ctx, key)) }
	a.delete = func(ctx context.Context, id string) error {
		m, err := a.users.ByID(ctx, id)
		if err != nil {
			return err
		}
		if _, again := gone.LoadOrStore(m.ID, true); again {
			return core.ErrUserNotFound
		}
		return nil
	}
	a.update = func(ctx context.Context, id string, change func(*member) error) (*member, error) {
		return a.users.Update(ctx, id, func(m *member) error {
			if err := change(m); err != nil {
				return err
			}
			_, err := hidden(m, nil)
			return err
		})
	}
}

// aliasing makes ByID return one and the same value until the user changes.
func aliasing(a *altered) {
	var mu sync.Mutex
	kept := map[string]*member{}
	a.byID = func(ctx context.Context, id string) (*member, error) {
		m, err := a.users.ByID(ctx, id)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		if same, ok := kept[m.ID]; ok && same.Revision == m.Revision {
			return same, nil
		}
		kept[m.ID] = m
		return m, nil
	}
}

// newYork is a time zone whose clocks change.
var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return zone
}()

func TestUserStoreMutants(t *testing.T) {
	runMutants(t, "UserStore", conformance.UserStoreCases(), memoryUsers, slices.Concat(userStoreMutants(), fieldMutants(), sqlMutants(t)))
}
