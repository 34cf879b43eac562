package core

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/gousher/usher/ports"
)

// OAuthConfig sets up logging in with identity providers.
type OAuthConfig struct {
	// Providers are those that users may log in with. At least one.
	Providers []ports.IdentityProvider
	// Signer signs the states that travel through the browser and the
	// provider. Required.
	Signer ports.Signer
	// Keys seal the tokens of providers, and make what a state is bound to.
	// The first is used for what is new, the others read what is old. At least
	// one.
	Keys []SealingKey
	// StateLifetime is how long somebody may take to log in at the provider.
	// Zero means an hour; more than a day is refused.
	StateLifetime time.Duration
	// TrustAllEmails takes every address that a provider gives, and every
	// address of a user, for the owner's own, as FastAPI Users does. It lets
	// whoever can make a provider name an address take over the account of
	// that address, and whoever registers somebody else's address first share
	// that person's account. Leave it off.
	TrustAllEmails bool
}

// OAuth lets users log in with accounts at identity providers, and link them.
// It is safe for concurrent use.
//
// A flow has two halves. Begin makes what the browser is sent to the provider
// with; Login or Link ends it, when the browser comes back. Between them goes a
// state, which is good once, for a while, in the browser that began, for the
// provider, the purpose and the redirect URL that it was made for (RFC 6749,
// section 10.12; RFC 9700). Codes are bound to it by PKCE (RFC 7636), ID tokens
// by a nonce.
type OAuth[U AnyUser] struct {
	users    *Manager[U]
	accounts ports.AccountStore[U]
	tokens   ports.TokenStore
	cfg      OAuthConfig
	sealer   *sealer
	newUser  func() U
}

// NewOAuth returns an OAuth, or a *[ConfigError]. The stores of users must have
// Accounts and Tokens: used states are kept there until they expire. From then
// on users knows of accounts, and ResetPassword unlinks those of somebody who is
// not verified: every process that resets passwords is to call NewOAuth.
func NewOAuth[U UserPtr[T], T any](users *Manager[U], cfg OAuthConfig) (*OAuth[U], error) {
	var problems []string
	need := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, problem)
		}
	}
	need(users != nil, "users is missing")
	if users != nil {
		need(users.cfg.Stores.Accounts != nil, "Stores.Accounts of users is missing")
		need(users.cfg.Stores.Tokens != nil, "Stores.Tokens of users is missing")
	}
	need(len(cfg.Providers) > 0, "Providers are missing")
	names := map[string]bool{}
	for i, p := range cfg.Providers {
		if p == nil {
			problems = append(problems, fmt.Sprintf("Providers[%d] is missing", i))
			continue
		}
		need(p.Name() != "" && clean(p.Name()), fmt.Sprintf("Providers[%d] has no name", i))
		need(!names[p.Name()], fmt.Sprintf("Providers[%d] has the name of another, %q", i, p.Name()))
		names[p.Name()] = true
	}
	need(cfg.Signer != nil, "Signer is missing")
	need(cfg.StateLifetime == 0 || cfg.StateLifetime >= time.Second && cfg.StateLifetime <= 24*time.Hour,
		fmt.Sprintf("StateLifetime is %v, want 1s to 24h", cfg.StateLifetime))
	sealer, bad := newSealer(cfg.Keys)
	problems = append(problems, bad...)
	if problems != nil {
		return nil, &ConfigError{Of: "core.OAuthConfig", Problems: problems}
	}
	cfg.Providers = slices.Clone(cfg.Providers)
	cfg.StateLifetime = cmp.Or(cfg.StateLifetime, time.Hour)
	users.linked.Store(true)
	return &OAuth[U]{
		users: users, accounts: users.cfg.Stores.Accounts, tokens: users.cfg.Stores.Tokens, cfg: cfg, sealer: sealer,
		newUser: func() U { return new(T) },
	}, nil
}

// Provider returns the provider of that name.
func (o *OAuth[U]) Provider(name string) (ports.IdentityProvider, bool) {
	i := slices.IndexFunc(o.cfg.Providers, func(p ports.IdentityProvider) bool { return p.Name() == name })
	if i < 0 {
		return nil, false
	}
	return o.cfg.Providers[i], true
}

// Flow is what a state is for.
type Flow struct {
	Provider string
	// Backend is the one that will make the session, and UserID the user who
	// links an account. One of them is empty.
	Backend, UserID string
	// RedirectURL is where the provider sends the browser back to.
	RedirectURL string
}

// CheckRedirectURL returns what keeps text from being a Flow's RedirectURL: that
// is an absolute URL of http or https, without a fragment (RFC 6749, section
// 3.1.2).
func CheckRedirectURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("%q is not an absolute URL of http or https", text)
	}
	if u.Fragment != "" {
		return fmt.Errorf("%q has a fragment", text)
	}
	return nil
}

// Start is the first half of a flow.
type Start struct {
	// URL is where to send the browser.
	URL string
	// CSRF is to be kept in the browser, in a cookie that scripts cannot read,
	// until Expires.
	CSRF    string
	Expires time.Time
}

// StateLifetime is how long somebody may take to log in at a provider.
func (o *OAuth[U]) StateLifetime() time.Duration { return o.cfg.StateLifetime }

// Begin begins a flow. Scopes are asked for in the place of the provider's own
// choice where they are not nil. It returns an error that wraps
// [ErrProviderUnavailable] where the provider must be asked and cannot be.
func (o *OAuth[U]) Begin(ctx context.Context, f Flow, scopes []string) (Start, error) {
	p, err := o.provider(f)
	if err != nil {
		return Start{}, err
	}
	s := o.newState(f)
	token, err := o.cfg.Signer.Sign(ctx, s.claims())
	if err != nil {
		return Start{}, fmt.Errorf("usher: sign state: %w", err)
	}
	url, err := p.AuthorizationURL(ctx, ports.AuthorizationRequest{
		RedirectURL: f.RedirectURL, State: token, Verifier: s.verifier, Nonce: s.nonce, Scopes: scopes,
	})
	if err != nil {
		return Start{}, o.asked(ctx, err)
	}
	return Start{URL: url, CSRF: s.csrf, Expires: s.expires}, nil
}

func (o *OAuth[U]) provider(f Flow) (ports.IdentityProvider, error) {
	p, ok := o.Provider(f.Provider)
	if !ok {
		return nil, fmt.Errorf("usher: there is no identity provider %q", f.Provider)
	}
	if (f.Backend == "") == (f.UserID == "") {
		return nil, errors.New("usher: a flow is for a backend, or for a user who links an account")
	}
	return p, nil
}

// asked is the error of a provider that was asked.
func (o *OAuth[U]) asked(ctx context.Context, err error) error {
	if errors.Is(err, ErrCodeRefused) || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrProviderUnavailable, err)
}

// Callback is what a browser came back with.
type Callback struct {
	Flow
	// Code and State are the parameters of the callback, and Issuer that of
	// RFC 9207, or "".
	Code, State, Issuer string
	// CSRF is what Begin had the browser keep.
	CSRF string
}

// Admission says who may come in by an account that no user has yet.
type Admission struct {
	// AssociateByEmail gives the account to the user with its address, where
	// the provider vouches for the address and the user has verified it.
	AssociateByEmail bool
	// Verified makes new users verified, where the provider vouches for the
	// address.
	Verified bool
}

// Login ends the flow of somebody who logs in. It returns the user who has the
// account, or who gets it by a's rules, or a new one: [Authenticator.Login] of
// that user is what makes the session.
//
// It returns [ErrInvalidState], [ErrExpiredState] or [ErrForeignState], before
// the provider is asked; [ErrCodeRefused] or [ErrProviderUnavailable], wrapped;
// [ErrNoEmail]; or [ErrEmailTaken] where another user has the address. Of any
// number of concurrent calls with one state, one succeeds.
func (o *OAuth[U]) Login(ctx context.Context, c Callback, a Admission) (U, error) {
	var none U
	s, id, err := o.identify(ctx, c)
	if err != nil {
		return none, err
	}
	u, err := o.admit(ctx, c.Provider, id, a)
	if err != nil {
		return none, err
	}
	if err := o.use(ctx, s, u.AuthUser().ID); err != nil {
		return none, err
	}
	return u, nil
}

// identify checks the state, and asks the provider whose the code is.
func (o *OAuth[U]) identify(ctx context.Context, c Callback) (state, ports.Identity, error) {
	var id ports.Identity
	p, err := o.provider(c.Flow)
	if err != nil {
		return state{}, id, err
	}
	s, err := o.checkState(ctx, c)
	if err != nil {
		return s, id, err
	}
	if c.UserID != "" { // known before the provider is asked
		if err := o.use(ctx, s, c.UserID); err != nil {
			return s, id, err
		}
	}
	id, err = p.Identify(ctx, ports.AuthorizationResponse{
		Code: c.Code, Issuer: c.Issuer, RedirectURL: c.RedirectURL, Verifier: s.verifier, Nonce: s.nonce,
	})
	if err != nil {
		return s, id, o.asked(ctx, err)
	}
	if id.Subject == "" || !clean(id.Subject) {
		return s, id, fmt.Errorf("usher: identity without a subject: %w", ErrCodeRefused)
	}
	return s, id, nil
}

// admit returns the user who logs in as id. Who else comes or goes meanwhile
// may make the first answer wrong: the question is asked again.
func (o *OAuth[U]) admit(ctx context.Context, provider string, id ports.Identity, a Admission) (U, error) {
	var none U
	for range 10 {
		u, err := o.known(ctx, provider, id)
		if !errors.Is(err, ErrAccountNotFound) {
			return u, err
		}
		email, err := o.users.cfg.Emails.Parse(id.Email)
		if err != nil || id.Email == "" {
			return none, ErrNoEmail
		}
		vouched := id.EmailVerified || o.cfg.TrustAllEmails
		u, err = o.users.users.ByEmail(ctx, o.users.cfg.Emails.Key(email))
		switch {
		case errors.Is(err, ErrUserNotFound):
			u, err = o.create(ctx, email, provider, id, a.Verified && vouched)
			if errors.Is(err, ErrEmailTaken) {
				continue
			}
		case err != nil:
			return none, err
		case a.AssociateByEmail && vouched:
			err = o.adopt(ctx, u, provider, id)
		default:
			err = ErrEmailTaken
		}
		if errors.Is(err, ErrEmailTaken) {
			// Whoever has the address may have got the account with it a moment
			// ago: then this is its user.
			if _, _, gone := o.accounts.ByAccount(ctx, provider, id.Subject); gone == nil {
				continue
			}
		}
		if err == nil {
			return u, nil
		}
		if !errors.Is(err, ErrAccountTaken) && !errors.Is(err, ErrUserNotFound) {
			return none, err
		}
	}
	return none, ErrConflict
}

// known returns the user who has the account, and keeps what the provider said
// of it.
func (o *OAuth[U]) known(ctx context.Context, provider string, id ports.Identity) (U, error) {
	u, _, err := o.accounts.ByAccount(ctx, provider, id.Subject)
	if err != nil {
		return u, err
	}
	_, err = o.accounts.UpdateAccount(ctx, provider, id.Subject, func(a *ports.Account) error { return o.renew(a, id) })
	return u, err
}

// renew puts what the provider said of an account into it.
func (o *OAuth[U]) renew(a *ports.Account, id ports.Identity) error {
	tokens := id.Tokens
	if tokens.Refresh == "" { // the one that is known stays good
		if old, _, err := o.sealer.open(*a); err == nil {
			tokens.Refresh = old.Refresh
		}
	}
	a.Email, a.UpdatedAt = storable(id.Email), o.users.now()
	return o.sealer.seal(a, tokens, time.Time{})
}

// storable is text where a store can keep it, or "".
func storable(text string) string {
	if !clean(text) {
		return ""
	}
	return text
}

// account is the account of id.
func (o *OAuth[U]) account(provider, userID string, id ports.Identity) (ports.Account, error) {
	a := ports.Account{Provider: provider, Subject: id.Subject, UserID: userID, Email: storable(id.Email), CreatedAt: o.users.now()}
	a.UpdatedAt = a.CreatedAt
	return a, o.sealer.seal(&a, id.Tokens, time.Time{})
}

// adopt gives the account to the user who has its address.
func (o *OAuth[U]) adopt(ctx context.Context, u U, provider string, id ports.Identity) error {
	user := u.AuthUser()
	a, err := o.account(provider, user.ID, id)
	if err != nil {
		return err
	}
	return o.accounts.Link(ctx, a, func(now U) error {
		if now.AuthUser().EmailKey != user.EmailKey || !now.AuthUser().IsVerified && !o.cfg.TrustAllEmails {
			return ErrEmailTaken
		}
		return nil
	})
}

// create keeps a new user with its first account. The user has no password,
// which a forgotten-password mail can change.
func (o *OAuth[U]) create(ctx context.Context, email, provider string, id ports.Identity, verified bool) (U, error) {
	var none U
	u := o.newUser()
	user := u.AuthUser()
	user.Email, user.EmailKey = email, o.users.cfg.Emails.Key(email)
	user.HashedPassword = noPassword + rand.Text()
	user.IsActive, user.IsVerified = true, verified
	user.CreatedAt = o.users.now()
	user.UpdatedAt = user.CreatedAt
	a, err := o.account(provider, "", id)
	if err != nil {
		return none, err
	}
	if err := o.accounts.CreateWith(ctx, u, a); err != nil {
		return none, err
	}
	if hook := o.users.cfg.Hooks.AfterRegister; hook != nil {
		hook(context.WithoutCancel(ctx), u)
	}
	return u, nil
}

// Link ends the flow of a user who links an account, as authenticated. It
// returns what Login returns of states and providers; [ErrForeignUser] for the
// state of another user; [ErrAccountTaken] where another user has the account;
// or [ErrUnauthenticated] where the sessions of u were ended since.
func (o *OAuth[U]) Link(ctx context.Context, u U, c Callback) (U, error) {
	var none U
	c.UserID, c.Backend = u.AuthUser().ID, ""
	_, id, err := o.identify(ctx, c)
	if err != nil {
		return none, err
	}
	if id.Email == "" {
		return none, ErrNoEmail
	}
	a, err := o.account(c.Provider, c.UserID, id)
	if err != nil {
		return none, err
	}
	epoch := u.AuthUser().SessionEpoch
	err = o.accounts.Link(ctx, a, func(now U) error {
		if user := now.AuthUser(); user.SessionEpoch != epoch || !user.IsActive {
			return ErrUnauthenticated
		}
		return nil
	})
	if errors.Is(err, ErrUserNotFound) {
		return none, ErrUnauthenticated
	}
	if err != nil {
		return none, err
	}
	if u, err = o.users.ByID(ctx, c.UserID); err != nil {
		return none, err
	}
	if hook := o.users.cfg.Hooks.AfterUpdate; hook != nil {
		hook(context.WithoutCancel(ctx), u, []string{})
	}
	return u, nil
}

// noPassword begins the HashedPassword of a user who has none. It begins no
// hash.
const noPassword = "!"

// HasPassword tells whether u can log in with a password.
func HasPassword(u AnyUser) bool {
	hash := u.AuthUser().HashedPassword
	return hash != "" && hash[:1] != noPassword
}
