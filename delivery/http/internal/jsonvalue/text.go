package jsonvalue

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// The byte order marks. That of UTF-32 begins with that of UTF-16.
var (
	bom32BE = []byte{0x00, 0x00, 0xfe, 0xff}
	bom32LE = []byte{0xff, 0xfe, 0x00, 0x00}
	bom16BE = []byte{0xfe, 0xff}
	bom16LE = []byte{0xff, 0xfe}
	bom8    = []byte{0xef, 0xbb, 0xbf}
)

// decodeText returns body as UTF-8, whichever of the encodings of RFC 4627,
// section 3, it is in, with or without a byte order mark. A lone surrogate
// becomes the three bytes that UTF-8 would have for it. It reports false where
// body is not text.
func decodeText(body []byte) (string, bool) {
	switch {
	case bytes.HasPrefix(body, bom32BE):
		return decode32(body[4:], binary.BigEndian)
	case bytes.HasPrefix(body, bom32LE):
		return decode32(body[4:], binary.LittleEndian)
	case bytes.HasPrefix(body, bom16BE):
		return decode16(body[2:], binary.BigEndian)
	case bytes.HasPrefix(body, bom16LE):
		return decode16(body[2:], binary.LittleEndian)
	case bytes.HasPrefix(body, bom8):
		return decode8(body[3:])
	}
	return decodeUnmarked(body)
}

// decodeUnmarked tells the encoding by where the zero bytes are: JSON begins
// with two ASCII characters.
func decodeUnmarked(b []byte) (string, bool) {
	switch {
	case len(b) >= 4 && b[0] == 0 && b[1] == 0:
		return decode32(b, binary.BigEndian)
	case len(b) >= 4 && b[0] != 0 && b[1] == 0 && b[2] == 0 && b[3] == 0:
		return decode32(b, binary.LittleEndian)
	case (len(b) >= 4 || len(b) == 2) && b[0] == 0:
		return decode16(b, binary.BigEndian)
	case (len(b) >= 4 || len(b) == 2) && b[1] == 0:
		return decode16(b, binary.LittleEndian)
	}
	return decode8(b)
}

func decode8(b []byte) (string, bool) {
	for rest := b; ; {
		n := validPrefix(rest)
		if n == len(rest) {
			return string(b), true
		}
		if !isSurrogate(rest[n:]) {
			return "", false
		}
		rest = rest[n+3:]
	}
}

// validPrefix returns how many bytes of b are valid UTF-8.
func validPrefix(b []byte) int {
	if utf8.Valid(b) {
		return len(b)
	}
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// isSurrogate reports whether s begins with the three bytes of a surrogate.
func isSurrogate[T string | []byte](s T) bool {
	return len(s) >= 3 && s[0] == 0xed && 0xa0 <= s[1] && s[1] <= 0xbf && 0x80 <= s[2] && s[2] <= 0xbf
}

func decode16(b []byte, order binary.ByteOrder) (string, bool) {
	if len(b)%2 != 0 {
		return "", false
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r := rune(order.Uint16(b))
		b = b[2:]
		if utf16.IsSurrogate(r) && len(b) > 0 {
			if pair := utf16.DecodeRune(r, rune(order.Uint16(b))); pair != utf8.RuneError {
				r, b = pair, b[2:]
			}
		}
		out = appendRune(out, r)
	}
	return string(out), true
}

func decode32(b []byte, order binary.ByteOrder) (string, bool) {
	if len(b)%4 != 0 {
		return "", false
	}
	out := make([]byte, 0, len(b))
	for ; len(b) > 0; b = b[4:] {
		r := order.Uint32(b)
		if r > utf8.MaxRune {
			return "", false
		}
		out = appendRune(out, rune(r))
	}
	return string(out), true
}

// appendRune is utf8.AppendRune, but writes surrogates as they are.
func appendRune(dst []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(dst, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(dst, r)
}
