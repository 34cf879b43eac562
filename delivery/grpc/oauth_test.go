package grpcauth_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	grpcauth "github.com/gousher/usher/delivery/grpc"
	"github.com/gousher/usher/delivery/grpc/usherv1"
	"github.com/gousher/usher/ports"
)

// provider is an identity provider that takes a code for who somebody is:
// "subject address", and "!" behind it where it does not vouch.
type provider struct{}

func (provider) Name() string { return "grail" }

func (provider) AuthorizationURL(_ context.Context, q ports.AuthorizationRequest) (string, error) {
	return strings.Join(append([]string{q.RedirectURL, q.State}, q.Scopes...), " "), nil
}

func (provider) Identify(_ context.Context, r ports.AuthorizationResponse) (ports.Identity, error) {
	subject, address, ok := strings.Cut(r.Code, " ")
	switch {
	case r.Code == "outage":
		return ports.Identity{}, errors.New("the grail is out of reach")
	case !ok:
		return ports.Identity{}, core.ErrCodeRefused
	}
	address, unvouched := strings.CutSuffix(address, "!")
	return ports.Identity{Subject: subject, Email: address, EmailVerified: !unvouched}, nil
}

func (provider) Refresh(context.Context, string) (ports.ProviderTokens, error) {
	return ports.ProviderTokens{}, core.ErrCodeRefused
}

const back = "https://camelot.bt/back"

func (w *world) withProvider(t testing.TB) {
	t.Helper()
	var err error
	w.grpc.OAuth, err = core.NewOAuth(w.users, core.OAuthConfig{
		Providers: []ports.IdentityProvider{provider{}}, Signer: &signer{}, Keys: []core.SealingKey{{ID: "1", Key: bytes.Repeat([]byte("k"), 32)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	service := w.outsideOf
	service.Providers = []grpcauth.OAuthProvider{{Name: "grail", RedirectURL: back, Admission: core.Admission{AssociateByEmail: true}}}
	w.services = append(w.services[:len(w.services):len(w.services)], service)
}

func (w *world) outside() usherv1.OAuthServiceClient { return usherv1.NewOAuthServiceClient(w.conn) }

// returning comes back from the provider with a code.
func returning(code string, begun *usherv1.Begun) *usherv1.Callback {
	return &usherv1.Callback{Code: code, State: strings.Fields(begun.GetAuthorizationUrl())[1], Csrf: begun.GetCsrf()}
}

func (w *world) begunLogin(t testing.TB) *usherv1.Begun {
	t.Helper()
	begun, err := w.outside().BeginLogin(as(t, ""), &usherv1.BeginLoginRequest{Provider: "grail", Backend: "bearer"})
	return must(t, begun, err).GetBegun()
}

func (w *world) begunLink(t testing.TB, who string) *usherv1.Begun {
	t.Helper()
	begun, err := w.outside().BeginLink(as(t, who), &usherv1.BeginLinkRequest{Provider: "grail"})
	return must(t, begun, err).GetBegun()
}

func (w *world) finishLogin(t testing.TB, c *usherv1.Callback) (string, error) {
	t.Helper()
	done, err := w.outside().FinishLogin(as(t, ""), &usherv1.FinishLoginRequest{Provider: "grail", Backend: "bearer", Callback: c})
	return done.GetSession().GetAccessToken(), err
}

func (w *world) finishLink(t testing.TB, who string, c *usherv1.Callback) error {
	t.Helper()
	_, err := w.outside().FinishLink(as(t, who), &usherv1.FinishLinkRequest{Provider: "grail", Callback: c})
	return err
}

func wantTold(t testing.TB, what string, err error, want string) {
	t.Helper()
	if got := told(t, err); got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

const invalidState = "InvalidArgument OAUTH_INVALID_STATE | usher OAUTH_INVALID_STATE"

// Somebody logs in with a provider, links another account, lists both, unlinks
// one, and cannot unlink the last.
func TestOAuthLife(t *testing.T) {
	w := newWorld(t, func(w *world) { w.oauth = true })
	begun := w.begunLogin(t)
	if url := strings.Fields(begun.GetAuthorizationUrl()); url[0] != back || len(begun.GetCsrf()) != 43 || begun.GetExpireTime().AsTime().Before(time.Now()) {
		t.Errorf("began with %v", begun)
	}
	first := returning("1 galahad@camelot.bt", begun)
	token, err := w.finishLogin(t, first)
	must(t, token, err)
	me, err := w.user().GetMe(as(t, token), &usherv1.GetMeRequest{})
	if must(t, me, err).GetUser().GetEmail() != "galahad@camelot.bt" {
		t.Errorf("is %v", me)
	}
	_, err = w.finishLogin(t, first)
	wantTold(t, "the state again", err, invalidState)

	if err := w.finishLink(t, token, returning("2 g@elsewhere.bt", w.begunLink(t, token))); err != nil {
		t.Fatal(err)
	}
	list, err := w.outside().ListAccounts(as(t, token), &usherv1.ListAccountsRequest{})
	if all := must(t, list, err).GetAccounts(); len(all) != 2 || all[0].GetAccountId() != "1" || all[1].GetEmail() != "g@elsewhere.bt" || all[1].GetProvider() != "grail" {
		t.Errorf("has %v", all)
	}
	unlink := func(who, id string) error {
		_, err := w.outside().UnlinkAccount(as(t, who), &usherv1.UnlinkAccountRequest{Provider: "grail", AccountId: id})
		return err
	}
	wantTold(t, "another's account", unlink("king", "1"), "NotFound Not Found | usher NOT_FOUND")
	wantTold(t, "the first", unlink(token, "1"), "OK")
	wantTold(t, "the last", unlink(token, "2"), "FailedPrecondition OAUTH_LAST_WAY_IN | usher OAUTH_LAST_WAY_IN")

	begun2, err := w.outside().BeginLogin(as(t, ""), &usherv1.BeginLoginRequest{Provider: "grail", Backend: "cookie", Scopes: &usherv1.Scopes{Names: []string{"a", "b"}}})
	if url := strings.Fields(must(t, begun2, err).GetBegun().GetAuthorizationUrl()); len(url) != 4 || url[3] != "b" {
		t.Errorf("asked for %v", url)
	}
}

// What goes wrong is told as over HTTP.
func TestOAuthErrors(t *testing.T) {
	w := newWorld(t, func(w *world) { w.oauth = true })
	const undecodable = "InvalidArgument ACCESS_TOKEN_DECODE_ERROR | usher ACCESS_TOKEN_DECODE_ERROR"
	const unauthorized = "Unauthenticated Unauthorized | usher UNAUTHORIZED"
	for _, tt := range []struct {
		name string
		do   func() error
		want string
	}{
		{"no state", func() error { _, err := w.finishLogin(t, &usherv1.Callback{Code: "1 a@b.bt"}); return err },
			"InvalidArgument Unprocessable Entity | usher UNPROCESSABLE_ENTITY | callback.state: MISSING: Field required"},
		{"a state that is none", func() error { _, err := w.finishLogin(t, &usherv1.Callback{Code: "1 a@b.bt", State: "x"}); return err }, undecodable},
		{"another browser", func() error {
			c := returning("1 a@b.bt", w.begunLogin(t))
			c.Csrf = w.begunLogin(t).GetCsrf()
			_, err := w.finishLogin(t, c)
			return err
		}, invalidState},
		{"a link to log in", func() error { _, err := w.finishLogin(t, returning("1 a@b.bt", w.begunLink(t, "king"))); return err }, undecodable},
		{"another user's link", func() error { return w.finishLink(t, "queen", returning("1 a@b.bt", w.begunLink(t, "king"))) },
			"InvalidArgument Bad Request | usher BAD_REQUEST"},
		{"nobody links", func() error { return w.finishLink(t, "", returning("1 a@b.bt", w.begunLogin(t))) }, unauthorized},
		{"a banned user links", func() error {
			_, err := w.outside().BeginLink(as(t, "mordred"), &usherv1.BeginLinkRequest{Provider: "grail"})
			return err
		}, unauthorized},
		{"no address", func() error { _, err := w.finishLogin(t, returning("1 ", w.begunLogin(t))); return err },
			"InvalidArgument OAUTH_NOT_AVAILABLE_EMAIL | usher OAUTH_NOT_AVAILABLE_EMAIL"},
		{"an address that is not vouched for", func() error { _, err := w.finishLogin(t, returning("1 king@camelot.bt!", w.begunLogin(t))); return err },
			"AlreadyExists OAUTH_USER_ALREADY_EXISTS | usher OAUTH_USER_ALREADY_EXISTS"},
		{"an address that the user has not verified", func() error {
			_, err := w.finishLogin(t, returning("1 squire@camelot.bt", w.begunLogin(t)))
			return err
		},
			"AlreadyExists OAUTH_USER_ALREADY_EXISTS | usher OAUTH_USER_ALREADY_EXISTS"},
		{"a banned user", func() error {
			_, err := w.finishLogin(t, returning("4 mordred@camelot.bt", w.begunLogin(t)))
			return err
		},
			"InvalidArgument LOGIN_BAD_CREDENTIALS | usher LOGIN_BAD_CREDENTIALS"},
		{"an account that another has", func() error {
			if err := w.finishLink(t, "king", returning("5 x@y.bt", w.begunLink(t, "king"))); err != nil {
				return err
			}
			return w.finishLink(t, "queen", returning("5 x@y.bt", w.begunLink(t, "queen")))
		}, "AlreadyExists OAUTH_ACCOUNT_ALREADY_LINKED | usher OAUTH_ACCOUNT_ALREADY_LINKED"},
		{"a code that is refused", func() error { _, err := w.finishLogin(t, returning("foo", w.begunLogin(t))); return err },
			"Unavailable OAUTH_PROVIDER_ERROR | usher OAUTH_PROVIDER_ERROR"},
		{"a provider out of reach", func() error { _, err := w.finishLogin(t, returning("outage", w.begunLogin(t))); return err },
			"Unavailable OAUTH_PROVIDER_UNAVAILABLE | usher OAUTH_PROVIDER_UNAVAILABLE"},
		{"no such provider", func() error {
			_, err := w.outside().BeginLogin(as(t, ""), &usherv1.BeginLoginRequest{Provider: "lake", Backend: "bearer"})
			return err
		}, "InvalidArgument Unprocessable Entity | usher UNPROCESSABLE_ENTITY | provider: NOT_FOUND: There is no such provider"},
		{"no such backend", func() error {
			_, err := w.outside().BeginLogin(as(t, ""), &usherv1.BeginLoginRequest{Provider: "grail", Backend: "lake"})
			return err
		}, "InvalidArgument Unprocessable Entity | usher UNPROCESSABLE_ENTITY | backend: NOT_FOUND: There is no such backend"},
	} {
		wantTold(t, tt.name, tt.do(), tt.want)
	}
	if log := w.log.String(); !strings.Contains(log, "the grail is out of reach") {
		t.Errorf("the operator is not told why: %s", log)
	}
}

// A state is good until its time is over, and that is told from one that was
// never made.
func TestOAuthExpires(t *testing.T) {
	var late atomic.Int64
	w := newWorld(t, func(w *world) {
		w.oauth = true
		w.core.Now = func() time.Time { return time.Now().Add(time.Duration(late.Load())) }
	})
	first, second := w.begunLogin(t), w.begunLogin(t)
	if end := first.GetExpireTime().AsTime(); end.Before(time.Now().Add(59*time.Minute)) || end.After(time.Now().Add(time.Hour)) {
		t.Errorf("expires at %v, want that in an hour", end)
	}
	late.Store(int64(59 * time.Minute))
	_, err := w.finishLogin(t, returning("1 galahad@camelot.bt", first))
	wantTold(t, "within the hour", err, "OK")
	late.Store(int64(time.Hour))
	_, err = w.finishLogin(t, returning("1 galahad@camelot.bt", second))
	wantTold(t, "after it", err, "InvalidArgument ACCESS_TOKEN_ALREADY_EXPIRED | usher ACCESS_TOKEN_ALREADY_EXPIRED")
}

// The service serves the backends that it names, and those who are verified
// where it says so.
func TestOAuthBounds(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.oauth, w.outsideOf = true, grpcauth.OAuth{Backends: []string{"bearer"}, RequireVerified: true}
	})
	const noBackend = "InvalidArgument Unprocessable Entity | usher UNPROCESSABLE_ENTITY | backend: NOT_FOUND: There is no such backend"
	_, err := w.outside().BeginLogin(as(t, ""), &usherv1.BeginLoginRequest{Provider: "grail", Backend: "cookie"})
	wantTold(t, "begun at another backend", err, noBackend)
	begun := w.begunLogin(t)
	_, err = w.outside().FinishLogin(as(t, ""), &usherv1.FinishLoginRequest{Provider: "grail", Backend: "cookie", Callback: returning("1 a@b.bt", begun)})
	wantTold(t, "finished at another backend", err, noBackend)

	_, err = w.finishLogin(t, returning("1 a@b.bt!", begun))
	wantTold(t, "an address that is not vouched for", err, "FailedPrecondition LOGIN_USER_NOT_VERIFIED | usher LOGIN_USER_NOT_VERIFIED")
	_, err = w.outside().ListAccounts(as(t, "squire"), &usherv1.ListAccountsRequest{})
	wantTold(t, "a list for somebody who is not verified", err, "PermissionDenied Forbidden | usher FORBIDDEN")
	_, err = w.outside().ListAccounts(as(t, "king"), &usherv1.ListAccountsRequest{})
	wantTold(t, "a list for somebody who is", err, "OK")
}

// What is wrong with the configuration is named by its field.
func TestOAuthConfig(t *testing.T) {
	w := newBareWorld(t, func(w *world) { w.oauth = true })
	with := func(names ...string) (providers []grpcauth.OAuthProvider) {
		for _, name := range names {
			providers = append(providers, grpcauth.OAuthProvider{Name: name, RedirectURL: back})
		}
		return providers
	}
	for _, tt := range []struct {
		name    string
		without bool // Config.OAuth
		service grpcauth.OAuth
		want    []string
	}{
		{"nothing", true, grpcauth.OAuth{}, []string{"OAuth: Config.OAuth is missing", "OAuth.Providers are missing"}},
		{"no such backend", false, grpcauth.OAuth{Providers: with("grail"), Backends: []string{"bearer", "lake"}},
			[]string{`OAuth.Backends[1]: there is no backend "lake"`}},
		{"no such provider", false, grpcauth.OAuth{Providers: with("grail", "lake")},
			[]string{`OAuth.Providers[1]: there is no identity provider "lake"`}},
		{"a provider twice", false, grpcauth.OAuth{Providers: with("grail", "grail")},
			[]string{`OAuth.Providers[1]: "grail" is there already`}},
		{"no absolute URL", false, grpcauth.OAuth{Providers: []grpcauth.OAuthProvider{{Name: "grail", RedirectURL: "/back"}}},
			[]string{`OAuth.Providers[0].RedirectURL: "/back" is not an absolute URL of http or https`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := w.grpc
			if tt.without {
				cfg.OAuth = nil
			}
			_, err := grpcauth.New(w.auth, cfg, tt.service)
			problems, ok := errors.AsType[*core.ConfigError](err)
			if !ok || !slices.Equal(problems.Problems, tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
