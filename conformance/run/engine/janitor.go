package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// janitorEnv makes Main remove the containers that standard input names, in
// the place of running tests.
const janitorEnv = "USHER_TEST_JANITOR"

// supervisor knows the janitor: a second process of the test binary that
// removes this one's containers when their names end. They end when Main is
// done, and just as well when the process is killed, panics or times out. So
// nothing is left behind, and no image but the engine's is needed for it.
type supervisor struct {
	mu       sync.Mutex
	present  bool // Main runs
	janitor  *exec.Cmd
	register io.WriteCloser
	last     []func() error
}

var process supervisor

func (s *supervisor) supervise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.present = true
}

// mustSupervise fails the test where nobody would clear up after it.
func (s *supervisor) mustSupervise(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.present {
		t.Fatal("engine: TestMain does not call engine.Main")
	}
}

// atEnd has f called when the tests have run, before what it was called with
// earlier.
func (s *supervisor) atEnd(f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = append(s.last, f)
}

// entrust has the container of that name removed at the end of the process.
// It is called before the container is created.
func (s *supervisor) entrust(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.janitor == nil {
		if err := s.hire(); err != nil {
			return fmt.Errorf("engine: start janitor: %w", err)
		}
	}
	_, err := fmt.Fprintln(s.register, name)
	return err
}

func (s *supervisor) hire() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), janitorEnv+"=1")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is not for it
	register, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.janitor, s.register = cmd, register
	return nil
}

// dismiss clears up, and waits until the janitor has removed all containers.
func (s *supervisor) dismiss() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range slices.Backward(s.last) {
		errs = append(errs, f())
	}
	if s.janitor != nil {
		s.register.Close()
		if err := s.janitor.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("engine: remove containers: %w", err))
		}
	}
	return errors.Join(errs...)
}

// sweep is the life of the janitor. It returns an exit code.
func sweep(names io.Reader) int {
	var all []string
	for lines := bufio.NewScanner(names); lines.Scan(); {
		all = append(all, lines.Text())
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	docker, err := dial(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer docker.Close()
	code := 0
	for _, name := range all {
		_, err := docker.ContainerRemove(ctx, name, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
		if err != nil && !errdefs.IsNotFound(err) {
			fmt.Fprintf(os.Stderr, "engine: remove container %s: %v\n", name, err)
			code = 1
		}
	}
	return code
}
