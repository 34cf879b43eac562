package main

import (
	"os"
	"strings"
	"testing"
)

// between returns what stands between two lines of a file.
func between(t *testing.T, file, begin, end string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), begin+"\n")
	inside, _, closed := strings.Cut(rest, end+"\n")
	if !ok || !closed {
		t.Fatalf("%s: there is no %q with a %q after it", file, begin, end)
	}
	return strings.Trim(inside, "\n")
}

func TestREADMEShowsTheCode(t *testing.T) {
	for _, file := range []string{"member.go", "wiring.go", "hello.go"} {
		code := between(t, file, "// begin", "// end")
		shown := between(t, "../../README.md", "<!-- begin "+file+" -->", "<!-- end "+file+" -->")
		if want := "```go\n" + code + "\n```"; shown != want {
			t.Errorf("README.md does not show %s as it is; want\n%s", file, want)
		}
	}
}

func TestWiringIsShort(t *testing.T) {
	if lines := strings.Count(between(t, "wiring.go", "// begin", "// end"), "\n") + 1; lines > 40 {
		t.Errorf("the wiring has %d lines, want at most 40", lines)
	}
}
