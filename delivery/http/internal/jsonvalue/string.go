package jsonvalue

import (
	"strings"
	"unicode/utf16"
)

// str returns the string whose opening quote has just been read, and false
// where it holds a lone surrogate.
func (p *parser) str() (s string, ok bool, err error) {
	start := p.at
	var out []byte
	for from := start; ; from = p.at {
		c, err := p.plain(start)
		if err != nil {
			return "", false, err
		}
		out = append(out, p.text[from:p.at-1]...)
		if c == '"' {
			s = string(out)
			return s, !hasSurrogate(s), nil
		}
		r, err := p.escape(start)
		if err != nil {
			return "", false, err
		}
		out = appendRune(out, r)
	}
}

// plain moves past the characters that stand for themselves and past the
// quote or backslash that ends them, which it returns.
func (p *parser) plain(start int) (byte, error) {
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c < ' ' {
			return 0, p.wrong("Invalid control character at", p.at)
		}
		p.at++
		if c == '"' || c == '\\' {
			return c, nil
		}
	}
	return 0, p.wrong("Unterminated string starting at", start-1)
}

var escapes = map[byte]rune{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// escape returns the character for the escape whose backslash has just been
// read.
func (p *parser) escape(start int) (rune, error) {
	if p.at == len(p.text) {
		return 0, p.wrong("Unterminated string starting at", start-1)
	}
	c := p.text[p.at]
	p.at++
	if c != 'u' {
		r, ok := escapes[c]
		if !ok {
			return 0, p.wrong(`Invalid \escape`, p.at-2)
		}
		return r, nil
	}
	r, err := p.hex()
	if err != nil || r < 0xd800 || 0xdbff < r {
		return r, err
	}
	rest := p.text[p.at:]
	if len(rest) <= len(`\uXXXX`) || rest[0] != '\\' || rest[1] != 'u' {
		return r, nil
	}
	after := p.at
	p.at += 2
	low, err := p.hex()
	if err != nil {
		return 0, err
	}
	if pair := utf16.DecodeRune(r, low); pair != '\uFFFD' {
		return pair, nil
	}
	p.at = after
	return r, nil
}

// hex returns the value of the four digits after \u. At least one more
// character follows them in a string that ends.
func (p *parser) hex() (rune, error) {
	from := p.at
	if len(p.text)-from <= 4 {
		return 0, p.wrong(`Invalid \uXXXX escape`, from-1)
	}
	var r rune
	for _, c := range []byte(p.text[from : from+4]) {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, p.wrong(`Invalid \uXXXX escape`, from-1)
		}
	}
	p.at = from + 4
	return r, nil
}

func hasSurrogate(s string) bool {
	for {
		i := strings.IndexByte(s, 0xed)
		if i < 0 {
			return false
		}
		if isSurrogate(s[i:]) {
			return true
		}
		s = s[i+1:]
	}
}
