package core

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gousher/usher/ports"
)

// Config is what a [Manager] works with.
type Config[U AnyUser] struct {
	// Stores keeps the users. Stores.Users is required.
	Stores ports.Stores[U]
	// Hasher hashes passwords. Required.
	Hasher ports.PasswordHasher
	// Emails parses addresses and computes their keys. Required.
	Emails ports.Emails
	// Passwords is the policy for new passwords.
	Passwords PasswordPolicy
	// ValidatePassword is asked after Passwords, with a copy of the user as it
	// is or, on registration, as it will be. It returns nil or a
	// *PasswordError; any other error is an outage.
	ValidatePassword func(ctx context.Context, password string, u U) error
	// Hashing bounds the memory that hashing takes.
	Hashing Hashing
	// Limits bounds how often strangers may try.
	Limits Limits
	// Mail sends the tokens that verify an address or reset a password.
	Mail Mailing
	// Hooks are called at moments of a user's life.
	Hooks Hooks[U]
	// Log gets what an operator should know and no caller is told. Nil means
	// slog.Default().
	Log *slog.Logger
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Manager registers, authenticates, reads, updates and deletes users. It is
// safe for concurrent use.
type Manager[U AnyUser] struct {
	cfg    Config[U]
	users  ports.UserStore[U]
	gate   *gate
	outbox *outbox
	limits *counter
	// linked says that an [OAuth] links accounts to these users.
	linked atomic.Bool
	// decoy is a hash of a password that nobody knows. Verifying against it
	// takes the place of the work that an unknown address would save.
	decoy string
}

// NewManager returns a Manager, or a *ConfigError that names every field that
// is missing or wrong. It makes one hash, so it also returns the error of a
// hasher that does not work.
func NewManager[U AnyUser](cfg Config[U]) (*Manager[U], error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.setDefaults()
	decoy, err := cfg.Hasher.Hash(rand.Text())
	if err != nil {
		return nil, fmt.Errorf("core.Config: Hasher: %w", err)
	}
	if cfg.Hasher.Cost("") < 1 || cfg.Hasher.Cost(decoy) < 1 {
		return nil, &ConfigError{Of: "core.Config", Problems: []string{"Hasher has no Cost for the hashes it makes"}}
	}
	local, err := NewLocalLimiter(LocalLimiterConfig{Now: cfg.Now})
	if err != nil {
		return nil, err
	}
	return &Manager[U]{
		cfg:    cfg,
		users:  cfg.Stores.Users,
		gate:   &gate{budget: cfg.Hashing.Memory, limit: cfg.Hashing.Queue, wait: cfg.Hashing.Wait},
		outbox: &outbox{limit: cfg.Mail.Queue, workers: cfg.Mail.Workers},
		limits: &counter{Limits: cfg.Limits, local: local, warn: func(ctx context.Context, err error) {
			cfg.Log.WarnContext(ctx, "usher: shared limiter failed, counting alone", "error", err)
		}},
		decoy: decoy,
	}, nil
}

func (c *Config[U]) validate() error {
	var problems []string
	need := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, problem)
		}
	}
	if !EmbedsUser[U]() {
		problems = append(problems, fmt.Sprintf("%v is not a pointer to a struct that embeds core.User by value", reflect.TypeFor[U]()))
	}
	need(c.Stores.Users != nil, "Stores.Users is missing")
	need(c.Hasher != nil, "Hasher is missing")
	need(c.Emails != nil, "Emails is missing")
	need(c.Hashing.Memory >= 0, "Hashing.Memory is negative")
	need(c.Hashing.Queue >= 0, "Hashing.Queue is negative")
	need(c.Hashing.Wait >= 0, "Hashing.Wait is negative")
	problems = append(problems, c.Limits.problems()...)
	problems = append(problems, c.Mail.problems()...)
	policy := c.Passwords
	policy.setDefaults()
	problems = append(problems, policy.problems()...)
	if problems != nil {
		return &ConfigError{Of: "core.Config", Problems: problems}
	}
	return nil
}

func (c *Config[U]) setDefaults() {
	c.Passwords.setDefaults()
	c.Limits.setDefaults()
	c.Mail.setDefaults()
	if c.Hashing.Memory == 0 {
		slots := min(runtime.NumCPU(), runtime.GOMAXPROCS(0))
		c.Hashing.Memory = int64(slots) * c.Hasher.Cost("")
	}
	if c.Hashing.Queue == 0 {
		c.Hashing.Queue = 64
	}
	if c.Hashing.Wait == 0 {
		c.Hashing.Wait = 2 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// ByID returns the user with that id, or [ErrUserNotFound].
func (m *Manager[U]) ByID(ctx context.Context, id string) (U, error) {
	return m.users.ByID(ctx, id)
}

// ByEmail returns the user with that address, however it is spelled, or
// [ErrUserNotFound].
func (m *Manager[U]) ByEmail(ctx context.Context, email string) (U, error) {
	return m.users.ByEmail(ctx, m.cfg.Emails.Key(email))
}

// ParseEmail returns addr as it would be stored, or an *[EmailError].
func (m *Manager[U]) ParseEmail(addr string) (string, error) { return m.cfg.Emails.Parse(addr) }

// now is the time as stores keep it.
func (m *Manager[U]) now() time.Time { return m.cfg.Now().UTC().Truncate(time.Microsecond) }

// hash hashes password within the gate.
func (m *Manager[U]) hash(ctx context.Context, password string) (hash string, err error) {
	err = m.gate.do(ctx, m.cfg.Hasher.Cost(""), func() error {
		hash, err = m.cfg.Hasher.Hash(password)
		return err
	})
	return hash, err
}

// verify verifies password within the gate. Where it is right and hash is
// outdated, it calls upgrade in the same turn: nobody queues twice.
func (m *Manager[U]) verify(ctx context.Context, password, hash string, upgrade func()) (ok bool, err error) {
	cost := max(m.cfg.Hasher.Cost(hash), m.cfg.Hasher.Cost(""))
	err = m.gate.do(ctx, cost, func() error {
		var outdated bool
		if ok, outdated, err = m.cfg.Hasher.Verify(password, hash); err == nil && ok && outdated {
			upgrade()
		}
		return err
	})
	return ok, err
}

// validatePassword returns nil, a *PasswordError, or an outage.
func (m *Manager[U]) validatePassword(ctx context.Context, password string, u U) error {
	if err := m.cfg.Passwords.check(password); err != nil {
		return err
	}
	if m.cfg.ValidatePassword == nil {
		return nil
	}
	return m.cfg.ValidatePassword(ctx, password, Clone(u))
}
