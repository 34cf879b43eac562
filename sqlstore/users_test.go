package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

const id = "01890000-0000-7000-8000-000000000001"

// kept is the row of a Member as PostgreSQL's drivers give it.
func kept(revision int64) []driver.Value {
	return []driver.Value{
		id, "Ann@e.com", "ann@e.com", "$hash$", true, false, false, int64(0), revision, when.Local(), when.Local(),
		"Ann", nil, []byte(`["a"]`), when.Local(),
	}
}

// keeping answers reads with the row of revision 1 and writes with write.
func keeping(write func(query string) answer) func(string, []any) answer {
	return func(query string, _ []any) answer {
		if strings.HasPrefix(query, "SELECT") {
			return answer{rows: [][]driver.Value{kept(1)}}
		}
		return write(query)
	}
}

func storeOn(t testing.TB, d Dialect, answer func(string, []any) answer) (ports.UserStore[*Member], *engineFake) {
	t.Helper()
	db, e := openFake(t, answer)
	stores, err := New[Member](db, d, columnsFor[Member](), Config{})
	if err != nil {
		t.Fatal(err)
	}
	return stores.Users, e
}

func TestCreateStatement(t *testing.T) {
	store, e := storeOn(t, Postgres(), func(string, []any) answer { return answer{affected: 1} })
	m := &Member{User: core.User{ID: strings.ToUpper(id), EmailKey: "ann@e.com", HashedPassword: "$hash$", CreatedAt: when.Add(1), Revision: 7}}
	if err := store.Create(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	want := `INSERT INTO "users" ("id", "email", "email_key", "hashed_password", "is_active", "is_superuser", "is_verified", "session_epoch",` +
		` "revision", "created_at", "updated_at", "nickname", "motto", "tags", "last_seen")` +
		` VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	if !slices.Equal(e.asked, []string{want}) {
		t.Errorf("got %q, want %q", e.asked, want)
	}
	wantArgs := []any{
		id, "", "ann@e.com", "$hash$", false, false, false, int64(0), int64(1), "2026-05-17 11:42:13.987654+00:00",
		"0001-01-01 00:00:00+00:00", "", nil, "null", "0001-01-01 00:00:00+00:00",
	}
	if !reflect.DeepEqual(e.args[0], wantArgs) {
		t.Errorf("got %v, want %v", e.args[0], wantArgs)
	}
	if m.ID != id || m.Revision != 1 || m.CreatedAt != when.Add(1) {
		t.Errorf("got %q, revision %d, created %v", m.ID, m.Revision, m.CreatedAt)
	}
}

func TestCreateFails(t *testing.T) {
	store, _ := storeOn(t, Postgres(), func(string, []any) answer { return answer{err: io.ErrUnexpectedEOF} })
	m := &Member{User: core.User{EmailKey: "ann@e.com"}}
	if err := store.Create(t.Context(), m); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
	}
	if want := (&Member{User: core.User{EmailKey: "ann@e.com"}}); !reflect.DeepEqual(m, want) {
		t.Errorf("got %v, want %v", m, want)
	}
}

func TestFind(t *testing.T) {
	const columns = `"users"."id", "users"."email", "users"."email_key", "users"."hashed_password", "users"."is_active", "users"."is_superuser",` +
		` "users"."is_verified", "users"."session_epoch", "users"."revision", "users"."created_at", "users"."updated_at",` +
		` "users"."nickname", "users"."motto", "users"."tags", "users"."last_seen"`
	want := &Member{
		User:     core.User{ID: id, Email: "Ann@e.com", EmailKey: "ann@e.com", HashedPassword: "$hash$", IsActive: true, Revision: 1, CreatedAt: when, UpdatedAt: when},
		Nickname: "Ann", Tags: []string{"a"}, LastSeen: when,
	}
	for _, tt := range []struct {
		name  string
		find  func(ports.UserStore[*Member]) (*Member, error)
		asked []string
	}{
		{"by id", func(s ports.UserStore[*Member]) (*Member, error) {
			return s.ByID(t.Context(), "{"+strings.ToUpper(id)+"}")
		},
			[]string{"SELECT " + columns + ` FROM "users" WHERE id = ?`}},
		{"by e-mail", func(s ports.UserStore[*Member]) (*Member, error) { return s.ByEmail(t.Context(), "ann@e.com") },
			[]string{"SELECT " + columns + ` FROM "users" WHERE email_key = ?`}},
		{"impossible id", func(s ports.UserStore[*Member]) (*Member, error) { return s.ByID(t.Context(), "me") }, nil},
		{"no key", func(s ports.UserStore[*Member]) (*Member, error) { return s.ByEmail(t.Context(), "") }, nil},
		{"unclean key", func(s ports.UserStore[*Member]) (*Member, error) { return s.ByEmail(t.Context(), "a\x00") }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store, e := storeOn(t, SQLite(), keeping(nil))
			got, err := tt.find(store)
			if !slices.Equal(e.asked, tt.asked) {
				t.Errorf("got %q, want %q", e.asked, tt.asked)
			}
			if tt.asked == nil {
				if err != core.ErrUserNotFound {
					t.Errorf("got %v, want %v", err, core.ErrUserNotFound)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestUpdateStatement(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(m *Member)
		want   string // "" for no write
		args   []any
	}{
		{"nothing", func(*Member) {}, "", nil},
		{"what is not change's", func(m *Member) { m.ID, m.Revision = "x", 9 }, "", nil},
		{"less than a microsecond", func(m *Member) { m.LastSeen = m.LastSeen.Add(1) }, "", nil},
		{"one column", func(m *Member) { m.IsActive = false },
			`UPDATE "users" SET "is_active" = $1, revision = $2 WHERE id = $3 AND revision = $4`, []any{false, int64(2), id, int64(1)}},
		{"in place", func(m *Member) { m.Tags[0] = "b" },
			`UPDATE "users" SET "tags" = $1, revision = $2 WHERE id = $3 AND revision = $4`, []any{`["b"]`, int64(2), id, int64(1)}},
		{"to zero and to null", func(m *Member) { m.Nickname, m.Tags = "", nil },
			`UPDATE "users" SET "nickname" = $1, "tags" = $2, revision = $3 WHERE id = $4 AND revision = $5`, []any{"", "null", int64(2), id, int64(1)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store, e := storeOn(t, Postgres(), keeping(func(string) answer { return answer{affected: 1} }))
			m, err := store.Update(t.Context(), id, func(m *Member) error { tt.change(m); return nil })
			if err != nil {
				t.Fatal(err)
			}
			if m.ID != id || m.LastSeen != when {
				t.Errorf("got id %q, seen %v", m.ID, m.LastSeen)
			}
			if tt.want == "" {
				if len(e.asked) != 1 || m.Revision != 1 {
					t.Errorf("got %q and revision %d, want no write", e.asked[1:], m.Revision)
				}
				return
			}
			if len(e.asked) != 2 || e.asked[1] != tt.want || !reflect.DeepEqual(e.args[1], tt.args) || m.Revision != 2 {
				t.Errorf("got %q %v and revision %d, want %q %v", e.asked[1:], e.args[1:], m.Revision, tt.want, tt.args)
			}
		})
	}
}

func TestUpdateConflicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes := 0
		store, _ := storeOn(t, Postgres(), keeping(func(string) answer { writes++; return answer{} }))
		runs := 0
		_, err := store.Update(t.Context(), id, func(m *Member) error { runs++; m.Nickname += "x"; return nil })
		if err != core.ErrConflict || runs != 100 || writes != 100 {
			t.Errorf("got %v after %d runs and %d writes, want %v after 100", err, runs, writes, core.ErrConflict)
		}
	})
}

func TestRetry(t *testing.T) {
	busy, broken := &codeError{5, "busy"}, &codeError{11, "corrupt"}
	for _, tt := range []struct {
		name  string
		fails func(n int) error // the n-th time
		want  error
		most  int
	}{
		{"busy for a while", func(n int) error {
			if n <= 30 {
				return busy
			}
			return nil
		}, nil, 31},
		{"busy for ever", func(int) error { return busy }, busy, 100_000},
		{"broken", func(int) error { return broken }, broken, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				writes := 0
				store, _ := storeOn(t, SQLite(), func(string, []any) answer {
					writes++
					return answer{affected: 1, err: tt.fails(writes)}
				})
				err := store.Delete(t.Context(), id)
				if !errors.Is(err, tt.want) || writes > tt.most {
					t.Errorf("got %v after %d writes, want %v after %d at most", err, writes, tt.want, tt.most)
				}
			})
		})
	}
}

func TestRetryEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	store, _ := storeOn(t, SQLite(), func(string, []any) answer { cancel(); return answer{err: &codeError{5, "busy"}} })
	if err := store.Delete(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestDeleteNobody(t *testing.T) {
	store, e := storeOn(t, Postgres(), func(string, []any) answer { return answer{} })
	if err := store.Delete(t.Context(), id); err != core.ErrUserNotFound {
		t.Errorf("got %v, want %v", err, core.ErrUserNotFound)
	}
	if err := store.Delete(t.Context(), "me"); err != core.ErrUserNotFound {
		t.Errorf("got %v, want %v", err, core.ErrUserNotFound)
	}
	if want := []string{`DELETE FROM "users" WHERE id = $1`}; !slices.Equal(e.asked, want) {
		t.Errorf("got %q, want %q", e.asked, want)
	}
}
