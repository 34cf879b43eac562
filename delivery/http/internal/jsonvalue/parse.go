// Package jsonvalue reads and writes JSON as Python's json module does, which
// is how clients of FastAPI Users know it: the same texts are accepted, the
// same errors are found at the same places, and what is written has the same
// bytes.
package jsonvalue

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/gousher/usher/core"
)

// ErrUnreadable is returned for a body that is not text, holds more than 10,000
// values, is nested more than 1000 levels deep, or holds an integer of more
// than 4300 digits.
var ErrUnreadable = errors.New("httpauth: unreadable JSON")

const (
	maxDepth  = 1000
	maxValues = 10_000 // a value takes far more memory than its text
	maxDigits = 4300
)

// SyntaxError says what is wrong with a text and where.
type SyntaxError struct {
	Msg string
	// Offset counts the characters before the error.
	Offset int
}

func (e *SyntaxError) Error() string { return "httpauth: " + e.Msg }

// Unusable stands for a value that the grammar allows and no field can take:
// a string with a lone surrogate, NaN or an infinity. It holds the JSON that
// it is written as.
type Unusable struct{ JSON string }

// MarshalJSON implements [json.Marshaler].
func (u Unusable) MarshalJSON() ([]byte, error) { return []byte(u.JSON), nil }

// Parse returns the value that body holds: nil, bool, string, [json.Number],
// []any, *[core.Object] or [Unusable]. It returns a *[SyntaxError] or
// [ErrUnreadable].
func Parse(body []byte) (any, error) {
	text, ok := decodeText(body)
	if !ok {
		return nil, ErrUnreadable
	}
	p := &parser{text: text}
	p.space()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(text) {
		return nil, p.wrong("Extra data", p.at)
	}
	return v, nil
}

type parser struct {
	text  string
	at    int // in bytes
	depth int
	count int // of values
}

// wrong returns an error at a place that is given in bytes.
func (p *parser) wrong(msg string, at int) error {
	n := 0
	for i := range at {
		if p.text[i]&0xc0 != 0x80 {
			n++
		}
	}
	return &SyntaxError{Msg: msg, Offset: n}
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// next reports whether c comes next, and moves past it.
func (p *parser) next(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

var words = []struct {
	text  string
	value any
}{
	{"null", nil},
	{"true", true},
	{"false", false},
	{"NaN", Unusable{"null"}},
	{"Infinity", Unusable{"null"}},
	{"-Infinity", Unusable{"null"}},
}

func (p *parser) value() (any, error) {
	if p.count++; p.count > maxValues {
		return nil, ErrUnreadable
	}
	switch {
	case p.next('"'):
		s, ok, err := p.str()
		if err == nil && !ok {
			return Unusable{string(appendString(nil, s))}, nil
		}
		return s, err
	case p.next('{'):
		return p.nested(p.object)
	case p.next('['):
		return p.nested(p.array)
	}
	for _, w := range words {
		if strings.HasPrefix(p.text[p.at:], w.text) {
			p.at += len(w.text)
			return w.value, nil
		}
	}
	return p.number()
}

func (p *parser) nested(parse func() (any, error)) (any, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, ErrUnreadable
	}
	defer func() { p.depth-- }()
	p.space()
	return parse()
}

func (p *parser) object() (any, error) {
	out := &core.Object{}
	if p.next('}') {
		return out, nil
	}
	for {
		if !p.next('"') {
			return nil, p.wrong("Expecting property name enclosed in double quotes", p.at)
		}
		name, _, err := p.str()
		if err != nil {
			return nil, err
		}
		if p.space(); !p.next(':') {
			return nil, p.wrong("Expecting ':' delimiter", p.at)
		}
		p.space()
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out.Set(name, v)
		if p.space(); p.next('}') {
			return out, nil
		}
		if !p.next(',') {
			return nil, p.wrong("Expecting ',' delimiter", p.at)
		}
		p.space()
	}
}

func (p *parser) array() (any, error) {
	out := []any{}
	if p.next(']') {
		return out, nil
	}
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
		if p.space(); p.next(']') {
			return out, nil
		}
		if !p.next(',') {
			return nil, p.wrong("Expecting ',' delimiter", p.at)
		}
		p.space()
	}
}

func (p *parser) number() (any, error) {
	start := p.at
	p.next('-')
	if first := p.at; !p.next('0') {
		if p.digits(); p.at == first {
			return nil, p.wrong("Expecting value", start)
		}
		if p.at-first > maxDigits && !p.isFraction() {
			return nil, ErrUnreadable
		}
	}
	if whole := p.at; p.next('.') {
		if p.digits(); p.at == whole+1 {
			p.at = whole
		}
	}
	p.exponent()
	return json.Number(strings.Clone(p.text[start:p.at])), nil
}

// isFraction reports whether what follows makes the digits before it a float.
func (p *parser) isFraction() bool {
	ahead := *p
	if ahead.exponent(); ahead.at > p.at {
		return true
	}
	return ahead.next('.') && ahead.at < len(p.text) && isDigit(p.text[ahead.at])
}

func (p *parser) exponent() {
	before := p.at
	if !p.next('e') && !p.next('E') {
		return
	}
	if !p.next('-') {
		p.next('+')
	}
	if first := p.at; first == p.digits() {
		p.at = before
	}
}

// digits moves past digits and returns where they end.
func (p *parser) digits() int {
	for p.at < len(p.text) && isDigit(p.text[p.at]) {
		p.at++
	}
	return p.at
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
