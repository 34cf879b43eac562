// Package engine gives tests the database engines that they run on: a server
// that the environment names, else a container, started once for the whole
// test process, with a fresh database for every call.
//
//	func TestMain(m *testing.M) { os.Exit(engine.Main(m)) }
//
//	func TestStore(t *testing.T) {
//		db, err := sql.Open("pgx", engine.Postgres(t))
//		...
//	}
//
// USHER_TEST_POSTGRES, USHER_TEST_MARIADB and so on name servers. Where there
// is none and no container can be started, tests are skipped, or fail where
// USHER_TEST_REQUIRE is 1. The package registers the database/sql drivers
// "pgx", "mysql" and "sqlite".
package engine

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// reportEnv names the file that Main appends Describe's lines to.
const reportEnv = "USHER_TEST_REPORT"

// Main runs the tests of a package, removes the containers that they started,
// and says which engines they ran on. It returns the exit code.
func Main(m *testing.M) int {
	if os.Getenv(janitorEnv) != "" {
		return sweep(os.Stdin)
	}
	process.supervise()
	code := m.Run()
	if err := process.dismiss(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := leaks(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if err := report(append(notes.all, Describe()...)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	return code
}

// leaks returns an error that lists the goroutines which are left when the
// tests have run and everything is closed.
func leaks() error {
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	// Toxiproxy forgets one of a connection's goroutines where the connection
	// ends just as a fault begins. Of a connection that is open there are more.
	proxy := goleak.IgnoreTopFunction("github.com/Shopify/toxiproxy/v2/toxics.(*NoopToxic).Pipe")
	if err := goleak.Find(proxy); err != nil {
		return fmt.Errorf("engine: tests left goroutines: %w", err)
	}
	return nil
}

// Memory notes that the tests of t ran on the memory of the process.
func Memory(t testing.TB) {
	t.Helper()
	process.mustSupervise(t)
	seen.add("memory (in process)")
}

// Note adds lines to what Main says at the end.
func Note(text string) {
	notes.mu.Lock()
	defer notes.mu.Unlock()
	notes.all = append(notes.all, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
}

// Describe returns a line for each engine that tests ran on so far, with its
// version and where it came from.
func Describe() []string { return seen.lines() }

// Version returns the name and the version of an engine that tests ran on,
// such as "PostgreSQL 17.2".
func Version(name string) string {
	for _, line := range seen.lines() {
		version := strings.TrimPrefix(line, "engine ")
		version = version[:strings.LastIndex(version, " (")]
		if strings.HasPrefix(version, name+" ") {
			return version
		}
	}
	return name
}

func report(lines []string) error {
	var text strings.Builder
	for _, line := range lines {
		fmt.Fprintln(&text, line)
	}
	path := os.Getenv(reportEnv)
	if path == "" {
		fmt.Print(text.String())
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("engine: report: %w", err)
	}
	if _, err := f.WriteString(text.String()); err != nil {
		f.Close()
		return fmt.Errorf("engine: report: %w", err)
	}
	return f.Close()
}

// sightings are lines for the report: the engines that tests ran on, and what
// tests noted.
type sightings struct {
	mu  sync.Mutex
	all []string
}

var seen, notes sightings

func (s *sightings) add(engine string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line := "engine " + engine; !slices.Contains(s.all, line) {
		s.all = append(s.all, line)
	}
}

func (s *sightings) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.all))
}

func isSet(env string) bool { return os.Getenv(env) != "" }

// Unavailable ends the test: what it needs is not there.
func Unavailable(t testing.TB, what string) {
	t.Helper()
	unavailable(t, errors.New(what))
}

// unavailable ends the test: there is no engine to run it on.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("USHER_TEST_REQUIRE") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}
