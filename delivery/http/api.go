package httpauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"github.com/gousher/usher/core"
)

// Config sets up an [API]. Its zero value serves users without further fields.
type Config[U core.AnyUser] struct {
	// Schema says what clients may read, set and change.
	Schema core.Schema[U]
	// Timeout bounds the work on one request, from the moment that its body
	// has arrived. Zero means 5 seconds. A request that takes longer gets 503.
	Timeout time.Duration
	// TrustedOrigins lists other origins, such as "https://app.example.com",
	// whose pages may change state with credentials that the browser sends of
	// its own accord.
	TrustedOrigins []string
	// TrustedProxies are the networks of the proxies in front of the program,
	// whose X-Forwarded-For is believed. Where there is none, the caller is
	// whoever holds the connection: behind a proxy that is not named here, all
	// callers are one and share one limit. A network that others than proxies
	// can call from lets them be whoever they say.
	TrustedProxies []netip.Prefix
	// OAuth lets users log in with identity providers. The routers [OAuth],
	// [OAuthAssociate] and [Accounts] need it.
	OAuth *core.OAuth[U]
	// Log gets the causes of outages and panics. Nil means slog.Default().
	Log *slog.Logger
}

// API serves the routes that it includes. It is safe for concurrent use.
type API[U core.AnyUser] struct {
	auth    *core.Authenticator[U]
	users   *core.Manager[U]
	oauth   *core.OAuth[U]
	schema  core.Schema[U]
	timeout time.Duration
	origins *http.CrossOriginProtection
	proxies core.Proxies
	log     *slog.Logger
	routes  []route // in the order of their declaration
}

// Router is a group of routes: [Auth], [Register], [Reset], [Verify], [Users],
// [OAuth], [OAuthAssociate], [Accounts] or [Docs].
type Router interface{ isRouter() }

// Mount is a prefix and the routers below it; make one with [Include].
type Mount struct {
	prefix  string
	routers []Router
}

// Include puts the routes of routers below prefix, which begins with a slash
// and does not end with one, or is empty.
func Include(prefix string, routers ...Router) Mount { return Mount{prefix, routers} }

// New returns an API for the users of auth, or a *[core.ConfigError] that
// lists all that is wrong with cfg and the mounts. Where two routes match a
// request, the one that was declared first serves it.
func New[U core.AnyUser](auth *core.Authenticator[U], cfg Config[U], mounts ...Mount) (*API[U], error) {
	a := &API[U]{auth: auth, oauth: cfg.OAuth, timeout: cfg.Timeout, log: cfg.Log, origins: http.NewCrossOriginProtection()}
	problems := a.configure(cfg)
	if auth == nil {
		problems = append(problems, "auth is missing")
	} else {
		a.users = auth.Users()
		for _, m := range mounts {
			problems = append(problems, a.include(m)...)
		}
	}
	if problems != nil {
		return nil, &core.ConfigError{Of: "httpauth.New", Problems: problems}
	}
	return a, nil
}

func (a *API[U]) configure(cfg Config[U]) (problems []string) {
	var err error
	var list *core.ConfigError
	if a.schema, err = cfg.Schema.WithDefaults(); errors.As(err, &list) {
		for _, p := range list.Problems {
			problems = append(problems, "Config.Schema."+p)
		}
	} else if err != nil {
		problems = append(problems, fmt.Sprintf("Config.Schema: %v", err))
	}
	if a.timeout < 0 {
		problems = append(problems, "Config.Timeout is negative")
	}
	if a.timeout == 0 {
		a.timeout = 5 * time.Second
	}
	for i, origin := range cfg.TrustedOrigins {
		if err := a.origins.AddTrustedOrigin(origin); err != nil {
			problems = append(problems, fmt.Sprintf("Config.TrustedOrigins[%d]: %v", i, err))
		}
	}
	for i, network := range cfg.TrustedProxies {
		if !network.IsValid() {
			problems = append(problems, fmt.Sprintf("Config.TrustedProxies[%d] is not a network", i))
		}
		a.proxies = append(a.proxies, network.Masked())
	}
	if a.log == nil {
		a.log = slog.Default()
	}
	return problems
}

// include adds the routes of m to the table.
func (a *API[U]) include(m Mount) (problems []string) {
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Sprintf("Include(%q): ", m.prefix)+fmt.Sprintf(format, args...))
	}
	if !validPrefix(m.prefix) {
		bad("the prefix is neither empty nor a path such as /auth")
	}
	for _, router := range m.routers {
		routes, problem := a.routesOf(router)
		if problem != "" {
			bad("%s", problem)
		}
		for _, rt := range routes {
			rt.path = m.prefix + rt.path
			if a.has(&rt) {
				bad("%s is there already", &rt)
			}
			a.routes = append(a.routes, rt)
		}
	}
	return problems
}

// routesOf returns the routes of router and what keeps it from working.
func (a *API[U]) routesOf(router Router) (routes []route, problem string) {
	switch r := router.(type) {
	case Auth:
		if _, ok := a.auth.Backend(r.Backend); !ok {
			problem = fmt.Sprintf("Auth.Backend: there is no backend %q", r.Backend)
		}
		return a.authRoutes(r), problem
	case Register:
		return a.registerRoutes(), ""
	case Reset:
		return a.resetRoutes(), a.mailProblem("Reset")
	case Verify:
		return a.verifyRoutes(), a.mailProblem("Verify")
	case Users:
		return a.usersRoutes(r), ""
	case OAuth:
		return a.oauthRoutes(r)
	case OAuthAssociate:
		return a.associateRoutes(r)
	case Accounts:
		return a.accountsRoutes(r)
	case Docs:
		return a.docsRoutes(r), ""
	}
	return nil, fmt.Sprintf("a router is %T", router)
}

// mailProblem is empty where the manager sends mails.
func (a *API[U]) mailProblem(router string) string {
	if a.users.Mails() {
		return ""
	}
	return router + ": the manager sends no mails, as its core.Config.Mail is empty"
}

func validPrefix(prefix string) bool {
	return prefix == "" ||
		prefix != "/" && prefix[0] == '/' && path.Clean(prefix) == prefix && !strings.ContainsAny(prefix, "{}%?#")
}
