package email

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

const (
	localStart    = "An email address cannot start with a %s."
	localEnd      = "An email address cannot have a %s immediately before the @-sign."
	invalidBefore = "The email address contains invalid characters before the @-sign: "
)

// parseLocal returns the local part as it is shown.
func parseLocal(s string, quoted bool) (shown, why string) {
	if why := checkLocal(s, quoted); why != "" {
		return "", why
	}
	if n := nfc(s); n != s {
		if why := checkLocal(n, quoted); why != "" {
			return "", "After Unicode normalization: " + why
		}
		s = n
	}
	if quoted {
		return "", "Quoting the part before the @-sign is not allowed here."
	}
	switch l := lower(s); l {
	case "info", "marketing", "sales", "support",
		"abuse", "noc", "security",
		"postmaster", "hostmaster", "usenet", "news", "webmaster", "www", "uucp", "ftp":
		return l, ""
	}
	return s, ""
}

func checkLocal(s string, quoted bool) string {
	if s == "" {
		return "There must be something before the @-sign."
	}
	bad := badChars(s, func(r rune) bool { return r == '.' || isAtext(r) })
	why := checkPeriods(s, localStart, localEnd)
	switch {
	case bad == "" && why == "":
		return checkSafe(s, false)
	case quoted:
		if bad := badChars(s, func(r rune) bool { return r >= ' ' && r != 0x7f }); bad != "" {
			return "The email address contains invalid characters in quotes before the @-sign: " + bad + "."
		}
		return checkSafe(s, true)
	case bad != "":
		return invalidBefore + bad + "."
	}
	return why
}

// nfc returns s in NFC, in which ASCII is already.
func nfc(s string) string {
	if isASCII(s) {
		return s
	}
	return norm.NFC.String(s)
}

// lower returns s in lower case and NFC. İ keeps its dot: without it, it would
// be another letter, i.
func lower(s string) string {
	if !isASCII(s) {
		s = strings.ReplaceAll(nfc(s), "İ", "i\u0307")
	}
	return nfc(strings.ToLower(s))
}
