package email

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	domainStart = "An email address cannot have a %s immediately after the @-sign."
	domainEnd   = "An email address cannot end with a %s."
)

// parseDomain returns the domain with Unicode labels and with ASCII labels,
// both lower-case.
func parseDomain(s string) (shown, ascii, why string) {
	if s == "" {
		return "", "", "There must be something after the @-sign."
	}
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		return "", "", "A bracketed IP address after the @-sign is not allowed here."
	}
	mapped, why := mapDomain(s)
	if why != "" {
		return "", "", why
	}
	if why := checkHost(mapped); why != "" {
		return "", "", why
	}
	ascii, why = toASCII(mapped)
	if why != "" {
		return "", "", "The part after the @-sign is invalid (" + why + ")."
	}
	if why := checkName(ascii, ascii == s); why != "" {
		return "", "", why
	}
	shown, why = toUnicode(ascii)
	if why != "" {
		return "", "", "The part after the @-sign is not valid IDNA (" + why + ")."
	}
	return shown, ascii, checkSafe(shown, false)
}

// mapDomain applies the mapping of UTS #46 to a domain that has nothing but
// what may stand in one.
func mapDomain(s string) (mapped, why string) {
	const invalid = "The part after the @-sign contains invalid characters"
	if bad := badChars(s, isHostChar); bad != "" {
		return "", invalid + ": " + bad + "."
	}
	if isASCII(s) {
		return strings.ToLower(s), ""
	}
	if why := checkSafe(s, false); why != "" {
		return "", why
	}
	if bad := badChars(s, func(r rune) bool { return !hidesPeriod(r) }); bad != "" {
		return "", invalid + ": " + bad + "."
	}
	mapped, why = mapRunes(s)
	if why != "" {
		return "", invalid + " (" + why + ")."
	}
	if bad := badChars(mapped, isHostChar); bad != "" {
		return "", invalid + " after Unicode normalization: " + bad + "."
	}
	return mapped, ""
}

// hidesPeriod reports whether r would become several characters, one of them
// a period, as ⒈ and … would.
func hidesPeriod(r rune) bool {
	if r < 0x80 || r == '．' {
		return false
	}
	var b [utf8.UTFMax]byte
	p := norm.NFKD.Properties(b[:utf8.EncodeRune(b[:], r)])
	return strings.Contains(string(p.Decomposition()), ".")
}

// checkHost refuses what RFC 952, RFC 1123 section 2.1 and RFC 5890 section
// 2.3.1 do not allow in a mapped domain.
func checkHost(s string) string {
	if why := checkPeriods(s, domainStart, domainEnd); why != "" {
		return why
	}
	switch {
	case strings.HasSuffix(s, "-"):
		return fmt.Sprintf(domainEnd, "hyphen")
	case strings.HasPrefix(s, "-"):
		return fmt.Sprintf(domainStart, "hyphen")
	case strings.Contains(s, ".-"), strings.Contains(s, "-."):
		return "An email address cannot have a period and a hyphen next to each other."
	}
	for label := range strings.SplitSeq(s, ".") {
		if hasHyphens34(label) && !strings.HasPrefix(label, "xn") {
			return "An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode."
		}
	}
	return ""
}

// hasHyphens34 reports whether the third and fourth characters of a label are
// hyphens.
func hasHyphens34(label string) bool {
	for range 2 {
		_, size := utf8.DecodeRuneInString(label)
		label = label[size:]
	}
	return strings.HasPrefix(label, "--")
}

// checkName refuses an ASCII domain that is too long or that no mail from
// outside can reach. Typed says whether it is what was typed.
func checkName(ascii string, typed bool) string {
	if n := len(ascii) - maxDomain; n > 0 {
		much := tooMany(ascii, n)
		if !typed {
			much = strings.TrimSuffix(tooManyBytes(n), ")") + " after IDNA encoding)"
		}
		return "The email address is too long after the @-sign " + much + "."
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if n := len(label) - maxLabel; n > 0 {
			return "After the @-sign, periods cannot be separated by so many characters " + tooMany(label, n) + "."
		}
	}
	dot := strings.LastIndexByte(ascii, '.')
	if dot < 0 {
		return "The part after the @-sign is not valid. It should have a period."
	}
	if last := ascii[len(ascii)-1]; last < 'a' || last > 'z' {
		return "The part after the @-sign is not valid. It is not within a valid top-level domain."
	}
	switch ascii[dot+1:] {
	case "arpa", "invalid", "local", "localhost", "onion", "test":
		return "The part after the @-sign is a special-use or reserved name that cannot be used with email."
	}
	return ""
}
