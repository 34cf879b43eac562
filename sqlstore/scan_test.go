package sqlstore

import (
	"database/sql/driver"
	"errors"
	"io"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func TestTokenFound(t *testing.T) {
	for _, tt := range []struct {
		name  string
		alter func(row []driver.Value, want *ports.Token)
	}{
		{"postgres", func([]driver.Value, *ports.Token) {}},
		{"text", func(row []driver.Value, _ *ports.Token) { row[5], row[6] = spelled, "2026-05-17 12:42:13.987654+00:00" }},
		{"bytes", func(row []driver.Value, _ *ports.Token) { row[2], row[5] = []byte(id), []byte(spelled) }},
		{"whole second", func(row []driver.Value, want *ports.Token) {
			row[5], want.CreatedAt = "2026-05-17 11:42:13+00:00", when.Truncate(time.Second)
		}},
		{"nulls", func(row []driver.Value, want *ports.Token) {
			row[6], row[7], want.ExpiresAt, want.Data = nil, nil, time.Time{}, nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row, want := tokenRow(), oneToken
			tt.alter(row, &want)
			stores, _ := tokensOn(t, Postgres(), func(string, []any) answer { return answer{rows: [][]driver.Value{row}} })
			got, err := stores.Tokens.Get(t.Context(), "session", "d1")
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestTokenUnreadable(t *testing.T) {
	for _, at := range []driver.Value{"today", []byte("today"), 1.5} {
		row := tokenRow()
		row[6] = at
		stores, _ := tokensOn(t, SQLite(), func(string, []any) answer { return answer{rows: [][]driver.Value{row}} })
		got, err := stores.Tokens.Get(t.Context(), "session", "d1")
		if err == nil || errors.Is(err, core.ErrTokenNotFound) || got.Digest != "" {
			t.Errorf("%v: got %+v, %v, want an error", at, got, err)
		}
	}
}

// An engine that fails when it has returned the row has not removed it.
func TestTakeFailsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		stores, _ := tokensOn(t, SQLite(), func(string, []any) answer {
			tries++
			switch tries {
			case 1:
				return answer{rows: [][]driver.Value{tokenRow()}, late: &codeError{5, "busy"}}
			case 2:
				return answer{} // another was faster
			default:
				return answer{rows: [][]driver.Value{tokenRow()}, late: io.ErrUnexpectedEOF}
			}
		})
		for _, want := range []error{core.ErrTokenNotFound, io.ErrUnexpectedEOF} {
			if got, err := stores.Tokens.Take(t.Context(), "session", "d1"); !errors.Is(err, want) || got.Digest != "" {
				t.Errorf("got %+v, %v, want %v", got, err, want)
			}
		}
	})
}
