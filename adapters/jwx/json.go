package jwxtoken

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// readObject reads a JSON object. It fails for one that names a member twice,
// which parsers understand differently (RFC 7515, section 4).
func readObject(data []byte) (map[string]json.RawMessage, bool) {
	if !utf8.Valid(data) {
		return nil, false
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return nil, false
	}
	return object, len(object) == members(data)
}

// members counts the members of an object, which is valid JSON, by their
// colons.
func members(object []byte) int {
	n, depth, quoted := 0, 0, false
	for i := 0; i < len(object); i++ {
		switch c := object[i]; {
		case c == '\\':
			i++ // it escapes the next
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			depth--
		case c == ':' && depth == 1:
			n++
		}
	}
	return n
}

func isText(value json.RawMessage) bool { return len(value) > 0 && value[0] == '"' }

// text returns a value of an object if it is a string.
func text(value json.RawMessage) (s string, ok bool) {
	if !isText(value) {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	return s, json.Unmarshal(value, &s) == nil
}

// appendString appends s as JSON, without the escapes that HTML would need and
// FastAPI Users does not write.
func appendString(out []byte, s string) []byte {
	var buffer bytes.Buffer
	e := json.NewEncoder(&buffer)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return append(out, bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))...)
}

func appendList(out []byte, list []string) []byte {
	out = append(out, '[')
	for i, s := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendString(out, s)
	}
	return append(out, ']')
}
