//go:build planted

package jsonvalue

import (
	"encoding/json"
	"strings"
)

// parse has a fault that scripts/fuzz checks is found: it panics for what is a
// number below zero and nothing else, which no seed of [FuzzJSON] is.
func parse(body []byte) (any, error) {
	v, err := Parse(body)
	if n, ok := v.(json.Number); ok && strings.HasPrefix(string(n), "-") {
		panic("planted")
	}
	return v, err
}
