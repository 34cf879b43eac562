package engine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// databases are those that tests work in on one server. A database that a
// test has done with is emptied and used again where that is quicker than to
// make one.
type databases struct {
	admin *sql.DB
	// at returns the DSN of a database.
	at func(name string) string
	// clear makes a database as it was when it was new, or returns an error.
	// Nil means that databases are not used again.
	clear func(dsn string) error
	// drop is the statement that drops a database, before its name, and
	// after is what follows.
	drop, after string

	mu    sync.Mutex
	empty []string // databases that wait for a test
	all   []string
}

// fresh returns the DSN of an empty database, for the test alone.
func (s *databases) fresh(t testing.TB) string {
	t.Helper()
	name, err := s.take()
	if err != nil {
		t.Fatalf("engine: create database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.give(name); err != nil {
			t.Errorf("engine: clear database: %v", err)
		}
	})
	return s.at(name)
}

// take returns the name of an empty database.
func (s *databases) take() (string, error) {
	s.mu.Lock()
	if n := len(s.empty); n > 0 {
		name := s.empty[n-1]
		s.empty = s.empty[:n-1]
		s.mu.Unlock()
		return name, nil
	}
	name := "usher_" + strings.ToLower(rand.Text())
	s.all = append(s.all, name)
	s.mu.Unlock()
	return name, s.exec("CREATE DATABASE " + name)
}

// give empties a database for the next test, or drops it.
func (s *databases) give(name string) error {
	if s.clear == nil || s.clear(s.at(name)) != nil {
		return s.remove(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty = append(s.empty, name)
	return nil
}

func (s *databases) remove(name string) error { return s.exec(s.drop + name + s.after) }

// close drops all databases.
func (s *databases) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, name := range s.all {
		errs = append(errs, s.remove(name))
	}
	return errors.Join(append(errs, s.admin.Close())...)
}

func (s *databases) exec(query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := s.admin.ExecContext(ctx, query)
	return err
}

// found returns the databases of a server that was found, and notes what it
// is: the name of the engine and its version, as the query tells it.
func found(ctx context.Context, driver, dsn, query, source string, name func(version string) string) (*databases, error) {
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, fmt.Errorf("engine: %w", err)
	}
	var version string
	if err := db.QueryRowContext(ctx, query).Scan(&version); err != nil {
		db.Close()
		return nil, fmt.Errorf("engine: %w", err)
	}
	seen.add(name(version) + " (" + source + ")")
	s := &databases{admin: db}
	if strings.HasPrefix(source, "USHER_TEST_") {
		process.atEnd(s.close) // a container takes its databases with it
	} else {
		process.atEnd(db.Close)
	}
	return s, nil
}

// on returns the databases of a server, or ends the test where there is none.
func on(t testing.TB, env string, server func() (*databases, error)) *databases {
	t.Helper()
	process.mustSupervise(t)
	s, err := server()
	if err != nil && isSet(env) {
		t.Fatal(err)
	}
	if err != nil {
		unavailable(t, err)
	}
	return s
}
