package run

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
)

// The quickstart's three commands do what it says when they are pasted into a
// shell, on either database.
func TestQuickstart(t *testing.T) {
	program := buildQuickstart(t)

	databases := map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "users.db") },
		"PostgreSQL": func(t *testing.T) string { return engine.Postgres(t) },
	}
	for name, dsn := range databases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			commands := startQuickstart(t, program, dir, dsn(t))
			require.Len(t, commands, 3)
			answers := make([]string, len(commands))
			for i, command := range commands {
				sh := exec.Command("sh", "-c", command)
				sh.Dir = dir
				out, err := sh.Output()
				require.NoError(t, err, command)
				answers[i] = string(out)
			}
			user := regexp.MustCompile(`^\{"id":"[0-9a-f-]{36}","email":"ann@example.com","is_active":true,"is_superuser":false,"is_verified":false,"nickname":"Ann"\}$`)
			require.Regexp(t, user, answers[0])
			require.Regexp(t, `^\{"access_token":"[\w-]+\.[\w-]+\.[\w-]+","token_type":"bearer"\}$`, answers[1])
			require.Equal(t, answers[0], answers[2])
		})
	}
}

// startQuickstart starts the program and returns the curl commands that it
// prints.
func startQuickstart(t *testing.T, program, dir, dsn string) (commands []string) {
	t.Helper()
	for _, line := range runQuickstart(t, program, dir, "USHER_DB="+dsn) {
		if strings.HasPrefix(line, "curl ") {
			commands = append(commands, line)
		}
	}
	return commands
}

// runQuickstart starts the program with further settings and returns what it
// prints when it serves. When the test ends it is told to stop and must do so
// in good order, without a complaint.
func runQuickstart(t *testing.T, program, dir string, env ...string) (printed []string) {
	t.Helper()
	cmd := exec.Command(program)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "USHER_ADDR=127.0.0.1:0", "XDG_CACHE_HOME="+dir), env...)
	n := 0
	return start(t, cmd, func(line string) bool {
		if strings.HasPrefix(line, "curl ") {
			n++
		}
		return n == 3 // and what is printed is over
	})
}

// start starts a program, which ends with the test and writes no error, and
// returns what it prints to the line that is the last one.
func start(t *testing.T, cmd *exec.Cmd, last func(line string) bool) (printed []string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), stderr.String())
		require.Empty(t, stderr.String())
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		printed = append(printed, lines.Text())
		if last(lines.Text()) {
			break
		}
	}
	return printed
}
