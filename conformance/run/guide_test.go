package run

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gousher/usher/conformance"
	"github.com/stretchr/testify/require"
)

const (
	guide   = "../../docs/writing-an-adapter.md"
	example = "../../examples/custom-adapter"
)

// block is a block of code in the guide. File is what the comment above it
// names.
type block struct{ file, language, text string }

var fenced = regexp.MustCompile("(?ms)^(?:<!-- (\\S+) -->\n)?```(\\w+)\n(.*?)^```$")

func blocksOf(t *testing.T, path string) (all []block) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		all = append(all, block{m[1], m[2], m[3]})
	}
	return all
}

// reader follows the guide in a folder of its own.
type reader struct {
	t     *testing.T
	dir   string // where the last command was
	files map[string]string
	shown string // what the last command printed
	err   error
	spoil func() // takes a mistake back
}

// Who follows the guide word by word from an empty folder gets the example,
// and sees what the guide shows.
func TestGuide(t *testing.T) {
	r := &reader{t: t, dir: t.TempDir(), files: map[string]string{}, spoil: func() {}}
	all := blocksOf(t, guide)
	for i, b := range all {
		switch {
		case b.language == "go" && strings.Contains(b.file, "/"):
			text, err := os.ReadFile(filepath.Join("../..", b.file))
			require.NoError(t, err)
			require.True(t, strings.Contains(string(text), b.text), "%s does not have\n%s", b.file, b.text)
		case b.language == "go":
			r.write(b)
		case b.language == "diff":
			r.mistake(b)
		case b.language == "sh":
			r.run(b)
			if i+1 == len(all) || all[i+1].language != "text" {
				require.NoError(t, r.err, r.shown)
			}
		case b.language == "text":
			r.compare(b)
		default:
			t.Fatalf("a block of %q", b.language)
		}
	}
	for name, text := range r.files {
		want, err := os.ReadFile(filepath.Join(example, name))
		require.NoError(t, err)
		require.Equal(t, string(want), text, "%s of the guide is not that of the example", name)
	}
	require.Len(t, r.files, 4)
	r.report()
}

// write adds the block to the file that it names.
func (r *reader) write(b block) {
	require.NotEmpty(r.t, b.file, "a block of Go that is of no file:\n%s", b.text)
	if r.files[b.file] != "" {
		r.files[b.file] += "\n"
	}
	r.files[b.file] += b.text
	r.save(b.file, r.files[b.file])
}

func (r *reader) save(file, text string) {
	require.NoError(r.t, os.WriteFile(filepath.Join(r.dir, file), []byte(text), 0o644))
}

// mistake makes a change, until the next output has been compared.
func (r *reader) mistake(b block) {
	var before, after strings.Builder
	for line := range strings.Lines(b.text) {
		if line[0] != '+' {
			before.WriteString(line[1:])
		}
		if line[0] != '-' {
			after.WriteString(line[1:])
		}
	}
	const file = "users.go"
	require.Equal(r.t, 1, strings.Count(r.files[file], before.String()), "what the mistake changes is in %s", file)
	r.save(file, strings.Replace(r.files[file], before.String(), after.String(), 1))
	r.spoil = func() { r.save(file, r.files[file]) }
}

// run runs the block in a shell. The clone that it asks for is this tree.
func (r *reader) run(b block) {
	top, err := filepath.Abs("../..")
	require.NoError(r.t, err)
	at := filepath.Join(r.t.TempDir(), "at")
	const script = `git() { [[ $* == "clone https://github.com/gousher/usher" ]] && ln -s "$TOP" usher; }` + "\n"
	cmd := exec.Command("bash", "-euc", script+`trap 'pwd >"$AT"' EXIT`+"\n"+b.text)
	cmd.Dir = r.dir
	cmd.Env = append(r.environment(), "TOP="+top, "AT="+at)
	out, err := cmd.CombinedOutput()
	r.shown, r.err = string(out), err
	dir, err := os.ReadFile(at)
	require.NoError(r.t, err, r.shown)
	r.dir = strings.TrimSpace(string(dir))
}

// environment is that of somebody who has no workspace and whom nobody told
// how suites are to run. The modules that are here already are not asked for
// again: the cache has the layout of a proxy.
func (r *reader) environment() []string {
	out, err := exec.Command("go", "env", "GOPROXY", "GOMODCACHE").Output()
	require.NoError(r.t, err)
	user := strings.Split(string(out), "\n")
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "USHER_")
	})
	return append(env, "GOWORK=off", "GOPROXY=file://"+filepath.Join(user[1], "cache/download")+","+user[0])
}

// varying are numbers that differ from run to run, and lines of the suites.
var varying = regexp.MustCompile(`\d+\.\d+s|\.go:\d+|got \d+ calls|/\d+ \(`)

// compare checks that the last command printed each line of the block, in its
// order, and failed where the block says so.
func (r *reader) compare(b block) {
	rest := varying.ReplaceAllString(r.shown, "N")
	for line := range strings.Lines(varying.ReplaceAllString(b.text, "N")) {
		_, after, found := strings.Cut(rest, line)
		require.True(r.t, found, "the guide shows %q, which was not printed here:\n%s", line, r.shown)
		rest = after
	}
	require.Equal(r.t, strings.Contains(b.text, "FAIL"), r.err != nil, r.shown)
	r.spoil()
}

// report checks the report that the guide had written.
func (r *reader) report() {
	text, err := os.ReadFile(filepath.Join(r.dir, "report.json"))
	require.NoError(r.t, err)
	var suites []string
	for line := range strings.Lines(string(text)) {
		var report conformance.Report
		require.NoError(r.t, json.Unmarshal([]byte(line), &report))
		require.Zero(r.t, report.Failed, line)
		suites = append(suites, report.Suite)
	}
	require.Equal(r.t, []string{"UserStore", "UserLister", "TokenStore", "SessionUsers", "AtRest"}, suites)
}

// The cases that the guide names are there.
func TestGuideNamesCases(t *testing.T) {
	known := map[string]bool{}
	for _, id := range slices.Concat(idsOf(conformance.UserStoreCases()), idsOf(conformance.UserListerCases()), idsOf(conformance.AccountStoreCases()),
		idsOf(conformance.TokenStoreCases()), idsOf(conformance.SessionUsersCases()), idsOf(conformance.FaultCases()), idsOf(conformance.AtRestCases())) {
		known[id] = true
	}
	text, err := os.ReadFile(guide)
	require.NoError(t, err)
	named := regexp.MustCompile(`\b[A-Z]{2}-\d\d[a-z]?\b`).FindAllString(string(text), -1)
	require.NotEmpty(t, named)
	for _, id := range named {
		require.True(t, known[id], "there is no case %s", id)
	}
}

func idsOf[S any](cases []conformance.Case[S]) (ids []string) {
	for _, c := range cases {
		ids = append(ids, c.ID)
	}
	return ids
}

// An adapter takes fewer than 400 lines of code.
func TestExampleIsShort(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(example, "*.go"))
	require.NoError(t, err)
	lines := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				lines++
			}
		}
	}
	require.Greater(t, lines, 0)
	require.Less(t, lines, 400)
}
