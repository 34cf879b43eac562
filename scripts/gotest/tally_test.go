package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	tests := []struct {
		name           string
		events         string
		passed, failed int
		skipped        []string
		output         string
	}{
		{
			name: "a test",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`,
			passed: 1, output: "ok  \tp\t0.1s\n",
		},
		{
			name: "subtests count, their parent does not",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"run","Package":"p","Test":"TestA/x/1"}
{"Action":"output","Package":"p","Test":"TestA/x/1","Output":"wrong\n"}
{"Action":"fail","Package":"p","Test":"TestA/x/1"}
{"Action":"fail","Package":"p","Test":"TestA/x"}
{"Action":"run","Package":"p","Test":"TestA/y"}
{"Action":"pass","Package":"p","Test":"TestA/y"}
{"Action":"run","Package":"p","Test":"TestA/z"}
{"Action":"skip","Package":"p","Test":"TestA/z"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}
`,
			passed: 1, failed: 1, skipped: []string{"p TestA/z"}, output: "wrong\n",
		},
		{
			name: "a parent that fails alone counts",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"fail","Package":"p"}
`,
			passed: 1, failed: 1,
		},
		{
			name: "a test that never ends",
			events: `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic\n"}
{"Action":"fail","Package":"p"}
`,
			failed: 1, output: "panic\n",
		},
		{
			name:   "a package that does not build",
			events: `{"Action":"build-output","ImportPath":"p","Output":"undefined: x\n"}` + "\n" + `{"Action":"fail","Package":"p"}` + "\n",
			failed: 1, output: "undefined: x\n",
		},
		{
			name:   "a package that does not end",
			events: `{"Action":"start","Package":"p"}` + "\n",
			failed: 1,
		},
		{
			name:   "a package without tests",
			events: `{"Action":"skip","Package":"p"}` + "\n",
		},
		{
			name: "what is no event", events: "go: no go.mod\n", output: "go: no go.mod\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			got := newTally(&out)
			if err := got.read(strings.NewReader(tt.events)); err != nil {
				t.Fatal(err)
			}
			if got.passed != tt.passed || got.failed != tt.failed || !slices.Equal(got.skipped, tt.skipped) {
				t.Errorf("%d passed, %d failed, skipped %q; want %d, %d, %q",
					got.passed, got.failed, got.skipped, tt.passed, tt.failed, tt.skipped)
			}
			if out.String() != tt.output {
				t.Errorf("output = %q, want %q", out.String(), tt.output)
			}
		})
	}
}

func TestRun(t *testing.T) {
	const pass = "package x\nimport \"testing\"\nfunc TestX(*testing.T) {}\n"
	const notes = `package x
import ("os"; "testing")
func TestX(*testing.T) {
	os.WriteFile(os.Getenv("USHER_TEST_REPORT"), []byte("engine A 1 (here)\n"), 0o644)
	os.WriteFile(os.Getenv("USHER_CONFORMANCE_REPORT"), []byte(` + "`{\"suite\":\"S\",\"adapter\":\"a\",\"engine\":\"A 1\",\"passed\":2}\n`" + `), 0o644)
}
`
	tests := []struct {
		name, test, packages string
		ok                   bool
		last                 string
	}{
		{name: "all is well", test: notes, packages: "./...", ok: true, last: "engine A 1 (here)\nadapter a  A 1  2 of 2 cases passed\n1 passed, 0 failed\n"},
		{name: "a suite is missing", test: pass, packages: "./...", last: "matrix: did not run: a, A, -, S, 2\n1 passed, 1 failed\n"},
		{name: "no such package", test: notes, packages: "./none", last: "matrix: did not run: a, A, -, S, 2\n0 passed, 2 failed\n"},
		{name: "a test file that is no Go", test: "package", packages: "./...", last: "matrix: did not run: a, A, -, S, 2\n0 passed, 2 failed\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"go.mod": "module x\n", "x_test.go": tt.test, "matrix": "a  A  -  S  2\n"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(dir, ".cache"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			var out bytes.Buffer
			ok, err := run([]string{"-matrix", "matrix", tt.packages}, &out)
			if err != nil {
				t.Fatal(err)
			}
			if ok != tt.ok || !strings.HasSuffix(out.String(), tt.last) {
				t.Errorf("ok = %t, want %t; output:\n%s\nwant it to end with:\n%s", ok, tt.ok, &out, tt.last)
			}
		})
	}
}
