package conformance

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/stretchr/testify/require"
)

// userStoreValues are the cases of what goes in and comes out.
func userStoreValues() []Case[users] {
	return []Case[users]{
		{
			ID: "CR-01", Name: "Create/reads back",
			Rule: "on success Create sets the id, if it was empty, and the revision, which is 1",
			Run: func(t testing.TB, s users) {
				m := member("a@e.com")
				m.Revision = 7
				must(t, s.Create(t.Context(), m))
				require.NotEmpty(t, m.ID)
				require.EqualValues(t, 1, m.Revision)
				wantSame(t, byID(t, s, m.ID), m)
				got, err := s.ByEmail(t.Context(), "a@e.com")
				must(t, err)
				wantSame(t, got, m)

				gone := created(t, s, "c@e.com")
				must(t, s.Delete(t.Context(), gone.ID))
				own, id := member("b@e.com"), gone.ID
				own.ID = id
				must(t, s.Create(t.Context(), own))
				require.Equal(t, id, own.ID)
				wantSame(t, byID(t, s, id), own)
			},
		},
		{
			ID: "CR-01b", Name: "Create/an id of another form",
			Rule: "core.ErrInvalidValue for an id of another form than the store's; an id that is kept is kept as it is",
			Run: func(t testing.TB, s users) {
				m := member("a@e.com")
				m.ID = "Ann/1 ü"
				if err := s.Create(t.Context(), m); err != nil {
					wantErr(t, "Create", err, core.ErrInvalidValue)
					wantNone(t, s, "Ann/1 ü", "a@e.com")
					return
				}
				require.Equal(t, "Ann/1 ü", m.ID)
				wantSame(t, byID(t, s, "Ann/1 ü"), m)
				wantNone(t, s, "ann/1 ü", "b@e.com")
			},
		},
		{
			ID: "CR-01c", Name: "Create/failure leaves the argument",
			Rule: "on failure u is as it was; core.ErrInvalidValue for an id that is in use",
			Run: func(t testing.TB, s users) {
				first := created(t, s, "a@e.com")
				for name, spoil := range map[string]struct {
					edit func(*Member)
					want error
				}{
					"taken key": {func(*Member) {}, core.ErrEmailTaken},
					"taken id":  {func(m *Member) { m.EmailKey, m.ID = "b@e.com", first.ID }, core.ErrInvalidValue},
				} {
					m := member("a@e.com")
					spoil.edit(m)
					was := core.Clone(m)
					wantErr(t, name, s.Create(t.Context(), m), spoil.want)
					require.Equal(t, was, m, name)
				}
				wantSame(t, byID(t, s, first.ID), first)
				_, err := s.ByEmail(t.Context(), "b@e.com")
				wantErr(t, "ByEmail", err, core.ErrUserNotFound)
			},
		},
		{
			ID: "CR-02", Name: "Create/fields of the application",
			Rule: "Create keeps every field of the application's struct that the store maps",
			Run: func(t testing.TB, s users) {
				empty, rank, seen := "", int64(0), when.Add(time.Hour)
				full := member("full@e.com")
				full.Nickname, full.Motto, full.Score, full.Rank = "Zoë 😀", &empty, math.MaxInt64-1, &rank
				full.Weight, full.Trusted, full.Tags = -0.1, true, []string{"a", "", "c,\"d\"", "ünï"}
				full.Settings = Settings{"dark", map[string]int64{"posts": 1<<53 + 1, "": -1}}
				full.LastSeen = &seen
				bare := member("bare@e.com")
				hollow := member("hollow@e.com")
				hollow.Tags, hollow.Settings.Limits = []string{}, map[string]int64{}
				long := member("long@e.com")
				long.Nickname = strings.Repeat("0123456789abcdef", 1<<16)
				for _, m := range []*Member{full, bare, hollow, long} {
					must(t, s.Create(t.Context(), m), "Create ", m.Email)
					wantSame(t, byID(t, s, m.ID), m)
				}
			},
		},
		{
			ID: "CR-02b", Name: "Update/fields of the application",
			Rule: "Update writes what change altered, also to zero and to null",
			Run: func(t testing.TB, s users) {
				motto, seen := "carpe diem", when
				m := member("a@e.com")
				m.Nickname, m.Motto, m.Score, m.Tags, m.LastSeen, m.Trusted = "Ann", &motto, 9, []string{"x"}, &seen, true
				must(t, s.Create(t.Context(), m))
				got, err := s.Update(t.Context(), m.ID, func(m *Member) error {
					m.Nickname, m.Motto, m.Score, m.Tags, m.LastSeen, m.Trusted = "", nil, 0, nil, nil, false
					m.Settings.Theme = "dark"
					return nil
				})
				must(t, err)
				want := member("a@e.com")
				want.ID, want.Revision, want.Settings.Theme = m.ID, 2, "dark"
				wantSame(t, got, want)
				wantSame(t, byID(t, s, m.ID), want)
			},
		},
		{
			ID: "CR-02c", Name: "Update/every field",
			Rule: "Update writes what change altered",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				for name, alter := range Edits() {
					want := byID(t, s, m.ID)
					_, err := s.Update(t.Context(), m.ID, func(m *Member) error { alter(m); return nil })
					must(t, err, "Update ", name)
					alter(want)
					want.Revision++
					wantSame(t, byID(t, s, m.ID), want)
				}
			},
		},
		{
			ID: "CR-03", Name: "ByID/nobody",
			Rule: "core.ErrUserNotFound where there is no such user, also for an id that cannot be one",
			Run: func(t testing.TB, s users) {
				created(t, s, "a@e.com")
				for _, id := range []string{
					core.UUIDs.New(), "me", "0", "-1", "a\x00b", "\xff", strings.Repeat("9", 4096), "' OR '1'='1", "00000000-0000-0000-0000-000000000000",
				} {
					_, err := s.ByID(t.Context(), id)
					wantErr(t, "ByID", err, core.ErrUserNotFound)
					_, err = s.Update(t.Context(), id, func(*Member) error { t.Errorf("change was called for %q", id); return nil })
					wantErr(t, "Update", err, core.ErrUserNotFound)
					wantErr(t, "Delete", s.Delete(t.Context(), id), core.ErrUserNotFound)
				}
				for _, key := range []string{"b@e.com", "\x00", "a@e.com\x00", "\xff", strings.Repeat("x", 1<<16), "%", "_@e.com"} {
					_, err := s.ByEmail(t.Context(), key)
					wantErr(t, "ByEmail", err, core.ErrUserNotFound)
				}
			},
		},
		{
			ID: "CR-03b", Name: "ByID/spellings of an id",
			Rule: "every spelling of an id that the form of the store's ids allows finds the user, and no other does",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				upper := strings.ToUpper(m.ID)
				odd := member("odd@e.com")
				odd.ID = "Ann/1 ü"
				_, isUUID := core.UUIDs.Parse(m.ID)
				if errors.Is(s.Create(t.Context(), odd), core.ErrInvalidValue) && isUUID { // its ids are UUIDs
					for _, spelling := range []string{upper, strings.ReplaceAll(m.ID, "-", ""), "{" + m.ID + "}", "urn:uuid:" + m.ID} {
						wantSame(t, byID(t, s, spelling), m)
					}
				}
				if got, err := s.ByID(t.Context(), upper); err == nil {
					wantSame(t, got, m)
					got, err = s.Update(t.Context(), upper, func(m *Member) error { m.Nickname = "Ann"; return nil })
					must(t, err)
					require.Equal(t, m.ID, got.ID)
					must(t, s.Delete(t.Context(), upper))
					wantNone(t, s, m.ID, "a@e.com")
				} else {
					wantErr(t, "ByID", err, core.ErrUserNotFound)
					wantErr(t, "Delete", s.Delete(t.Context(), upper), core.ErrUserNotFound)
					wantSame(t, byID(t, s, m.ID), m)
				}
			},
		},
		{
			ID: "CR-07", Name: "Every/empty id and key",
			Rule: "an empty id or key finds nobody and changes nobody",
			Run: func(t testing.TB, s users) {
				a, b := created(t, s, "a@e.com"), created(t, s, "b@e.com")
				_, err := s.ByID(t.Context(), "")
				wantErr(t, "ByID", err, core.ErrUserNotFound)
				_, err = s.ByEmail(t.Context(), "")
				wantErr(t, "ByEmail", err, core.ErrUserNotFound)
				_, err = s.Update(t.Context(), "", func(m *Member) error { m.Nickname = "x"; return nil })
				wantErr(t, "Update", err, core.ErrUserNotFound)
				wantErr(t, "Delete", s.Delete(t.Context(), ""), core.ErrUserNotFound)
				wantSame(t, byID(t, s, a.ID), a)
				wantSame(t, byID(t, s, b.ID), b)
			},
		},
		{
			ID: "CR-10", Name: "Every/aliasing",
			Rule: "a value that is returned shares no memory with what is kept, nor does one that was passed in",
			Run: func(t testing.TB, s users) {
				m := member("a@e.com")
				m.Tags, m.Settings.Limits = []string{"kept"}, map[string]int64{"kept": 1}
				must(t, s.Create(t.Context(), m))
				want := core.Clone(m)
				spoil := func(m *Member) {
					m.Tags[0], m.Settings.Limits["kept"], m.Nickname, m.IsSuperuser = "spoilt", 2, "spoilt", true
				}
				spoil(m)
				spoil(byID(t, s, want.ID))
				found, err := s.ByEmail(t.Context(), "a@e.com")
				must(t, err)
				spoil(found)
				wantSame(t, byID(t, s, want.ID), want)
				var inside *Member
				updated, err := s.Update(t.Context(), want.ID, func(m *Member) error { m.Score, inside = 1, m; return nil })
				must(t, err)
				spoil(inside)
				if updated != inside {
					spoil(updated)
				}
				want.Score, want.Revision = 1, 2
				wantSame(t, byID(t, s, want.ID), want)
			},
		},
		{
			ID: "CR-11", Name: "Every/values are data",
			Rule: "quotes, wildcards and operators in values are data",
			Run: func(t testing.TB, s users) {
				for _, text := range []string{
					`'`, `"`, `\`, `\'`, `%`, `_`, `?`, `$1`, `:name`, `@p1`, `?0`, `{"$gt":""}`, `$where`, `'; DROP TABLE users; --`, "`", "\n\r\t", `{}`, `[]`, `null`, `NULL`,
				} {
					m := member(text + "@e.com")
					m.Nickname, m.Tags = text, []string{text}
					m.Settings = Settings{text, map[string]int64{text: 1}}
					must(t, s.Create(t.Context(), m), "Create ", text)
					wantSame(t, byID(t, s, m.ID), m)
					_, err := s.Update(t.Context(), m.ID, func(m *Member) error { m.Nickname = text + text; return nil })
					must(t, err, "Update ", text)
					m.Nickname, m.Revision = text+text, 2
					got, err := s.ByEmail(t.Context(), text+"@e.com")
					must(t, err, "ByEmail ", text)
					wantSame(t, got, m)
				}
			},
		},
		{
			ID: "TM-01", Name: "Create/precision of times",
			Rule: "CreatedAt and UpdatedAt are cut to the microsecond and come back in UTC",
			Run: func(t testing.TB, s users) {
				zone := time.FixedZone("half past", -int((3*time.Hour + 30*time.Minute).Seconds()))
				m := member("a@e.com")
				m.CreatedAt = time.Date(2026, 3, 29, 1, 59, 59, 999999999, zone)
				m.UpdatedAt = time.Date(2026, 10, 25, 2, 30, 0, 1, zone)
				must(t, s.Create(t.Context(), m))
				got := byID(t, s, m.ID)
				require.Equal(t, "2026-03-29T05:29:59.999999Z", got.CreatedAt.Format(time.RFC3339Nano))
				require.Equal(t, "2026-10-25T06:00:00Z", got.UpdatedAt.Format(time.RFC3339Nano))
			},
		},
		{
			ID: "TM-04", Name: "Create/times while clocks change",
			Rule: "times come back in UTC, whatever the time zones of the program, the connection and the engine",
			Run: func(t testing.TB, s users) {
				for _, change := range []time.Time{ // in New York and in Berlin
					time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC),
					time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC),
				} {
					for _, apart := range []time.Duration{-90 * time.Minute, -time.Minute, 0, time.Minute, 90 * time.Minute} {
						at := change.Add(apart)
						m := member(at.Format("a2006-01-02t1504@e.com"))
						m.CreatedAt, m.UpdatedAt = at, at
						must(t, s.Create(t.Context(), m), "Create ", at)
						got := byID(t, s, m.ID)
						require.True(t, got.CreatedAt.Equal(at) && got.UpdatedAt.Equal(at), "got %v and %v, want %v", got.CreatedAt, got.UpdatedAt, at)
					}
				}
			},
		},
		{
			ID: "TM-05", Name: "Create/far times",
			Rule: "times from the year 1 to the year 9999 are kept",
			Run: func(t testing.TB, s users) {
				for _, at := range []time.Time{
					{}, time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(1883, 11, 18, 12, 0, 0, 0, time.UTC),
					time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Unix(0, 0).UTC(),
					time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
				} {
					m := member(at.Format("a2006-01-02t150405@e.com") + at.Format(".000000"))
					m.CreatedAt = at
					must(t, s.Create(t.Context(), m), "Create ", at)
					got := byID(t, s, m.ID).CreatedAt
					require.True(t, got.Equal(at), "got %v, want %v", got, at)
				}
			},
		},
		{
			ID: "CX-01", Name: "Every/cancelled before",
			Rule: "when the context has ended, a method returns its error and does nothing",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				wantEnded(t, s, ctx, m, context.Canceled)
			},
		},
		{
			ID: "CX-02", Name: "Every/deadline passed",
			Rule: "when the context has ended, a method returns its error and does nothing",
			Run: func(t testing.TB, s users) {
				m := created(t, s, "a@e.com")
				ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
				defer cancel()
				wantEnded(t, s, ctx, m, context.DeadlineExceeded)
			},
		},
	}
}

// wantEnded calls every method with a context that has ended.
func wantEnded(t testing.TB, s users, ctx context.Context, m *Member, want error) {
	t.Helper()
	fresh := member("b@e.com")
	wantErr(t, "Create", s.Create(ctx, fresh), want)
	require.Equal(t, member("b@e.com"), fresh)
	_, err := s.ByID(ctx, m.ID)
	wantErr(t, "ByID", err, want)
	_, err = s.ByEmail(ctx, m.EmailKey)
	wantErr(t, "ByEmail", err, want)
	_, err = s.Update(ctx, m.ID, func(m *Member) error { m.Nickname = "x"; return nil })
	wantErr(t, "Update", err, want)
	wantErr(t, "Delete", s.Delete(ctx, m.ID), want)
	wantNone(t, s, "", "b@e.com")
	wantSame(t, byID(t, s, m.ID), m)
}
