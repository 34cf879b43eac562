package core

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gousher/usher/ports"
)

// IDs is how a store spells the ids of its users. The zero value is [UUIDs].
type IDs int

const (
	// UUIDs are RFC 9562 UUIDs in lower case with hyphens; new ones are of
	// version 7. Any case, hyphens in any place or none, braces, and the
	// prefixes "urn:" and "uuid:" are understood where an id is read.
	UUIDs IDs = iota
	// TextIDs are any non-empty strings of valid UTF-8 without NUL, of at
	// most 255 bytes, compared byte for byte. A new one is a UUID.
	TextIDs
	// IntIDs are 64-bit integers that the store counts up, in decimal. A
	// sign, leading zeros, white space around the number, an underscore
	// between two digits and the digits of other scripts are understood where
	// an id is read, as Python's int does.
	IntIDs
)

// New returns a new id, or "" where the store makes them.
func (k IDs) New() string {
	if k == IntIDs {
		return ""
	}
	return newUUID(time.Now())
}

// Parse returns id as the store spells it, or "" and false for what cannot be
// one.
func (k IDs) Parse(id string) (string, bool) {
	switch k {
	case TextIDs:
		if id == "" || len(id) > 255 || !clean(id) {
			return "", false
		}
		return id, true
	case IntIDs:
		return parseInt(id)
	default:
		return parseUUID(id)
	}
}

// newUUID makes a version 7 UUID (RFC 9562, section 5.7). The twelve bits
// after the milliseconds hold the fraction of the millisecond (section 6.2,
// method 3), so ids sort by the clock of who made them.
func newUUID(now time.Time) string {
	var b [16]byte
	rand.Read(b[8:])
	ms := now.UnixMilli()
	fraction := (now.UnixNano() - ms*1e6) << 12 / 1e6
	for i := range 6 {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6] = 0x70 | byte(fraction>>8)
	b[7] = byte(fraction)
	b[8] = 0x80 | b[8]&0x3f
	return formatUUID(b)
}

func formatUUID(b [16]byte) string {
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	out[8] = '-'
	hex.Encode(out[9:13], b[4:6])
	out[13] = '-'
	hex.Encode(out[14:18], b[6:8])
	out[18] = '-'
	hex.Encode(out[19:23], b[8:10])
	out[23] = '-'
	hex.Encode(out[24:], b[10:])
	return string(out[:])
}

func parseUUID(id string) (string, bool) {
	if len(id) > 64 {
		return "", false
	}
	digits := strings.ReplaceAll(strings.ReplaceAll(id, "urn:", ""), "uuid:", "")
	digits = strings.ReplaceAll(strings.Trim(digits, "{}"), "-", "")
	var b [16]byte
	if len(digits) != 32 {
		return "", false
	}
	if _, err := hex.Decode(b[:], []byte(digits)); err != nil {
		return "", false
	}
	return formatUUID(b), true
}

func parseInt(id string) (string, bool) {
	if len(id) > 255 {
		return "", false
	}
	id = strings.TrimSpace(id)
	sign := ""
	if id != "" && (id[0] == '+' || id[0] == '-') {
		sign, id = id[:1], id[1:]
	}
	digits := []byte(sign)
	last := '_'
	for _, r := range id {
		if r == '_' && last == '_' {
			return "", false
		}
		if last = r; r == '_' {
			continue
		}
		digit, ok := digitOf(r)
		if !ok {
			return "", false
		}
		digits = append(digits, digit)
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || last == '_' {
		return "", false
	}
	return strconv.FormatInt(n, 10), true
}

// digitOf returns the ASCII digit that r stands for. The digits of a script
// follow one another from 0 to 9, and so do those of scripts side by side.
func digitOf(r rune) (byte, bool) {
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	zero := r
	for unicode.Is(unicode.Nd, zero-1) {
		zero--
	}
	return byte('0' + (r-zero)%10), true
}

// clean reports whether every store can keep s as it is.
func clean(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Storable returns [ErrInvalidValue] where u has no e-mail key, or where one of
// its texts has a NUL byte or is not valid UTF-8, which not every engine gives
// back as it was. Stores call it before they write.
func Storable(u *User) error {
	for _, s := range [...]string{u.ID, u.Email, u.EmailKey, u.HashedPassword} {
		if !clean(s) {
			return ErrInvalidValue
		}
	}
	if u.EmailKey == "" {
		return ErrInvalidValue
	}
	return nil
}

// StorableAccount returns ErrInvalidValue for an account that stores must not
// keep: one without a Provider or Subject, or with a NUL byte or invalid UTF-8
// in a text. It is for stores.
func StorableAccount(a ports.Account) error {
	if a.Provider == "" || a.Subject == "" || !clean(a.Provider) || !clean(a.Subject) || !clean(a.Email) {
		return ErrInvalidValue
	}
	return nil
}
