package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gousher/usher/ports"
)

func TestMailboxLine(t *testing.T) {
	var b strings.Builder
	box, _, err := openMailbox("", &b)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 5, 17, 12, 0, 0, 0, time.UTC)
	mail := ports.Mail{Kind: "reset", Email: "ann@example.com", UserID: "1", Token: "a.b.c", At: at, Expires: at.Add(time.Hour)}
	if err := box.Send(t.Context(), mail); err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"reset","email":"ann@example.com","user_id":"1","token":"a.b.c","time":"2026-05-17T12:00:00Z"}` + "\n"
	if b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
}

// Mails that are sent at the same time stand on lines of their own, behind
// what was in the file before.
func TestMailboxConcurrency(t *testing.T) {
	const boxes, mails = 2, 50
	file := filepath.Join(t.TempDir(), "mail")
	if err := os.WriteFile(file, []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range boxes {
		box, closeBox, err := openMailbox(file, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		defer closeBox()
		for j := range mails {
			all.Go(func() {
				m := ports.Mail{UserID: fmt.Sprint(i, j), Token: strings.Repeat("x", 1000)}
				if err := box.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for text := range strings.Lines(string(text)) {
		var m line
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Fatalf("%v: %q", err, text)
		}
		seen[m.UserID] = true
	}
	if len(seen) != boxes*mails+1 || !seen[""] {
		t.Errorf("got %d different lines, want %d", len(seen), boxes*mails+1)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v and error %v, want 0600", info.Mode(), err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestMailboxErrors(t *testing.T) {
	box, _, err := openMailbox("", fullDisk{})
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Send(t.Context(), ports.Mail{Token: "secret"}); err == nil || err.Error() != "mailbox: disk full" {
		t.Errorf("got error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := box.Send(ctx, ports.Mail{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
}
