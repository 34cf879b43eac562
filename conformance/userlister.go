package conformance

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// TestUserLister checks an implementation of [ports.UserLister]. Open returns
// fresh, empty stores with Users and Lister.
func TestUserLister(t *testing.T, open func(t testing.TB) ports.Stores[*Member], of ...Subject) {
	run(t, "UserLister", UserListerCases(), of, open)
}

// crowded keeps n users and returns them.
func crowded(t testing.TB, s stores, n int) []*Member {
	t.Helper()
	members := make([]*Member, n)
	for i := range members {
		members[i] = member(fmt.Sprintf("%d@e.com", i))
		members[i].Score = int64(i)
		must(t, s.Users.Create(t.Context(), members[i]))
	}
	return members
}

// page returns a page of users.
func page(t testing.TB, s stores, after string, limit int) ports.UserPage[*Member] {
	t.Helper()
	p, err := s.Lister.List(t.Context(), ports.UserQuery{After: after, Limit: limit})
	must(t, err, "List after ", after)
	if len(p.Users) > limit {
		t.Fatalf("a page has %d users, want at most %d", len(p.Users), limit)
	}
	if p.Next != "" && (len(p.Users) == 0 || p.Next != p.Users[len(p.Users)-1].ID) {
		t.Fatalf("Next is %q, want the id of the page's last user", p.Next)
	}
	return p
}

// walk returns the users of all pages. Between pages it calls meanwhile, with
// the page that it has got.
func walk(t testing.TB, s stores, limit int, meanwhile func(p ports.UserPage[*Member])) (all []*Member) {
	t.Helper()
	after := ""
	for range 1000 {
		p := page(t, s, after, limit)
		all = append(all, p.Users...)
		if p.Next == "" {
			return all
		}
		if meanwhile != nil {
			meanwhile(p)
		}
		after = p.Next
	}
	t.Fatal("the pages have no end")
	return nil
}

// wantOnce checks that all of want are among got, each once and whole.
func wantOnce(t testing.TB, got, want []*Member) {
	t.Helper()
	for _, w := range want {
		var found []*Member
		for _, g := range got {
			if g.ID == w.ID {
				found = append(found, g)
			}
		}
		if len(found) != 1 {
			t.Fatalf("%s is listed %d times, want once", w.Email, len(found))
		}
		wantSame(t, found[0], w)
	}
}

// UserListerCases returns the cases of [TestUserLister].
func UserListerCases() []Case[ports.Stores[*Member]] {
	return []Case[stores]{
		{
			ID: "QU-01", Name: "List/all pages",
			Rule: "who is there all the while is on one of the pages and on one only",
			Run: func(t testing.TB, s stores) {
				want := crowded(t, s, 25)
				for _, limit := range []int{1, 7, 24, 25, 26, 1000} {
					got := walk(t, s, limit, nil)
					require.Len(t, got, len(want), "pages of %d", limit)
					wantOnce(t, got, want)
				}
			},
		},
		{
			ID: "QU-01b", Name: "List/order",
			Rule: "a page is in an order of the store's own, which stays the same",
			Run: func(t testing.TB, s stores) {
				crowded(t, s, 12)
				whole := walk(t, s, 100, nil)
				for i, m := range walk(t, s, 5, nil) {
					require.Equal(t, whole[i].ID, m.ID)
				}
			},
		},
		{
			ID: "QU-03b", Name: "List/last page",
			Rule: "Next is \"\" where the page is the last",
			Run: func(t testing.TB, s stores) {
				require.Equal(t, "", page(t, s, "", 5).Next)
				require.Empty(t, page(t, s, "", 5).Users)
				crowded(t, s, 10)
				second := page(t, s, page(t, s, "", 5).Next, 5)
				require.Len(t, second.Users, 5)
				require.Equal(t, "", second.Next)
				last := second.Users[4].ID
				require.Empty(t, page(t, s, last, 5).Users)
			},
		},
		{
			ID: "QU-02", Name: "List/users who go",
			Rule: "a user of the id After need not be there; who stays is listed once",
			Run: func(t testing.TB, s stores) {
				all := crowded(t, s, 12)
				var gone []string
				got := walk(t, s, 4, func(p ports.UserPage[*Member]) {
					must(t, s.Users.Delete(t.Context(), p.Next))
					gone = append(gone, p.Next)
				})
				require.Len(t, gone, 2)
				wantOnce(t, got, slices.DeleteFunc(all, func(m *Member) bool { return slices.Contains(gone, m.ID) }))
			},
		},
		{
			ID: "QU-02b", Name: "List/users who come and change",
			Rule: "who is there all the while is listed once, whoever else comes and changes",
			Run: func(t testing.TB, s stores) {
				want := crowded(t, s, 12)
				n := 0
				got := walk(t, s, 4, func(p ports.UserPage[*Member]) {
					created(t, s.Users, fmt.Sprintf("new%d@e.com", n))
					n++
					for _, m := range []*Member{p.Users[0], p.Users[3]} {
						_, err := s.Users.Update(t.Context(), m.ID, func(m *Member) error {
							m.Email, m.EmailKey = "0"+m.Email, "0"+m.EmailKey
							m.CreatedAt = m.CreatedAt.AddDate(1, 0, 0)
							return nil
						})
						must(t, err)
					}
				})
				ids := func(list []*Member) (out []string) {
					for _, m := range list {
						out = append(out, m.ID)
					}
					return out
				}
				require.Subset(t, ids(got), ids(want))
				seen := ids(got)
				slices.Sort(seen)
				require.Equal(t, slices.Compact(slices.Clone(seen)), seen, "somebody is listed twice")
			},
		},
		{
			ID: "QU-03", Name: "List/impossible queries",
			Rule: "core.ErrInvalidValue for a limit below one and for an After that cannot be an id",
			Run: func(t testing.TB, s stores) {
				id := created(t, s.Users, "a@e.com").ID
				for _, q := range []ports.UserQuery{{}, {Limit: -1}, {After: id}, {After: "a\x00", Limit: 1}, {After: "\xff", Limit: 1}} {
					_, err := s.Lister.List(t.Context(), q)
					wantErr(t, fmt.Sprintf("List %+q", q.After), err, core.ErrInvalidValue)
				}
			},
		},
		{
			ID: "QU-01c", Name: "List/aliasing",
			Rule: "a value that is returned shares no memory with what is kept",
			Run: func(t testing.TB, s stores) {
				m := member("a@e.com")
				m.Tags = []string{"x"}
				must(t, s.Users.Create(t.Context(), m))
				got := page(t, s, "", 1).Users[0]
				got.Tags[0], got.Nickname = "y", "changed"
				wantSame(t, page(t, s, "", 1).Users[0], m)
			},
		},
		{
			ID: "QU-01d", Name: "List/context that ended",
			Rule: "when the context ends, a method returns promptly with the context's error",
			Run: func(t testing.TB, s stores) {
				created(t, s.Users, "a@e.com")
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, err := s.Lister.List(ctx, ports.UserQuery{Limit: 1})
				wantErr(t, "List", err, context.Canceled)
			},
		},
	}
}
