package run

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gousher/usher/conformance/run/engine"
	"github.com/stretchr/testify/require"
)

// startGRPCExample starts examples/grpc and returns its addresses.
func startGRPCExample(t *testing.T) (web, rpc string) {
	t.Helper()
	cmd := exec.Command(buildExample(t, "grpc"), "-http", "127.0.0.1:0", "-grpc", "127.0.0.1:0")
	printed := strings.Join(start(t, cmd, func(string) bool { return true }), "\n")
	found := regexp.MustCompile(`^HTTP on http://(\S+), gRPC on (\S+)$`).FindStringSubmatch(printed)
	require.NotNil(t, found, printed)
	return found[1], found[2]
}

// program returns the path of a program that scripts/setup makes sure of.
func program(t *testing.T, name string) string {
	t.Helper()
	tools, err := filepath.Abs("../../.cache/bin")
	require.NoError(t, err)
	for _, try := range []string{name, filepath.Join(tools, name)} {
		if path, err := exec.LookPath(try); err == nil {
			return path
		}
	}
	engine.Unavailable(t, "no "+name+" (scripts/setup installs it)")
	return ""
}

// What the README of examples/grpc shows is what happens.
func TestGRPCExample(t *testing.T) {
	t.Setenv("PATH", filepath.Dir(program(t, "grpcurl"))+":"+os.Getenv("PATH"))
	web, rpc := startGRPCExample(t)
	steps := stepsOf(t, "../../examples/grpc/README.md")
	require.Greater(t, len(steps), 7)
	for i := range steps {
		commands := strings.ReplaceAll(steps[i].commands, "127.0.0.1:8000", web)
		steps[i].commands = strings.ReplaceAll(commands, "127.0.0.1:9000", rpc)
	}
	shell(t, t.TempDir(), steps)
}

// A client in another language registers, logs in, sees who it is and calls a
// method of the application.
func TestGRPCFromNode(t *testing.T) {
	node, npm := program(t, "node"), program(t, "npm")
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir() // what npm installs is no part of the checkout
	require.NoError(t, os.CopyFS(dir, os.DirFS("../../examples/grpc/client")))
	install := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	install.Dir = dir
	out, err := install.CombinedOutput()
	require.NoError(t, err, string(out))

	_, rpc := startGRPCExample(t)
	client := exec.Command(node, "client.js", rpc)
	client.Dir = dir
	client.Env = append(os.Environ(), "USHER_ROOT="+root)
	out, err = client.CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, `registered: true Noa
me: true true
greeted: Hello Noa!
without a token: UNAUTHENTICATED Unauthorized
`, string(out))
}
