package jsonvalue

import (
	"errors"
	"strings"
	"testing"
)

func TestManyValues(t *testing.T) {
	for n, want := range map[int]error{maxValues - 1: nil, maxValues: ErrUnreadable} {
		text := "[" + strings.Repeat("0,", n-1) + "0]"
		if _, err := Parse([]byte(text)); !errors.Is(err, want) {
			t.Errorf("a list of %d: got error %v, want %v", n, err, want)
		}
	}
}
