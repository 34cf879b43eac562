package boltstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/ports"
	"go.etcd.io/bbolt"
)

type member = conformance.Member

// of is what the report says that the suites ran on.
var of = conformance.Subject{Adapter: "boltstore", Engine: "bbolt " + version()}

// version returns that of bbolt, which go.mod names.
func version() string {
	mod, _ := os.ReadFile("go.mod")
	_, after, _ := strings.Cut(string(mod), "go.etcd.io/bbolt v")
	version, _, _ := strings.Cut(after, "\n")
	return version
}

func TestUsers(t *testing.T) {
	conformance.TestUserStore(t, func(t testing.TB) ports.UserStore[*member] { return open(t).Users }, of)
}

func TestLister(t *testing.T) { conformance.TestUserLister(t, open, of) }

func TestTokens(t *testing.T) { conformance.TestTokenStore(t, open, of) }

func TestUsersAndTokens(t *testing.T) { conformance.TestSessionUsers(t, open, of) }

func TestAtRest(t *testing.T) {
	conformance.TestAtRest(t, func(t testing.TB) conformance.AtRest {
		db := empty(t)
		return conformance.AtRest{Stores: on(t, db), Dump: func(t testing.TB) []byte { return dump(t, db) }}
	}, of)
}

// empty makes a database for one case.
func empty(t testing.TB) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "test.db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func on(t testing.TB, db *bbolt.DB) ports.Stores[*member] {
	t.Helper()
	stores, err := New[member](db)
	if err != nil {
		t.Fatal(err)
	}
	return stores
}

func open(t testing.TB) ports.Stores[*member] { return on(t, empty(t)) }

// dump returns the file, in which what was deleted may still be read, and all
// keys and values by themselves.
func dump(t testing.TB, db *bbolt.DB) []byte {
	t.Helper()
	file, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	all := bytes.NewBuffer(file)
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(bucket []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				_, err := fmt.Fprintf(all, "\n%s %s=%s", bucket, k, v)
				return err
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}
