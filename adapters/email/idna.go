package email

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/secure/bidirule"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

const acePrefix = "xn--"

// mapping maps single characters by UTS #46. That a whole domain consists of
// valid labels is checked afterwards, more strictly than the package does.
var mapping = idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.CheckHyphens(false), idna.CheckJoiners(false))

// mapRunes returns s as UTS #46 maps it, in NFC, or why it cannot.
func mapRunes(s string) (mapped, why string) {
	var b strings.Builder
	pos := 0
	for _, r := range s {
		pos++
		m, ok := mapRune(r)
		if !ok {
			return "", fmt.Sprintf("Codepoint %U not allowed at position %d in %s", r, pos, quote(s))
		}
		b.WriteString(m)
	}
	return norm.NFC.String(b.String()), ""
}

func mapRune(r rune) (string, bool) {
	if r < 0x80 {
		return strings.ToLower(string(r)), true
	}
	if r == 'ẞ' { // the tables before Unicode 15.1 have ss, which is another domain
		return "ß", true
	}
	m, err := mapping.ToUnicode(string(r))
	return m, err == nil
}

// toASCII returns a mapped domain with A-labels in place of U-labels, or why
// it has none.
func toASCII(domain string) (ascii, why string) {
	if isASCII(domain) && domain != "" {
		return domain, ""
	}
	labels := strings.Split(domain, ".")
	for i, label := range labels {
		if labels[i], why = toALabel(label); why != "" {
			return "", why
		}
		if len(labels[i]) > maxLabel {
			return "", "Label too long"
		}
	}
	return strings.Join(labels, "."), ""
}

func toALabel(label string) (a, why string) {
	if isASCII(label) && label != "" {
		_, why = toULabel(label)
		return label, why
	}
	if why = checkLabel(label); why != "" {
		return "", why
	}
	a, err := idna.Punycode.ToASCII(label)
	if err != nil {
		return "", "Label too long"
	}
	return a, ""
}

// toUnicode returns an ASCII domain with U-labels in place of A-labels, or why
// it has none.
func toUnicode(ascii string) (shown, why string) {
	if !strings.Contains(ascii, acePrefix) {
		return ascii, ""
	}
	labels := strings.Split(ascii, ".")
	for i, label := range labels {
		if labels[i], why = toULabel(label); why != "" {
			return "", why
		}
	}
	return strings.Join(labels, "."), ""
}

// toULabel decodes an ASCII label. An A-label must be the one that its U-label
// has (RFC 5891 section 5.3), or two spellings would look alike.
func toULabel(label string) (u, why string) {
	if !strings.HasPrefix(label, acePrefix) {
		return label, ""
	}
	u, err := idna.Punycode.ToUnicode(label)
	if err != nil || isASCII(u) {
		return "", "Invalid A-label"
	}
	if a, err := idna.Punycode.ToASCII(u); err != nil || a != label {
		return "", "A-label is not the canonical Punycode encoding of its U-label"
	}
	return u, checkLabel(u)
}

// checkLabel applies RFC 5891 section 4.2 to a U-label. It returns what is
// wrong, or nothing.
func checkLabel(label string) string {
	switch r, _ := utf8.DecodeRuneInString(label); {
	case label == "":
		return "Empty Label"
	case !norm.NFC.IsNormalString(label):
		return "Label must be in Normalization Form C"
	case hasHyphens34(label):
		return "Label has disallowed hyphens in 3rd and 4th position"
	case strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-"):
		return "Label must not start or end with a hyphen"
	case unicode.IsMark(r):
		return "Label begins with an illegal combining character"
	}
	runes := []rune(label)
	for i, r := range runes {
		if !isValid(r) {
			return fmt.Sprintf("Codepoint %U at position %d of %s not allowed", r, i+1, quote(label))
		}
		if !validInContext(runes, i) {
			return fmt.Sprintf("Codepoint %U not allowed at position %d in %s", r, i+1, quote(label))
		}
	}
	if bidirule.DirectionString(label) != bidi.LeftToRight && !bidirule.ValidString(label) {
		return "Label mixes directions of writing"
	}
	return ""
}

// quote puts s, which has no quotes or backslashes, into single quotes and
// escapes what cannot be seen.
func quote(s string) string {
	return "'" + strings.Trim(strconv.Quote(s), `"`) + "'"
}
