package email

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// seeds are addresses and other strings of interest, from which others are
// made.
var seeds = []string{
	"", "@", "a", "a@b.com", "Ann.B+tag@EXAMPLE.com", "POSTMASTER@b.com", "a@localhost", "a@x.test",
	"John Doe <jd@b.com>", `"J. D." <jd@b.com>`, "<a@b.com", "<a@b.com> b", `"" <a@b.com>`, `"a@b"@c.com`, `"a\"b"@c.com`,
	"José@b.com", "jose\u0301@b.com", "İ@b.com", "I\u0307\u0323@b.com", "J\u030C@b.com", "Ⱥ@b.com", "ẞ@faẞ.de", "\u212A@\u212A.com",
	"a@xn--bcher-kva.de", "a@xn--a.com", "a@xn---bbk.com", "a@xn--mgba3gch31f060k.com", "a@BÜCHER。de", "a@☃.com", "a@l·l.cat",
	"a@מייל.ישראל", "a@אa.com", "a@[127.0.0.1]", "a＠b.com", "a﹫b@c.com", "a\x00@b.com", "a\xff@b.com", "a\u200b@b.com", "a<\u0338@b.com",
	"e" + strings.Repeat("\u0301", 31) + "@b.com", "İ" + strings.Repeat("\u0323", 30) + "@b.com", strings.Repeat("\u0301", 31),
	strings.Repeat("Ⱥ", 90) + "@b.com", strings.Repeat("x", 250) + "@b.com", "a@" + strings.Repeat("ü", 50) + ".de",
}

func TestInvariants(t *testing.T) {
	for _, s := range seeds {
		checkInvariants(t, s)
	}
	pieces := strings.Split(`@|@|.|.|-|--|<|>|"|\| |a|Z|9|_|xn--|com|é|`+
		"\u0301|\u0323|\u0338|\u0345|\u034F|İ|ı|K|Σ|ς|ß|ẞ|ﬁ|Ⱥ|＠|．|。|☃|日|・|·|l|א|ا|٣|۳|ᄀ|ᅡ|가|\u200D|\u00AD|\x00|\xff|\t|\u3000|\U0001D15E", "|")
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		s := seeds[rnd.IntN(len(seeds))]
		for range 1 + rnd.IntN(4) {
			at := rnd.IntN(len(s) + 1)
			to := min(len(s), at+rnd.IntN(3))
			s = s[:at] + pieces[rnd.IntN(len(pieces))] + s[to:]
		}
		checkInvariants(t, s)
	}
}

// TestInvariantsOfCharacters covers the characters that mapping, lower-casing
// or normalization may change: all up to U+2FFF, and samples beyond.
func TestInvariantsOfCharacters(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		c := string(r)
		p := norm.NFKD.PropertiesString(c)
		plain := r > 0x2FF && len(p.Decomposition()) == 0 && p.CCC() == 0 && unicode.ToLower(r) == r
		if (plain || unicode.Is(unicode.Hangul, r)) && r%499 != 0 || r > 0x2FFF && r%5 != 0 {
			continue
		}
		checkInvariants(t, c+"@b.com")
		checkInvariants(t, "x"+c+"\u0345\u0323\u0307@b.com")
		checkInvariants(t, "a@x"+c+"y.com")
	}
}

func TestCaseDoesNotMatter(t *testing.T) {
	var e Emails
	n := 0
	for r := rune('a'); r <= unicode.MaxRune; r++ {
		upper := unicode.ToUpper(r)
		if upper == r || unicode.ToLower(upper) != r || upper == 'I' && r != 'i' {
			continue // not a pair: ı, for one, goes with I only one way
		}
		n++
		if a, b := e.Key("x"+string(upper)+"@b.com"), e.Key("x"+string(r)+"@b.com"); a != b || a[0] == '@' {
			t.Errorf("%q and %q have the keys %q and %q", upper, r, a, b)
		}
	}
	if n < 1000 {
		t.Errorf("saw %d pairs, want at least 1000", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(checkInvariants)
}
