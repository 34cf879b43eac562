package grpcauth

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/delivery/grpc/usherv1"
)

// OAuth is the service usher.v1.OAuthService, by which users log in with
// identity providers, and link, list and unlink accounts there. It needs
// [Config].OAuth.
type OAuth struct {
	// Providers are those that it serves. At least one.
	Providers []OAuthProvider
	// Backends names the backends that one can log in at. Nil means all.
	Backends []string
	// RequireVerified refuses users who are not verified.
	RequireVerified bool
}

// OAuthProvider says how a provider is served.
type OAuthProvider struct {
	// Name is the provider's. Required.
	Name string
	// RedirectURL is where the provider sends the browser back to, a page of the
	// application's that [core.CheckRedirectURL] accepts. Required.
	RedirectURL string
	// Admission says who may come in by an account that no user has yet.
	Admission core.Admission
}

func (OAuth) isService() {}

type oauthServer[U core.AnyUser] struct {
	usherv1.UnimplementedOAuthServiceServer
	*authServer[U]
	providers map[string]OAuthProvider
	verified  bool
}

func (a *API[U]) oauthService(cfg OAuth) (methods []*method[U], register func(grpc.ServiceRegistrar), problems []string) {
	if a.oauth == nil {
		problems = append(problems, "OAuth: Config.OAuth is missing")
	}
	if len(cfg.Providers) == 0 {
		problems = append(problems, "OAuth.Providers are missing")
	}
	for i, name := range cfg.Backends {
		if _, ok := a.auth.Backend(name); !ok {
			problems = append(problems, fmt.Sprintf("OAuth.Backends[%d]: there is no backend %q", i, name))
		}
	}
	providers := map[string]OAuthProvider{}
	for i, p := range cfg.Providers {
		if a.oauth != nil {
			if _, ok := a.oauth.Provider(p.Name); !ok {
				problems = append(problems, fmt.Sprintf("OAuth.Providers[%d]: there is no identity provider %q", i, p.Name))
			}
		}
		if err := core.CheckRedirectURL(p.RedirectURL); err != nil {
			problems = append(problems, fmt.Sprintf("OAuth.Providers[%d].RedirectURL: %v", i, err))
		}
		if _, ok := providers[p.Name]; ok {
			problems = append(problems, fmt.Sprintf("OAuth.Providers[%d]: %q is there already", i, p.Name))
		}
		providers[p.Name] = p
	}
	self := core.Policy[U]{Verified: cfg.RequireVerified}
	words := words{emailTaken: "OAUTH_USER_ALREADY_EXISTS"}
	server := &oauthServer[U]{
		authServer: &authServer[U]{API: a, cfg: Auth{Backends: slices.Clone(cfg.Backends)}}, providers: providers, verified: cfg.RequireVerified,
	}
	return []*method[U]{
		{name: usherv1.OAuthService_BeginLogin_FullMethodName, public: true},
		{name: usherv1.OAuthService_FinishLogin_FullMethodName, public: true, words: words},
		{name: usherv1.OAuthService_BeginLink_FullMethodName, policy: self},
		{name: usherv1.OAuthService_FinishLink_FullMethodName, policy: self, words: words},
		{name: usherv1.OAuthService_ListAccounts_FullMethodName, policy: self},
		{name: usherv1.OAuthService_UnlinkAccount_FullMethodName, policy: self},
	}, func(s grpc.ServiceRegistrar) { usherv1.RegisterOAuthServiceServer(s, server) }, problems
}

// flow returns the flow at a provider, without a backend and a user.
func (s *oauthServer[U]) flow(provider string) (core.Flow, error) {
	p, ok := s.providers[provider]
	if !ok {
		return core.Flow{}, wrongField("provider", "NOT_FOUND", "There is no such provider")
	}
	return core.Flow{Provider: provider, RedirectURL: p.RedirectURL}, nil
}

// begin begins a flow.
func (s *oauthServer[U]) begin(ctx context.Context, f core.Flow, scopes *usherv1.Scopes) (*usherv1.Begun, error) {
	var names []string
	if scopes != nil {
		names = append([]string{}, scopes.GetNames()...)
	}
	start, err := s.oauth.Begin(ctx, f, names)
	if err != nil {
		return nil, err
	}
	return &usherv1.Begun{AuthorizationUrl: start.URL, Csrf: start.CSRF, ExpireTime: timestamppb.New(start.Expires)}, nil
}

func callback(f core.Flow, in *usherv1.Callback) (core.Callback, error) {
	if err := required(field{"callback.code", in.GetCode()}, field{"callback.state", in.GetState()}); err != nil {
		return core.Callback{}, err
	}
	return core.Callback{Flow: f, Code: in.GetCode(), State: in.GetState(), Issuer: in.GetIss(), CSRF: in.GetCsrf()}, nil
}

// BeginLogin implements [usherv1.OAuthServiceServer].
func (s *oauthServer[U]) BeginLogin(ctx context.Context, in *usherv1.BeginLoginRequest) (*usherv1.BeginLoginResponse, error) {
	if _, err := s.call(ctx, usherv1.OAuthService_BeginLogin_FullMethodName); err != nil {
		return nil, err
	}
	f, err := s.flow(in.GetProvider())
	if err != nil {
		return nil, err
	}
	if err := s.backend(in.GetBackend()); err != nil {
		return nil, err
	}
	f.Backend = in.GetBackend()
	begun, err := s.begin(ctx, f, in.GetScopes())
	return &usherv1.BeginLoginResponse{Begun: begun}, err
}

// FinishLogin implements [usherv1.OAuthServiceServer].
func (s *oauthServer[U]) FinishLogin(ctx context.Context, in *usherv1.FinishLoginRequest) (*usherv1.FinishLoginResponse, error) {
	c, err := s.call(ctx, usherv1.OAuthService_FinishLogin_FullMethodName)
	if err != nil {
		return nil, err
	}
	f, err := s.flow(in.GetProvider())
	if err != nil {
		return nil, err
	}
	if err := s.backend(in.GetBackend()); err != nil {
		return nil, err
	}
	f.Backend = in.GetBackend()
	back, err := callback(f, in.GetCallback())
	if err != nil {
		return nil, err
	}
	u, err := s.oauth.Login(ctx, back, s.providers[f.Provider].Admission)
	if err != nil {
		return nil, err
	}
	out := header{}
	issued, err := s.auth.Login(ctx, u, core.Entry{Backend: f.Backend, Verified: s.verified, Request: c.req, Out: out})
	if err != nil {
		return nil, err
	}
	return &usherv1.FinishLoginResponse{Session: loggedIn(ctx, issued, out)}, nil
}

// BeginLink implements [usherv1.OAuthServiceServer].
func (s *oauthServer[U]) BeginLink(ctx context.Context, in *usherv1.BeginLinkRequest) (*usherv1.BeginLinkResponse, error) {
	c, err := s.call(ctx, usherv1.OAuthService_BeginLink_FullMethodName)
	if err != nil {
		return nil, err
	}
	f, err := s.flow(in.GetProvider())
	if err != nil {
		return nil, err
	}
	f.UserID = c.session.User.AuthUser().ID
	begun, err := s.begin(ctx, f, in.GetScopes())
	return &usherv1.BeginLinkResponse{Begun: begun}, err
}

// FinishLink implements [usherv1.OAuthServiceServer].
func (s *oauthServer[U]) FinishLink(ctx context.Context, in *usherv1.FinishLinkRequest) (*usherv1.FinishLinkResponse, error) {
	c, err := s.call(ctx, usherv1.OAuthService_FinishLink_FullMethodName)
	if err != nil {
		return nil, err
	}
	f, err := s.flow(in.GetProvider())
	if err != nil {
		return nil, err
	}
	back, err := callback(f, in.GetCallback())
	if err != nil {
		return nil, err
	}
	u, err := s.oauth.Link(ctx, c.session.User, back)
	if err != nil {
		return nil, err
	}
	shown, err := s.show(u)
	return &usherv1.FinishLinkResponse{User: shown}, err
}

// ListAccounts implements [usherv1.OAuthServiceServer].
func (s *oauthServer[U]) ListAccounts(ctx context.Context, _ *usherv1.ListAccountsRequest) (*usherv1.ListAccountsResponse, error) {
	c, err := s.call(ctx, usherv1.OAuthService_ListAccounts_FullMethodName)
	if err != nil {
		return nil, err
	}
	all, err := s.oauth.Accounts(ctx, c.session.User.AuthUser().ID)
	if err != nil {
		return nil, err
	}
	out := &usherv1.ListAccountsResponse{}
	for _, account := range all {
		out.Accounts = append(out.Accounts, &usherv1.Account{Provider: account.Provider, AccountId: account.Subject, Email: account.Email})
	}
	return out, nil
}

// UnlinkAccount implements [usherv1.OAuthServiceServer].
func (s *oauthServer[U]) UnlinkAccount(ctx context.Context, in *usherv1.UnlinkAccountRequest) (*usherv1.UnlinkAccountResponse, error) {
	c, err := s.call(ctx, usherv1.OAuthService_UnlinkAccount_FullMethodName)
	if err != nil {
		return nil, err
	}
	err = s.oauth.Unlink(ctx, c.session.User.AuthUser().ID, in.GetProvider(), in.GetAccountId())
	return &usherv1.UnlinkAccountResponse{}, err
}
