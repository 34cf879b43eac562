package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is a line of go test -json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// tally counts the tests of a run and prints what go test without -v would:
// what packages print, and the output of tests that fail.
type tally struct {
	out      io.Writer
	packages map[string]*pkg

	passed, failed int
	skipped        []string // "package test"
}

// pkg is a package whose tests run.
type pkg struct {
	results map[string]string // the action that ended the test; "" while it runs
	output  []event
}

func newTally(out io.Writer) *tally {
	return &tally{out: out, packages: map[string]*pkg{}}
}

// read takes in the output of go test -json.
func (t *tally) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if len(line) > 0 && json.Unmarshal(line, &e) != nil {
			fmt.Fprintf(t.out, "%s", line) // the go command itself
		}
		t.add(e)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.packages)) {
		t.end(name, "fail") // it has not ended by itself
	}
	return nil
}

func (t *tally) add(e event) {
	if e.Action == "build-output" {
		fmt.Fprint(t.out, e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	p := t.packages[e.Package]
	if p == nil {
		p = &pkg{results: map[string]string{}}
		t.packages[e.Package] = p
	}
	switch e.Action {
	case "run":
		p.results[e.Test] = ""
	case "output":
		p.output = append(p.output, e)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.end(e.Package, e.Action)
			return
		}
		p.results[e.Test] = e.Action
	}
}

// end counts and prints a package. A test with subtests is not counted, its
// subtests are, except where it alone failed; a package that fails without a
// failed test counts as one.
func (t *tally) end(name, action string) {
	p := t.packages[name]
	delete(t.packages, name)
	bad := map[string]bool{}
	parent := map[string]bool{}
	for test, result := range p.results {
		bad[test] = result != "pass" && result != "skip"
		for up := above(test); up != ""; up = above(up) {
			parent[up] = true
		}
	}
	failed := 0
	for _, test := range slices.Sorted(maps.Keys(p.results)) {
		switch {
		case bad[test] && (!parent[test] || !badBelow(bad, test)):
			failed++
		case bad[test] || parent[test]:
		case p.results[test] == "skip":
			t.skipped = append(t.skipped, name+" "+test)
		default:
			t.passed++
		}
	}
	if action == "fail" && failed == 0 {
		failed = 1
	}
	t.failed += failed
	for _, e := range p.output {
		if (e.Test == "" || bad[e.Test]) && !strings.HasPrefix(e.Output, "=== ") && e.Output != "PASS\n" {
			fmt.Fprint(t.out, e.Output)
		}
	}
}

// above returns the test that test is a subtest of, "" for none.
func above(test string) string {
	return test[:max(strings.LastIndexByte(test, '/'), 0)]
}

func badBelow(bad map[string]bool, test string) bool {
	for other, is := range bad {
		if is && strings.HasPrefix(other, test+"/") {
			return true
		}
	}
	return false
}
