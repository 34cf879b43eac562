// Command modules checks the modules of this repository, whose folders it
// takes, and prints a line for each thing that is wrong.
//
//	modules imports DIR...   what they import (the table is in rules.go)
//	modules outside DIR...   what a program elsewhere gets with each of them
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// prefix begins the paths of the repository's modules.
const prefix = "github.com/gousher/usher/"

func main() {
	lines, err := run(os.Args[1:])
	for _, line := range lines {
		fmt.Println(line)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "modules:", err)
	}
	if err != nil || len(lines) > 0 {
		os.Exit(1)
	}
}

func run(args []string) ([]string, error) {
	switch {
	case len(args) > 1 && args[0] == "imports":
		return imports(args[1:])
	case len(args) > 1 && args[0] == "outside":
		return outside(args[1:])
	}
	return nil, fmt.Errorf("usage: modules imports DIR... or modules outside DIR... with at least one folder")
}

// goIn runs the go command in dir, outside the workspace, and returns what it
// prints.
func goIn(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s in %s: %w: %s", strings.Join(args, " "), dir, err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}
