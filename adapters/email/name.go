package email

import (
	"strings"
	"unicode"
)

// withoutName returns what stands between the angle brackets of
// "name <address>", or s itself if it does not read so. The name may be
// missing, words without periods, or anything in double quotes.
func withoutName(s string) string {
	t, ok := strings.CutSuffix(trim(s), ">")
	if !ok {
		return s
	}
	open := strings.IndexByte(t, '<')
	if strings.HasPrefix(t, `"`) {
		open = afterQuotedName(t)
	} else if open > 0 && strings.ContainsFunc(t[:open], notInName) {
		return s
	}
	if open < 0 || open == len(t)-1 || strings.Contains(t[open:], "\n") {
		return s
	}
	return t[open+1:]
}

// afterQuotedName returns where the last opening bracket stands that follows a
// double quote and has something after it, or -1. The name must not be empty.
func afterQuotedName(s string) int {
	for q := strings.LastIndexByte(s, '"'); q > 1; q = strings.LastIndexByte(s[:q], '"') {
		rest := strings.TrimLeftFunc(s[q+1:], isSpace)
		if len(rest) > 1 && rest[0] == '<' && !strings.Contains(rest, "\n") {
			return len(s) - len(rest)
		}
	}
	return -1
}

func notInName(r rune) bool {
	return !isSpace(r) && !unicode.IsLetter(r) && !unicode.IsNumber(r) && (r >= 0x80 || !isAtext(r))
}

func trim(s string) string { return strings.TrimFunc(s, isSpace) }

// isSpace adds the four information separators to the white space of Unicode,
// as Python does.
func isSpace(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }
