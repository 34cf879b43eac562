package main

import (
	"embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// version is the one that the modules require of each other.
const version = "v0.0.0"

// unreleased are the modules that nobody elsewhere can have.
var unreleased = []string{"bench", "conformance/run", "examples"}

// programs are what a program elsewhere may look like, by the module that it
// picks.
//
//go:embed testdata
var programs embed.FS

// outside packs the modules in dirs as a module proxy serves them, and for
// each looks at what a module gets that requires it and has no replace lines.
// Where there is a program for it, it builds and runs that.
func outside(dirs []string) (bad []string, err error) {
	work, err := os.MkdirTemp("", "outside")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	released := map[string]string{} // folder by module
	for _, dir := range dirs {
		m, err := moduleIn(dir)
		if err != nil {
			return nil, err
		}
		if among(unreleased, m) {
			continue
		}
		released[m] = dir
		if err := pack(filepath.Join(work, "proxy"), m, dir); err != nil {
			return nil, err
		}
	}
	env, err := environment(work)
	if err != nil {
		return nil, err
	}
	for m, dir := range released {
		c := consumer{module: m, dir: filepath.Join(work, "consumer", m), env: env}
		graph, err := c.try(dir)
		if err != nil {
			return nil, err
		}
		bad = append(bad, badGraph(m, graph)...)
	}
	slices.Sort(bad)
	return bad, nil
}

// pack writes the module in dir to a proxy in files.
func pack(proxy, name, dir string) error {
	at := filepath.Join(proxy, filepath.FromSlash(prefix+name), "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	for file, text := range map[string]string{
		"list": version + "\n", version + ".info": `{"Version":"` + version + `"}`, version + ".mod": string(mod),
	} {
		if err := os.WriteFile(filepath.Join(at, file), []byte(text), 0o644); err != nil {
			return err
		}
	}
	f, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := zip.CreateFromDir(f, module.Version{Path: prefix + name, Version: version}, dir); err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	return f.Close()
}

// environment is that of a machine which knows the packed modules. Its module
// cache is its own, for the content of v0.0.0 changes from one call to the
// next; the other modules come from the user's cache, which has the layout of
// a proxy.
func environment(work string) ([]string, error) {
	out, err := goIn(work, nil, "env", "GOPROXY", "GOMODCACHE")
	if err != nil {
		return nil, err
	}
	user := strings.Split(out, "\n")
	return []string{
		"GOPROXY=file://" + filepath.Join(work, "proxy") + ",file://" + filepath.Join(user[1], "cache/download") + "," + user[0],
		"GOMODCACHE=" + filepath.Join(work, "cache"),
		"GOPRIVATE=", "GONOPROXY=", "GONOSUMDB=" + strings.TrimSuffix(prefix, "/"),
		"GOFLAGS=-mod=mod -modcacherw",
	}, nil
}

// consumer is a module elsewhere that requires one of the repository's.
type consumer struct {
	module, dir string
	env         []string
}

// try makes the consumer, runs its program if it has one, and returns its
// module graph. dir is the folder of the required module.
func (c consumer) try(dir string) (graph []string, err error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return nil, err
	}
	mod := "module example.com/outside\n\ngo 1.26.0\n\nrequire " + prefix + c.module + " " + version + "\n"
	if err := os.WriteFile(filepath.Join(c.dir, "go.mod"), []byte(mod), 0o644); err != nil {
		return nil, err
	}
	// The sums that the module knows need no question to the sum database.
	if sums, err := os.ReadFile(filepath.Join(dir, "go.sum")); err == nil {
		if err := os.WriteFile(filepath.Join(c.dir, "go.sum"), sums, 0o644); err != nil {
			return nil, err
		}
	}
	program, err := programs.ReadFile(path.Join("testdata", c.module, "main.go"))
	if err == nil {
		err = c.run(program)
	}
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	out, err := goIn(c.dir, c.env, "list", "-m", "-f", "{{.Path}}", "all")
	for line := range strings.Lines(out) {
		graph = append(graph, strings.TrimPrefix(strings.TrimSpace(line), prefix))
	}
	return graph, err
}

func (c consumer) run(program []byte) error {
	if err := os.WriteFile(filepath.Join(c.dir, "main.go"), program, 0o644); err != nil {
		return err
	}
	_, err := goIn(c.dir, c.env, "run", "-trimpath", ".") // trimmed paths let go use what it built in the last call
	return err
}
