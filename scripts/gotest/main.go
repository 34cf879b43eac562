// Command gotest runs go test and ends with a count of the tests that passed
// and failed. It also fails where an engine is missing on which the tests were
// to run.
//
//	gotest -engines FILE [flags and packages of go test]
//
// The file names an engine per line.
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
	if len(args) < 2 || args[0] != "-engines" {
		return false, fmt.Errorf("usage: gotest -engines FILE [flags and packages of go test]")
	}
	expected, err := os.ReadFile(args[1])
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "gotest")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	reportFile := filepath.Join(dir, "report")

	t := newTally(out)
	if err := goTest(t, args[2:], reportEnv+"="+reportFile); err != nil {
		return false, err
	}
	report, err := os.ReadFile(reportFile)
	if err != nil && !os.IsNotExist(err) {
		return false, err
	}
	fmt.Fprintln(out)
	t.failed += engines(out, lines(expected), lines(report))
	for _, test := range t.skipped {
		fmt.Fprintln(out, "skipped", test)
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", t.passed, t.failed)
	return t.failed == 0, nil
}

// goTest runs go test and counts.
func goTest(t *tally, args []string, env string) error {
	cmd := exec.Command("go", append([]string{"test", "-json", "-count=1"}, args...)...)
	cmd.Env = append(os.Environ(), env)
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

// engines prints what tests noted and the engines that they ran on, and
// returns how many of the expected engines are not among those.
func engines(out io.Writer, expected, report []string) (missing int) {
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
	for _, name := range expected {
		ran := slices.ContainsFunc(report, func(line string) bool {
			return strings.HasPrefix(line, "engine "+name+" ")
		})
		if !ran {
			fmt.Fprintf(out, "engine %s: no test ran on it\n", name)
			missing++
		}
	}
	return missing
}

func lines(text []byte) []string {
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}
