module github.com/gousher/usher/adapters/oauth2

go 1.26.0

require (
	github.com/coreos/go-oidc/v3 v3.21.0
	github.com/go-jose/go-jose/v4 v4.1.4
	github.com/gousher/usher/authtest v0.0.0
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/ports v0.0.0
	golang.org/x/oauth2 v0.38.0
)

replace (
	github.com/gousher/usher/adapters/memory => ../memory
	github.com/gousher/usher/authtest => ../../authtest
	github.com/gousher/usher/core => ../../core
	github.com/gousher/usher/delivery/http => ../../delivery/http
	github.com/gousher/usher/ports => ../../ports
)
