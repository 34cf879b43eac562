package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A rule says what the packages of some modules may depend on, directly or
// not. Paths of this repository are relative to it. A path stands for all that
// lies below it, too.
type rule struct {
	modules []string // in the form of path.Match
	tests   bool     // whether the rule is for test files, too
	only    []string // all they may depend on besides themselves and the standard library; nil is no limit
	never   []string
	except  []string // from never
	reason  string
}

// rules are the direction of imports, ports <- core <- adapters, conformance
// and deliveries <- examples, and what keeps a user's module graph small.
var rules = []rule{{
	modules: []string{"ports"}, tests: true,
	only:   []string{},
	reason: "who implements a port elsewhere gets nothing else with it",
}, {
	modules: []string{"core"}, tests: true,
	only:   []string{"ports"},
	reason: "its rules hold for any database, token format and transport",
}, {
	modules: []string{"sqlstore"}, tests: true,
	only:   []string{"core", "ports"},
	reason: "it knows SQL, and no mapper and no driver",
}, {
	modules: []string{"conformance"}, tests: true,
	only: []string{"core", "ports", "github.com/stretchr/testify",
		"github.com/davecgh/go-spew", "github.com/pmezard/go-difflib", "go.yaml.in/yaml/v3"}, // testify's own
	reason: "who runs the suite elsewhere gets no engine with it",
}, {
	modules: []string{"adapters/*"}, tests: true,
	never:  []string{"adapters", "conformance", "delivery", "examples"},
	reason: "who picks one adapter gets no other; conformance/run is where they all meet",
}, {
	modules: []string{"delivery/*"},
	never:   []string{"adapters", "conformance", "delivery", "examples"},
	reason:  "a delivery works with any store, hasher and token",
}, {
	modules: []string{"delivery/*"}, tests: true,
	never:  []string{"adapters", "conformance", "delivery", "examples"},
	except: []string{"adapters/memory"},
	reason: "its tests are about the wire, and adapters/memory needs nothing",
}, {
	modules: []string{"authtest"},
	only:    []string{"core", "ports"},
	reason:  "an application's tests get no adapter with it that they do not use",
}, {
	modules: []string{"authtest"}, tests: true,
	only:   []string{"core", "ports", "adapters/memory", "delivery/http"},
	reason: "its tests are of a small application, without libraries",
}, {
	modules: []string{"ports", "core", "sqlstore", "conformance", "authtest", "adapters/*", "delivery/*"}, tests: true,
	never: []string{"github.com/testcontainers/testcontainers-go", "github.com/docker/docker", "github.com/moby/moby",
		"modernc.org/sqlite", "github.com/mattn/go-sqlite3", "github.com/ncruces/go-sqlite3",
		"github.com/jackc/pgx", "github.com/lib/pq", "github.com/uptrace/bun/driver",
		"github.com/go-sql-driver/mysql", "github.com/microsoft/go-mssqldb",
		"github.com/alicebob/miniredis"},
	reason: "engines are for conformance/run and examples: even a test's dependency is in the graph of all who import the module",
}, {
	modules: []string{"ports", "core", "sqlstore", "conformance", "conformance/run", "authtest", "adapters/*", "delivery/*", "examples/*"}, tests: true,
	never:  []string{"bench"},
	reason: "the bench measures all of it, with engines and bare handlers that nobody else needs",
}, {
	modules: []string{"examples/custom-adapter"},
	only:    []string{"core", "ports", "go.etcd.io/bbolt", "golang.org/x/sys"}, // the last is bbolt's
	reason:  "a stranger's adapter needs two modules and its engine",
}, {
	modules: []string{"examples/custom-adapter"}, tests: true,
	only: []string{"core", "ports", "conformance", "go.etcd.io/bbolt", "golang.org/x/sys",
		"github.com/stretchr/testify", "github.com/davecgh/go-spew", "github.com/pmezard/go-difflib", "go.yaml.in/yaml/v3"},
	never:  []string{"conformance/run"},
	reason: "a stranger's tests need the suites and nothing of conformance/run",
}}

// named are modules that a rule forbids and that are in the graphs of a
// module's users all the same, because the go.mod of a library names them for
// the library's own tests. Nothing imports them, so no program has them; that
// is checked as for all others.
var named = map[string][]string{
	"adapters/sqlx": {"github.com/go-sql-driver/mysql", "github.com/lib/pq", "github.com/mattn/go-sqlite3"},
}

// dep is a package that a module has or depends on.
type dep struct {
	path     string // relative to the repository, if it is there
	standard bool
	imports  []string
}

// badImports returns a line for each dependency that breaks a rule that is for
// tests, or not. deps are those of the module with its tests, or without.
func badImports(module string, tests bool, deps []dep) []string {
	var found []string
	for _, r := range rules {
		if r.tests != tests || !r.covers(module) {
			continue
		}
		for _, d := range deps {
			if !d.standard && !under(d.path, module) && !r.allows(d.path) {
				found = append(found, fmt.Sprintf("%s imports %s: %s", importer(deps, d.path), d.path, r.reason))
			}
		}
	}
	return found
}

// badGraph returns a line for each module in the graph of a module's user that
// a rule forbids.
func badGraph(module string, graph []string) []string {
	var found []string
	for _, r := range rules {
		if !r.tests || !r.covers(module) {
			continue
		}
		for _, m := range graph {
			if m != module && r.forbids(m) && !slices.Contains(named[module], m) {
				found = append(found, fmt.Sprintf("a user of %s gets %s: %s", module, m, r.reason))
			}
		}
	}
	return found
}

func (r rule) covers(module string) bool {
	return slices.ContainsFunc(r.modules, func(pattern string) bool {
		ok, err := path.Match(pattern, module)
		return ok && err == nil
	})
}

func (r rule) allows(dep string) bool {
	return !r.forbids(dep) && (r.only == nil || among(r.only, dep))
}

func (r rule) forbids(dep string) bool {
	return among(r.never, dep) && !among(r.except, dep)
}

func among(paths []string, p string) bool {
	return slices.ContainsFunc(paths, func(top string) bool { return under(p, top) })
}

func under(p, top string) bool { return p == top || strings.HasPrefix(p, top+"/") }

// importer returns the packages that import p themselves.
func importer(deps []dep, p string) string {
	var found []string
	for _, d := range deps {
		if slices.Contains(d.imports, p) && !slices.Contains(found, d.path) {
			found = append(found, d.path)
		}
	}
	return strings.Join(found, ", ")
}
