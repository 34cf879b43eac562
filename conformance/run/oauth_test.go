package run

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/adapters/email"
	"github.com/gousher/usher/adapters/memory"
	mongostore "github.com/gousher/usher/adapters/mongo"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/conformance/run/engine"
	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// scripted is an identity provider that does what tests tell it to. A code is
// good for whatever state it comes with, and as often as it comes: what keeps
// attackers out is then core alone.
type scripted struct {
	name string

	mu    sync.Mutex
	codes map[string]ports.Identity
	// asked counts the codes that were redeemed, and refreshed the refreshes.
	asked, refreshed atomic.Int32
	refuses          error
	// pkce are the verifiers and nonces of requests, by their state.
	pkce map[string][2]string
}

func newScripted(name string) *scripted {
	return &scripted{name: name, codes: map[string]ports.Identity{}, pkce: map[string][2]string{}}
}

func (p *scripted) Name() string { return p.name }

func (p *scripted) AuthorizationURL(_ context.Context, q ports.AuthorizationRequest) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pkce[q.State] = [2]string{q.Verifier, q.Nonce}
	return "https://" + p.name + ".example/authorize?state=" + q.State, nil
}

func (p *scripted) Identify(_ context.Context, r ports.AuthorizationResponse) (ports.Identity, error) {
	p.asked.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses != nil {
		return ports.Identity{}, p.refuses
	}
	for _, bound := range p.pkce {
		if id, ok := p.codes[r.Code]; ok && bound == [2]string{r.Verifier, r.Nonce} {
			return id, nil
		}
	}
	return ports.Identity{}, fmt.Errorf("scripted: %w", core.ErrCodeRefused)
}

func (p *scripted) Refresh(_ context.Context, refresh string) (ports.ProviderTokens, error) {
	n := p.refreshed.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses != nil {
		return ports.ProviderTokens{}, p.refuses
	}
	return ports.ProviderTokens{Access: fmt.Sprint("fresh ", n, " of ", refresh), Expires: time.Now().Add(time.Hour)}, nil
}

// code makes a code for an identity.
func (p *scripted) code(id ports.Identity) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := fmt.Sprint("code", len(p.codes))
	p.codes[code] = id
	return code
}

// identity is one that the provider vouches for.
func identity(subject, address string) ports.Identity {
	return ports.Identity{
		Subject: subject, Email: address, EmailVerified: true,
		Tokens: ports.ProviderTokens{Access: "access of " + subject, Refresh: "refresh of " + subject, Expires: time.Now().Add(time.Hour)},
	}
}

// flows are the two halves of a flow, as core has them or as a careless
// application would.
type flows interface {
	Begin(ctx context.Context, f core.Flow, scopes []string) (core.Start, error)
	Login(ctx context.Context, c core.Callback, a core.Admission) (*member, error)
	Link(ctx context.Context, u *member, c core.Callback) (*member, error)
	Unlink(ctx context.Context, userID, provider, subject string) error
}

// oauthSite is an application whose users log in with two providers.
type oauthSite struct {
	flows
	oauth        *core.OAuth[*member]
	stores       stores
	users        *core.Manager[*member]
	google, evil *scripted
	mails        *drawer
	clock        *conformance.Clock
}

// openOAuth returns an application on the stores.
func openOAuth(t testing.TB, s stores, trusting bool) *oauthSite {
	t.Helper()
	site := &oauthSite{stores: s, google: newScripted("google"), evil: newScripted("evil"), mails: &drawer{}, clock: conformance.NewClock()}
	site.clock.Set(time.Now())
	hasher, err := cheapHasher(1)
	require.NoError(t, err)
	signer := newSigner(t, site.clock)
	site.users, err = core.NewManager(core.Config[*member]{
		Stores: s, Hasher: hasher, Emails: email.New(), Now: site.clock.Now, Mail: core.Mailing{Signer: signer, Mailer: site.mails},
	})
	require.NoError(t, err)
	site.oauth, err = core.NewOAuth(site.users, core.OAuthConfig{
		Providers: []ports.IdentityProvider{site.google, site.evil}, Signer: signer,
		Keys: []core.SealingKey{{ID: "1", Key: bytes.Repeat([]byte("k"), 32)}}, TrustAllEmails: trusting,
	})
	require.NoError(t, err)
	site.flows = site.oauth
	return site
}

// begin begins a login with google.
func (s *oauthSite) begin(t testing.TB, f core.Flow) core.Callback {
	t.Helper()
	start, err := s.Begin(t.Context(), f, nil)
	require.NoError(t, err)
	_, state, _ := strings.Cut(start.URL, "state=")
	return core.Callback{Flow: f, State: state, CSRF: start.CSRF}
}

var loginFlow = core.Flow{Provider: "google", Backend: "db", RedirectURL: "https://app.example/callback"}

func linkFlow(u *member) core.Flow {
	return core.Flow{Provider: "google", UserID: u.ID, RedirectURL: "https://app.example/callback"}
}

// login goes through a whole login.
func (s *oauthSite) login(t testing.TB, id ports.Identity, a core.Admission) (*member, error) {
	t.Helper()
	c := s.begin(t, loginFlow)
	c.Code = s.google.code(id)
	return s.Login(t.Context(), c, a)
}

// registered returns a user with a password.
func (s *oauthSite) registered(t testing.TB, address string, verified bool) *member {
	t.Helper()
	u, err := s.users.Create(t.Context(), &member{User: core.User{Email: address, IsActive: true, IsVerified: verified}}, "a good password")
	require.NoError(t, err)
	return u
}

// onOAuth runs f on stores of each kind.
func onOAuth(t *testing.T, f func(t *testing.T, fresh func(testing.TB) stores)) {
	t.Run("memory", func(t *testing.T) {
		engine.Memory(t)
		f(t, func(testing.TB) stores { return memory.New[member](memory.Config{}) })
	})
	for _, on := range sqlEngines {
		t.Run(on.name, func(t *testing.T) {
			f(t, func(t testing.TB) stores { return sqlAdapters[0].open(t, on.fresh(t)).stores(t, core.UUIDs) })
		})
	}
	onMongo(t, func(t *testing.T, on mongoEngine) {
		f(t, func(t testing.TB) stores { return on.stores(t, mongostore.UUIDs) })
	})
}

// Whoever logs in for the first time gets a user, without a password, and
// finds it again.
func TestOAuthLogin(t *testing.T) {
	onOAuth(t, func(t *testing.T, fresh func(testing.TB) stores) {
		s := openOAuth(t, fresh(t), false)
		u, err := s.login(t, identity("1", "Ann@Example.com"), core.Admission{})
		require.NoError(t, err)
		require.Equal(t, "Ann@example.com", u.Email)
		require.True(t, u.IsActive)
		require.False(t, u.IsVerified, "verified without being told to")
		require.False(t, core.HasPassword(u))
		_, err = s.users.Authenticate(t.Context(), "ann@example.com", u.HashedPassword)
		require.ErrorIs(t, err, core.ErrInvalidCredentials)

		again := identity("1", "ann@elsewhere.example")
		again.Tokens.Access, again.Tokens.Refresh = "newer", ""
		found, err := s.login(t, again, core.Admission{})
		require.NoError(t, err)
		require.Equal(t, u.ID, found.ID)
		require.Equal(t, "Ann@example.com", found.Email, "the provider changed the user's address")
		tokens, err := s.oauth.ProviderToken(t.Context(), u.ID, "google", "1")
		require.NoError(t, err)
		require.Equal(t, "newer", tokens.Access)
		require.Equal(t, "refresh of 1", tokens.Refresh, "a refresh token that the provider did not repeat is gone")

		v, err := s.login(t, identity("2", "bob@example.com"), core.Admission{Verified: true})
		require.NoError(t, err)
		require.True(t, v.IsVerified)
		unvouched := identity("3", "cid@example.com")
		unvouched.EmailVerified = false
		v, err = s.login(t, unvouched, core.Admission{Verified: true})
		require.NoError(t, err)
		require.False(t, v.IsVerified, "verified by a provider that does not vouch")
		for _, none := range []string{"", "NotAn email", "a@b@c", "x\x00@example.com"} {
			_, err = s.login(t, identity("4", none), core.Admission{})
			require.ErrorIs(t, err, core.ErrNoEmail, "%q", none)
		}
	})
}

// An account goes to the user with its address only where both ends vouch for
// the address.
func TestOAuthAssociatesByEmail(t *testing.T) {
	for _, tt := range []struct {
		name                                   string
		associate, vouched, verified, trusting bool
		linked                                 bool
	}{
		{"not asked to", false, true, true, false, false},
		{"both vouch", true, true, true, false, true},
		{"the provider does not vouch", true, false, true, false, false},
		{"the user has not verified it", true, true, false, false, false},
		{"neither", true, false, false, false, false},
		{"neither, as FastAPI Users does", true, false, false, true, true},
		{"not asked to, trusting", false, true, true, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openOAuth(t, memory.New[member](memory.Config{}), tt.trusting)
			ann := s.registered(t, "ann@example.com", tt.verified)
			id := identity("1", "ANN@example.com")
			id.EmailVerified = tt.vouched
			u, err := s.login(t, id, core.Admission{AssociateByEmail: tt.associate, Verified: true})
			accounts, failed := s.oauth.Accounts(t.Context(), ann.ID)
			require.NoError(t, failed)
			if !tt.linked {
				require.ErrorIs(t, err, core.ErrEmailTaken)
				require.Empty(t, accounts)
				return
			}
			require.NoError(t, err)
			require.Equal(t, ann.ID, u.ID)
			require.Len(t, accounts, 1)
			require.Equal(t, tt.verified, u.IsVerified, "association verified the user")
		})
	}
}

// attack is what somebody tries who must not get in. Try tells what came of
// it: nil is a success.
type attack struct {
	name string
	try  func(t testing.TB, s *oauthSite) error
	// want is what core says of it, and asked how often it asks the provider.
	want  error
	asked int32
}

// stolen is what an attacker makes of the callback c: the attacker's own code.
func stolen(s *oauthSite, c core.Callback) core.Callback {
	c.Code = s.google.code(identity("attacker", "attacker@example.com"))
	return c
}

func attacks() []attack {
	tried := func(_ *member, err error) error { return err }
	return []attack{
		{"no state", func(t testing.TB, s *oauthSite) error {
			c := stolen(s, s.begin(t, loginFlow))
			c.State = ""
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrInvalidState, 0},
		{"a state of somebody's own making", func(t testing.TB, s *oauthSite) error {
			c := stolen(s, s.begin(t, loginFlow))
			c.State = "eyJhbGciOiJub25lIn0." + strings.Split(c.State, ".")[1] + "."
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrInvalidState, 0},
		{"the state of another browser", func(t testing.TB, s *oauthSite) error {
			c := stolen(s, s.begin(t, loginFlow))
			c.CSRF = s.begin(t, loginFlow).CSRF
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrForeignState, 0},
		{"a browser that did not begin", func(t testing.TB, s *oauthSite) error {
			c := stolen(s, s.begin(t, loginFlow))
			c.CSRF = ""
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrForeignState, 0},
		{"what the state says, in another browser", func(t testing.TB, s *oauthSite) error {
			c := stolen(s, s.begin(t, loginFlow))
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(c.State, ".")[1])
			require.NoError(t, err)
			var claims struct{ CSRFToken string }
			require.NoError(t, json.Unmarshal(payload, &claims))
			require.NotEmpty(t, claims.CSRFToken)
			require.NotContains(t, string(payload), c.CSRF)
			c.CSRF = claims.CSRFToken
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrForeignState, 0},
		{"a state whose time is over", func(t testing.TB, s *oauthSite) error {
			c := stolen(s, s.begin(t, loginFlow))
			s.clock.Set(s.clock.Now().Add(time.Hour))
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrExpiredState, 0},
		{"a state that was used", func(t testing.TB, s *oauthSite) error {
			c := stolen(s, s.begin(t, loginFlow))
			_, err := s.Login(t.Context(), c, core.Admission{})
			require.NoError(t, err)
			s.google.asked.Store(0)
			return tried(s.Login(t.Context(), stolen(s, c), core.Admission{}))
		}, core.ErrForeignState, 0},
		{"a state of another provider", func(t testing.TB, s *oauthSite) error {
			f := loginFlow
			f.Provider = "evil"
			c := stolen(s, s.begin(t, f))
			c.Provider = "google"
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrInvalidState, 0},
		{"a code of another provider", func(t testing.TB, s *oauthSite) error {
			c := s.begin(t, loginFlow)
			c.Code = s.evil.code(identity("victim", "victim@example.com"))
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrCodeRefused, 1},
		{"a state of another backend", func(t testing.TB, s *oauthSite) error {
			f := loginFlow
			f.Backend = "cookie"
			c := stolen(s, s.begin(t, f))
			c.Backend = "db"
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrInvalidState, 0},
		{"a state for another redirect", func(t testing.TB, s *oauthSite) error {
			f := loginFlow
			f.RedirectURL = "https://evil.example/callback"
			c := stolen(s, s.begin(t, f))
			c.RedirectURL = loginFlow.RedirectURL
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrInvalidState, 0},
		{"a state of a link, to log in", func(t testing.TB, s *oauthSite) error {
			ann := s.registered(t, "ann@example.com", true)
			c := stolen(s, s.begin(t, linkFlow(ann)))
			c.Flow = loginFlow
			return tried(s.Login(t.Context(), c, core.Admission{}))
		}, core.ErrInvalidState, 0},
		{"a state of a login, to link", func(t testing.TB, s *oauthSite) error {
			ann := s.registered(t, "ann@example.com", true)
			c := stolen(s, s.begin(t, loginFlow))
			return tried(s.Link(t.Context(), ann, c))
		}, core.ErrInvalidState, 0},
		{"a link that another user began", func(t testing.TB, s *oauthSite) error {
			ann, bob := s.registered(t, "ann@example.com", true), s.registered(t, "bob@example.com", true)
			return tried(s.Link(t.Context(), ann, stolen(s, s.begin(t, linkFlow(bob)))))
		}, core.ErrForeignUser, 0},
		{"a link that was used", func(t testing.TB, s *oauthSite) error {
			ann := s.registered(t, "ann@example.com", true)
			c := stolen(s, s.begin(t, linkFlow(ann)))
			_, err := s.Link(t.Context(), ann, c)
			require.NoError(t, err)
			s.google.asked.Store(0)
			return tried(s.Link(t.Context(), ann, stolen(s, c)))
		}, core.ErrForeignState, 0},
		{"an account that another user has", func(t testing.TB, s *oauthSite) error {
			_, err := s.login(t, identity("victim", "victim@example.com"), core.Admission{})
			require.NoError(t, err)
			s.google.asked.Store(0)
			ann := s.registered(t, "ann@example.com", true)
			c := s.begin(t, linkFlow(ann))
			c.Code = s.google.code(identity("victim", "victim@example.com"))
			return tried(s.Link(t.Context(), ann, c))
		}, core.ErrAccountTaken, 1},
		{"the provider names the victim's address", func(t testing.TB, s *oauthSite) error {
			victim := s.registered(t, "victim@example.com", true)
			id := identity("attacker", victim.Email)
			id.EmailVerified = false
			return tried(s.login(t, id, core.Admission{AssociateByEmail: true}))
		}, core.ErrEmailTaken, 1},
		{"the victim's address, registered before by the attacker", func(t testing.TB, s *oauthSite) error {
			s.registered(t, "victim@example.com", false)
			return tried(s.login(t, identity("victim", "victim@example.com"), core.Admission{AssociateByEmail: true}))
		}, core.ErrEmailTaken, 1},
		{"the last way in, taken away", func(t testing.TB, s *oauthSite) error {
			u, err := s.login(t, identity("1", "ann@example.com"), core.Admission{})
			require.NoError(t, err)
			return s.Unlink(t.Context(), u.ID, "google", "1")
		}, core.ErrLastWayIn, 1},
		{"another's account, unlinked", func(t testing.TB, s *oauthSite) error {
			_, err := s.login(t, identity("1", "victim@example.com"), core.Admission{})
			require.NoError(t, err)
			return s.Unlink(t.Context(), s.registered(t, "ann@example.com", true).ID, "google", "1")
		}, core.ErrAccountNotFound, 1},
		{"a session that was ended, to link", func(t testing.TB, s *oauthSite) error {
			ann := s.registered(t, "ann@example.com", true)
			c := stolen(s, s.begin(t, linkFlow(ann)))
			_, err := s.users.EndSessions(t.Context(), ann)
			require.NoError(t, err)
			return tried(s.Link(t.Context(), ann, c))
		}, core.ErrUnauthenticated, 1},
	}
}

// Nobody gets in who should not, and whose state is bad does not get as far as
// the provider. Against an application that follows the happy path alone, each
// of the attacks succeeds.
func TestOAuthAttacks(t *testing.T) {
	for _, a := range attacks() {
		t.Run(a.name, func(t *testing.T) {
			s := openOAuth(t, memory.New[member](memory.Config{}), false)
			require.ErrorIs(t, a.try(t, s), a.want)
			require.Equal(t, a.asked, s.google.asked.Load(), "how often the provider was asked")
		})
	}
	for _, a := range attacks() {
		t.Run("careless "+a.name, func(t *testing.T) {
			s := openOAuth(t, memory.New[member](memory.Config{}), true)
			s.flows = careless{s}
			require.NoError(t, a.try(t, s), "the attack does not show what is attacked")
		})
	}
}

// careless redeems whatever comes back, and takes the provider's word for
// whose it is.
type careless struct{ s *oauthSite }

func (c careless) Begin(ctx context.Context, f core.Flow, scopes []string) (core.Start, error) {
	return c.s.oauth.Begin(ctx, f, scopes)
}

func (c careless) identity(code string) ports.Identity {
	for _, p := range []*scripted{c.s.google, c.s.evil} {
		p.mu.Lock()
		id, ok := p.codes[code]
		p.mu.Unlock()
		if ok {
			return id
		}
	}
	return ports.Identity{}
}

func (c careless) Login(ctx context.Context, cb core.Callback, _ core.Admission) (*member, error) {
	id := c.identity(cb.Code)
	if u, _, err := c.s.stores.Accounts.ByAccount(ctx, cb.Provider, id.Subject); err == nil {
		return u, nil
	}
	key := strings.ToLower(id.Email)
	account := ports.Account{Provider: cb.Provider, Subject: id.Subject}
	if u, err := c.s.stores.Users.ByEmail(ctx, key); err == nil {
		account.UserID = u.ID
		return u, c.s.stores.Accounts.Link(ctx, account, nil)
	}
	u := &member{User: core.User{Email: id.Email, EmailKey: key, IsActive: true, HashedPassword: "!"}}
	return u, c.s.stores.Accounts.CreateWith(ctx, u, account)
}

func (c careless) Link(ctx context.Context, u *member, cb core.Callback) (*member, error) {
	id := c.identity(cb.Code)
	err := c.s.stores.Accounts.Link(ctx, ports.Account{Provider: cb.Provider, Subject: id.Subject, UserID: u.ID}, nil)
	if err == core.ErrAccountTaken { // it is the user's now
		owner, _, _ := c.s.stores.Accounts.ByAccount(ctx, cb.Provider, id.Subject)
		if err = c.Unlink(ctx, owner.ID, cb.Provider, id.Subject); err == nil {
			return c.Link(ctx, u, cb)
		}
	}
	return u, err
}

func (c careless) Unlink(ctx context.Context, _, provider, subject string) error {
	owner, _, err := c.s.stores.Accounts.ByAccount(ctx, provider, subject)
	if err != nil {
		return err
	}
	return c.s.stores.Accounts.Unlink(ctx, owner.ID, provider, subject, always)
}

// Whoever made a user with another's address, by an account of their own, is
// out once the mail to it has set a password. A user who is verified keeps the
// accounts.
func TestOAuthAfterReset(t *testing.T) {
	onOAuth(t, func(t *testing.T, fresh func(testing.TB) stores) {
		s := openOAuth(t, fresh(t), false)
		reset := func(u *member) {
			t.Helper()
			require.NoError(t, s.users.ForgotPassword(t.Context(), u.Email))
			require.NoError(t, s.users.ResetPassword(t.Context(), mailed(t, s.users, s.mails), "the owner's password"))
		}
		link := func(u *member, id ports.Identity) *member {
			t.Helper()
			c := s.begin(t, linkFlow(u))
			c.Code = s.google.code(id)
			u, err := s.Link(t.Context(), u, c)
			require.NoError(t, err)
			return u
		}
		const address = "victim@example.com"
		named := identity("named", address)
		named.EmailVerified = false
		u, err := s.login(t, named, core.Admission{})
		require.NoError(t, err)
		link(u, identity("other", "other@example.com"))
		reset(u)
		left, err := s.oauth.Accounts(t.Context(), u.ID)
		require.NoError(t, err)
		require.Empty(t, left)
		_, err = s.login(t, named, core.Admission{AssociateByEmail: true})
		require.ErrorIs(t, err, core.ErrEmailTaken)
		got, err := s.login(t, identity("other", "other@example.com"), core.Admission{})
		require.NoError(t, err)
		require.NotEqual(t, u.ID, got.ID, "who came in")

		owner := link(s.registered(t, "owner@example.com", true), identity("owner", "else@example.com"))
		reset(owner)
		got, err = s.login(t, identity("owner", "else@example.com"), core.Admission{})
		require.NoError(t, err)
		require.Equal(t, owner.ID, got.ID)
	})
}

// A login that comes by an account while that is unlinked gets a session that
// does not live.
func TestOAuthRacesReset(t *testing.T) {
	s := openOAuth(t, memory.New[member](memory.Config{}), false)
	for round := range 50 {
		id := identity(fmt.Sprint(round), fmt.Sprintf("%d@example.com", round))
		u, err := s.login(t, id, core.Admission{})
		require.NoError(t, err)
		require.NoError(t, s.users.ForgotPassword(t.Context(), u.Email))
		token := mailed(t, s.users, s.mails)
		done := make(chan *member, 1)
		go func() {
			got, _ := s.login(t, id, core.Admission{})
			done <- got
		}()
		require.NoError(t, s.users.ResetPassword(t.Context(), token, "the owner's password"))
		if got := <-done; got != nil && got.ID == u.ID {
			now, err := s.users.ByID(t.Context(), u.ID)
			require.NoError(t, err)
			require.Less(t, got.SessionEpoch, now.SessionEpoch, "round %d: the session lives on", round)
		}
		left, err := s.oauth.Accounts(t.Context(), u.ID)
		require.NoError(t, err)
		require.Empty(t, left, "round %d", round)
	}
}

// One code with one state, 64 times at once: one login, one user, one account.
func TestOAuthRace(t *testing.T) {
	onOAuth(t, func(t *testing.T, fresh func(testing.TB) stores) {
		s := openOAuth(t, fresh(t), false)
		for round := range 2 {
			c := s.begin(t, loginFlow)
			address := fmt.Sprintf("%d@example.com", round)
			c.Code = s.google.code(identity(fmt.Sprint(round), address))
			var won atomic.Int32
			var all sync.WaitGroup
			for range 64 {
				all.Go(func() {
					_, err := s.Login(t.Context(), c, core.Admission{})
					if err == nil {
						won.Add(1)
					} else if !errors.Is(err, core.ErrForeignState) {
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			all.Wait()
			require.Equal(t, int32(1), won.Load(), "round %d: calls that logged in", round)
			u, err := s.users.ByEmail(t.Context(), address)
			require.NoError(t, err)
			accounts, err := s.oauth.Accounts(t.Context(), u.ID)
			require.NoError(t, err)
			require.Len(t, accounts, 1)
		}
	})
}

// The last two ways in, unlinked at once: one stays.
func TestOAuthUnlinkRace(t *testing.T) {
	onOAuth(t, func(t *testing.T, fresh func(testing.TB) stores) {
		s := openOAuth(t, fresh(t), false)
		for round := range 20 {
			subjects := []string{fmt.Sprint(round, "a"), fmt.Sprint(round, "b")}
			u, err := s.login(t, identity(subjects[0], fmt.Sprintf("%d@example.com", round)), core.Admission{})
			require.NoError(t, err)
			c := s.begin(t, linkFlow(u))
			c.Code = s.google.code(identity(subjects[1], "x@example.com"))
			_, err = s.Link(t.Context(), u, c)
			require.NoError(t, err)
			errs := make([]error, 2)
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() { errs[i] = s.Unlink(t.Context(), u.ID, "google", subjects[i]) })
			}
			all.Wait()
			failed := errors.Join(errs...)
			require.ErrorIs(t, failed, core.ErrLastWayIn, "round %d", round)
			require.True(t, errs[0] == nil || errs[1] == nil, "round %d: %v", round, failed)
			left, err := s.oauth.Accounts(t.Context(), u.ID)
			require.NoError(t, err)
			require.Len(t, left, 1, "round %d", round)
		}
	})
}

// datedAccounts notes which writes have a deadline.
type datedAccounts struct {
	ports.AccountStore[*member]
	dated []bool
}

func (d *datedAccounts) UpdateAccount(ctx context.Context, provider, subject string, change func(a *ports.Account) error) (ports.Account, error) {
	_, ok := ctx.Deadline()
	d.dated = append(d.dated, ok)
	return d.AccountStore.UpdateAccount(ctx, provider, subject, change)
}

// What a provider gave is kept even where the caller has gone, but not for as
// long as a store may hang.
func TestOAuthKeepsWhatWasRefreshed(t *testing.T) {
	kept := memory.New[member](memory.Config{})
	dated := &datedAccounts{AccountStore: kept.Accounts}
	kept.Accounts = dated
	s := openOAuth(t, kept, false)
	outdated := identity("1", "ann@example.com")
	outdated.Tokens.Expires = s.clock.Now().Add(time.Second)
	u, err := s.login(t, outdated, core.Admission{})
	require.NoError(t, err)
	dated.dated = nil
	_, err = s.oauth.ProviderToken(t.Context(), u.ID, "google", "1")
	require.NoError(t, err)
	require.Equal(t, []bool{false, true}, dated.dated, "whether it was undertaken, and then kept, with a deadline")
}

// A token that has ended is refreshed once, however many ask for it.
func TestOAuthRefreshesOnce(t *testing.T) {
	onOAuth(t, func(t *testing.T, fresh func(testing.TB) stores) {
		s := openOAuth(t, fresh(t), false)
		u, err := s.login(t, identity("1", "ann@example.com"), core.Admission{})
		require.NoError(t, err)
		tokens, err := s.oauth.ProviderToken(t.Context(), u.ID, "google", "1")
		require.NoError(t, err)
		require.Equal(t, "access of 1", tokens.Access)
		require.Zero(t, s.google.refreshed.Load())
		_, err = s.oauth.ProviderToken(t.Context(), "somebody else", "google", "1")
		require.ErrorIs(t, err, core.ErrAccountNotFound)

		outdated := identity("1", "ann@example.com")
		outdated.Tokens.Expires = s.clock.Now().Add(time.Second)
		_, err = s.login(t, outdated, core.Admission{})
		require.NoError(t, err)
		s.google.refuses = errors.New("out of reach")
		_, err = s.oauth.ProviderToken(t.Context(), u.ID, "google", "1")
		require.ErrorIs(t, err, core.ErrProviderUnavailable)
		s.google.refuses = nil
		s.google.refreshed.Store(0)
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				got, err := s.oauth.ProviderToken(t.Context(), u.ID, "google", "1")
				if err != nil || got.Access != "fresh 1 of refresh of 1" {
					t.Errorf("got %q, %v", got.Access, err)
				}
			})
		}
		all.Wait()
		require.Equal(t, int32(1), s.google.refreshed.Load(), "how often the token was refreshed")

		_, err = s.login(t, outdated, core.Admission{})
		require.NoError(t, err)
		s.google.refuses = core.ErrCodeRefused
		_, err = s.oauth.ProviderToken(t.Context(), u.ID, "google", "1")
		require.ErrorIs(t, err, core.ErrNoProviderToken)
		s.google.refreshed.Store(0)
		_, err = s.oauth.ProviderToken(t.Context(), u.ID, "google", "1")
		require.ErrorIs(t, err, core.ErrNoProviderToken)
		require.Zero(t, s.google.refreshed.Load(), "a refresh token that was refused is tried again")
	})
}

// Nothing of a provider's tokens can be read from what the store keeps, and
// what was sealed for one account opens for no other.
func TestOAuthTokensAreSealed(t *testing.T) {
	s := openOAuth(t, memory.New[member](memory.Config{}), false)
	u, err := s.login(t, identity("1", "ann@example.com"), core.Admission{})
	require.NoError(t, err)
	other, err := s.login(t, identity("2", "bob@example.com"), core.Admission{})
	require.NoError(t, err)
	_, a, err := s.stores.Accounts.ByAccount(t.Context(), "google", "1")
	require.NoError(t, err)
	require.NotContains(t, string(a.Data), "access of")
	_, err = s.stores.Accounts.UpdateAccount(t.Context(), "google", "2", func(b *ports.Account) error { b.Data = a.Data; return nil })
	require.NoError(t, err)
	_, err = s.oauth.ProviderToken(t.Context(), other.ID, "google", "2")
	require.ErrorIs(t, err, core.ErrNoProviderToken)
	_, err = s.oauth.ProviderToken(t.Context(), u.ID, "google", "1")
	require.NoError(t, err)
	list, err := s.oauth.Accounts(t.Context(), u.ID)
	require.NoError(t, err)
	require.Nil(t, list[0].Data)
}
