// Package email implements [ports.Emails]: it parses e-mail addresses and
// computes the keys by which they are looked up and kept unique.
//
//	emails := email.New()
//	shown, err := emails.Parse("Zoë <Zoe@BÜCHER.example>") // Zoe@bücher.example
//	key := emails.Key("ZOE@xn--bcher-kva.example")         // zoe@bücher.example
//
// The syntax is that of RFC 5322 and RFC 6531 without quoted local parts,
// comments and address literals. Domains are mapped by UTS #46 (without
// transitional processing) and must be valid in IDNA 2008 (RFC 5891, RFC
// 5892), have a period and not be of special use (RFC 6761, RFC 7686). Nothing
// is looked up in the DNS. The reasons for a refusal are those of Python's
// email-validator 2.3.0, save where the README says otherwise.
package email

import (
	"strings"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// Emails implements [ports.Emails]. It has no state: the zero value is ready
// to use, also from several goroutines.
type Emails struct{}

var _ ports.Emails = Emails{}

// New returns Emails{}.
func New() Emails { return Emails{} }

// Parse returns addr as it is to be stored and shown, or a [*core.EmailError]
// that says why it is not an address.
//
// White space around the address is dropped, and so is a display name with
// angle brackets. The local part is put into NFC and keeps its case, unless it
// is one of the role names of RFC 2142, such as postmaster, which become
// lower-case. The domain becomes lower-case, with Unicode in place of
// Punycode.
func (Emails) Parse(addr string) (string, error) {
	a, why := parse(addr)
	if why != "" {
		return "", &core.EmailError{Reason: why}
	}
	return a.shown, nil
}

// Key returns the canonical form of addr: the shown form with its local part
// lower-cased, which is again an address. Letters change their case one by
// one, in the same way for every language, and nothing but their case: é, ß, ı
// and i̇ (the lower case of İ) are not e, ss, i and i.
//
// A string that is not an address has a key that begins with an at-sign, which
// no address does. Such keys are lower-case valid UTF-8, too, without NUL and
// without white space around them.
func (Emails) Key(addr string) string {
	a, why := parse(addr)
	if why != "" {
		return junkKey(addr)
	}
	return a.key
}

func junkKey(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	s = lower(trim(s))
	if strings.HasPrefix(s, "@") {
		return s
	}
	return "@" + s
}

// address holds the two forms of a valid address.
type address struct{ shown, key string }

// parse returns the address or why addr is none. Like most functions of this
// package it does not return an error, but the reason for one, empty if there
// is none.
func parse(addr string) (a address, why string) {
	if len(addr) > maxInput && utf8.RuneCountInString(addr) > maxInput {
		return a, "Length must not exceed 2048 characters"
	}
	if !utf8.ValidString(addr) {
		return a, "The email address contains an invalid character."
	}
	s := trim(withoutName(addr))
	typed, why := split(s)
	if why != "" {
		return a, why
	}
	local, why := parseLocal(typed.local, typed.quoted)
	if why != "" {
		return a, why
	}
	domain, ascii, why := parseDomain(typed.domain)
	if why != "" {
		return a, why
	}
	a.shown = join(local, domain, s)
	a.key = join(lower(local), domain, a.shown)
	if why := checkLength(typed, a.shown, len(local)+1+len(ascii)); why != "" {
		return a, why
	}
	if typed.named {
		return a, "A display name and angle brackets around the email address are not permitted here."
	}
	return a, checkKey(typed.local, a.key)
}

// join returns local@domain, which is like itself if it reads so.
func join(local, domain, like string) string {
	rest, ok := strings.CutPrefix(like, local)
	if ok && strings.HasPrefix(rest, "@") && rest[1:] == domain {
		return like
	}
	return local + "@" + domain
}

// checkKey refuses the few addresses that the specifications allow and whose
// keys would not do: a key must be an address, be the key of one mailbox only,
// and be shown without anything like a second at-sign.
func checkKey(local, key string) string {
	if n := len(key) - maxAddress; n > 0 {
		return "The email address is too long in lower case " + tooManyBytes(n) + "."
	}
	if bad := badChars(local, func(r rune) bool { return r != '＠' && r != '﹫' }); bad != "" {
		return invalidBefore + bad + "."
	}
	const joiner = "\u034F" // normalization puts one after 30 marks in a row
	if strings.Count(key, joiner) != strings.Count(local, joiner) {
		return "The email address has too many combining marks in a row."
	}
	return ""
}
