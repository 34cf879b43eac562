package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gousher/usher/ports"
)

// mailbox is a mailer for trying things out: it writes every mail as a line
// of JSON. Whoever reads the lines can use the tokens in them.
type mailbox struct {
	mu sync.Mutex
	w  io.Writer
}

var _ ports.Mailer = (*mailbox)(nil)

// openMailbox returns a mailbox that appends to file, which only the user may
// read, or one that writes to log where file is empty; and what closes it.
func openMailbox(file string, log io.Writer) (*mailbox, func() error, error) {
	if file == "" {
		return &mailbox{w: log}, func() error { return nil }, nil
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if info, err := f.Stat(); err != nil {
		f.Close()
		return nil, nil, err
	} else if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			f.Close()
			return nil, nil, err
		}
	}
	return &mailbox{w: f}, f.Close, nil
}

// line is a mail in a mailbox.
type line struct {
	Kind   string    `json:"kind"`
	Email  string    `json:"email"`
	UserID string    `json:"user_id"`
	Token  string    `json:"token"`
	Time   time.Time `json:"time"`
}

// Send implements [ports.Mailer]. It writes whole lines, one at a time.
func (b *mailbox) Send(ctx context.Context, m ports.Mail) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	text, err := json.Marshal(line{m.Kind, m.Email, m.UserID, m.Token, m.At})
	if err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, err := b.w.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	return nil
}
