package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/email"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// member is the application's user.
type member struct {
	core.User
	Nickname string `bun:"nickname"`
	Age      *int   `bun:"age"`
}

type (
	memberRead struct {
		core.UserRead
		Nickname string `json:"nickname"`
		Age      *int   `json:"age"`
	}
	memberCreate struct {
		core.UserCreate
		Nickname core.Optional[string] `json:"nickname"`
		Age      core.Optional[*int]   `json:"age"`
	}
	memberUpdate struct {
		core.UserUpdate
		Nickname core.Optional[string] `json:"nickname"`
		Age      core.Optional[*int]   `json:"age"`
	}
)

// schema is what all deliveries share.
var schema = core.Schema[*member]{
	Read: core.Reading(func(u *member) memberRead { return memberRead{core.ReadUser(u), u.Nickname, u.Age} }),
	Create: core.Creating(func(in memberCreate) *member {
		return &member{Nickname: in.Nickname.Value, Age: in.Age.Value}
	}),
	Update: core.Updating(func(in memberUpdate, u *member) {
		in.Nickname.Apply(&u.Nickname)
		in.Age.Apply(&u.Age)
	}),
}

// setup is what the worlds of scenarios differ in.
type setup struct {
	verified bool // users must be verified
	limited  bool // one try an hour
	noLister bool
	// full has the queue of mails full from the start.
	full bool
	// keep keeps users from being deleted.
	keep bool
}

// world is what a delivery stands on.
type world struct {
	setup
	stores ports.Stores[*member]
	users  *core.Manager[*member]
	auth   *core.Authenticator[*member]
	clock  *authtest.Clock
	mails  authtest.Mailbox
	// state is what the store of users does at present.
	state atomic.Int32
	// tokens are the sessions of people, by name; gone is one that ended.
	tokens map[string]string
	log    *slog.Logger
	// blocked is closed when mails may be sent, where the queue is full.
	blocked chan struct{}
}

// What a store does.
const (
	works int32 = iota
	fails
	conflicts
)

// faulty is a store that fails when its world says so.
type faulty struct {
	ports.UserStore[*member]
	w *world
}

var errCut = errors.New("the store is cut off")

func (s faulty) err() error {
	if s.w.state.Load() == fails {
		return errCut
	}
	return nil
}

func (s faulty) Create(ctx context.Context, u *member) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.UserStore.Create(ctx, u)
}

func (s faulty) ByID(ctx context.Context, id string) (*member, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.UserStore.ByID(ctx, id)
}

func (s faulty) ByEmail(ctx context.Context, key string) (*member, error) {
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.UserStore.ByEmail(ctx, key)
}

func (s faulty) Update(ctx context.Context, id string, change func(*member) error) (*member, error) {
	if s.w.state.Load() == conflicts {
		return nil, core.ErrConflict
	}
	if err := s.err(); err != nil {
		return nil, err
	}
	return s.UserStore.Update(ctx, id, change)
}

func (s faulty) Delete(ctx context.Context, id string) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.UserStore.Delete(ctx, id)
}

// faultyList is a lister that fails when its world says so.
type faultyList struct {
	ports.UserLister[*member]
	w *world
}

func (s faultyList) List(ctx context.Context, q ports.UserQuery) (ports.UserPage[*member], error) {
	if s.w.state.Load() == fails {
		return ports.UserPage[*member]{}, errCut
	}
	return s.UserLister.List(ctx, q)
}

// Send implements [ports.Mailer].
func (w *world) Send(ctx context.Context, m ports.Mail) error {
	if w.full {
		<-w.blocked
	}
	return w.mails.Send(ctx, m)
}

// people live in every world.
var people = []core.User{
	{Email: "root@example.org", IsActive: true, IsSuperuser: true, IsVerified: true},
	{Email: "ann@example.org", IsActive: true, IsVerified: true},
	{Email: "bob@example.org", IsActive: true},
	{Email: "eve@example.org", IsVerified: true},
}

// password is that of all people.
const password = "correct horse"

// passwords are those that scenarios set.
var passwords = []string{password, "battery staple", "another horse"}

func newWorld(t *testing.T, s setup, stores ports.Stores[*member]) *world {
	t.Helper()
	w := &world{
		setup: s, stores: stores, clock: authtest.NewClock(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)),
		tokens: map[string]string{"": "", "nobody": "nonsense"}, log: slog.New(slog.NewTextHandler(io.Discard, nil)), blocked: make(chan struct{}),
	}
	cfg := core.Config[*member]{
		Stores: ports.Stores[*member]{Users: faulty{stores.Users, w}, Lister: faultyList{stores.Lister, w}, Tokens: stores.Tokens},
		Hasher: authtest.Hasher{}, Emails: email.New(), Limits: core.Limits{Off: !s.limited}, Now: w.clock.Now, Log: w.log,
	}
	if s.noLister {
		cfg.Stores.Lister = nil
	}
	if s.keep {
		cfg.Hooks.BeforeDelete = func(context.Context, *member) error { return core.ErrForbidden }
	}
	once := core.Limit{Address: ports.Limit{Events: 1, Per: time.Hour}, Peer: ports.Limit{Events: 100, Per: time.Hour}}
	cfg.Limits.Login, cfg.Limits.Register, cfg.Limits.Mail = once, once, once
	signer, err := jwxtoken.NewSigner(jwxtoken.SignerConfig{Secrets: [][]byte{[]byte(strings.Repeat("s", 32))}, Now: w.clock.Now})
	require.NoError(t, err)
	cfg.Mail = core.Mailing{Signer: signer, Mailer: w, Queue: 1, Workers: 1}
	w.users, err = core.NewManager(cfg)
	require.NoError(t, err)
	sessions, err := session.Backend("bearer", cfg.Stores, session.Config{Now: w.clock.Now}, core.Bearer{})
	require.NoError(t, err)
	w.auth, err = core.NewAuthenticator(w.users, sessions)
	require.NoError(t, err)
	w.populate(t)
	return w
}

// populate makes the people and a session of each, also of Eve's, who is
// banned. Where the queue is to be full it fills it.
func (w *world) populate(t *testing.T) {
	t.Helper()
	for _, p := range people {
		u, err := w.users.Create(t.Context(), &member{User: p}, password)
		require.NoError(t, err)
		b, _ := w.auth.Backend("bearer")
		name, _, _ := strings.Cut(p.Email, "@")
		w.tokens[name], _, err = b.Strategy.Issue(t.Context(), ports.Grant{UserID: u.ID, At: w.clock.Now(), Methods: []string{"pwd"}, Family: name})
		require.NoError(t, err)
	}
	if w.full {
		for range 2 { // one with the worker, one in the queue
			require.NoError(t, w.users.ForgotPassword(t.Context(), "root@example.org"))
		}
		t.Cleanup(func() {
			close(w.blocked)
			require.NoError(t, w.users.Drain(context.Background()))
		})
	}
}

// id returns the id of the user whose address begins with name.
func (w *world) id(t *testing.T, name string) string {
	t.Helper()
	u, err := w.stores.Users.ByEmail(t.Context(), name+"@example.org")
	require.NoError(t, err)
	return u.ID
}

// mail returns the token of the last mail of that kind.
func (w *world) mail(t *testing.T, kind string) string {
	t.Helper()
	for _, m := range slices.Backward(w.mails.Mails()) {
		if m.Kind == kind {
			return m.Token
		}
	}
	require.Fail(t, "no mail of kind "+kind)
	return ""
}

// stored describes the users, with the passwords that they have, and how many
// sessions.
func (w *world) stored(t *testing.T) []string {
	t.Helper()
	page, err := w.stores.Lister.List(t.Context(), ports.UserQuery{Limit: 100})
	require.NoError(t, err)
	var lines []string
	for _, u := range page.Users {
		sessions, err := w.stores.Tokens.ListUser(t.Context(), "session", u.ID)
		require.NoError(t, err)
		live := 0
		for _, s := range sessions {
			if s.Epoch == u.SessionEpoch {
				live++
			}
		}
		has := "none that is known"
		for _, p := range passwords {
			if ok, _, err := (authtest.Hasher{}).Verify(p, u.HashedPassword); err == nil && ok {
				has = p
			}
		}
		user := u.User
		user.ID, user.HashedPassword = "", has
		text, err := json.Marshal(struct {
			core.User
			Nickname       string
			Age            *int
			Sessions, Live int
		}{user, u.Nickname, u.Age, len(sessions), live})
		require.NoError(t, err)
		lines = append(lines, string(text))
	}
	slices.Sort(lines)
	return lines
}

// sent describes the mails in the order in which they were sent.
func (w *world) sent(t *testing.T) []string {
	t.Helper()
	var lines []string
	for _, m := range w.mails.Mails() {
		lines = append(lines, fmt.Sprintf("%s to %s at %v until %v", m.Kind, m.Email, m.At, m.Expires))
	}
	return lines
}
