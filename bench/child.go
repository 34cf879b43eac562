package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// child is a server, in a process of its own.
type child struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	addr string
}

// start starts a server. Env is added to its environment.
func (b *bench) start(target string, counting bool, env ...string) (*child, error) {
	args := []string{"serve", "-target", target}
	if counting {
		args = append(args, "-count")
	}
	if b.pprof != "" {
		args = append(args, "-pprof", b.pprof)
	}
	cmd := exec.Command(b.program, args...)
	cmd.Env = append(append(os.Environ(), b.env...), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in, out: bufio.NewReader(out)}
	line, err := c.out.ReadString('\n')
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("%s does not start: %w", target, err)
	}
	c.addr = strings.TrimSpace(line)
	return c, nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop ends the server.
func (c *child) stop() error {
	c.in.Close()
	return c.cmd.Wait()
}

// facts asks the server for what it knows of itself.
func (c *child) facts() (f facts, err error) {
	if _, err := io.WriteString(c.in, "\n"); err != nil {
		return f, err
	}
	line, err := c.out.ReadBytes('\n')
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(line, &f)
}
