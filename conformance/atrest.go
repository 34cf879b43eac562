package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// AtRest is stores, and all that their engine keeps.
type AtRest struct {
	// Stores has Tokens, and Users where they lie together.
	Stores ports.Stores[*Member]
	// Dump returns what the engine keeps, as raw as it can be had.
	Dump func(t testing.TB) []byte
	// Hasher, Signer and Strategy are what the application uses, where they
	// are to be checked as well. Nil means simple ones of the suite's.
	Hasher   ports.PasswordHasher
	Signer   ports.Signer
	Strategy ports.Strategy
}

// TestAtRest checks that nothing which lets anybody in can be read from what an
// engine keeps: passwords, session tokens and the tokens of mails, in plain,
// hexadecimal or base64; where there are accounts, tokens of identity providers
// as well. Open returns fresh, empty stores.
func TestAtRest(t *testing.T, open func(t testing.TB) AtRest, of ...Subject) {
	run(t, "AtRest", AtRestCases(), of, open)
}

// AtRestCases returns the cases of [TestAtRest].
func AtRestCases() []Case[AtRest] {
	return []Case[AtRest]{
		{
			ID: "AR-01", Name: "Dump/holds all that is kept",
			Rule: "a secret that is kept in any of its spellings is found in the dump",
			Run: func(t testing.TB, s AtRest) {
				ann := owner(t, s.Stores, "ann")
				for i := range spellings([]byte(rand.Text())) {
					secret := rand.Text()
					tok := token(ann, fmt.Sprint("digest", i))
					tok.Data = bytes.Join([][]byte{[]byte("before "), spellings([]byte(secret))[i], []byte(" after")}, nil)
					put(t, s.Stores, tok)
					require.NotEmpty(t, exposed(s.Dump(t), secret), "the dump lacks the data of a token")
				}
				secret := rand.Text()
				tok := token(ann, "family")
				tok.Family = secret
				put(t, s.Stores, tok)
				require.NotEmpty(t, exposed(s.Dump(t), secret), "the dump lacks the family of a token")
				if s.Stores.Users != nil {
					secret, m := rand.Text(), member("bob@e.com")
					m.Nickname = secret
					must(t, s.Stores.Users.Create(t.Context(), m))
					require.NotEmpty(t, exposed(s.Dump(t), secret), "the dump lacks the fields of a user")
				}
				if s.Stores.Accounts != nil {
					secret, a := rand.Text(), account(ann, "1")
					a.Data = []byte("before " + secret + " after")
					must(t, s.Stores.Accounts.Link(t.Context(), a, nil))
					require.NotEmpty(t, exposed(s.Dump(t), secret), "the dump lacks the data of an account")
				}
			},
		},
		{
			ID: "AR-02", Name: "Every/no secrets",
			Rule: "secrets are never stored as they are",
			Run: func(t testing.TB, s AtRest) {
				secrets := lived(t, s)
				dump := s.Dump(t)
				for what, list := range secrets {
					for _, secret := range list {
						require.Empty(t, exposed(dump, secret), "a %s can be read from the dump", what)
					}
				}
			},
		},
		{
			ID: "AR-03", Name: "Verify/what is kept is no token",
			Rule: "what a store keeps of a token, presented as a token, is refused",
			Run: func(t testing.TB, s AtRest) {
				ann, strategy := owner(t, s.Stores, "ann"), s.strategy(t)
				real, _, err := strategy.Issue(t.Context(), ports.Grant{UserID: ann})
				must(t, err, "Issue")
				list, err := s.Stores.Tokens.ListUser(t.Context(), purpose, ann)
				must(t, err, "ListUser")
				require.NotEmpty(t, list)
				for _, kept := range list {
					for _, forged := range presented(kept) {
						_, err := strategy.Verify(t.Context(), forged)
						wantErr(t, "Verify of what is kept", err, core.ErrInvalidToken)
					}
				}
				_, err = strategy.Verify(t.Context(), real)
				must(t, err, "Verify of the token")
			},
		},
	}
}

// presented returns what somebody who reads t might try as a token.
func presented(t ports.Token) []string {
	forged := []string{t.Digest, t.Family, string(t.Data), t.Purpose + t.Digest, base64.RawURLEncoding.EncodeToString([]byte(t.Digest))}
	if raw, err := hex.DecodeString(t.Digest); err == nil {
		forged = append(forged, string(raw), base64.RawURLEncoding.EncodeToString(raw))
	}
	return forged
}

// exposed returns the spellings of secret that dump holds.
func exposed(dump []byte, secret string) (found []string) {
	all := spellings([]byte(secret))
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err == nil && len(raw) >= 16 {
		all = append(all, spellings(raw)...) // the bits that the token spells
	}
	for _, spelling := range all {
		if bytes.Contains(dump, spelling) {
			found = append(found, string(spelling))
		}
	}
	return found
}

// spellings returns how b may be written: as it is, in hexadecimal, and as it
// stands within the base64 of any text that has it, with either alphabet.
func spellings(b []byte) [][]byte {
	lower := hex.EncodeToString(b)
	all := [][]byte{b, []byte(lower), []byte(strings.ToUpper(lower))}
	for before := range 3 {
		text := append(make([]byte, before), b...)
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			// The first and the last letters depend on what stands around.
			encoded := encoding.EncodeToString(text[:len(text)/3*3])
			all = append(all, []byte(encoded[(before*4+2)/3:]))
		}
	}
	return all
}

// strategy returns what makes sessions in the stores.
func (s *AtRest) strategy(t testing.TB) ports.Strategy {
	t.Helper()
	if s.Strategy != nil {
		return s.Strategy
	}
	strategy, err := session.New(s.Stores.Tokens, session.Config{})
	must(t, err, "session.New")
	return strategy
}

// lived lets users live with the stores, and returns the secrets that they
// were given and gave, by what they are.
func lived(t testing.TB, s AtRest) map[string][]string {
	t.Helper()
	secrets := map[string][]string{}
	keep := func(what, secret string) string {
		require.GreaterOrEqual(t, len(secret), 8, "the %s is too short to be searched for", what)
		secrets[what] = append(secrets[what], secret)
		return secret
	}
	strategy := s.strategy(t)
	if s.Stores.Users == nil {
		for i := range 3 {
			tok, _, err := strategy.Issue(t.Context(), ports.Grant{UserID: fmt.Sprint(i), Methods: []string{"pwd"}, UserAgent: "agent"})
			must(t, err, "Issue")
			_, err = strategy.Verify(t.Context(), keep("session token", tok))
			must(t, err, "Verify")
		}
		return secrets
	}
	mails := &letters{}
	manager, err := core.NewManager(core.Config[*Member]{
		Stores: s.Stores, Hasher: orElse(s.Hasher, ports.PasswordHasher(digestHasher{})), Emails: plainEmails{},
		Mail: core.Mailing{Signer: orElse(s.Signer, ports.Signer(&macSigner{rand.Text()})), Mailer: mails},
	})
	must(t, err, "NewManager")
	auth, err := core.NewAuthenticator(manager, core.Backend[*Member]{Name: "sessions", Strategy: strategy, Transport: core.Bearer{}})
	must(t, err, "NewAuthenticator")
	login := func(address, password string) {
		issued, err := auth.LoginWithPassword(t.Context(), address, password, core.Entry{
			Backend: "sessions", Out: http.Header{}, Request: ports.Request{Header: http.Header{}, UserAgent: "agent"},
		})
		must(t, err, "Login")
		keep("session token", issued.Token)
	}
	mailed := func(ask func(ctx context.Context, email string) error, address string) string {
		must(t, ask(t.Context(), address), "asking for a mail")
		must(t, manager.Drain(t.Context()), "Drain")
		return keep("token of a mail", mails.last())
	}
	for _, address := range []string{"ann@example.com", "bob@example.com"} {
		u, err := manager.Register(t.Context(), &Member{User: core.User{Email: address}}, keep("password", "first "+rand.Text()))
		must(t, err, "Register")
		login(address, secrets["password"][len(secrets["password"])-1])
		_, err = manager.Verify(t.Context(), mailed(manager.RequestVerify, address))
		must(t, err, "Verify")
		changed := keep("password", "second "+rand.Text())
		_, err = manager.Update(t.Context(), u, core.Change[*Member]{Password: &changed})
		must(t, err, "Update")
		login(address, changed)
		reset := keep("password", "third "+rand.Text())
		must(t, manager.ResetPassword(t.Context(), mailed(manager.ForgotPassword, address), reset), "ResetPassword")
		login(address, reset)
		mailed(manager.ForgotPassword, address) // which nobody uses
	}
	if s.Stores.Accounts != nil {
		tokens := outside(t, s, manager)
		keep("token of an identity provider", tokens.Access)
		keep("token of an identity provider", tokens.Refresh)
	}
	return secrets
}

// outside lets somebody log in with an identity provider, twice, and returns
// the tokens that the provider gave.
func outside(t testing.TB, s AtRest, manager *core.Manager[*Member]) ports.ProviderTokens {
	t.Helper()
	tokens := ports.ProviderTokens{Access: rand.Text(), Refresh: rand.Text()}
	oauth, err := core.NewOAuth(manager, core.OAuthConfig{
		Providers: []ports.IdentityProvider{giving{tokens}}, Signer: orElse(s.Signer, ports.Signer(&macSigner{rand.Text()})),
		Keys: []core.SealingKey{{ID: "1", Key: []byte(rand.Text() + rand.Text())[:32]}},
	})
	must(t, err, "NewOAuth")
	flow := core.Flow{Provider: "giving", Backend: "sessions", RedirectURL: "https://app.example/callback"}
	for range 2 {
		start, err := oauth.Begin(t.Context(), flow, nil)
		must(t, err, "Begin")
		u, err := oauth.Login(t.Context(), core.Callback{Flow: flow, Code: "code", State: start.URL, CSRF: start.CSRF}, core.Admission{})
		must(t, err, "Login with an identity provider")
		got, err := oauth.ProviderToken(t.Context(), u.ID, "giving", "cid")
		must(t, err, "ProviderToken")
		require.Equal(t, tokens, got)
	}
	return tokens
}

// giving is an identity provider that gives everybody these tokens.
type giving struct{ tokens ports.ProviderTokens }

func (giving) Name() string { return "giving" }

func (giving) AuthorizationURL(_ context.Context, q ports.AuthorizationRequest) (string, error) {
	return q.State, nil
}

func (g giving) Identify(context.Context, ports.AuthorizationResponse) (ports.Identity, error) {
	return ports.Identity{Subject: "cid", Email: "cid@example.com", Tokens: g.tokens}, nil
}

func (g giving) Refresh(context.Context, string) (ports.ProviderTokens, error) { return g.tokens, nil }

func orElse[T comparable](given, other T) T {
	var none T
	if given == none {
		return other
	}
	return given
}

// letters is a mailer that keeps what it is handed.
type letters struct {
	mu    sync.Mutex
	mails []ports.Mail
}

func (l *letters) Send(_ context.Context, m ports.Mail) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mails = append(l.mails, m)
	return nil
}

// last returns the token of the last mail.
func (l *letters) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mails[len(l.mails)-1].Token
}
