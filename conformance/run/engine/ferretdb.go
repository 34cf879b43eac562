package engine

import (
	"bufio"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// ferretDB is FerretDB on SQLite, in a process of its own and behind a proxy
// that passes one message at a time: its updates are not atomic.
type ferretDB struct {
	program, dir string
	*serial

	cmd   *exec.Cmd
	stdin io.WriteCloser // the process ends when it is closed
}

// ferretProgram builds the program, once.
var ferretProgram = sync.OnceValues(func() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) {
		return "", errors.New("engine: FerretDB: where the sources are is not known")
	}
	cmd := exec.Command(filepath.Join(filepath.Dir(file), "../ferretdb/build"))
	var says strings.Builder
	cmd.Stderr = &says
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("engine: build FerretDB: %w: %s", err, says.String())
	}
	return strings.TrimSpace(string(out)), nil
})

// startFerretDB starts a server on an empty directory.
func startFerretDB() (*ferretDB, error) {
	program, err := ferretProgram()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "usher-ferretdb-")
	if err != nil {
		return nil, fmt.Errorf("engine: FerretDB: %w", err)
	}
	f := &ferretDB{program: program, dir: dir}
	if err := f.start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return f, nil
}

// start starts the process and the proxy.
func (f *ferretDB) start() error {
	cmd := exec.Command(f.program, f.dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("engine: FerretDB: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("engine: FerretDB: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("engine: FerretDB: %w", err)
	}
	addr, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		f.serial, err = newSerial(strings.TrimSpace(addr), withoutLimit)
	}
	if err != nil {
		stdin.Close()
		_ = cmd.Wait() // it says why on stderr
		return fmt.Errorf("engine: FerretDB does not start: %w", err)
	}
	f.cmd, f.stdin = cmd, stdin
	return nil
}

// stop stops the process, in good order, and the proxy.
func (f *ferretDB) stop() error {
	_, err := io.WriteString(f.stdin, "keep\n")
	return errors.Join(err, f.end())
}

// close stops what runs, and removes what was kept.
func (f *ferretDB) close() error {
	if f.serial == nil {
		return os.RemoveAll(f.dir)
	}
	return f.end() // the process removes it, as it does when this one is killed
}

func (f *ferretDB) end() error {
	f.stdin.Close()
	err := f.cmd.Wait()
	f.serial.close()
	f.serial = nil
	return err
}

// uri is where a database of the server is reached.
func (f *ferretDB) uri() string { return "mongodb://" + f.addr() + "/?directConnection=true" }

// version is that of the program, such as "1.24".
func (f *ferretDB) version() (string, error) {
	info, err := buildinfo.ReadFile(f.program)
	if err != nil {
		return "", fmt.Errorf("engine: FerretDB: %w", err)
	}
	for _, dep := range info.Deps {
		if parts := strings.Split(strings.TrimPrefix(dep.Version, "v"), "."); dep.Path == "github.com/FerretDB/FerretDB" && len(parts) == 3 {
			return parts[0] + "." + parts[1], nil
		}
	}
	return "", errors.New("engine: FerretDB: the program does not say its version")
}
