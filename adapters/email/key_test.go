package email

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestKey(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "ann@example.com", "ann@example.com"},
		{"upper case", "Ann.B@EXAMPLE.com", "ann.b@example.com"},
		{"upper case in Unicode", "ÉÅ@b.com", "éå@b.com"},
		{"white space around", "\u3000Ann@b.com\n", "ann@b.com"},
		{"display name", "Ann <Ann@b.com>", "ann@b.com"},
		{"A-label", "a@XN--BCHER-KVA.de", "a@bücher.de"},
		{"upper-case domain in Unicode", "a@BÜCHER.de", "a@bücher.de"},
		{"full-width domain", "a@Ｂ。com", "a@b.com"},
		{"NFC", "jose\u0301@b.com", "josé@b.com"},
		{"lower case composes", "J\u030C@b.com", "ǰ@b.com"},
		{"titlecase letter", "ǅ@b.com", "ǆ@b.com"},
		{"capital i with dot", "İ@b.com", "i\u0307@b.com"},
		{"capital i and a dot", "I\u0307@b.com", "i\u0307@b.com"},
		{"capital i with two dots", "İ\u0323@b.com", "ị\u0307@b.com"},
		{"capital sharp s", "ẞ@b.com", "ß@b.com"},
		{"empty", "", "@"},
		{"no at-sign", " King.Arthur ", "@king.arthur"},
		{"no period", "Admin@localhost", "@admin@localhost"},
		{"key of no address", "@admin@localhost", "@admin@localhost"},
		{"invalid UTF-8", "A\xff\xfe@b.com", "@a\uFFFD@b.com"},
		{"NUL", "a\x00@b.com", "@a\uFFFD@b.com"},
		{"too long", strings.Repeat("X", 260) + "@b.com", "@" + strings.Repeat("x", 260) + "@b.com"},
		{"full-width at-sign", "a＠b.com", "@a＠b.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := New().Key(tt.in)
			if got != tt.want {
				t.Errorf("Key(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if again := New().Key(got); again != got {
				t.Errorf("Key(%q) = %q, want it unchanged", got, again)
			}
		})
	}
}

func TestKeyTellsApart(t *testing.T) {
	tests := []struct{ name, a, b string }{
		{"accent", "jose@b.com", "josé@b.com"},
		{"sharp s", "strasse@b.com", "straße@b.com"},
		{"sharp s in the domain", "a@strasse.de", "a@straße.de"},
		{"dotless i", "mike@b.com", "mıke@b.com"},
		{"capital i with dot", "mike@b.com", "mİke@b.com"},
		{"capital i with dot in the domain", "a@mike.com", "a@mİke.com"},
		{"long s", "s@b.com", "ſ@b.com"},
		{"ligature", "fi@b.com", "ﬁ@b.com"},
		{"full-width letter", "a@b.com", "ａ@b.com"},
		{"full-width at-sign", "a@b.com", "a＠b.com"},
		{"small at-sign", "a@b.com", "a﹫b.com"},
		{"Cyrillic a", "a@b.com", "а@b.com"},
		{"period", "ab@b.com", "a.b@b.com"},
		{"tag", "a@b.com", "a+x@b.com"},
		{"zero width space", "a@b.com", "a\u200b@b.com"},
		{"NUL", "a@b.com", "a\x00@b.com"},
		{"invalid byte", "a@b.com", "a\xff@b.com"},
		{"comma for a period", "a@b.com", "a@b,com"},
		{"final period", "a@b.com", "a@b.com."},
		{"quotes", "a@b.com", `"a"@b.com`},
		{"empty", "a@b.com", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a, b := New().Key(tt.a), New().Key(tt.b); a == b {
				t.Errorf("%q and %q have the same key %q", tt.a, tt.b, a)
			}
		})
	}
}

// checkInvariants checks what holds for any string.
func checkInvariants(t *testing.T, in string) {
	t.Helper()
	var e Emails
	key := e.Key(in)
	if again := e.Key(key); again != key {
		t.Fatalf("the key of %q is %q, whose key is %q", in, key, again)
	}
	if !utf8.ValidString(key) || strings.Contains(key, "\x00") || key != trim(key) {
		t.Fatalf("the key of %q is %q: not fit to be stored", in, key)
	}
	if other := e.Key("\u3000 " + in + "\t"); other != key {
		t.Fatalf("the key of %q is %q, and %q with white space around it", in, key, other)
	}
	shown, err := e.Parse(in)
	if err != nil {
		if _, err := e.Parse(key); err == nil {
			t.Fatalf("%q is refused, and its key %q is an address", in, key)
		}
		return
	}
	if again, err := e.Parse(shown); err != nil || again != shown {
		t.Fatalf("%q is shown as %q, which is shown as %q, %v", in, shown, again, err)
	}
	if again, err := e.Parse(key); err != nil || again != key {
		t.Fatalf("the key of %q is %q, which is shown as %q, %v", in, key, again, err)
	}
	if of := e.Key(shown); of != key {
		t.Fatalf("the key of %q is %q, and that of its shown form %q is %q", in, key, shown, of)
	}
	if max(len(shown), len(key)) > maxAddress {
		t.Fatalf("%q is shown as %q with the key %q: too long", in, shown, key)
	}
}
