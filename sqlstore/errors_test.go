package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

// errorsOf returns a store whose errors are looked at.
func errorsOf(testing.TB) *store {
	s := &store{d: Postgres()}
	s.cfg.setDefaults()
	return s
}

func TestWriteError(t *testing.T) {
	duplicate := func(constraint string) error {
		return &stateError{"23505", `ERROR: duplicate key value violates unique constraint "` + constraint + `" (SQLSTATE 23505)`}
	}
	for _, tt := range []struct {
		name string
		err  error
		want error // nil for an outage
	}{
		{"pgx e-mail", duplicate("users_email_key_key"), core.ErrEmailTaken},
		{"pgx e-mail, in German", &stateError{"23505", "FEHLER: doppelter Schlüsselwert verletzt Unique-Constraint »users_email_key_key«"}, core.ErrEmailTaken},
		{"pgx e-mail, wrapped", fmt.Errorf("conn: %w", duplicate("users_email_key_key")), core.ErrEmailTaken},
		{"pgx id", duplicate("users_pkey"), core.ErrInvalidValue},
		{"pgx column of the application", duplicate("users_nickname_key"), core.ErrInvalidValue},
		{"pgdriver e-mail", &fieldsError{"23505", "users_email_key_key"}, core.ErrEmailTaken},
		{"pgdriver id", &fieldsError{"23505", "users_pkey"}, core.ErrInvalidValue},
		{"postgres NUL", &stateError{"22021", "invalid byte sequence"}, core.ErrInvalidValue},
		{"postgres NUL in JSON", &fieldsError{"22P05", ""}, core.ErrInvalidValue},
		{"postgres form of the type", &stateError{"22P02", "invalid input syntax for type uuid"}, core.ErrInvalidValue},
		{"postgres too long", &stateError{"22001", ""}, core.ErrInvalidValue},
		{"postgres out of range", &stateError{"22003", ""}, core.ErrInvalidValue},
		{"postgres check", &stateError{"23514", ""}, core.ErrInvalidValue},
		{"postgres too long for an index", &stateError{"54000", ""}, core.ErrInvalidValue},
		{"postgres not null", &stateError{"23502", ""}, nil},
		{"postgres foreign key", &stateError{"23503", ""}, nil},
		{"postgres no table", &stateError{"42P01", ""}, nil},
		{"postgres parameter at the start of a connection", &stateError{"22023", ""}, nil},
		{"postgres shutdown", &stateError{"57P01", ""}, nil},
		{"postgres connections", &stateError{"53300", ""}, nil},
		{"postgres read only", &stateError{"25006", ""}, nil},
		{"postgres disk", &fieldsError{"53100", ""}, nil},
		{"modernc e-mail", &codeError{2067, "constraint failed: UNIQUE constraint failed: users.email_key (2067)"}, core.ErrEmailTaken},
		{"modernc column with a longer name", &codeError{2067, "constraint failed: UNIQUE constraint failed: users.email_key_2 (2067)"}, core.ErrInvalidValue},
		{"modernc column of the application", &codeError{2067, "constraint failed: UNIQUE constraint failed: users.nickname (2067)"}, core.ErrInvalidValue},
		{"modernc id", &codeError{1555, "constraint failed: UNIQUE constraint failed: users.id (1555)"}, core.ErrInvalidValue},
		{"modernc check", &codeError{275, "constraint failed: CHECK constraint failed: age (275)"}, core.ErrInvalidValue},
		{"modernc not null", &codeError{1299, "constraint failed: NOT NULL constraint failed: users.x (1299)"}, nil},
		{"modernc busy", &codeError{5, "database is locked (5) (SQLITE_BUSY)"}, nil},
		{"modernc read only", &codeError{8, "attempt to write a readonly database (8)"}, nil},
		{"modernc disk", &codeError{13, "database or disk is full (13)"}, nil},
		{"modernc corrupt", &codeError{11, "database disk image is malformed (11)"}, nil},
		{"mattn e-mail", errors.New("UNIQUE constraint failed: users.email_key"), core.ErrEmailTaken},
		{"mattn id", errors.New("UNIQUE constraint failed: users.id"), core.ErrInvalidValue},
		{"mattn check", errors.New("CHECK constraint failed: age"), core.ErrInvalidValue},
		{"mysql e-mail", errors.New("Error 1062 (23000): Duplicate entry 'a' for key 'users.users_email_key_key'"), core.ErrEmailTaken},
		{"mariadb e-mail", errors.New("Error 1062 (23000): Duplicate entry 'a' for key 'users_email_key_key'"), core.ErrEmailTaken},
		{"mariadb e-mail, in French", errors.New("Error 1062 (23000): Duplicata du champ 'a' pour la clef 'users_email_key_key'"), core.ErrEmailTaken},
		{"mysql id", errors.New("Error 1062 (23000): Duplicate entry 'x' for key 'users.PRIMARY'"), core.ErrInvalidValue},
		{"mysql value that looks like a key", errors.New("Error 1062 (23000): Duplicate entry 'x' for key 'users_email_key_key'' for key 'nickname'"), core.ErrInvalidValue},
		{"mysql too long", errors.New("Error 1406 (22001): Data too long for column 'email' at row 1"), core.ErrInvalidValue},
		{"mysql wrapped", fmt.Errorf("exec: %w", errors.New("Error 1264 (22003): Out of range value for column 'x' at row 1")), core.ErrInvalidValue},
		{"mysql no default", errors.New("Error 1364 (HY000): Field 'x' doesn't have a default value"), nil},
		{"mysql read only", errors.New("Error 1290 (HY000): The MySQL server is running with the --read-only option"), nil},
		{"mysql gone", errors.New("Error 2006 (HY000): MySQL server has gone away"), nil},
		{"mysql connections", errors.New("Error 1040: Too many connections"), nil},
		{"no error of mysql", errors.New("Error x (1062)"), nil},
		{"ours", fmt.Errorf("column x: %w", core.ErrInvalidValue), core.ErrInvalidValue},
		{"connection", io.ErrUnexpectedEOF, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := errorsOf(t).writeError(t.Context(), "create user", tt.err)
			if tt.want == core.ErrEmailTaken {
				if got != core.ErrEmailTaken {
					t.Errorf("got %v, want %v", got, core.ErrEmailTaken)
				}
				return
			}
			if is := errors.Is(got, core.ErrInvalidValue); is != (tt.want == core.ErrInvalidValue) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if errors.Is(got, core.ErrEmailTaken) || errors.Is(got, core.ErrUserNotFound) || !errors.Is(got, tt.err) {
				t.Errorf("got %v, want an error that wraps %v and is of no other kind", got, tt.err)
			}
		})
	}
}

func TestTokenError(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want error // nil for an outage
	}{
		{"postgres taken", &stateError{"23505", `duplicate key value violates unique constraint "tokens_pkey"`}, core.ErrTokenTaken},
		{"pgdriver taken", &fieldsError{"23505", "tokens_pkey"}, core.ErrTokenTaken},
		{"modernc taken", &codeError{1555, "constraint failed: UNIQUE constraint failed: tokens.purpose, tokens.digest (1555)"}, core.ErrTokenTaken},
		{"mattn taken", errors.New("UNIQUE constraint failed: tokens.purpose, tokens.digest"), core.ErrTokenTaken},
		{"postgres nobody", fmt.Errorf("conn: %w", &stateError{"23503", ""}), core.ErrUserNotFound},
		{"modernc nobody", &codeError{787, "constraint failed: FOREIGN KEY constraint failed (787)"}, core.ErrUserNotFound},
		{"mattn nobody", errors.New("FOREIGN KEY constraint failed"), core.ErrUserNotFound},
		{"mysql taken", errors.New("Error 1062 (23000): Duplicate entry 'a-b' for key 'tokens.PRIMARY'"), core.ErrTokenTaken},
		{"mysql nobody", errors.New("Error 1452 (23000): Cannot add or update a child row: a foreign key constraint fails (...)"), core.ErrUserNotFound},
		{"postgres too long for an index", &stateError{"54000", ""}, core.ErrInvalidValue},
		{"modernc too big", &codeError{18, ""}, core.ErrInvalidValue},
		{"postgres no table", &stateError{"42P01", ""}, nil},
		{"modernc not null", &codeError{1299, ""}, nil},
		{"modernc busy", &codeError{5, ""}, nil},
		{"connection", io.ErrUnexpectedEOF, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantKind(t, errorsOf(t).tokenError(t.Context(), "put token", tt.err), tt.want, tt.err)
			want := tt.want
			if want == core.ErrTokenTaken {
				want = core.ErrAccountTaken
			}
			wantKind(t, errorsOf(t).accountError(t.Context(), "link account", tt.err), want, tt.err)
		})
	}
}

// wantKind checks that got is want and nothing else of core's, or, where want is
// nil, wraps what the driver said.
func wantKind(t *testing.T, got, want, driver error) {
	t.Helper()
	for _, kind := range []error{
		core.ErrTokenTaken, core.ErrAccountTaken, core.ErrUserNotFound, core.ErrInvalidValue, core.ErrEmailTaken, core.ErrTokenNotFound,
	} {
		if is := errors.Is(got, kind); is != (want == kind) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if want == nil && !errors.Is(got, driver) {
		t.Errorf("got %v, want an error that wraps %v", got, driver)
	}
}

func TestTransient(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"postgres serialization", &stateError{"40001", ""}, true},
		{"postgres deadlock", &fieldsError{"40P01", ""}, true},
		{"postgres duplicate", &stateError{"23505", ""}, false},
		{"postgres query cancelled", &stateError{"57014", ""}, false},
		{"modernc busy", &codeError{5, ""}, true},
		{"modernc busy, recovering", &codeError{261, ""}, true},
		{"modernc locked", &codeError{6, ""}, true},
		{"modernc locked, shared cache", &codeError{262, ""}, true},
		{"modernc interrupted", &codeError{9, ""}, false},
		{"modernc duplicate", &codeError{2067, ""}, false},
		{"mattn busy", errors.New("database is locked"), true},
		{"mattn locked", errors.New("database table is locked: users"), true},
		{"mysql deadlock", errors.New("Error 1213 (40001): Deadlock found when trying to get lock; try restarting transaction"), true},
		{"mysql lock wait", fmt.Errorf("exec: %w", errors.New("Error 1205 (HY000): Lock wait timeout exceeded")), true},
		{"mysql duplicate", errors.New("Error 1062 (23000): Duplicate entry 'a' for key 'x'"), false},
		{"connection", io.EOF, false},
	} {
		if got := transient(tt.err); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestReadErrorOfContext(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	for _, tt := range []struct {
		name string
		ctx  context.Context
		err  error
		want error
	}{
		{"postgres cancelled the query", cancelled, &stateError{"57014", ""}, context.Canceled},
		{"sqlite was interrupted", cancelled, &codeError{9, ""}, context.Canceled},
		{"sqlite was busy", late, &codeError{5, ""}, context.DeadlineExceeded},
		{"the driver's timer was faster", lateSoon{t.Context()}, os.ErrDeadlineExceeded, context.DeadlineExceeded},
		{"the context is well", t.Context(), io.EOF, io.EOF},
	} {
		if got := errorsOf(t).readError(tt.ctx, "find user", tt.err); !errors.Is(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// In a transaction of the caller, what would be tried again is a conflict.
func TestTransientInATransaction(t *testing.T) {
	s := errorsOf(t)
	s.inTx = true
	deadlock := &stateError{"40P01", ""}
	for name, err := range map[string]error{
		"read": s.readError(t.Context(), "find user", deadlock), "user": s.writeError(t.Context(), "create user", deadlock),
		"token": s.tokenError(t.Context(), "put token", deadlock),
	} {
		if !errors.Is(err, core.ErrConflict) || !errors.Is(err, deadlock) {
			t.Errorf("%s: got %v, want %v", name, err, core.ErrConflict)
		}
	}
}

// lateSoon is a context whose deadline has passed and which does not know yet.
type lateSoon struct{ context.Context }

func (lateSoon) Deadline() (time.Time, bool) { return time.Unix(1, 0), true }
