package argon2hash

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The sizes, in bytes, of what new hashes have and of what stored ones may.
const (
	saltSize, minSalt, maxSalt       = 16, 8, 64
	digestSize, minDigest, maxDigest = 32, 16, 64
)

// memoryPerLane is the least memory of a lane, in KiB: RFC 9106, section 3.1.
const memoryPerLane = 8

func leastMemory(lanes uint8) uint32 { return memoryPerLane * uint32(lanes) }

type variant string

const (
	variantID variant = "argon2id"
	variantI  variant = "argon2i"
)

// key is what a PHC string of Argon2, version 1.3, says.
type key struct {
	variant variant
	memory  uint32 // in KiB
	time    uint32
	lanes   uint8
	salt    []byte
	digest  []byte
}

var encoding = base64.RawStdEncoding.Strict()

// String returns k as a PHC string. It is the one spelling that parse knows.
func (k key) String() string {
	return fmt.Sprintf("$%s$v=%d$m=%d,t=%d,p=%d$%s$%s", k.variant, argon2.Version,
		k.memory, k.time, k.lanes, encoding.EncodeToString(k.salt), encoding.EncodeToString(k.digest))
}

func (k key) matches(password string) bool {
	return subtle.ConstantTimeCompare(k.digest, k.derive(password, uint32(len(k.digest)))) == 1
}

func (k key) derive(password string, size uint32) []byte {
	derive := argon2.IDKey
	if k.variant == variantI {
		derive = argon2.Key
	}
	return derive([]byte(password), k.salt, k.time, k.memory, k.lanes, size)
}

// parse reads a PHC string. It fails for one that is malformed, asks for more
// than c allows, or is of a variant or version that cannot be computed:
// Argon2d, and 1.0, which is also what a string without a version is. It
// allocates nothing before it knows that salt and digest are short.
func (c *Config) parse(hash string) (key, bool) {
	k := key{variant: variantID}
	rest, ok := strings.CutPrefix(hash, "$argon2id$v=19$")
	if !ok {
		k.variant = variantI
		if rest, ok = strings.CutPrefix(hash, "$argon2i$v=19$"); !ok {
			return key{}, false
		}
	}
	m, rest, okM := parameter(rest, "m=", ',', c.MaxMemory)
	t, rest, okT := parameter(rest, "t=", ',', c.MaxTime)
	p, rest, okP := parameter(rest, "p=", '$', uint32(c.MaxParallelism))
	if !okM || !okT || !okP {
		return key{}, false
	}
	k.memory, k.time, k.lanes = m, t, uint8(p)
	salt, digest, ok := strings.Cut(rest, "$")
	if !ok || k.memory < leastMemory(k.lanes) {
		return key{}, false
	}
	if k.salt, ok = decode(salt, minSalt, maxSalt); !ok {
		return key{}, false
	}
	if k.digest, ok = decode(digest, minDigest, maxDigest); !ok {
		return key{}, false
	}
	return k, true
}

const maxDigits = 10 // of a uint32

// parameter reads name, a number from 1 to most, and end from the start of s.
// The number has no sign and no leading zero.
func parameter(s, name string, end byte, most uint32) (n uint32, rest string, ok bool) {
	digits, ok := strings.CutPrefix(s, name)
	if !ok {
		return 0, "", false
	}
	length := strings.IndexByte(digits, end)
	if length < 1 || length > maxDigits || digits[0] == '0' {
		return 0, "", false
	}
	value, err := strconv.ParseUint(digits[:length], 10, 32)
	if err != nil || value > uint64(most) {
		return 0, "", false
	}
	return uint32(value), digits[length+1:], true
}

// decode reads unpadded standard base64 of at least least and at most most
// bytes. Bits that are left over must be zero.
func decode(s string, least, most int) ([]byte, bool) {
	if size := encoding.DecodedLen(len(s)); size < least || size > most {
		return nil, false
	}
	if strings.ContainsAny(s, "\r\n") { // which encoding/base64 skips
		return nil, false
	}
	out, err := encoding.DecodeString(s)
	return out, err == nil
}
