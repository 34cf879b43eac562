package jsonvalue

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gousher/usher/core"
)

// Append appends v to dst as compact JSON. Only what must be escaped is
// escaped. What is not a value that [Parse] returns is encoded as
// [encoding/json] does it, and its error returned.
func Append(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case string:
		return appendString(dst, v), nil
	case json.Number:
		return append(dst, number(string(v))...), nil
	case Unusable:
		return append(dst, v.JSON...), nil
	case []any:
		return appendArray(dst, v)
	case *core.Object:
		return appendObject(dst, v)
	}
	return appendOther(dst, v)
}

func appendArray(dst []byte, list []any) ([]byte, error) {
	var err error
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = Append(dst, v); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, o *core.Object) ([]byte, error) {
	var err error
	dst = append(dst, '{')
	for i, name := range o.Names() {
		if i > 0 {
			dst = append(dst, ',')
		}
		v, _ := o.Get(name)
		if dst, err = Append(append(appendString(dst, name), ':'), v); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

const hexDigits = "0123456789abcdef"

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ':
			dst = appendControl(dst, byte(r))
		case isSurrogate(s):
			r, size = 0xd000|rune(s[1]&0x3f)<<6|rune(s[2]&0x3f), 3
			dst = append(dst, '\\', 'u', 'd', hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
		s = s[size:]
	}
	return append(dst, '"')
}

func appendControl(dst []byte, c byte) []byte {
	if i := strings.IndexByte("\b\f\n\r\t", c); i >= 0 {
		return append(dst, '\\', "bfnrt"[i])
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// number writes a number as Python does: integers digit by digit, floats in
// the shortest form that reads back the same.
func number(text string) string {
	if !strings.ContainsAny(text, ".eE") {
		if text == "-0" {
			return "0"
		}
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return "null"
	}
	short := strconv.FormatFloat(f, 'e', -1, 64)
	_, exponent, _ := strings.Cut(short, "e")
	if e, _ := strconv.Atoi(exponent); e < -4 || 16 <= e {
		return short
	}
	if short = strconv.FormatFloat(f, 'f', -1, 64); !strings.Contains(short, ".") {
		short += ".0"
	}
	return short
}

// appendOther leaves the work to encoding/json and takes back the escapes that
// JSON does not ask for.
func appendOther(dst []byte, v any) ([]byte, error) {
	out, err := json.Marshal(v)
	if err != nil {
		return dst, err
	}
	if bytes.Contains(out, []byte(`\u`)) {
		out = []byte(unescape.Replace(string(out)))
	}
	if dst == nil {
		return out, nil
	}
	return append(dst, out...), nil
}

// unescape does not take what follows an escaped backslash for an escape.
var unescape = strings.NewReplacer(`\\`, `\\`,
	`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\u2028`, "\u2028", `\u2029`, "\u2029")
