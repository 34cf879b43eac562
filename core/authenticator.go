package core

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gousher/usher/ports"
)

// Authenticator logs users in and out and tells who is calling. It is safe
// for concurrent use.
type Authenticator[U AnyUser] struct {
	users    *Manager[U]
	backends []Backend[U]
}

// NewAuthenticator returns an Authenticator that asks the backends in the
// order given, or a *[ConfigError].
func NewAuthenticator[U AnyUser](users *Manager[U], backends ...Backend[U]) (*Authenticator[U], error) {
	var problems []string
	if users == nil {
		problems = append(problems, "users is missing")
	}
	if len(backends) == 0 {
		problems = append(problems, "backends are missing")
	}
	seen := map[string]string{}
	for i := range backends {
		problems = append(problems, backends[i].problems(i)...)
		id := identifier(backends[i].Name)
		if other, ok := seen[id]; ok && id != "" {
			problems = append(problems, fmt.Sprintf("backends[%d].Name %q cannot be told from %q", i, backends[i].Name, other))
		}
		seen[id] = backends[i].Name
	}
	if problems != nil {
		return nil, &ConfigError{Of: "core.NewAuthenticator", Problems: problems}
	}
	return &Authenticator[U]{users: users, backends: slices.Clone(backends)}, nil
}

// Users returns the manager that the authenticator works with.
func (a *Authenticator[U]) Users() *Manager[U] { return a.users }

// Backends returns the backends, in the order in which they are asked.
func (a *Authenticator[U]) Backends() []Backend[U] { return slices.Clone(a.backends) }

// Backend returns the backend of that name.
func (a *Authenticator[U]) Backend(name string) (Backend[U], bool) {
	for _, b := range a.backends {
		if b.Name == name {
			return b, true
		}
	}
	return Backend[U]{}, false
}

// Policy says who may pass. The zero value lets every active user pass,
// through any backend.
type Policy[U AnyUser] struct {
	// Optional lets a call pass, without a user, that carries no valid
	// credentials or whose user does not meet the rest of the policy.
	Optional bool
	// AllowInactive lets banned users pass as well.
	AllowInactive bool
	// Verified and Superuser ask for users that are so.
	Verified, Superuser bool
	// Check is asked last. Its error, ErrForbidden as a rule, is returned.
	Check func(ctx context.Context, u U) error
	// Backends returns the names of the backends that are asked for this
	// call; they are asked in the authenticator's order. Nil means all.
	Backends func(ctx context.Context, req ports.Request) []string
}

// allows returns nil, ErrUnauthenticated, ErrForbidden or what Check returns.
func (p *Policy[U]) allows(ctx context.Context, u U) error {
	user := u.AuthUser()
	switch {
	case !user.IsActive && !p.AllowInactive:
		return ErrUnauthenticated
	case !user.IsVerified && p.Verified, !user.IsSuperuser && p.Superuser:
		return ErrForbidden
	case p.Check != nil:
		return p.Check(ctx, u)
	}
	return nil
}

// Session is who a call comes from and how that is known.
type Session[U AnyUser] struct {
	// User is set if OK is true, and is nil otherwise.
	User U
	OK   bool
	// Grant, Backend and Token are set wherever a token proved good, also
	// for an optional user who does not meet the rest of the policy.
	Grant   ports.Grant
	Backend string
	Token   string
}

// Authenticate tells who req comes from. It asks the backends in order, and
// the first that knows a user decides: there is no second try where that user
// does not meet the policy. It returns [ErrUnauthenticated] where no backend
// knows a user or the user is inactive, and [ErrForbidden] where the user may
// not pass. Credentials that the browser sent of its own accord on a
// cross-site request are not looked at: where there are no others that are
// good, it returns ErrForbidden. With p.Optional it returns a
// Session without a user in their place.
//
// Any other error is an outage.
func (a *Authenticator[U]) Authenticate(ctx context.Context, req ports.Request, p Policy[U]) (Session[U], error) {
	s, err := a.session(ctx, req, p)
	if err == nil {
		if err = p.allows(ctx, s.User); err == nil {
			s.OK = true
			return s, nil
		}
	}
	var none U
	s.User = none
	if p.Optional && (errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrForbidden)) {
		return s, nil
	}
	return s, err
}

// session finds the first backend that knows a user.
func (a *Authenticator[U]) session(ctx context.Context, req ports.Request, p Policy[U]) (Session[U], error) {
	var enabled []string
	if p.Backends != nil {
		enabled = p.Backends(ctx, req)
	}
	refused := ErrUnauthenticated
	for i := range a.backends {
		b := &a.backends[i]
		if p.Backends != nil && !slices.Contains(enabled, b.Name) {
			continue
		}
		token := b.Transport.Token(req.Header)
		if token == "" {
			continue
		}
		if req.CrossSite && b.Transport.Ambient() {
			refused = ErrForbidden
			continue
		}
		u, grant, err := b.resolve(ctx, a.users, token)
		if errors.Is(err, ErrInvalidToken) {
			continue
		}
		if err != nil {
			return Session[U]{}, err
		}
		return Session[U]{User: u, Grant: grant, Backend: b.Name, Token: token}, nil
	}
	return Session[U]{}, refused
}

// sessionKey is unique to an authenticator, so that two of them, of one type
// of user or of two, can protect one call.
type sessionKey[U AnyUser] struct{ of *Authenticator[U] }

// WithSession returns a context that carries s. Deliveries call it.
func (a *Authenticator[U]) WithSession(ctx context.Context, s Session[U]) context.Context {
	return context.WithValue(ctx, sessionKey[U]{a}, s)
}

// Session returns the session that ctx carries. Its OK is false where there
// is none.
func (a *Authenticator[U]) Session(ctx context.Context) Session[U] {
	s, _ := ctx.Value(sessionKey[U]{a}).(Session[U])
	return s
}

// User returns the user whom ctx carries.
func (a *Authenticator[U]) User(ctx context.Context) (U, bool) {
	s := a.Session(ctx)
	return s.User, s.OK
}
