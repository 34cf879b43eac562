package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plant writes modules, by "module/file", and returns their folder.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goMod is the go.mod of a module that requires others of the repository.
func goMod(module string, requires ...string) string {
	text := "module " + prefix + module + "\n\ngo 1.26.0\n"
	for _, r := range requires {
		up := strings.Repeat("../", strings.Count(module, "/")+1)
		text += "require " + prefix + r + " v0.0.0\nreplace " + prefix + r + " => " + up + r + "\n"
	}
	return text
}

// wantLine checks that there is one line that begins with want, or none where
// want is empty.
func wantLine(t *testing.T, lines []string, want string) {
	t.Helper()
	if want == "" && len(lines) > 0 || want != "" && (len(lines) != 1 || !strings.HasPrefix(lines[0], want)) {
		t.Errorf("lines = %q, want one that begins with %q, or none if that is empty", lines, want)
	}
}

func TestImports(t *testing.T) {
	const importsCore = "import _ \"" + prefix + "core\"\n"
	tests := []struct {
		name, file, text string
		want             string
	}{
		{name: "of a package", file: "ports/bad.go", text: "package ports\n" + importsCore, want: "ports imports core: "},
		{name: "of a package below", file: "ports/x/bad.go", text: "package x\n" + importsCore, want: "ports/x imports core: "},
		{name: "of a test", file: "ports/bad_test.go", text: "package ports\n" + importsCore, want: "ports imports core: "},
		{name: "of a test outside the package", file: "ports/bad_test.go", text: "package ports_test\n" + importsCore, want: "ports imports core: "},
		{name: "of the standard library", file: "ports/good.go", text: "package ports\nimport _ \"net/http\"\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := plant(t, map[string]string{
				"ports/go.mod": goMod("ports", "core"), "ports/ports.go": "package ports\n",
				"core/go.mod": goMod("core"), "core/core.go": "package core\n",
				tt.file: tt.text,
			})
			got, err := imports([]string{filepath.Join(dir, "ports")})
			if err != nil {
				t.Fatal(err)
			}
			wantLine(t, got, tt.want)
		})
	}
}

func TestOutside(t *testing.T) {
	files := map[string]string{
		"core/go.mod": goMod("core"), "core/core.go": "package core\n",
		"adapters/a/go.mod": goMod("adapters/a", "core"), "adapters/a/a.go": "package a\n",
		"adapters/b/go.mod": goMod("adapters/b", "adapters/a", "core"), "adapters/b/b.go": "package b\n",
		"examples/x/go.mod": goMod("examples/x", "adapters/a", "adapters/b", "core"), "examples/x/x.go": "package x\n",
	}
	dir := plant(t, files)
	core, a, b := filepath.Join(dir, "core"), filepath.Join(dir, "adapters/a"), filepath.Join(dir, "adapters/b")
	t.Run("a small graph", func(t *testing.T) {
		got, err := outside([]string{core, a, filepath.Join(dir, "examples/x")})
		if err != nil {
			t.Fatal(err)
		}
		wantLine(t, got, "")
	})
	t.Run("an adapter that brings another", func(t *testing.T) {
		got, err := outside([]string{core, a, b})
		if err != nil {
			t.Fatal(err)
		}
		wantLine(t, got, "a user of adapters/b gets adapters/a: ")
	})
	t.Run("a program that does not build", func(t *testing.T) {
		dir := plant(t, map[string]string{
			"core/go.mod": goMod("core"), "core/core.go": "package core\n",
			"adapters/memory/go.mod": goMod("adapters/memory", "core"), "adapters/memory/memory.go": "package memory\n",
		})
		if _, err := outside([]string{filepath.Join(dir, "core"), filepath.Join(dir, "adapters/memory")}); err == nil {
			t.Error("outside = nil, want the error of the program that uses adapters/memory")
		}
	})
}
