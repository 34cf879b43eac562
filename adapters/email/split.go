package email

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// parts are the pieces of an address as it was typed.
type parts struct {
	local, domain string
	quoted        bool // the local part was in quotes, which are gone
	named         bool // there were angle brackets
}

// split takes an address apart at its first at-sign outside quotes. It looks
// into angle brackets only to find the most fitting reason for refusing them:
// those that may be there are gone by now.
func split(s string) (p parts, why string) {
	at, why := find(s, "@<")
	if why != "" {
		return p, why
	}
	if s[at] == '<' {
		p.named = true
		if s, why = insideBrackets(s[:at], s[at:]); why != "" {
			return p, why
		}
		if at, why = find(s, "@"); why != "" {
			return p, why
		}
	}
	p.domain = s[at+1:]
	p.local, p.quoted, why = unquote(s[:at])
	return p, why
}

// find returns where the first of the chars stands in s outside quotes.
func find(s, chars string) (at int, why string) {
	quoted, escaped := false, false
	for i := range len(s) {
		c := s[i]
		switch {
		case quoted:
			quoted = c != '"' || escaped
			escaped = c == '\\' && !escaped
		case c == '"':
			quoted = true
		case strings.IndexByte(chars, c) >= 0 && !combines(s[i:]):
			return i, ""
		}
	}
	switch {
	case strings.Contains(s, "＠"):
		return 0, `The email address has the "full-width" at-sign (@) character instead of a regular at-sign.`
	case strings.Contains(s, "﹫"):
		return 0, `The email address has the "small commercial at" character instead of a regular at-sign.`
	}
	return 0, "An email address must have an @-sign."
}

// combines reports whether s begins with a < that is one character with the
// marks after it, as in ≮. Nothing combines with an at-sign.
func combines(s string) bool {
	if s[0] != '<' {
		return false
	}
	n := norm.NFC.NextBoundaryInString(s, true)
	return norm.NFC.String(s[:n])[0] != '<'
}

// insideBrackets returns what stands in the angle brackets with which rest
// begins.
func insideBrackets(name, rest string) (inside, why string) {
	name, quoted, why := unquote(strings.TrimRightFunc(name, isSpace))
	if why != "" {
		return "", why
	}
	if !quoted {
		bad := badChars(name, func(r rune) bool { return r == ' ' || r < 0x80 && isAtext(r) })
		if bad != "" {
			return "", "The display name contains invalid characters when not quoted: " + bad + "."
		}
	}
	if why := checkSafe(name, true); why != "" {
		return "", why
	}
	if !strings.Contains(rest, ">") {
		return "", "An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end."
	}
	rest = strings.TrimRight(rest, " ")
	if !strings.HasSuffix(rest, ">") {
		return "", "There can't be anything after the email address."
	}
	return strings.TrimRight(rest[1:], ">"), ""
}

// unquote takes the quotes off a string that begins with one, and the
// backslashes inside.
func unquote(s string) (content string, quoted bool, why string) {
	if !strings.HasPrefix(s, `"`) {
		return s, false, ""
	}
	var b strings.Builder
	escaped := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case escaped:
			b.WriteByte(c)
			escaped = false
		case c == '\\':
			escaped = true
		case c != '"':
			b.WriteByte(c)
		case i < len(s)-1:
			return "", true, "Extra character(s) found after close quote: " + displayAll([]rune(s[i+1:]))
		}
	}
	return b.String(), true, ""
}
