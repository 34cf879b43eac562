package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// TestAccountStore checks an implementation of [ports.AccountStore]. Open
// returns fresh, empty stores with Users and Accounts.
func TestAccountStore(t *testing.T, open func(t testing.TB) ports.Stores[*Member], of ...Subject) {
	run(t, "AccountStore", AccountStoreCases(), of, open)
}

// AccountStoreCases returns the cases of [TestAccountStore].
func AccountStoreCases() []Case[ports.Stores[*Member]] {
	return append(append(accountsMade(), accountsLinked()...), accountsAlways()...)
}

// account returns an account at the provider "google" that no store has seen.
func account(userID, subject string) ports.Account {
	return ports.Account{
		Provider: "google", Subject: subject, UserID: userID, Email: subject + "@mail.example",
		Data: []byte("sealed " + subject), CreatedAt: when, UpdatedAt: when,
	}
}

// linked gives an account to a user.
func linked(t testing.TB, s stores, userID, subject string) ports.Account {
	t.Helper()
	a := account(userID, subject)
	must(t, s.Accounts.Link(t.Context(), a, nil), "Link ", subject)
	a.Revision = 1
	return a
}

// wantAccount checks that the account is there as it should be, with its user.
func wantAccount(t testing.TB, s stores, want ports.Account) ports.Account {
	t.Helper()
	u, got, err := s.Accounts.ByAccount(t.Context(), want.Provider, want.Subject)
	must(t, err, "ByAccount ", want.Subject)
	require.Equal(t, want.UserID, u.ID)
	sameAccount(t, want, got)
	return got
}

func sameAccount(t testing.TB, want, got ports.Account) {
	t.Helper()
	for _, at := range []struct{ want, got *time.Time }{{&want.CreatedAt, &got.CreatedAt}, {&want.UpdatedAt, &got.UpdatedAt}} {
		require.True(t, at.want.Equal(*at.got), "got the time %v, want %v", at.got, at.want)
		*at.got = *at.want
	}
	if len(want.Data) == 0 && len(got.Data) == 0 {
		want.Data, got.Data = nil, nil
	}
	require.Equal(t, want, got)
}

// wantNoAccount checks that nobody has the account.
func wantNoAccount(t testing.TB, s stores, subject string) {
	t.Helper()
	_, _, err := s.Accounts.ByAccount(t.Context(), "google", subject)
	wantErr(t, fmt.Sprintf("ByAccount %q", subject), err, core.ErrAccountNotFound)
}

// subjects returns the subjects of a user's accounts.
func subjects(t testing.TB, s stores, userID string) []string {
	t.Helper()
	list, err := s.Accounts.AccountsOf(t.Context(), userID)
	must(t, err, "AccountsOf")
	out := []string{}
	for _, a := range list {
		require.Equal(t, userID, a.UserID)
		out = append(out, a.Subject)
	}
	return out
}

func accountsMade() []Case[stores] {
	return []Case[stores]{
		{
			ID: "AC-01", Name: "CreateWith/both",
			Rule: "CreateWith keeps a new user together with its first account, whose UserID the store sets",
			Run: func(t testing.TB, s stores) {
				m := member("ann@e.com")
				a := account("", "1")
				must(t, s.Accounts.CreateWith(t.Context(), m, a), "CreateWith")
				require.NotEmpty(t, m.ID)
				require.Equal(t, int64(1), m.Revision)
				a.UserID, a.Revision = m.ID, 1
				wantAccount(t, s, a)
				wantSame(t, byID(t, s.Users, m.ID), m)
			},
		},
		{
			ID: "AC-02", Name: "CreateWith/neither",
			Rule: "CreateWith keeps both or neither; on failure the user is as it was",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				linked(t, s, ann.ID, "1")
				taken := member("ann@e.com")
				wantErr(t, "CreateWith of a taken address", s.Accounts.CreateWith(t.Context(), taken, account("", "2")), core.ErrEmailTaken)
				wantNoAccount(t, s, "2")
				bob := member("bob@e.com")
				wantErr(t, "CreateWith of a taken account", s.Accounts.CreateWith(t.Context(), bob, account("", "1")), core.ErrAccountTaken)
				wantNone(t, s.Users, "", "bob@e.com")
				wantSame(t, bob, member("bob@e.com"))
				require.Equal(t, []string{"1"}, subjects(t, s, ann.ID))
				must(t, s.Accounts.CreateWith(t.Context(), bob, account("", "2")), "CreateWith of what is free")
			},
		},
		{
			ID: "AC-03", Name: "CreateWith/race for one account",
			Rule: "no two users have one account: of any number of concurrent calls one succeeds",
			Run: func(t testing.TB, s stores) {
				for round := range 3 {
					subject := fmt.Sprint(round)
					address := func(i int) string { return fmt.Sprintf("%d.%d@e.com", round, i) }
					errs := race(t, 8, func(i int) error {
						return s.Accounts.CreateWith(t.Context(), member(address(i)), account("", subject))
					})
					winner := wantOne(t, errs, core.ErrAccountTaken)
					for i := range errs {
						if i != winner {
							wantNone(t, s.Users, "", address(i))
						}
					}
					u, _, err := s.Accounts.ByAccount(t.Context(), "google", subject)
					must(t, err)
					require.Equal(t, address(winner), u.EmailKey)
				}
			},
		},
		{
			ID: "AC-03b", Name: "CreateWith/race for one address",
			Rule: "no two users have one address, whatever their accounts; who loses keeps no account",
			Run: func(t testing.TB, s stores) {
				errs := race(t, 8, func(i int) error {
					return s.Accounts.CreateWith(t.Context(), member("ann@e.com"), account("", fmt.Sprint(i)))
				})
				winner := wantOne(t, errs, core.ErrEmailTaken)
				for i := range errs {
					if i != winner {
						wantNoAccount(t, s, fmt.Sprint(i))
					}
				}
				u, _, err := s.Accounts.ByAccount(t.Context(), "google", fmt.Sprint(winner))
				must(t, err)
				wantSame(t, byID(t, s.Users, u.ID), u)
			},
		},
		{
			ID: "AC-04", Name: "ByAccount/byte for byte",
			Rule: "an account's key is compared byte for byte",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				all := []ports.Account{}
				for _, key := range [][2]string{
					{"google", "yrZCpj2Z"}, {"google", "YRZCPJ2Z"}, {"google", "yrZCpj2Z "}, {"google", "é"}, {"google", "e\u0301"},
					{"google", "e"}, {"Google", "yrZCpj2Z"}, {"google ", "yrZCpj2Z"}, {"google", "1"}, {"google1", "1"}, {"google", "11"},
					{"google", `{"$gt":""}`}, {"google", `' OR 1=1 --`}, {"google", "$1"}, {"google", "😀"},
				} {
					a := account(ann.ID, key[1])
					a.Provider, a.Data = key[0], []byte(strings.Join(key[:], "/"))
					must(t, s.Accounts.Link(t.Context(), a, nil), fmt.Sprintf("Link %q", key))
					a.Revision = 1
					all = append(all, a)
				}
				for _, a := range all {
					wantAccount(t, s, a)
				}
				for _, key := range [][2]string{{"GOOGLE", "1"}, {"google", "é "}, {"google", "E"}, {"1", "google"}, {"google", "%"}, {"", "1"}, {"google", ""}, {"google", "1\x00"}, {"google", "\xff"}} {
					_, _, err := s.Accounts.ByAccount(t.Context(), key[0], key[1])
					wantErr(t, fmt.Sprintf("ByAccount %q", key), err, core.ErrAccountNotFound)
				}
			},
		},
		{
			ID: "AC-05", Name: "Link/values",
			Rule: "what is linked comes back as it is: 64 KiB of any bytes, none, an address or none",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				full := make([]byte, 64<<10)
				for i := range full {
					full[i] = byte(i)
				}
				for i, data := range [][]byte{full, nil, {}, {0}, []byte("'\"$1\\")} {
					a := account(ann.ID, fmt.Sprint(i))
					a.Data = data
					if i == 1 {
						a.Email, a.CreatedAt, a.UpdatedAt = "", when.Add(-time.Hour), when.Add(time.Microsecond)
					}
					must(t, s.Accounts.Link(t.Context(), a, nil), "Link")
					a.Revision = 1
					wantAccount(t, s, a)
				}
			},
		},
	}
}

func accountsLinked() []Case[stores] {
	return []Case[stores]{
		{
			ID: "AC-06", Name: "Link/again",
			Rule: "where the user has the account, Link writes its Email, Data and UpdatedAt",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				a := linked(t, s, ann.ID, "1")
				again := a
				again.Email, again.Data = "new@mail.example", []byte("new")
				again.CreatedAt, again.UpdatedAt = when.Add(time.Hour), when.Add(2*time.Hour)
				must(t, s.Accounts.Link(t.Context(), again, nil), "Link again")
				again.CreatedAt, again.Revision = a.CreatedAt, 2
				wantAccount(t, s, again)
				require.Equal(t, []string{"1"}, subjects(t, s, ann.ID))
			},
		},
		{
			ID: "AC-07", Name: "Link/taken",
			Rule: "Link returns core.ErrAccountTaken where another user has the account, and changes nothing",
			Run: func(t testing.TB, s stores) {
				ann, bob := created(t, s.Users, "ann@e.com"), created(t, s.Users, "bob@e.com")
				a := linked(t, s, ann.ID, "1")
				foreign := account(bob.ID, "1")
				foreign.Data = []byte("bob's")
				wantErr(t, "Link", s.Accounts.Link(t.Context(), foreign, nil), core.ErrAccountTaken)
				wantAccount(t, s, a)
				require.Empty(t, subjects(t, s, bob.ID))
				wantErr(t, "Link for nobody", s.Accounts.Link(t.Context(), account("nobody", "2"), nil), core.ErrUserNotFound)
				must(t, s.Users.Delete(t.Context(), bob.ID))
				wantErr(t, "Link for one who is gone", s.Accounts.Link(t.Context(), account(bob.ID, "2"), nil), core.ErrUserNotFound)
				wantNoAccount(t, s, "2")
			},
		},
		{
			ID: "AC-07b", Name: "Link/race",
			Rule: "of any number of concurrent calls for one account one succeeds, where they are for as many users",
			Run: func(t testing.TB, s stores) {
				all := crowded(t, s, 8)
				errs := race(t, len(all), func(i int) error { return s.Accounts.Link(t.Context(), account(all[i].ID, "1"), nil) })
				winner := wantOne(t, errs, core.ErrAccountTaken)
				for i, m := range all {
					want := []string{}
					if i == winner {
						want = []string{"1"}
					}
					require.Equal(t, want, subjects(t, s, m.ID))
				}
			},
		},
		{
			ID: "AC-08", Name: "Link/allow",
			Rule: "allow is asked about the user as it is when the account is linked; its error is returned and nothing is written",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				refused := errors.New("refused")
				err := s.Accounts.Link(t.Context(), account(ann.ID, "1"), func(u *Member) error {
					wantSame(t, u, ann)
					u.IsSuperuser = true // of no effect
					return refused
				})
				require.Equal(t, refused, err)
				wantNoAccount(t, s, "1")
				var asked atomic.Int32
				err = s.Accounts.Link(t.Context(), account(ann.ID, "1"), func(u *Member) error {
					if asked.Add(1) == 1 {
						return inOther(func() error {
							_, err := s.Users.Update(t.Context(), ann.ID, func(m *Member) error { m.IsVerified = true; return nil })
							return err
						})
					}
					if u.IsVerified {
						return refused
					}
					return nil
				})
				require.Equal(t, refused, err, "the user that allow was asked about is not the one that was written")
				wantNoAccount(t, s, "1")
				require.False(t, byID(t, s.Users, ann.ID).IsSuperuser)
			},
		},
		{
			ID: "AC-09", Name: "AccountsOf/order",
			Rule: "AccountsOf returns the user's accounts, the oldest first, and of those of one time in the order of their keys",
			Run: func(t testing.TB, s stores) {
				ann, bob := created(t, s.Users, "ann@e.com"), created(t, s.Users, "bob@e.com")
				for i, subject := range []string{"c", "b", "B", "a"} {
					a := account(ann.ID, subject)
					if i == 0 {
						a.CreatedAt = when.Add(-time.Microsecond)
					}
					must(t, s.Accounts.Link(t.Context(), a, nil))
				}
				linked(t, s, bob.ID, "d")
				require.Equal(t, []string{"c", "B", "a", "b"}, subjects(t, s, ann.ID))
				require.Equal(t, []string{"d"}, subjects(t, s, bob.ID))
				for _, nobody := range []string{"nobody", "", "\x00", "018f0000-0000-7000-8000-000000000000", "999999"} {
					require.Empty(t, subjects(t, s, nobody))
				}
			},
		},
		{
			ID: "AC-10", Name: "UpdateAccount/no lost update",
			Rule: "UpdateAccount writes only if nobody wrote the account since it was read, else again",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				a := linked(t, s, ann.ID, "1")
				_, err := s.Accounts.UpdateAccount(t.Context(), "google", "1", func(a *ports.Account) error { a.Data = nil; return nil })
				must(t, err, "UpdateAccount")
				const n = 16
				for _, err := range race(t, n, func(int) error {
					_, err := s.Accounts.UpdateAccount(t.Context(), "google", "1", func(a *ports.Account) error {
						a.Data = append(a.Data, 'x')
						return nil
					})
					return err
				}) {
					must(t, err, "UpdateAccount")
				}
				a.Data, a.Revision = bytes.Repeat([]byte("x"), n), 2+n
				wantAccount(t, s, a)
			},
		},
		{
			ID: "AC-10b", Name: "UpdateAccount/what it writes",
			Rule: "UpdateAccount writes Email, Data and UpdatedAt, and returns the account as written; the error of change is returned and nothing written",
			Run: func(t testing.TB, s stores) {
				ann, bob := created(t, s.Users, "ann@e.com"), created(t, s.Users, "bob@e.com")
				a := linked(t, s, ann.ID, "1")
				got, err := s.Accounts.UpdateAccount(t.Context(), "google", "1", func(a *ports.Account) error {
					a.Email, a.Data, a.UpdatedAt = "new@mail.example", []byte("new"), when.Add(time.Hour)
					a.Provider, a.Subject, a.UserID, a.CreatedAt, a.Revision = "x", "y", bob.ID, when.Add(time.Minute), 77
					return nil
				})
				must(t, err, "UpdateAccount")
				a.Email, a.Data, a.UpdatedAt, a.Revision = "new@mail.example", []byte("new"), when.Add(time.Hour), 2
				sameAccount(t, a, got)
				wantAccount(t, s, a)
				refused := errors.New("refused")
				_, err = s.Accounts.UpdateAccount(t.Context(), "google", "1", func(a *ports.Account) error { a.Data = nil; return refused })
				require.Equal(t, refused, err)
				wantAccount(t, s, a)
				for _, key := range [][2]string{{"google", "2"}, {"github", "1"}, {"google", "1\x00"}, {"", ""}} {
					_, err = s.Accounts.UpdateAccount(t.Context(), key[0], key[1], func(*ports.Account) error { return nil })
					wantErr(t, fmt.Sprintf("UpdateAccount %q", key), err, core.ErrAccountNotFound)
				}
			},
		},
		{
			ID: "ID-10", Name: "Unlink/race for the last",
			Rule: "of two concurrent calls the second is asked about what the first left",
			Run: func(t testing.TB, s stores) {
				last := errors.New("the last way in")
				for round := range 5 {
					ann := created(t, s.Users, fmt.Sprintf("%d@e.com", round))
					names := []string{fmt.Sprint(round, "a"), fmt.Sprint(round, "b")}
					for _, name := range names {
						linked(t, s, ann.ID, name)
					}
					met := meeting(len(names))
					errs := race(t, len(names), func(i int) error {
						asked := 0
						return s.Accounts.Unlink(t.Context(), ann.ID, "google", names[i], func(_ *Member, left []ports.Account) error {
							if asked++; asked == 1 {
								met()
							}
							if len(left) == 0 {
								return last
							}
							return nil
						})
					})
					wantOne(t, errs, last)
					require.Len(t, subjects(t, s, ann.ID), 1)
				}
			},
		},
		{
			ID: "AC-11", Name: "Unlink/allow",
			Rule: "allow is asked about the user and the accounts that would be left; its error is returned and nothing is written",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				a, b := linked(t, s, ann.ID, "a"), linked(t, s, ann.ID, "b")
				refused := errors.New("refused")
				err := s.Accounts.Unlink(t.Context(), ann.ID, "google", "a", func(u *Member, left []ports.Account) error {
					require.Equal(t, ann.ID, u.ID)
					require.Len(t, left, 1)
					sameAccount(t, b, left[0])
					return refused
				})
				require.Equal(t, refused, err)
				wantAccount(t, s, a)
				must(t, s.Accounts.Unlink(t.Context(), ann.ID, "google", "a", func(*Member, []ports.Account) error { return nil }), "Unlink")
				require.Equal(t, []string{"b"}, subjects(t, s, ann.ID))
				wantNoAccount(t, s, "a")
			},
		},
		{
			ID: "AC-11b", Name: "Unlink/another's",
			Rule: "Unlink returns core.ErrAccountNotFound where the user does not have the account",
			Run: func(t testing.TB, s stores) {
				ann, bob := created(t, s.Users, "ann@e.com"), created(t, s.Users, "bob@e.com")
				a := linked(t, s, ann.ID, "1")
				linked(t, s, bob.ID, "2")
				yes := func(*Member, []ports.Account) error { return nil }
				for _, key := range [][3]string{
					{bob.ID, "google", "1"}, {ann.ID, "github", "1"}, {ann.ID, "google", "3"}, {"nobody", "google", "1"},
					{"", "google", "1"}, {ann.ID, "google", "1\x00"}, {ann.ID, "", ""},
				} {
					wantErr(t, fmt.Sprintf("Unlink %q", key), s.Accounts.Unlink(t.Context(), key[0], key[1], key[2], yes), core.ErrAccountNotFound)
				}
				wantAccount(t, s, a)
			},
		},
		{
			ID: "AC-12", Name: "Every/the user's revision",
			Rule: "what changes the set of a user's accounts raises the user's revision, and nothing else of the user",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				linked(t, s, ann.ID, "1")
				ann.Revision = 2
				wantSame(t, byID(t, s.Users, ann.ID), ann)
				must(t, s.Accounts.Unlink(t.Context(), ann.ID, "google", "1", func(*Member, []ports.Account) error { return nil }), "Unlink")
				ann.Revision = 3
				wantSame(t, byID(t, s.Users, ann.ID), ann)
				asked := 0
				_, err := s.Users.Update(t.Context(), ann.ID, func(m *Member) error {
					if asked++; asked == 1 {
						must(t, inOther(func() error { return s.Accounts.Link(t.Context(), account(ann.ID, "2"), nil) }), "Link")
					}
					m.Nickname = fmt.Sprint(asked)
					return nil
				})
				must(t, err, "Update")
				require.Equal(t, "2", byID(t, s.Users, ann.ID).Nickname, "Update did not start again")
			},
		},
		{
			ID: "AC-13", Name: "Delete/accounts",
			Rule: "Delete removes the user and all that hangs on it: another user may have the accounts",
			Run: func(t testing.TB, s stores) {
				ann, bob := created(t, s.Users, "ann@e.com"), created(t, s.Users, "bob@e.com")
				linked(t, s, ann.ID, "1")
				linked(t, s, ann.ID, "2")
				other := linked(t, s, bob.ID, "3")
				must(t, s.Users.Delete(t.Context(), ann.ID), "Delete")
				wantNoAccount(t, s, "1")
				require.Empty(t, subjects(t, s, ann.ID))
				_, err := s.Accounts.UpdateAccount(t.Context(), "google", "1", func(*ports.Account) error { return nil })
				wantErr(t, "UpdateAccount", err, core.ErrAccountNotFound)
				wantAccount(t, s, linked(t, s, bob.ID, "1"))
				must(t, s.Accounts.CreateWith(t.Context(), member("new@e.com"), account("", "2")), "CreateWith")
				wantAccount(t, s, other)
			},
		},
	}
}

func accountsAlways() []Case[stores] {
	return []Case[stores]{
		{
			ID: "AC-14", Name: "Every/impossible accounts",
			Rule: "accounts without a Provider or Subject, or whose texts have a NUL byte or invalid UTF-8, cannot be kept",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				for i, spoil := range []func(a *ports.Account){
					func(a *ports.Account) { a.Provider = "" }, func(a *ports.Account) { a.Subject = "" },
					func(a *ports.Account) { a.Provider = "a\x00" }, func(a *ports.Account) { a.Subject = "\x00" },
					func(a *ports.Account) { a.Email = "a\x00" }, func(a *ports.Account) { a.Provider = "\xff" },
					func(a *ports.Account) { a.Subject = "\xed\xa0\x80" }, func(a *ports.Account) { a.Email = "\xff" },
				} {
					a := account(ann.ID, "1")
					spoil(&a)
					wantErr(t, fmt.Sprint("Link ", i), s.Accounts.Link(t.Context(), a, nil), core.ErrInvalidValue)
					wantErr(t, fmt.Sprint("CreateWith ", i), s.Accounts.CreateWith(t.Context(), member("new@e.com"), a), core.ErrInvalidValue)
				}
				wantErr(t, "CreateWith without a key", s.Accounts.CreateWith(t.Context(), member(""), account("", "1")), core.ErrInvalidValue)
				require.Empty(t, subjects(t, s, ann.ID))
				wantNone(t, s.Users, "", "new@e.com")
				a := linked(t, s, ann.ID, "1")
				_, err := s.Accounts.UpdateAccount(t.Context(), "google", "1", func(a *ports.Account) error { a.Email = "\x00"; return nil })
				wantErr(t, "UpdateAccount", err, core.ErrInvalidValue)
				wantAccount(t, s, a)
			},
		},
		{
			ID: "AC-15", Name: "Every/aliasing",
			Rule: "values that are given or returned share no memory with what is kept",
			Run: func(t testing.TB, s stores) {
				m, a := member("ann@e.com"), account("", "1")
				m.Tags = []string{"x"}
				given := bytes.Clone(a.Data)
				a.Data = given
				must(t, s.Accounts.CreateWith(t.Context(), m, a), "CreateWith")
				want := a
				want.Data, want.UserID, want.Revision = bytes.Clone(given), m.ID, 1
				kept := core.Clone(m)
				m.Tags[0], given[0] = "y", 'X'
				u, got, err := s.Accounts.ByAccount(t.Context(), "google", "1")
				must(t, err)
				sameAccount(t, want, got)
				wantSame(t, u, kept)
				u.Tags[0], got.Data[0] = "z", 'Y'
				list, err := s.Accounts.AccountsOf(t.Context(), m.ID)
				must(t, err)
				sameAccount(t, want, list[0])
				list[0].Data[0] = 'Z'
				wantAccount(t, s, want)
				wantSame(t, byID(t, s.Users, m.ID), kept)
				got, err = s.Accounts.UpdateAccount(t.Context(), "google", "1", func(a *ports.Account) error { a.Email = ""; return nil })
				must(t, err)
				got.Data[0] = 'W'
				want.Email, want.Revision = "", 2
				wantAccount(t, s, want)
			},
		},
		{
			ID: "AC-16", Name: "Every/context that ended",
			Rule: "when the context ends, a method returns promptly with the context's error and writes nothing",
			Run: func(t testing.TB, s stores) {
				ann := created(t, s.Users, "ann@e.com")
				a := linked(t, s, ann.ID, "1")
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				for name, f := range map[string]func() error{
					"CreateWith": func() error { return s.Accounts.CreateWith(ctx, member("new@e.com"), account("", "2")) },
					"ByAccount":  func() error { _, _, err := s.Accounts.ByAccount(ctx, "google", "1"); return err },
					"AccountsOf": func() error { _, err := s.Accounts.AccountsOf(ctx, ann.ID); return err },
					"Link":       func() error { return s.Accounts.Link(ctx, account(ann.ID, "2"), nil) },
					"UpdateAccount": func() error {
						_, err := s.Accounts.UpdateAccount(ctx, "google", "1", func(a *ports.Account) error { a.Data = nil; return nil })
						return err
					},
					"Unlink": func() error {
						return s.Accounts.Unlink(ctx, ann.ID, "google", "1", func(*Member, []ports.Account) error { return nil })
					},
				} {
					wantErr(t, name, f(), context.Canceled)
				}
				wantAccount(t, s, a)
				wantNoAccount(t, s, "2")
				wantNone(t, s.Users, "", "new@e.com")
			},
		},
		{
			ID: "AC-17", Name: "Every/ended at any time",
			Rule: "a call whose context ends while it runs has written all or nothing",
			Run: func(t testing.TB, s stores) {
				for round := range interruptions {
					key, subject := fmt.Sprintf("%d@e.com", round), fmt.Sprint(round)
					m := member(key)
					_, err := interrupted(t, round, func(ctx context.Context) (any, error) {
						return nil, s.Accounts.CreateWith(ctx, m, account("", subject))
					})
					wantNilOrEnded(t, "CreateWith", err)
					var u *Member
					var a ports.Account
					var notThere, noAccount error
					settle(t, "a user without its account, or an account without its user", func() bool {
						u, notThere = s.Users.ByEmail(t.Context(), key)
						_, a, noAccount = s.Accounts.ByAccount(t.Context(), "google", subject)
						return (notThere == nil) == (noAccount == nil)
					})
					require.True(t, err != nil || notThere == nil, "CreateWith reported success and wrote nothing")
					if notThere != nil {
						continue
					}
					require.Equal(t, u.ID, a.UserID)
					_, err = interrupted(t, round, func(ctx context.Context) (any, error) {
						return nil, s.Accounts.Link(ctx, account(u.ID, subject+"b"), nil)
					})
					wantNilOrEnded(t, "Link", err)
					linked := false
					settle(t, "the account and the user's revision differ", func() bool {
						linked = len(subjects(t, s, u.ID)) == 2
						return linked == (byID(t, s.Users, u.ID).Revision == 2)
					})
					require.True(t, err != nil || linked, "Link reported success and wrote nothing")
				}
			},
		},
	}
}
