package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/wait"
)

// localImage is the name of the image that conformance/images builds for
// machines that reach no image registry. It understands the commands and
// variables of each engine's official image.
const localImage = "usher-engines"

// label marks the containers of tests.
const label = "usher.test"

// pullTimeout is how long a missing official image may take to arrive.
const pullTimeout = 5 * time.Minute

// server is an engine that runs in a container.
type server struct {
	engine   string // the container's name begins with it
	official string // the official image
	cmd      []string
	// entrypoint replaces that of the image, where it is not nil.
	entrypoint []string
	env        map[string]string
	port       string // "5432/tcp"
	ready      wait.Strategy
	// stop is the signal that ends it in good order; "" means SIGTERM.
	stop string
}

// running is a server that runs in a container.
type running struct {
	testcontainers.Container
	// addr is what the port is published at, and image what it was made of.
	addr, image string
}

// start starts the container.
func (s server) start(ctx context.Context) (*running, error) {
	docker, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	defer docker.Close()
	image, err := s.image(ctx, docker)
	if err != nil {
		return nil, err
	}
	name := "usher-" + s.engine + "-" + strings.ToLower(rand.Text())
	if err := process.entrust(name); err != nil {
		return nil, err
	}
	options := []testcontainers.ContainerCustomizer{
		testcontainers.WithName(name),
		testcontainers.WithLabels(map[string]string{label: s.engine}),
		testcontainers.WithCmd(s.cmd...),
		testcontainers.WithEnv(s.env),
		testcontainers.WithExposedPorts(s.port),
		testcontainers.WithWaitStrategy(s.ready),
		testcontainers.WithConfigModifier(func(c *container.Config) { c.StopSignal = s.stop }),
		testcontainers.WithLogger(log.NewNoopLogger()),
	}
	if s.entrypoint != nil {
		options = append(options, testcontainers.WithEntrypoint(s.entrypoint...))
	}
	c, err := testcontainers.Run(ctx, image, options...)
	if err != nil {
		return nil, fmt.Errorf("engine: start %s: %w", image, err)
	}
	addr, err := c.PortEndpoint(ctx, s.port, "")
	if err != nil {
		return nil, fmt.Errorf("engine: address of %s: %w", image, err)
	}
	return &running{c, addr, image}, nil
}

// image returns the official image if it is there, else the local one if that
// is there, else the official one from a registry.
func (s server) image(ctx context.Context, docker *testcontainers.DockerClient) (string, error) {
	for _, image := range []string{s.official, localImage} {
		if _, err := docker.ImageInspect(ctx, image); err == nil {
			return image, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	pull, err := docker.ImagePull(ctx, s.official, client.ImagePullOptions{})
	if err == nil {
		err = pull.Wait(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("engine: no image %s (scripts/setup gets one): %w", s.official, err)
	}
	return s.official, nil
}

// settle sets up testcontainers, for the whole process.
var settle = sync.OnceFunc(func() {
	log.SetDefault(log.NewNoopLogger())
	// The janitor does what testcontainers' reaper would need an image for.
	setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	if ownDaemon() {
		setenv("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
	}
})

// dial returns a client of the docker that testcontainers uses.
func dial(ctx context.Context) (*testcontainers.DockerClient, error) {
	settle()
	docker, err := testcontainers.NewDockerClientWithOpts(ctx)
	if err != nil {
		return nil, fmt.Errorf("engine: no docker (scripts/setup starts it): %w", err)
	}
	return docker, nil
}

// ownDaemon reports whether this is a container in which docker runs itself:
// then ports are published here, and not at the gateway, where testcontainers
// looks for them.
func ownDaemon() bool {
	if _, err := os.Stat("/.dockerenv"); err != nil {
		return false
	}
	_, err := net.InterfaceByName("docker0")
	return err == nil
}

// setenv sets a variable unless the user did.
func setenv(key, value string) {
	if _, ok := os.LookupEnv(key); !ok {
		os.Setenv(key, value)
	}
}
