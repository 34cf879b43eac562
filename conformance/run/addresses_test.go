package run

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gousher/usher/adapters/memory"
	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/core"
	"github.com/stretchr/testify/require"
)

// spellings are addresses that are registered one after the other, and what
// comes of each: on every store the same.
var spellings = []struct{ address, outcome string }{
	{"ann@example.com", "new"},
	{"Ann@Example.COM", "taken"},
	{"ANN@EXAMPLE.COM", "taken"},
	{"  ann@example.com\t", "taken"},
	{"ann@example.com   ", "taken"},
	{"ann@example.com\u00a0", "taken"}, // a blank that does not break
	{"ann＠example.com", "invalid"},     // a full-width at-sign
	{"ann\x00@example.com", "invalid"},
	{"ann@example.com\x00", "invalid"},
	{"ann\xff@example.com", "invalid"},
	{"ann.@example.com", "invalid"},
	{"ann+tag@example.com", "new"},
	{"ánn@example.com", "new"},
	{"a\u0301nn@example.com", "taken"}, // the same letter in two characters
	{"ÁNN@example.com", "taken"},
	{"änn@example.com", "new"},
	{"ini@example.com", "new"},
	{"INI@example.com", "taken"},
	{"ını@example.com", "new"}, // without dots
	{"İNİ@example.com", "new"}, // capitals with dots
	{"strasse@example.com", "new"},
	{"straße@example.com", "new"},
	{"STRASSE@example.com", "taken"},
	{"😀@example.com", "new"},
	{"😀😀@example.com", "new"},
	{"😀@EXAMPLE.com", "taken"},
	{"ａｎｎ@example.com", "new"}, // full-width letters
	{"bob@bücher.example", "new"},
	{"bob@xn--bcher-kva.example", "taken"},
	{"BOB@BÜCHER.EXAMPLE", "taken"},
	{"o'hara@example.com", "new"},
	{"a%@example.com", "new"},
	{"a_@example.com", "new"},
	{"ab@example.com", "new"}, // which a pattern of the two before would match
}

// One address is the same user, or another, or none, whatever the store.
func TestAddresses(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		wantSpellings(t, memory.New[member](memory.Config{}))
	})
	t.Run("mongo", func(t *testing.T) {
		onMongo(t, func(t *testing.T, on mongoEngine) { wantSpellings(t, on.stores(t, mongostore.UUIDs)) })
	})
	onAdapters(t, func(t *testing.T, open func(testing.TB, string) sqlDB, dsn string) {
		wantSpellings(t, open(t, dsn).stores(t, core.UUIDs))
	})
}

func wantSpellings(t *testing.T, s stores) {
	t.Helper()
	users, err := newManager(s, &drawer{}, 1)
	require.NoError(t, err)
	const password = "a password for all of them"
	for i, spelling := range spellings {
		_, err := users.Register(t.Context(), &member{User: core.User{Email: spelling.address}}, password)
		var invalid *core.EmailError
		got := "new"
		switch {
		case errors.Is(err, core.ErrEmailTaken):
			got = "taken"
		case errors.As(err, &invalid):
			got = "invalid"
		case err != nil:
			got = err.Error()
		}
		require.Equal(t, spelling.outcome, got, "%+q", spelling.address)
		_, err = users.Authenticate(t.Context(), spelling.address, password)
		if spelling.outcome == "invalid" {
			require.ErrorIs(t, err, core.ErrInvalidCredentials, "%+q", spelling.address)
		} else {
			require.NoError(t, err, "%+q", spelling.address)
		}
		_, err = users.ByEmail(t.Context(), fmt.Sprintf("%d@nobody.example", i))
		require.ErrorIs(t, err, core.ErrUserNotFound)
	}
}
