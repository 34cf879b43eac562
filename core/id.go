package core

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"
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
)

// New returns a new id.
func (IDs) New() string { return newUUID(time.Now()) }

// Parse returns id as the store spells it, and false for what cannot be one.
func (k IDs) Parse(id string) (string, bool) {
	if k == TextIDs {
		return id, id != "" && len(id) <= 255 && clean(id)
	}
	return parseUUID(id)
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
