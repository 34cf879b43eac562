package httpauth

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// There is a page about every error code that the source has, and about no
// other; the index lists them all.
func TestErrorPages(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`"([A-Z]+(?:_[A-Z]+)+)"`)
	var codes []string
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			codes = append(codes, m[1])
		}
	}
	// FastAPI Users' documents have an example of this name, which is no code.
	codes = slices.DeleteFunc(codes, func(c string) bool { return c == "INVALID_STATE_TOKEN" })
	slices.Sort(codes)
	codes = slices.Compact(codes)
	var pages []string
	const folder = "../../docs/errors"
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".md")
		if !ok || name == "README" {
			continue
		}
		pages = append(pages, name)
		if !strings.Contains(string(index), "["+name+"]("+name+".md)") {
			t.Errorf("the index does not list %s", name)
		}
		text, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil || !strings.HasPrefix(string(text), "# "+name+"\n") || !strings.Contains(string(text), "**What to do.**") {
			t.Errorf("%s has no title or does not say what to do: %v", f.Name(), err)
		}
	}
	if !slices.Equal(pages, codes) {
		t.Errorf("pages about %q, codes %q", pages, codes)
	}
	for _, s := range sentinels {
		if !strings.Contains(string(index), "`"+s.detail+"`") && !slices.Contains(codes, s.detail) {
			t.Errorf("the index does not list %q", s.detail)
		}
	}
}
