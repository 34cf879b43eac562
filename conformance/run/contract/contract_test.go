package contract

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
)

// test is a talk with a fresh server.
type test struct {
	name string
	talk talk
	// happened are the hooks that run.
	happened string
	// setup alters the server.
	setup func(*setup)
	// check looks further once the talk is over. It may be nil.
	check func(t testing.TB, w *world)
}

// groups are all tests, by what they are about.
var groups = []struct {
	name  string
	tests []test
}{
	{"wire", wireTests},
	{"order", orderTests},
	{"body", bodyTests},
	{"form", formTests},
	{"invalid", invalidTests},
	{"email", emailTests},
	{"auth", authTests},
	{"register", registerTests},
	{"reset", resetTests},
	{"verify", verifyTests},
	{"users", append(meTests, byIDTests...)},
	{"change", changeTests},
	{"mount", mountTests},
	{"bearer", bearerTests},
	{"cookie", cookieTests},
	{"jwt", jwtTests},
	{"current", currentTests},
	{"oauth", oauthTests},
	{"openapi", openapiTests},
}

// TestContract has every talk on every kind of store, and then looks whether
// the manifest names the tests that ran, and no others.
func TestContract(t *testing.T) {
	done := map[string]map[string]bool{} // the tests that ran, by the kind of store
	for _, kind := range storeKinds {
		t.Run(kind.name, func(t *testing.T) {
			open := kind.open(t)
			names := map[string]bool{}
			done[kind.name] = names
			for _, group := range groups {
				for _, test := range group.tests {
					name := group.name + "/" + test.name
					require.False(t, names[name], "two tests are named %s", name)
					t.Run(name, func(t *testing.T) {
						names[name] = true
						w := newWorld(t, open, test.setup)
						w.run(t, test.talk)
						if test.check != nil {
							test.check(t, w)
						}
						require.Equal(t, test.happened, w.happened.take(), "hooks that ran")
					})
				}
			}
		})
	}
	t.Run("manifest", func(t *testing.T) {
		rows := readManifest(t)
		for kind, names := range done {
			wantMapped(t, rows, kind, names)
		}
		engine.Note(rows.summary())
	})
}

//go:embed manifest.txt
var manifest string

// row says which test shows a promise. Out is true where none does: the test
// is then a reason.
type row struct {
	id, test, promise string
	out               bool
}

type rows []row

// readManifest returns the rows of manifest.txt: an id, the name of a test or
// "out:" and a reason, and the promise in words.
func readManifest(t testing.TB) (all rows) {
	t.Helper()
	seen := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSuffix(manifest, "\n"), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.SplitN(line, " ", 3)
		require.Len(t, fields, 3, "manifest.txt:%d: want an id, a test and a promise", i+1)
		require.False(t, seen[fields[0]], "manifest.txt:%d: %s is there already", i+1, fields[0])
		seen[fields[0]] = true
		r := row{id: fields[0], promise: fields[2]}
		r.test, r.out = strings.CutPrefix(fields[1], "out:")
		require.NotEmpty(t, r.test, "manifest.txt:%d: no test", i+1)
		require.NotEmpty(t, strings.TrimSpace(r.promise), "manifest.txt:%d: no promise", i+1)
		all = append(all, r)
	}
	return all
}

// wantMapped fails for rows whose test did not run, and for tests without row.
func wantMapped(t testing.TB, rows rows, kind string, ran map[string]bool) {
	t.Helper()
	for _, problem := range rows.unmapped(ran) {
		t.Errorf("%s: %s", kind, problem)
	}
}

func (rows rows) unmapped(ran map[string]bool) (problems []string) {
	named := map[string]bool{}
	for _, r := range rows {
		named[r.test] = true
		if !r.out && !ran[r.test] {
			problems = append(problems, fmt.Sprintf("manifest.txt: %s: the test %s did not run", r.id, r.test))
		}
	}
	for name := range ran {
		if !named[name] {
			problems = append(problems, fmt.Sprintf("manifest.txt has no row for the test %s", name))
		}
	}
	return problems
}

func (rows rows) summary() string {
	shown, tests, out := 0, map[string]bool{}, map[string]int{}
	for _, r := range rows {
		if r.out {
			out[r.test]++
			continue
		}
		shown++
		tests[r.test] = true
	}
	return fmt.Sprintf("contract: %d promises by %d tests on each of %d kinds of store; elsewhere: %v",
		shown, len(tests), len(storeKinds), out)
}

// The manifest is of use only if it is noticed that a row or a test is amiss.
func TestManifestIsChecked(t *testing.T) {
	all := rows{{id: "a", test: "x/a", promise: "a"}, {id: "b", test: "x/b", promise: "b"}, {id: "c", test: "later", promise: "c", out: true}}
	require.Empty(t, all.unmapped(map[string]bool{"x/a": true, "x/b": true}))
	require.Equal(t, []string{"manifest.txt: b: the test x/b did not run"}, all.unmapped(map[string]bool{"x/a": true}))
	require.Equal(t, []string{"manifest.txt has no row for the test x/d"}, all.unmapped(map[string]bool{"x/a": true, "x/b": true, "x/d": true}))
}
