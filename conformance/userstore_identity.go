package conformance

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/stretchr/testify/require"
)

// crowd is how many callers a race has.
const crowd = 64

// userStoreIdentity are the cases of ids and e-mail keys.
func userStoreIdentity() []Case[users] {
	return []Case[users]{
		{
			ID: "ID-01", Name: "Create/race for one key",
			Rule: "of any number of concurrent calls with one key, one succeeds",
			Run: func(t testing.TB, s users) {
				members := make([]*Member, crowd)
				errs := race(t, crowd, func(i int) error {
					members[i] = member("a@example.com")
					members[i].Nickname = fmt.Sprint(i)
					return s.Create(t.Context(), members[i])
				})
				winner := members[wantOne(t, errs, core.ErrEmailTaken)]
				got, err := s.ByEmail(t.Context(), "a@example.com")
				must(t, err)
				wantSame(t, got, winner)
			},
		},
		{
			ID: "ID-02", Name: "Create/race of spellings",
			Rule: "core.ErrEmailTaken where another user has the same EmailKey, however Email is spelled",
			Run: func(t testing.TB, s users) {
				wantOne(t, race(t, crowd, func(i int) error {
					m := member("ann@example.com")
					m.Email = strings.ToUpper(m.Email[:i%15]) + m.Email[i%15:]
					return s.Create(t.Context(), m)
				}), core.ErrEmailTaken)
			},
		},
		{
			ID: "ID-03", Name: "ByEmail/no folding",
			Rule: "the store neither parses nor folds: keys are compared byte for byte",
			Run: func(t testing.TB, s users) {
				wantDistinct(t, s, "a@example.com", "A@example.com", "a@EXAMPLE.com", " a@example.com", "a@example.com ", "a@example.com\t")
			},
		},
		{
			ID: "ID-04", Name: "ByEmail/letters that collations equate",
			Rule: "keys are compared byte for byte",
			Run: func(t testing.TB, s users) {
				wantDistinct(t, s, "jose@e.com", "josé@e.com", "ss@e.com", "ß@e.com", "mike@e.com", "mıke@e.com",
					"a@e.com", "ａ@e.com", "æ@e.com", "ae@e.com", "σ@e.com", "ς@e.com")
			},
		},
		{
			ID: "ID-05", Name: "ByEmail/forms of one text",
			Rule: "keys are kept as given and compared byte for byte",
			Run: func(t testing.TB, s users) {
				wantDistinct(t, s, "\u00e9@e.com", "e\u0301@e.com", "a@e.com", "a＠e.com", "a\u200b@e.com", "\u212b@e.com", "\u00c5@e.com")
			},
		},
		{
			ID: "ID-06", Name: "Create/long and rare text",
			Rule: "Create keeps every field as it is",
			Run: func(t testing.TB, s users) {
				for _, key := range []string{
					"😀👩‍👩‍👧@e.com", strings.Repeat("x", 314) + "@e.com", strings.Repeat("x", 314) + "@e.net", "trailing@e.com   ", "\u202eRTL\u200f@e.com", "\x01\x7f@e.com",
				} {
					want := created(t, s, key)
					got, err := s.ByEmail(t.Context(), key)
					must(t, err, "ByEmail ", key)
					wantSame(t, got, want)
				}
			},
		},
		{
			ID: "ID-06b", Name: "Create/text that cannot be kept",
			Rule: "core.ErrInvalidValue for an id, e-mail or hash with a NUL byte or invalid UTF-8",
			Run: func(t testing.TB, s users) {
				for name, spoil := range map[string]func(m *Member){
					"NUL in the key":     func(m *Member) { m.EmailKey = "a\x00@e.com" },
					"NUL in the address": func(m *Member) { m.Email = "a@e.com\x00" },
					"NUL in the hash":    func(m *Member) { m.HashedPassword = "\x00" },
					"NUL in the id":      func(m *Member) { m.ID = core.TextIDs.New() + "\x00" },
					"broken UTF-8":       func(m *Member) { m.EmailKey = "a\xff@e.com" },
					"no key":             func(m *Member) { m.EmailKey = "" },
				} {
					m := member("a@e.com")
					spoil(m)
					was := core.Clone(m)
					wantErr(t, name, s.Create(t.Context(), m), core.ErrInvalidValue)
					require.Equal(t, was, m, name)
				}
				wantNone(t, s, "", "a@e.com")
			},
		},
		{
			ID: "ID-09", Name: "Delete/frees the key",
			Rule: "the e-mail key is free again at once",
			Run: func(t testing.TB, s users) {
				first := created(t, s, "a@e.com")
				must(t, s.Delete(t.Context(), first.ID))
				second := created(t, s, "a@e.com")
				require.NotEqual(t, first.ID, second.ID)
				_, err := s.Update(t.Context(), second.ID, func(m *Member) error { m.EmailKey = "b@e.com"; return nil })
				must(t, err)
				created(t, s, "a@e.com")
				wantErr(t, "Create", s.Create(t.Context(), member("b@e.com")), core.ErrEmailTaken)
			},
		},
		{
			ID: "ID-11", Name: "Update/race for one key",
			Rule: "Update returns core.ErrEmailTaken where another user has the new EmailKey, and writes nothing",
			Run: func(t testing.TB, s users) {
				ids := make([]string, 16)
				for i := range ids {
					ids[i] = created(t, s, fmt.Sprintf("%d@e.com", i)).ID
				}
				winner := wantOne(t, race(t, len(ids), func(i int) error {
					_, err := s.Update(t.Context(), ids[i], func(m *Member) error {
						m.EmailKey, m.Nickname = "new@e.com", "changed"
						return nil
					})
					return err
				}), core.ErrEmailTaken)
				for i, id := range ids {
					want := member(fmt.Sprintf("%d@e.com", i))
					want.ID, want.Revision = id, 1
					if i == winner {
						want.EmailKey, want.Nickname, want.Revision = "new@e.com", "changed", 2
					}
					wantSame(t, byID(t, s, id), want)
				}
			},
		},
	}
}

// wantDistinct keeps a user under each of the keys and finds each by its own.
func wantDistinct(t testing.TB, s users, keys ...string) {
	t.Helper()
	ids := map[string]string{}
	for _, key := range keys {
		_, err := s.ByEmail(t.Context(), key)
		wantErr(t, fmt.Sprintf("ByEmail %+q before Create", key), err, core.ErrUserNotFound)
		ids[key] = created(t, s, key).ID
	}
	for _, key := range keys {
		got, err := s.ByEmail(t.Context(), key)
		must(t, err, "ByEmail ", key)
		require.Equal(t, ids[key], got.ID, "user of %+q", key)
		require.Equal(t, key, got.EmailKey)
	}
}
