package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// imports returns the violations of the modules in dirs.
func imports(dirs []string) ([]string, error) {
	var all []string
	for _, dir := range dirs {
		module, err := moduleIn(dir)
		if err != nil {
			return nil, err
		}
		for _, tests := range []bool{false, true} {
			deps, err := load(dir, tests)
			if err != nil {
				return nil, err
			}
			all = append(all, badImports(module, tests, deps)...)
		}
	}
	return all, nil
}

// moduleIn returns the path of the module in dir, relative to the repository.
func moduleIn(dir string) (string, error) {
	out, err := goIn(dir, nil, "list", "-m")
	return relative(strings.TrimSpace(out)), err
}

// load returns the packages of the module in dir and all that they import.
func load(dir string, tests bool) ([]dep, error) {
	out, err := goIn(dir, nil, "list", "-deps", fmt.Sprintf("-test=%t", tests),
		"-json=ImportPath,Standard,Imports", "./...")
	if err != nil {
		return nil, err
	}
	var deps []dep
	for dec := json.NewDecoder(strings.NewReader(out)); ; {
		var p struct {
			ImportPath string
			Standard   bool
			Imports    []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return deps, nil
		} else if err != nil {
			return nil, err
		}
		d := dep{path: relative(p.ImportPath), standard: p.Standard}
		for _, i := range p.Imports {
			d.imports = append(d.imports, relative(i))
		}
		deps = append(deps, d)
	}
}

// relative returns the path of a package of the repository relative to it.
// What go list makes of a package for its tests ("p [p.test]", "p_test",
// "p.test") is the package itself.
func relative(path string) string {
	path, _, _ = strings.Cut(path, " ")
	path, own := strings.CutPrefix(path, prefix)
	if own {
		path = strings.TrimSuffix(strings.TrimSuffix(path, ".test"), "_test")
	}
	return path
}
