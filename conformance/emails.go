package conformance

import (
	"errors"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// TestEmails checks an implementation of [ports.Emails].
func TestEmails(t *testing.T, open func(t testing.TB) ports.Emails, of ...Subject) {
	run(t, "Emails", EmailsCases(), of, open)
}

// EmailsCases returns the cases of [TestEmails].
func EmailsCases() []Case[ports.Emails] {
	valid := []string{"ann@example.com", "Ann.Lee+x@Example.COM", "a_b@sub.example.org", " padded@example.com\t", "o'neil@example.com"}
	invalid := []string{"", " ", "@", "ann", "ann@", "@example.com", "a b@example.com", "a@b@example.com", "ann@exa mple.com", "a\x00@example.com", "\xff@example.com", "ann@example.com\x00", "ann\n@example.com"}
	return []Case[ports.Emails]{
		{
			ID: "EM-01", Name: "Parse/again",
			Rule: "parsing what Parse returned returns it unchanged",
			Run: func(t testing.TB, e ports.Emails) {
				for _, addr := range valid {
					shown, err := e.Parse(addr)
					must(t, err, "Parse ", addr)
					require.True(t, strings.EqualFold(strings.TrimSpace(addr), shown), "got %q for %q", shown, addr)
					again, err := e.Parse(shown)
					must(t, err, "Parse ", shown)
					require.Equal(t, shown, again)
				}
			},
		},
		{
			ID: "EM-02", Name: "Parse/not an address",
			Rule: "Parse returns a *core.EmailError that says why addr is not an address",
			Run: func(t testing.TB, e ports.Emails) {
				for _, addr := range invalid {
					_, err := e.Parse(addr)
					var invalid *core.EmailError
					require.True(t, errors.As(err, &invalid), "Parse %q: got error %v", addr, err)
					require.NotEmpty(t, invalid.Reason)
				}
			},
		},
		{
			ID: "EM-03", Name: "Key/of the shown form",
			Rule: "for a valid address the key is that of its shown form; the key of a key is the key itself",
			Run: func(t testing.TB, e ports.Emails) {
				for _, addr := range valid {
					shown, err := e.Parse(addr)
					must(t, err, "Parse ", addr)
					require.Equal(t, e.Key(shown), e.Key(addr))
					require.Equal(t, e.Key(addr), e.Key(e.Key(addr)))
				}
				for _, text := range append(invalid, "İ@example.com", "Σ", "ǅ@x", "ẞ@example.com") {
					require.Equal(t, e.Key(text), e.Key(e.Key(text)), "%+q", text)
				}
			},
		},
		{
			ID: "EM-04", Name: "Key/case",
			Rule: "spellings that differ only in case have one key",
			Run: func(t testing.TB, e ports.Emails) {
				for _, spelling := range []string{"ANN.LEE@EXAMPLE.COM", "Ann.Lee@example.com", "ann.lee@Example.Com", "aNN.lEE@eXAMPLE.cOM", " ann.lee@example.com "} {
					require.Equal(t, e.Key("ann.lee@example.com"), e.Key(spelling), spelling)
				}
				require.Equal(t, e.Key("éa@example.com"), e.Key("ÉA@example.com"))
			},
		},
		{
			ID: "EM-05", Name: "Key/different addresses",
			Rule: "different addresses have different keys",
			Run: func(t testing.TB, e ports.Emails) {
				seen := map[string]string{}
				for _, addr := range []string{
					"jose@example.com", "josé@example.com", "ss@example.com", "ß@example.com", "mike@example.com", "mıke@example.com",
					"ann@example.com", "ann@example.org", "ann@sub.example.com", "an.n@example.com", "ann+x@example.com",
				} {
					key := e.Key(addr)
					require.Empty(t, seen[key], "%q and %q have one key", addr, seen[key])
					seen[key] = addr
				}
			},
		},
		{
			ID: "EM-06", Name: "Key/of what is no address",
			Rule: "a string without a valid address never has the key of a valid one, save for white space around it",
			Run: func(t testing.TB, e ports.Emails) {
				key := e.Key("ann@example.com")
				for _, text := range []string{
					"", "ann", "ann＠example.com", "ann﹫example.com", "ann@example.com\x00", "a\x00nn@example.com", "ann@@example.com", "ann @example.com",
					"ann\u200b@example.com", "ann@example.com\xff", "ann@example.com@", "@ann@example.com", "\"ann\"@example.com", "ann@example..com", strings.Repeat("x", 1<<16),
				} {
					require.NotEqual(t, key, e.Key(text), "%+q", text)
				}
			},
		},
	}
}
