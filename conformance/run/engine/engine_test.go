package engine

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// hangEnv makes the test binary start an engine, name its container and hang.
const hangEnv = "USHER_TEST_HANG"

func TestMain(m *testing.M) {
	if os.Getenv(hangEnv) != "" && os.Getenv(janitorEnv) == "" {
		hang()
	}
	// The report is about the adapters' tests: that this package works does
	// not make an engine one that they ran on.
	os.Unsetenv(reportEnv)
	os.Exit(Main(m))
}

func hang() {
	process.supervise()
	container := "usher-test-hang-" + fmt.Sprint(os.Getpid())
	if err := process.entrust(container); err != nil {
		panic(err)
	}
	docker, err := dial(context.Background())
	if err != nil {
		panic(err)
	}
	image, err := server{official: postgresImage}.image(context.Background(), docker)
	if err != nil {
		panic(err)
	}
	if _, err := docker.ContainerCreate(context.Background(), client.ContainerCreateOptions{
		Name: container, Image: image,
	}); err != nil {
		panic(err)
	}
	fmt.Println(container)
	select {}
}

func open(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func query(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	var value string
	if err := db.QueryRowContext(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func TestPostgres(t *testing.T) {
	db := open(t, "pgx", Postgres(t))
	version := query(t, db, "SELECT version()")
	if !strings.HasPrefix(version, "PostgreSQL ") {
		t.Errorf("version() = %q, want PostgreSQL", version)
	}
	number := strings.Fields(version)[1]
	if !slices.ContainsFunc(Describe(), func(line string) bool {
		return strings.HasPrefix(line, "engine PostgreSQL "+number+" (")
	}) {
		t.Errorf("Describe() = %q, want PostgreSQL %s", Describe(), number)
	}
	for setting, want := range map[string]string{"fsync": "on", "synchronous_commit": "on"} {
		if got := query(t, db, "SHOW "+setting); got != want {
			t.Errorf("%s = %s, want %s", setting, got, want)
		}
	}
}

func TestPostgresIsEmpty(t *testing.T) {
	beside := open(t, "pgx", Postgres(t))
	tests := []struct{ name, leave string }{
		{name: "nothing left", leave: "SELECT 1"},
		{name: "a table", leave: "CREATE TABLE things (id int)"},
		{name: "a type and a function", leave: "CREATE DOMAIN things AS int; CREATE FUNCTION f() RETURNS things LANGUAGE sql AS 'SELECT 1'"},
		{name: "a schema", leave: "CREATE SCHEMA other CREATE TABLE things (id int)"},
		{name: "a large object", leave: "SELECT lo_create(0)"},
		{name: "a setting", leave: `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET work_mem = 64', current_database()); END $$`},
		{name: "an open transaction", leave: "CREATE TABLE things (id int); BEGIN; LOCK TABLE things"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), Postgres(t)) // left open
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.PgConn().Exec(t.Context(), tt.leave).ReadAll(); err != nil {
				t.Fatal(err)
			}
		})
		t.Run("after "+tt.name, func(t *testing.T) {
			db := open(t, "pgx", Postgres(t))
			for what, count := range leftovers {
				if got := query(t, db, count); got != "0" {
					t.Errorf("%s that a test left: %s, want 0", what, got)
				}
				if got := query(t, beside, count); got != "0" {
					t.Errorf("%s that a test left in another database: %s, want 0", what, got)
				}
			}
		})
	}
}

// leftovers count what a new database has none of.
var leftovers = map[string]string{
	"tables":        "SELECT count(*) FROM pg_tables WHERE tablename = 'things'",
	"types":         "SELECT count(*) FROM pg_type WHERE typname = 'things'",
	"functions":     "SELECT count(*) FROM pg_proc WHERE proname = 'f'",
	"schemas":       "SELECT count(*) FROM pg_namespace WHERE nspname = 'other'",
	"large objects": "SELECT count(*) FROM pg_largeobject_metadata",
	"settings":      "SELECT count(*) FROM pg_settings WHERE name = 'work_mem' AND setting = '64'",
	"connections":   "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in%'",
}

func TestMariaDB(t *testing.T) {
	dsn := MariaDB(t)
	db := open(t, "mysql", dsn)
	version := query(t, db, "SELECT VERSION()")
	number, build, _ := strings.Cut(version, "-")
	if !strings.Contains(build, "MariaDB") {
		t.Errorf("VERSION() = %q, want MariaDB", version)
	}
	if !slices.ContainsFunc(Describe(), func(line string) bool {
		return strings.HasPrefix(line, "engine MariaDB "+number+" (")
	}) {
		t.Errorf("Describe() = %q, want MariaDB %s", Describe(), number)
	}
	for setting, want := range map[string]string{"innodb_flush_log_at_trx_commit": "1", "innodb_doublewrite": "1"} {
		if got := query(t, db, "SELECT @@"+setting); got != want {
			t.Errorf("%s = %s, want %s", setting, got, want)
		}
	}
	if tables := query(t, db, "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE()"); tables != "0" {
		t.Errorf("got %s tables, want 0", tables)
	}
	if MariaDB(t) == dsn {
		t.Errorf("two calls gave one database: %s", dsn)
	}
}

func TestSQLite(t *testing.T) {
	dsn := SQLite(t)
	db := open(t, "sqlite", dsn)
	for pragma, want := range map[string]string{
		"busy_timeout": "5000", "journal_mode": "wal", "foreign_keys": "1", "synchronous": "2",
	} {
		if got := query(t, db, "PRAGMA "+pragma); got != want {
			t.Errorf("%s = %s, want %s", pragma, got, want)
		}
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE things (id int)"); err != nil {
		t.Fatal(err)
	}
	if got := query(t, open(t, "sqlite", dsn), "SELECT count(*) FROM things"); got != "0" {
		t.Errorf("rows seen by a second handle: %s, want 0", got)
	}
	if SQLite(t) == dsn {
		t.Errorf("two calls gave one database: %s", dsn)
	}
	want := "engine SQLite " + query(t, db, "SELECT sqlite_version()") + " (in process)"
	if !slices.Contains(Describe(), want) {
		t.Errorf("Describe() = %q, want %q", Describe(), want)
	}
}

func TestReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	t.Setenv(reportEnv, path)
	for _, lines := range [][]string{{"engine A 1 (x)"}, {"engine B 2 (y)", "engine C 3 (z)"}} {
		if err := report(lines); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "engine A 1 (x)\nengine B 2 (y)\nengine C 3 (z)\n"; string(got) != want {
		t.Errorf("report = %q, want %q", got, want)
	}
}

func TestLeaks(t *testing.T) {
	stop := make(chan struct{})
	go leftBehind(stop)
	err := leaks()
	close(stop)
	if err == nil || !strings.Contains(err.Error(), "leftBehind") {
		t.Errorf("got %v, want an error that names the goroutine", err)
	}
}

func leftBehind(stop chan struct{}) { <-stop }

func TestKilledProcessLeavesNothing(t *testing.T) {
	docker, err := dial(t.Context())
	if err != nil {
		unavailable(t, err)
	}
	defer docker.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hangEnv+"=1")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var name string
	if _, err := fmt.Fscanln(stdout, &name); err != nil {
		t.Fatalf("the process named no container: %v", err)
	}
	gone := docker.ContainerWait(t.Context(), name, client.ContainerWaitOptions{Condition: container.WaitConditionRemoved})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, stdout)
	_ = cmd.Wait() // killed
	select {
	case <-gone.Result:
	case err := <-gone.Error:
		t.Errorf("container %s was not removed: %v", name, err)
	}
}

// TestImages holds the images that tests ask for and those that scripts/setup
// gets together.
func TestImages(t *testing.T) {
	table, err := os.ReadFile("../../images/engines")
	if err != nil {
		t.Fatal(err)
	}
	var images []string
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); !strings.HasPrefix(line, "#") && len(fields) == 3 {
			images = append(images, fields[1])
		}
	}
	if want := []string{postgresImage, mariadbImage, redisImage}; !slices.Equal(images, want) {
		t.Errorf("images in conformance/images/engines = %q, want %q", images, want)
	}
}
