package run

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// step is a block of commands of a document, and the answer that it shows.
type step struct{ commands, answer string }

// stepsOf returns the blocks of commands in a document. A block without a
// language that follows is what they print.
func stepsOf(t *testing.T, document string) (steps []step) {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```\n(?:```\n(.*?)^```\n)?").FindAllStringSubmatch(string(text), -1)
	for _, block := range blocks {
		steps = append(steps, step{block[1], block[2]})
	}
	return steps
}

// shell runs steps in one shell in dir, and checks what each prints.
func shell(t *testing.T, dir string, steps []step) {
	t.Helper()
	const end = "-- end of step --"
	var script strings.Builder
	for _, s := range steps {
		script.WriteString(s.commands + "echo '" + end + "'\n")
	}
	sh := exec.Command("bash", "-c", script.String())
	sh.Dir = dir
	printed, err := sh.CombinedOutput()
	require.NoError(t, err, string(printed))
	answers := strings.Split(string(printed), end+"\n")
	require.Len(t, answers, len(steps)+1, string(printed))
	for i, s := range steps {
		pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(s.answer), "…", ".*") + "$"
		require.Regexp(t, pattern, answers[i], s.commands)
	}
}

// What docs/flow.md shows is what happens.
func TestFlow(t *testing.T) {
	dir := t.TempDir()
	site := siteOf(t, buildQuickstart(t), dir, "USHER_DB="+filepath.Join(dir, "flow.db"),
		"USHER_SUPERUSER=admin@example.com:keeper-of-keys", "USHER_MAILBOX="+filepath.Join(dir, "mails"))
	steps := stepsOf(t, "../../docs/flow.md")
	require.Greater(t, len(steps), 20)
	for i := range steps {
		steps[i].commands = strings.ReplaceAll(steps[i].commands, "http://127.0.0.1:8000", site)
	}
	shell(t, dir, steps)
}
