package email

import (
	"slices"
	"unicode"
)

// isValid reports whether r is PVALID, or CONTEXTO or CONTEXTJ and so valid in
// some places (RFC 5892 section 3). What is unstable or has ignorable
// properties there is what UTS #46 maps or drops.
func isValid(r rune) bool {
	switch r {
	case '-', 'ß', 'ς', '་', '〇', '۽', '۾': // sections 2.4 and 2.6, PVALID
		return true
	case '·', '͵', '׳', '״', '・': // section 2.6, CONTEXTO
		return true
	case 0x200C, 0x200D: // section 2.8, CONTEXTJ: refused in the end, as characters that cannot be seen
		return true
	case 0x0640, 0x07FA, 0x302E, 0x302F, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303B: // section 2.6, DISALLOWED
		return false
	}
	switch {
	case 0x1100 <= r && r <= 0x11FF, 0xA960 <= r && r <= 0xA97C, 0xD7B0 <= r && r <= 0xD7FB: // section 2.9, old Hangul
		return false
	case 0x20D0 <= r && r <= 0x20FF, 0x1D100 <= r && r <= 0x1D24F: // section 2.7, marks for symbols and music
		return false
	case !unicode.In(r, unicode.Ll, unicode.Lu, unicode.Lo, unicode.Lm, unicode.Mn, unicode.Mc, unicode.Nd): // section 2.1
		return false
	}
	m, ok := mapRune(r)
	return ok && m == string(r)
}

// validInContext reports whether the i-th rune may stand where it does (RFC
// 5892 appendix A).
func validInContext(label []rune, i int) bool {
	at := func(i int) rune {
		if i < 0 || i >= len(label) {
			return -1
		}
		return label[i]
	}
	isArabicDigit := func(r rune) bool { return '٠' <= r && r <= '٩' }
	isPersianDigit := func(r rune) bool { return '۰' <= r && r <= '۹' }
	switch r := label[i]; {
	case r == '·':
		return at(i-1) == 'l' && at(i+1) == 'l'
	case r == '͵':
		return unicode.Is(unicode.Greek, at(i+1))
	case r == '׳' || r == '״':
		return unicode.Is(unicode.Hebrew, at(i-1))
	case r == '・':
		return slices.ContainsFunc(label, func(r rune) bool {
			return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han)
		})
	case isArabicDigit(r):
		return !slices.ContainsFunc(label, isPersianDigit)
	case isPersianDigit(r):
		return !slices.ContainsFunc(label, isArabicDigit)
	}
	return true
}
