// Command gotest runs go test and ends with a count of the tests that passed
// and failed. It also fails where the matrix of what conformance suites ran, by
// adapter and engine, is not the one that was expected.
//
//	gotest -matrix FILE [flags and packages of go test]
//
// The matrix of the run itself is written to .cache/matrix.txt. Copy it over the
// file where it changed on purpose.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// reportEnv names the file in which test processes note the engines that they
// ran on.
const reportEnv = "USHER_TEST_REPORT"

// actualMatrix is where the matrix of the run is written to.
const actualMatrix = ".cache/matrix.txt"

func main() {
	ok, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gotest:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) (ok bool, err error) {
	if len(args) < 2 || args[0] != "-matrix" {
		return false, fmt.Errorf("usage: gotest -matrix FILE [flags and packages of go test]")
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return false, err
	}
	expected, err := parseMatrix(text)
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "gotest")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	reportFile, suiteFile := filepath.Join(dir, "report"), filepath.Join(dir, "suites")

	t := newTally(out)
	if err := goTest(t, args[2:], reportEnv+"="+reportFile, suiteEnv+"="+suiteFile); err != nil {
		return false, err
	}
	report, err := readIfThere(reportFile)
	if err != nil {
		return false, err
	}
	fmt.Fprintln(out)
	describe(out, lines(report))
	suites, err := readIfThere(suiteFile)
	if err != nil {
		return false, err
	}
	all, err := outcomes(suites)
	if err != nil {
		return false, err
	}
	summarize(out, all)
	ran := matrix(all)
	if err := os.WriteFile(actualMatrix, formatMatrix(ran), 0o644); err != nil {
		return false, err
	}
	t.failed += compare(out, expected, ran)
	for _, test := range t.skipped {
		fmt.Fprintln(out, "skipped", test)
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", t.passed, t.failed)
	return t.failed == 0, nil
}

// readIfThere returns what is in a file, and nothing of a file that is not there.
func readIfThere(name string) ([]byte, error) {
	text, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		return nil, nil
	}
	return text, err
}

// goTest runs go test and counts.
func goTest(t *tally, args []string, env ...string) error {
	cmd := exec.Command("go", append([]string{"test", "-json", "-count=1"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := t.read(stdout); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil && t.failed == 0 {
		t.failed++ // go test found no tests to blame
		fmt.Fprintln(t.out, "go test:", err)
	}
	return nil
}

// describe prints what tests noted and the engines that they ran on.
func describe(out io.Writer, report []string) {
	var ran []string
	for _, line := range report {
		if strings.HasPrefix(line, "engine ") {
			ran = append(ran, line)
		} else {
			fmt.Fprintln(out, line)
		}
	}
	slices.Sort(ran)
	for _, line := range slices.Compact(ran) {
		fmt.Fprintln(out, line)
	}
}

func lines(text []byte) []string {
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}
