package engine

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgresServer is where databases are made. A database that a test has done
// with is emptied and used again: to make one takes half a second where fsync
// is slow.
type postgresServer struct {
	url   *url.URL
	admin *sql.DB

	mu    sync.Mutex
	empty []string // databases that wait for a test
	all   []string
}

// at returns the URL of a database.
func (s *postgresServer) at(name string) string {
	u := *s.url
	u.Path = "/" + name
	return u.String()
}

// take returns the name of an empty database.
func (s *postgresServer) take() (string, error) {
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

// give empties a database for the next test, or drops it if it cannot.
func (s *postgresServer) give(name string) error {
	if err := s.clear(name); err != nil {
		return s.drop(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty = append(s.empty, name)
	return nil
}

// clear makes a database as it was when it was new, or returns an error.
func (s *postgresServer) clear(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.at(name))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, `
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid();
		DROP SCHEMA public CASCADE;
		CREATE SCHEMA public`).ReadAll(); err != nil {
		return err
	}
	var asNew bool
	if err := conn.QueryRow(ctx, `
		SELECT NOT EXISTS (SELECT FROM pg_namespace
				WHERE nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('public', 'information_schema'))
			AND NOT EXISTS (SELECT FROM pg_extension WHERE extname <> 'plpgsql')
			AND NOT EXISTS (SELECT FROM pg_largeobject_metadata)
			AND NOT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
				WHERE d.datname = current_database())`).Scan(&asNew); err != nil {
		return err
	}
	if !asNew {
		return errors.New("engine: something is left that is not in the schema public")
	}
	return nil
}

func (s *postgresServer) drop(name string) error {
	return s.exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
}

// close drops all databases.
func (s *postgresServer) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, name := range s.all {
		errs = append(errs, s.drop(name))
	}
	return errors.Join(append(errs, s.admin.Close())...)
}

func (s *postgresServer) exec(query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := s.admin.ExecContext(ctx, query)
	return err
}
