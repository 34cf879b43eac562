package email

import (
	"fmt"
	"unicode/utf8"
)

const (
	maxInput   = 2048 // characters
	maxAddress = 254  // octets, RFC 5321 section 4.5.3.1.3 and RFC 3696 erratum 1690
	maxDomain  = 253  // octets, RFC 1035 section 2.3.4 without the root label
	maxLabel   = 63   // octets, RFC 1035 section 2.3.1
)

// checkLength limits every form of the address in octets: as typed, as shown,
// and with an ASCII domain, of which wire is the length.
func checkLength(typed parts, shown string, wire int) string {
	const reason = "The email address is too long "
	if n := len(typed.local) + 1 + len(typed.domain) - maxAddress; n > 0 {
		return reason + tooMany(typed.local+typed.domain, n) + "."
	}
	if n := len(shown) - maxAddress; n > 0 {
		return reason + "after normalization " + tooManyBytes(n) + "."
	}
	if n := wire - maxAddress; n > 0 {
		return reason + "when the part after the @-sign is converted to IDNA ASCII " + tooManyBytes(n) + "."
	}
	return ""
}

// tooMany says how many characters of s there may be too many if there are n
// octets too many.
func tooMany(s string, n int) string {
	widest := 1
	for _, r := range s {
		widest = max(widest, utf8.RuneLen(r))
	}
	switch least := max(1, n/widest); {
	case n == 1:
		return "(1 character too many)"
	case least == n:
		return fmt.Sprintf("(%d characters too many)", n)
	default:
		return fmt.Sprintf("(%d-%d characters too many)", least, n)
	}
}

func tooManyBytes(n int) string {
	if n == 1 {
		return "(1 byte too many)"
	}
	return fmt.Sprintf("(%d bytes too many)", n)
}
