package grpcauth

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/gousher/usher/core"
)

// Config sets up an [API]. Its zero value serves users without further fields
// and protects no methods of the application.
type Config[U core.AnyUser] struct {
	// Schema says what clients may read, set and change.
	Schema core.Schema[U]
	// Message carries the fields that the application adds as a message of
	// its own; make one with [Message]. The zero value carries them as a
	// google.protobuf.Struct.
	Message Mapper[U]
	// Policies says who may call the methods of the application's services.
	// Its keys are full names, such as "/greet.v1.GreetService/Greet", which
	// the generated code has as constants.
	Policies map[string]core.Policy[U]
	// Public lists the methods that anybody may call, by full name.
	Public []string
	// Timeout bounds the work on a call of usher's own, and the check in front
	// of the application's methods. Zero means 10 seconds. A caller's deadline
	// that is nearer holds. What takes longer is UNAVAILABLE.
	Timeout time.Duration
	// StreamCheck is how often the caller of an open stream is checked again.
	// A stream whose caller does not pass any more ends. Zero means a minute,
	// a negative duration never.
	StreamCheck time.Duration
	// TrustedOrigins lists other origins, such as "https://app.example.com",
	// whose pages may call with credentials that the browser sends of its own
	// accord, through a proxy that translates from gRPC-Web.
	TrustedOrigins []string
	// TrustedProxies are the networks of the proxies in front of the program,
	// whose x-forwarded-for is believed. Where there is none, the caller is
	// whoever holds the connection.
	TrustedProxies []netip.Prefix
	// OAuth lets users log in with identity providers; the service [OAuth]
	// needs it.
	OAuth *core.OAuth[U]
	// Log gets the causes of outages and panics. Nil means slog.Default().
	Log *slog.Logger
}

// API serves the services that it was made with and protects methods. It is
// safe for concurrent use.
type API[U core.AnyUser] struct {
	auth     *core.Authenticator[U]
	users    *core.Manager[U]
	oauth    *core.OAuth[U]
	schema   core.Schema[U]
	message  Mapper[U]
	timeout  time.Duration
	recheck  time.Duration
	origins  *http.CrossOriginProtection
	proxies  core.Proxies
	log      *slog.Logger
	health   *health.Server
	methods  map[string]*method[U]
	register []func(grpc.ServiceRegistrar)
}

// method is what an API knows of a method.
type method[U core.AnyUser] struct {
	name   string
	public bool
	policy core.Policy[U]
	// own is true for usher's methods, whose errors come from core.
	own   bool
	words words
}

// Service is one of usher's services: [Auth], [Register], [Reset], [Verify],
// [Users] or [OAuth].
type Service interface{ isService() }

// New returns an API for the users of auth, or a *[core.ConfigError] that lists
// all that is wrong with cfg and the services.
func New[U core.AnyUser](auth *core.Authenticator[U], cfg Config[U], services ...Service) (*API[U], error) {
	a := &API[U]{
		auth: auth, oauth: cfg.OAuth, message: cfg.Message, timeout: cfg.Timeout, recheck: cfg.StreamCheck, log: cfg.Log,
		origins: http.NewCrossOriginProtection(), health: health.NewServer(), methods: map[string]*method[U]{},
	}
	a.health.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING) // nobody has asked the stores yet
	problems := a.configure(cfg)
	if auth == nil {
		problems = append(problems, "auth is missing")
	} else {
		a.users = auth.Users()
		for _, s := range services {
			problems = append(problems, a.include(s)...)
		}
	}
	problems = append(problems, a.declare(cfg)...)
	if problems != nil {
		return nil, &core.ConfigError{Of: "grpcauth.New", Problems: problems}
	}
	return a, nil
}

func (a *API[U]) configure(cfg Config[U]) (problems []string) {
	var err error
	if a.schema, err = cfg.Schema.WithDefaults(); err != nil {
		if list, ok := errors.AsType[*core.ConfigError](err); ok {
			for _, p := range list.Problems {
				problems = append(problems, "Config.Schema."+p)
			}
		} else {
			problems = append(problems, fmt.Sprintf("Config.Schema: %v", err))
		}
	}
	if cfg.Message.problem != "" {
		problems = append(problems, cfg.Message.problem)
	}
	if a.timeout < 0 {
		problems = append(problems, "Config.Timeout is negative")
	}
	if a.timeout == 0 {
		a.timeout = 10 * time.Second
	}
	if a.recheck == 0 {
		a.recheck = time.Minute
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

// include adds a service and its methods.
func (a *API[U]) include(service Service) (problems []string) {
	var methods []*method[U]
	var register func(grpc.ServiceRegistrar)
	switch s := service.(type) {
	case Auth:
		for i, name := range s.Backends {
			if _, ok := a.auth.Backend(name); !ok {
				problems = append(problems, fmt.Sprintf("Auth.Backends[%d]: there is no backend %q", i, name))
			}
		}
		methods, register = a.authService(s)
	case Register:
		methods, register = a.registerService()
	case Reset:
		problems = a.mailProblems("Reset")
		methods, register = a.resetService()
	case Verify:
		problems = a.mailProblems("Verify")
		methods, register = a.verifyService()
	case Users:
		methods, register = a.usersService(s)
	case OAuth:
		methods, register, problems = a.oauthService(s)
	default:
		return []string{fmt.Sprintf("a service is %T", service)}
	}
	if _, ok := a.methods[methods[0].name]; ok {
		return append(problems, fmt.Sprintf("%T is there already", service))
	}
	for _, m := range methods {
		m.own = true
		m.words.added = "user." + a.added()
		a.methods[m.name] = m
	}
	a.register = append(a.register, register)
	return problems
}

// mailProblems is empty where the manager sends mails.
func (a *API[U]) mailProblems(service string) []string {
	if a.users.Mails() {
		return nil
	}
	return []string{service + ": the manager sends no mails, as its core.Config.Mail is empty"}
}

// declare adds the methods of the application, and those of the health
// service.
func (a *API[U]) declare(cfg Config[U]) (problems []string) {
	for _, name := range grpc_health_v1.Health_ServiceDesc.Methods {
		a.public("/grpc.health.v1.Health/" + name.MethodName)
	}
	for _, name := range grpc_health_v1.Health_ServiceDesc.Streams {
		a.public("/grpc.health.v1.Health/" + name.StreamName)
	}
	add := func(m *method[U], field string) {
		_, twice := a.methods[m.name]
		switch {
		case !validName(m.name):
			problems = append(problems, fmt.Sprintf("%s is not the full name of a method, such as /greet.v1.GreetService/Greet", field))
		case twice:
			problems = append(problems, fmt.Sprintf("%s has a policy already", field))
		}
		a.methods[m.name] = m
	}
	for i, name := range cfg.Public {
		add(&method[U]{name: name, public: true}, fmt.Sprintf("Config.Public[%d] %q", i, name))
	}
	for name, policy := range cfg.Policies {
		add(&method[U]{name: name, policy: policy}, fmt.Sprintf("Config.Policies[%q]", name))
	}
	slices.Sort(problems)
	return problems
}

func (a *API[U]) public(name string) { a.methods[name] = &method[U]{name: name, public: true} }

// validName reports whether name is a full name: "/service/method".
func validName(name string) bool {
	service, method, ok := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	return ok && name[0] == '/' && service != "" && method != "" && !strings.ContainsAny(method, "/*") && !strings.Contains(service, "*")
}

// RegisterServices puts usher's services and the health service on s, which has
// the interceptors of a: without them they refuse every call. [NewServer] does
// all of that. Where [Server.Run] does not run s, nobody asks the stores: the
// health service says NOT_SERVING until the application sets [API.Health].
func (a *API[U]) RegisterServices(s grpc.ServiceRegistrar) {
	for _, register := range a.register {
		register(s)
	}
	grpc_health_v1.RegisterHealthServer(s, a.health)
}

// Health is what the health service says. [Server.Run] sets it, by what the
// stores answer. An application that runs a server of its own sets it itself,
// such as by the Ping of its authenticator.
func (a *API[U]) Health() *health.Server { return a.health }

// Undeclared returns the full names of the methods that are registered on s
// and have no policy: nobody can call them. They are sorted.
func (a *API[U]) Undeclared(s interface {
	GetServiceInfo() map[string]grpc.ServiceInfo
}) []string {
	var names []string
	for service, info := range s.GetServiceInfo() {
		for _, m := range info.Methods {
			name := "/" + service + "/" + m.Name
			if _, ok := a.methods[name]; !ok {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}
