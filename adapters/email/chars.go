package email

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/runenames"
)

// isAtext reports whether r may stand in an unquoted local part, beside
// periods: the atext of RFC 5322 section 3.2.3 with that of RFC 6531 section
// 3.3.
func isAtext(r rune) bool {
	return isAlnum(r) || r >= 0x80 || r > ' ' && strings.IndexByte("_!#$%&'*+-/=?^`{|}~", byte(r)) >= 0
}

// isHostChar reports whether r may stand in a domain before IDNA has its say.
func isHostChar(r rune) bool { return isAlnum(r) || r >= 0x80 || r == '-' || r == '.' }

func isAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// badChars lists the characters of s for which ok is false, for display. It is
// empty if there are none.
func badChars(s string, ok func(rune) bool) string {
	var bad []string
	for _, r := range s {
		if !ok(r) {
			bad = append(bad, display(r))
		}
	}
	slices.Sort(bad)
	return strings.Join(slices.Compact(bad), ", ")
}

// checkSafe refuses what does not make sense in an address or makes it look
// like another one: control, format, private-use and unassigned characters,
// white space, and a combining mark at the beginning, which would change
// whatever is written before it.
func checkSafe(s string, spaces bool) string {
	var bad []rune
	for i, r := range s {
		switch {
		case '!' <= r && r <= '~':
		case unicode.Is(unicode.Zs, r):
			if !spaces {
				bad = append(bad, r)
			}
		case unicode.IsMark(r):
			if i == 0 {
				bad = append(bad, r)
			}
		case !unicode.IsPrint(r):
			bad = append(bad, r)
		}
	}
	if len(bad) == 0 {
		return ""
	}
	slices.Sort(bad)
	return "The email address contains unsafe characters: " + displayAll(slices.Compact(bad)) + "."
}

// checkPeriods refuses what RFC 5322 section 3.2.3 does not allow in a
// dot-atom. The reasons have a %s for what is in the wrong place.
func checkPeriods(s, atStart, atEnd string) string {
	switch {
	case strings.HasSuffix(s, "."):
		return fmt.Sprintf(atEnd, "period")
	case strings.HasPrefix(s, "."):
		return fmt.Sprintf(atStart, "period")
	case strings.Contains(s, ".."):
		return "An email address cannot have two periods in a row."
	}
	return ""
}

// display returns r in quotes if it can be seen, else its Unicode name, else
// its number.
func display(r rune) string {
	switch {
	case r == '\'' || r == '\\':
		return `"` + string(r) + `"`
	case r != ' ' && !unicode.IsMark(r) && unicode.IsPrint(r):
		return "'" + string(r) + "'"
	case unicode.In(r, unicode.M, unicode.Z, unicode.Cf):
		return runenames.Name(r)
	case r < 0xFFFF:
		return fmt.Sprintf("U+%04X", r)
	}
	return fmt.Sprintf("U+%08X", r)
}

func displayAll(runes []rune) string {
	shown := make([]string, len(runes))
	for i, r := range runes {
		shown[i] = display(r)
	}
	return strings.Join(shown, ", ")
}
