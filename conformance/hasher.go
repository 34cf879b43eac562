package conformance

import (
	"strings"
	"testing"

	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// TestPasswordHasher checks an implementation of [ports.PasswordHasher]. Open
// should return one with cheap parameters: the cases make some fifty hashes.
func TestPasswordHasher(t *testing.T, open func(t testing.TB) ports.PasswordHasher, of ...Subject) {
	run(t, "PasswordHasher", PasswordHasherCases(), of, open)
}

func hashed(t testing.TB, h ports.PasswordHasher, password string) string {
	t.Helper()
	hash, err := h.Hash(password)
	must(t, err, "Hash")
	return hash
}

func wantVerify(t testing.TB, h ports.PasswordHasher, password, hash string, want bool) {
	t.Helper()
	ok, outdated, err := h.Verify(password, hash)
	must(t, err, "Verify")
	require.Equal(t, want, ok, "Verify of %+q", password)
	require.False(t, outdated, "outdated")
}

// PasswordHasherCases returns the cases of [TestPasswordHasher].
func PasswordHasherCases() []Case[ports.PasswordHasher] {
	passwords := []string{
		"correct horse", "", " ", "pass\x00word", "pässwörd", "😀", strings.Repeat("x", 72) + "1", strings.Repeat("ü", 1024),
	}
	return []Case[ports.PasswordHasher]{
		{
			ID: "PH-01", Name: "Verify/right password",
			Rule: "Verify reports whether hash was made from password; a new hash is not outdated",
			Run: func(t testing.TB, h ports.PasswordHasher) {
				for _, p := range passwords {
					wantVerify(t, h, p, hashed(t, h, p), true)
				}
			},
		},
		{
			ID: "PH-02", Name: "Verify/wrong password",
			Rule: "passwords are compared as the bytes that they are: no normalization, no truncation",
			Run: func(t testing.TB, h ports.PasswordHasher) {
				for _, p := range passwords {
					hash := hashed(t, h, p)
					for _, wrong := range []string{p + " ", p + "\x00", " " + p, p + "x", strings.ToUpper(p) + "X"} {
						wantVerify(t, h, wrong, hash, false)
					}
				}
				wantVerify(t, h, "pass", hashed(t, h, "pass\x00word"), false)
				wantVerify(t, h, "e\u0301", hashed(t, h, "\u00e9"), false)
				wantVerify(t, h, strings.Repeat("x", 72)+"2", hashed(t, h, strings.Repeat("x", 72)+"1"), false)
				wantVerify(t, h, "PASSWORD", hashed(t, h, "password"), false)
			},
		},
		{
			ID: "PH-03", Name: "Hash/salted",
			Rule: "two calls with one password return different hashes",
			Run: func(t testing.TB, h ports.PasswordHasher) {
				require.NotEqual(t, hashed(t, h, "correct horse"), hashed(t, h, "correct horse"))
			},
		},
		{
			ID: "PH-04", Name: "Verify/unknown hash",
			Rule: "a hash in a form that the hasher does not know is no match: false and no error; its cost is 0",
			Run: func(t testing.TB, h ports.PasswordHasher) {
				for _, hash := range []string{"!", "x", "$", "$$$$", "correct horse", "$unknown$v=1$c2FsdA$aGFzaA", "\x00", strings.Repeat("$", 1<<16)} {
					wantVerify(t, h, "correct horse", hash, false)
					require.Zero(t, h.Cost(hash), "cost of %.20q", hash)
				}
				wantVerify(t, h, "", "", false)
			},
		},
		{
			ID: "PH-05", Name: "Verify/altered hash",
			Rule: "Verify reports whether hash was made from password",
			Run: func(t testing.TB, h ports.PasswordHasher) {
				hash := hashed(t, h, "correct horse")
				cut := strings.LastIndexByte(hash, '$') + 1
				for _, altered := range []string{hash[:len(hash)-1], hash[:cut], hash + "A", hash + " ", hash[1:], " " + hash, hash[:cut] + strings.Repeat("A", len(hash)-cut)} {
					wantVerify(t, h, "correct horse", altered, false)
				}
			},
		},
		{
			ID: "PH-06", Name: "Cost/of work",
			Rule: "Cost returns the bytes of memory that verifying hash takes; for \"\" what Hash takes",
			Run: func(t testing.TB, h ports.PasswordHasher) {
				require.Positive(t, h.Cost(""))
				require.Equal(t, h.Cost(""), h.Cost(hashed(t, h, "correct horse")))
			},
		},
		{
			ID: "PH-07", Name: "Hash/form",
			Rule: "Hash returns a hash in PHC string format or a crypt(3) format",
			Run: func(t testing.TB, h ports.PasswordHasher) {
				hash := hashed(t, h, "correct horse")
				require.Regexp(t, `^\$[a-z0-9-]+\$[A-Za-z0-9+/.$=,-]+$`, hash)
				require.NotContains(t, hash, "horse")
				require.LessOrEqual(t, len(hash), 1024)
			},
		},
	}
}
