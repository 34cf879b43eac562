package run

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	bunstore "github.com/gousher/usher/adapters/bun"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// listing is a lister with a method in its place. All is given the users in
// the order of their ids.
type listing struct {
	ports.UserLister[*member]
	list func(ctx context.Context, all []*member, q ports.UserQuery) (ports.UserPage[*member], error)
}

func (l listing) List(ctx context.Context, q ports.UserQuery) (ports.UserPage[*member], error) {
	whole, err := l.UserLister.List(ctx, ports.UserQuery{Limit: 10_000})
	if err != nil {
		return whole, err
	}
	return l.list(ctx, whole.Users, q)
}

// alterListing returns stores in memory that list users in another way.
func alterListing(list func(ctx context.Context, all []*member, q ports.UserQuery) (ports.UserPage[*member], error)) func(testing.TB) stores {
	return func(t testing.TB) stores {
		s := memoryStores(t)
		s.Lister = listing{s.Lister, list}
		return s
	}
}

// alterLister returns stores in memory whose listing is wrapped.
func alterLister(wrap func(next ports.UserLister[*member]) listerFunc) func(testing.TB) stores {
	return func(t testing.TB) stores {
		s := memoryStores(t)
		s.Lister = wrap(s.Lister)
		return s
	}
}

type listerFunc func(ctx context.Context, q ports.UserQuery) (ports.UserPage[*member], error)

func (f listerFunc) List(ctx context.Context, q ports.UserQuery) (ports.UserPage[*member], error) {
	return f(ctx, q)
}

// pageFrom is the page of all that begins at a place.
func pageFrom(all []*member, at, limit int) ports.UserPage[*member] {
	p := ports.UserPage[*member]{Users: all[min(at, len(all)):]}
	if len(p.Users) > limit {
		p.Users = p.Users[:limit]
		p.Next = p.Users[limit-1].ID
	}
	return p
}

// by is where the page begins that follows a user in the order of compare.
func by(all []*member, after string, compare func(a, b *member) int) int {
	slices.SortStableFunc(all, compare)
	return slices.IndexFunc(all, func(m *member) bool { return m.ID == after }) + 1
}

// sqlLister is a bunstore on SQLite in whose statements old is replaced.
func sqlLister(t *testing.T, name, kills, old, with string) mutant[stores] {
	r := newRewrite(t, name, old, with)
	return mutant[stores]{"SQL: " + name, kills, func(t testing.TB) stores {
		return bunStores(t, r.open(t), bunstore.Config{})
	}}
}

func TestUserListerMutants(t *testing.T) {
	byID := func(a, b *member) int { return strings.Compare(a.ID, b.ID) }
	runMutants(t, "UserLister", conformance.UserListerCases(), memoryStores, []mutant[stores]{
		{"skips a user between pages", "QU-01", alterListing(func(_ context.Context, all []*member, q ports.UserQuery) (ports.UserPage[*member], error) {
			at := by(all, q.After, byID)
			if at > 0 {
				at++
			}
			return pageFrom(all, at, q.Limit), nil
		})},
		{"orders by the size of the page", "QU-01b", alterListing(func(_ context.Context, all []*member, q ports.UserQuery) (ports.UserPage[*member], error) {
			at := by(all, q.After, func(a, b *member) int {
				if q.Limit%2 == 1 {
					return strings.Compare(b.ID, a.ID)
				}
				return strings.Compare(a.ID, b.ID)
			})
			return pageFrom(all, at, q.Limit), nil
		})},
		{"says that there is more after every full page", "QU-03b", alterListing(func(_ context.Context, all []*member, q ports.UserQuery) (ports.UserPage[*member], error) {
			p := pageFrom(all, by(all, q.After, byID), q.Limit)
			if n := len(p.Users); n == q.Limit {
				p.Next = p.Users[n-1].ID
			}
			return p, nil
		})},
		{"begins again where the user of the cursor is gone", "QU-02", alterListing(func(_ context.Context, all []*member, q ports.UserQuery) (ports.UserPage[*member], error) {
			return pageFrom(all, by(all, q.After, byID), q.Limit), nil
		})},
		{"orders by what changes", "QU-02b", alterListing(func(_ context.Context, all []*member, q ports.UserQuery) (ports.UserPage[*member], error) {
			at := by(all, q.After, func(a, b *member) int {
				return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
			})
			return pageFrom(all, at, q.Limit), nil
		})},
		{"takes no limit for no bound", "QU-03", alterLister(func(next ports.UserLister[*member]) listerFunc {
			return func(ctx context.Context, q ports.UserQuery) (ports.UserPage[*member], error) {
				if q.Limit == 0 {
					q.Limit = 1000
				}
				return next.List(ctx, q)
			}
		})},
		{"begins again at an impossible cursor", "QU-03", alterLister(func(next ports.UserLister[*member]) listerFunc {
			return func(ctx context.Context, q ports.UserQuery) (ports.UserPage[*member], error) {
				if _, ok := core.UUIDs.Parse(q.After); !ok {
					q.After = ""
				}
				return next.List(ctx, q)
			}
		})},
		{"lists what it keeps", "QU-01c", alterLister(func(next ports.UserLister[*member]) listerFunc {
			kept := map[string]*member{}
			return func(ctx context.Context, q ports.UserQuery) (ports.UserPage[*member], error) {
				p, err := next.List(ctx, q)
				for i, m := range p.Users {
					if kept[m.ID] == nil || kept[m.ID].Revision != m.Revision {
						kept[m.ID] = m
					}
					p.Users[i] = kept[m.ID]
				}
				return p, err
			}
		})},
		{"lists after the context ended", "QU-01d", alterLister(func(next ports.UserLister[*member]) listerFunc {
			return func(ctx context.Context, q ports.UserQuery) (ports.UserPage[*member], error) {
				return next.List(context.WithoutCancel(ctx), q)
			}
		})},
		sqlLister(t, "pages overlap", "QU-01", ".id > ?", ".id >= ?"),
		sqlLister(t, "pages in no order", "QU-01b", `ORDER BY "users".id`, "ORDER BY random()"),
	})
}
