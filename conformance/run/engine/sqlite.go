package engine

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// SQLite returns the DSN of a new, empty SQLite database in a file, for the
// database/sql driver "sqlite" of modernc.org/sqlite. It waits five seconds
// for a lock, and its transactions lock from their beginning, so that they
// wait and do not fail.
func SQLite(t testing.TB) string {
	t.Helper()
	process.mustSupervise(t)
	file := url.URL{
		Scheme: "file", Path: filepath.Join(t.TempDir(), "test.db"),
		RawQuery: url.Values{
			"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)"},
			"_txlock": {"immediate"},
		}.Encode(),
	}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		t.Fatalf("engine: sqlite: %v", err)
	}
	defer db.Close()
	var version string
	if err := db.QueryRowContext(t.Context(), "SELECT sqlite_version()").Scan(&version); err != nil {
		t.Fatalf("engine: sqlite: %v", err)
	}
	seen.add("SQLite " + version + " (in process)")
	return file.String()
}
