package email

import (
	"errors"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
)

func TestParse(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "king.arthur@camelot.bt", "king.arthur@camelot.bt"},
		{"case of the local part is kept", "A.B@EXAMPLE.COM", "A.B@example.com"},
		{"every special character", "_!#$%&'*+-/=?^`{|}~@b.com", "_!#$%&'*+-/=?^`{|}~@b.com"},
		{"role name", "POSTMASTER@b.com", "postmaster@b.com"},
		{"another role name", "Ftp@b.com", "ftp@b.com"},
		{"not quite a role name", "Postmasters@b.com", "Postmasters@b.com"},
		{"role name after normalization", "mar\u212Aeting@b.com", "marketing@b.com"},
		{"white space around", " \t\r\na@b.com\u00A0\u3000", "a@b.com"},
		{"information separators around", "\x1ca@b.com\x1f", "a@b.com"},
		{"display name", "John Doe <jd@b.com>", "jd@b.com"},
		{"display name without space", "Name<a@b.com>", "a@b.com"},
		{"brackets only", "<jd@b.com>", "jd@b.com"},
		{"white space in brackets", "John\t< jd@b.com >\n", "jd@b.com"},
		{"quoted display name", `"Doe, J. (x) <y>" <jd@b.com>`, "jd@b.com"},
		{"quotes in the quoted display name", `"a"b" <jd@b.com>`, "jd@b.com"},
		{"display name in Unicode", "Zoë ½ 名 <z@b.com>", "z@b.com"},
		{"local part in Unicode", "用户@b.com", "用户@b.com"},
		{"local part becomes NFC", "jose\u0301@b.com", "josé@b.com"},
		{"emoji", "😀@b.com", "😀@b.com"},
		{"long local part", strings.Repeat("x", 248) + "@b.com", strings.Repeat("x", 248) + "@b.com"},
		{"longest label", "a@" + strings.Repeat("x", 63) + ".com", "a@" + strings.Repeat("x", 63) + ".com"},
		{"A-label", "a@xn--bcher-kva.de", "a@bücher.de"},
		{"A-label in upper case", "a@XN--BCHER-KVA.DE", "a@bücher.de"},
		{"sharp s", "a@faß.de", "a@faß.de"},
		{"capital sharp s", "a@FAẞ.DE", "a@faß.de"},
		{"final sigma", "a@σας.gr", "a@σας.gr"},
		{"full-width domain", "a@ＢＣＤ．ｃｏｍ", "a@bcd.com"},
		{"ideographic full stop", "a@B。com", "a@b.com"},
		{"domain becomes NFC", "a@bu\u0308cher.de", "a@bücher.de"},
		{"middle dot between l", "a@l·l.cat", "a@l·l.cat"},
		{"Greek keraia", "a@α͵β.gr", "a@α͵β.gr"},
		{"Hebrew geresh", "a@א׳.com", "a@א׳.com"},
		{"Katakana middle dot", "a@ア・イ.jp", "a@ア・イ.jp"},
		{"Arabic digits", "a@ا٠١.com", "a@ا٠١.com"},
		{"Persian digits", "a@ا۱۲.com", "a@ا۱۲.com"},
		{"Cherokee", "a@Ꭰꭰ.com", "a@ᎠᎠ.com"},
		{"right to left", "a@מייל.ישראל", "a@מייל.ישראל"},
		{"example", "a@b.example", "a@b.example"},
		{"internal", "a@b.internal", "a@b.internal"},
		{"top-level A-label", "a@b.xn--p1ai", "a@b.рф"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New().Parse(tt.in)
			if err != nil || got != tt.want {
				t.Fatalf("Parse(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
			}
			if again, err := New().Parse(got); err != nil || again != got {
				t.Errorf("Parse(%q) = %q, %v, want it unchanged", got, again, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const (
		noAt     = "An email address must have an @-sign."
		special  = "The part after the @-sign is a special-use or reserved name that cannot be used with email."
		noTLD    = "The part after the @-sign is not valid. It is not within a valid top-level domain."
		periods  = "An email address cannot have two periods in a row."
		hyphens  = "An email address cannot have a period and a hyphen next to each other."
		literal  = "A bracketed IP address after the @-sign is not allowed here."
		unquoted = "Quoting the part before the @-sign is not allowed here."
	)
	labels := strings.Repeat(strings.Repeat("x", 60)+".", 5)
	tests := []struct{ name, in, want string }{
		{"too long to look at", strings.Repeat("x", 2043) + "@b.com", "Length must not exceed 2048 characters"},
		{"invalid UTF-8", "a\xff@b.com", "The email address contains an invalid character."},
		{"empty", "", noAt},
		{"no at-sign", "king.arthur", noAt},
		{"at-sign in quotes", `"a@b.com"`, noAt},
		{"full-width at-sign", "a＠b.com", `The email address has the "full-width" at-sign (@) character instead of a regular at-sign.`},
		{"small at-sign", "a﹫b.com", `The email address has the "small commercial at" character instead of a regular at-sign.`},
		{"full-width at-sign before the at-sign", "a＠b.com@c.com", "The email address contains invalid characters before the @-sign: '＠'."},
		{"nothing before", "@b.com", "There must be something before the @-sign."},
		{"nothing after", "a@", "There must be something after the @-sign."},
		{"no period", "a@localhost", "The part after the @-sign is not valid. It should have a period."},
		{"test", "a@x.test", special},
		{"local", "a@foo.LOCAL", special},
		{"arpa", "a@1.in-addr.arpa", special},
		{"invalid", "a@x.invalid", special},
		{"localhost", "a@x.localhost", special},
		{"onion", "a@x.onion", special},
		{"address as domain", "a@127.0.0.1", noTLD},
		{"digit at the end", "a@b.c1", noTLD},
		{"IPv4 literal", "a@[127.0.0.1]", literal},
		{"IPv6 literal", "a@[IPv6:::1]", literal},
		{"quoted", `"quoted"@b.com`, unquoted},
		{"quoted space", `"a \"b"@b.com`, unquoted},
		{"quoted control", "\"a\x01\"@b.com", "The email address contains invalid characters in quotes before the @-sign: U+0001."},
		{"after the quotes", `"a"b@c.com`, "Extra character(s) found after close quote: 'b'"},
		{"period at the start", ".a@b.com", "An email address cannot start with a period."},
		{"period before the at-sign", "a.@b.com", "An email address cannot have a period immediately before the @-sign."},
		{"period after the at-sign", "a@.com", "An email address cannot have a period immediately after the @-sign."},
		{"period at the end", "a@b.com.", "An email address cannot end with a period."},
		{"two periods before", "a..b@b.com", periods},
		{"two periods after", "a@b..com", periods},
		{"two periods of different kinds", "a@b.。com", periods},
		{"hyphen after the at-sign", "a@-b.com", "An email address cannot have a hyphen immediately after the @-sign."},
		{"hyphen at the end", "a@b.com-", "An email address cannot end with a hyphen."},
		{"hyphen before a period", "a@b-.com", hyphens},
		{"hyphen after a period", "a@b.-com", hyphens},
		{"hyphens in third and fourth place", "a@ab--c.com", "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode."},
		{"space before", "a b@b.com", "The email address contains invalid characters before the @-sign: SPACE."},
		{"NUL before", "a\x00@b.com", "The email address contains invalid characters before the @-sign: U+0000."},
		{"several before", `a(b)'\c ,@b.com`, `The email address contains invalid characters before the @-sign: "\", '(', ')', ',', SPACE.`},
		{"underscore after", "a@b_c.com", "The part after the @-sign contains invalid characters: '_'."},
		{"several after", "a@b@c'd e.com", `The part after the @-sign contains invalid characters: "'", '@', SPACE.`},
		{"header after", "a@b.com\nBcc: c@d.com", "The part after the @-sign contains invalid characters: ':', '@', SPACE, U+000A."},
		{"hidden period", "a@⒈b.com", "The part after the @-sign contains invalid characters: '⒈'."},
		{"full-width at-sign after", "a@b＠c.com", "The part after the @-sign contains invalid characters after Unicode normalization: '@'."},
		{"zero width space", "a\u200bb@b.com", "The email address contains unsafe characters: ZERO WIDTH SPACE."},
		{"direction override", "a\u202eb@b.com", "The email address contains unsafe characters: RIGHT-TO-LEFT OVERRIDE."},
		{"soft hyphen after", "a@b\u00adc.com", "The email address contains unsafe characters: SOFT HYPHEN."},
		{"mark at the start", "\u0301a@b.com", "The email address contains unsafe characters: COMBINING ACUTE ACCENT."},
		{"several unsafe", "a\uffff\u2003\ue000@b.com", "The email address contains unsafe characters: EM SPACE, U+E000, U+0000FFFF."},
		{"joiner in an A-label", "a@xn--mgba3gch31f060k.com", "The email address contains unsafe characters: ZERO WIDTH NON-JOINER."},
		{"semicolon by normalization", "a\u037e@b.com", "After Unicode normalization: The email address contains invalid characters before the @-sign: ';'."},
		{"symbol", "a@☃.com", "The part after the @-sign is invalid (Codepoint U+2603 at position 1 of '☃' not allowed)."},
		{"symbol as A-label", "a@xn--n3h.com", "The part after the @-sign is not valid IDNA (Codepoint U+2603 at position 1 of '☃' not allowed)."},
		{"middle dot between others", "a@a·b.cat", "The part after the @-sign is invalid (Codepoint U+00B7 not allowed at position 2 in 'a·b')."},
		{"middle dot before l", "a@a·l.cat", "The part after the @-sign is invalid (Codepoint U+00B7 not allowed at position 2 in 'a·l')."},
		{"mark for symbols", "a@x\u20D0.com", "The part after the @-sign is invalid (Codepoint U+20D0 at position 2 of 'x\u20D0' not allowed)."},
		{"mark for music", "a@x\U0001D165.com", "The part after the @-sign is invalid (Codepoint U+1D165 at position 2 of 'x\U0001D165' not allowed)."},
		{"old Hangul", "a@ᄀ.com", "The part after the @-sign is invalid (Codepoint U+1100 at position 1 of 'ᄀ' not allowed)."},
		{"tatweel", "a@اـا.com", "The part after the @-sign is invalid (Codepoint U+0640 at position 2 of 'اـا' not allowed)."},
		{"Greek keraia at the end", "a@α͵.gr", "The part after the @-sign is invalid (Codepoint U+0375 not allowed at position 2 in 'α͵')."},
		{"Hebrew geresh at the start", "a@׳א.com", "The part after the @-sign is invalid (Codepoint U+05F3 not allowed at position 1 in '׳א')."},
		{"Katakana middle dot alone", "a@・.jp", "The part after the @-sign is invalid (Codepoint U+30FB not allowed at position 1 in '・')."},
		{"Arabic and Persian digits", "a@ا٠۱.com", "The part after the @-sign is invalid (Codepoint U+0660 not allowed at position 2 in 'ا٠۱')."},
		{"mark at the start of a label", "a@b.\u0301c.com", "The part after the @-sign is invalid (Label begins with an illegal combining character)."},
		{"not in NFC in an A-label", "a@xn--e-xbb.com", "The part after the @-sign is not valid IDNA (Label must be in Normalization Form C)."},
		{"control in an A-label", "a@xn--a.com", `The part after the @-sign is not valid IDNA (Codepoint U+0080 at position 1 of '\u0080' not allowed).`},
		{"A-label that is no Punycode", "a@xn---bbk.com", "The part after the @-sign is not valid IDNA (Invalid A-label)."},
		{"empty A-label", "a@xn--.com", hyphens},
		{"mixed directions", "a@aא.com", "The part after the @-sign is invalid (Label mixes directions of writing)."},
		{"label too long", "a@" + strings.Repeat("x", 64) + ".com", "After the @-sign, periods cannot be separated by so many characters (1 character too many)."},
		{"label too long by far", "a@" + strings.Repeat("x", 66) + ".com", "After the @-sign, periods cannot be separated by so many characters (3 characters too many)."},
		{"U-label too long", "a@" + strings.Repeat("ü", 60) + ".de", "The part after the @-sign is invalid (Label too long)."},
		{"domain too long", "a@" + labels + "com", "The email address is too long after the @-sign (55 characters too many)."},
		{"mapped domain too long", "a@" + strings.ToUpper(labels) + "com", "The email address is too long after the @-sign (55 bytes too many after IDNA encoding)."},
		{"too long", strings.Repeat("x", 250) + "@b.com", "The email address is too long (2 characters too many)."},
		{"too long by one", strings.Repeat("x", 249) + "@b.com", "The email address is too long (1 character too many)."},
		{"too long in several bytes", strings.Repeat("é", 130) + "@b.com", "The email address is too long (6-12 characters too many)."},
		{"too long as shown", strings.Repeat("q", 246) + "\u0344@b.com", "The email address is too long after normalization (2 bytes too many)."},
		{"too long in ASCII", strings.Repeat("x", 238) + "@bücher.de", "The email address is too long when the part after the @-sign is converted to IDNA ASCII (1 byte too many)."},
		{"too long in lower case", strings.Repeat("Ⱥ", 100) + "@b.com", "The email address is too long in lower case (52 bytes too many)."},
		{"too many marks", "e" + strings.Repeat("\u0301", 40) + "@b.com", "The email address has too many combining marks in a row."},
		{"open bracket", "<a@b.com", "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end."},
		{"after the brackets", "A <a@b.com> b", "There can't be anything after the email address."},
		{"period in the display name", "John.Doe <jd@b.com>", "The display name contains invalid characters when not quoted: '.'."},
		{"empty display name", `"" <a@b.com>`, "A display name and angle brackets around the email address are not permitted here."},
		{"newline in brackets", "A <a\n@b.com>", "The email address contains invalid characters before the @-sign: U+000A."},
		{"bracket that is another character", "a<\u0338@b.com", "The email address contains invalid characters before the @-sign: '<'."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := New().Parse(tt.in)
			e, ok := errors.AsType[*core.EmailError](err)
			if !ok || got != "" {
				t.Fatalf("Parse(%q) = %q, %v, want a *core.EmailError", tt.in, got, err)
			}
			if e.Reason != tt.want {
				t.Errorf("Parse(%q): %q, want %q", tt.in, e.Reason, tt.want)
			}
		})
	}
}
