module github.com/gousher/usher/examples/oauth

go 1.26.0

require (
	github.com/gousher/usher/adapters/argon2 v0.0.0
	github.com/gousher/usher/adapters/email v0.0.0
	github.com/gousher/usher/adapters/jwx v0.0.0
	github.com/gousher/usher/adapters/memory v0.0.0
	github.com/gousher/usher/adapters/oauth2 v0.0.0
	github.com/gousher/usher/authtest v0.0.0
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/delivery/http v0.0.0
	github.com/gousher/usher/ports v0.0.0
)

require (
	github.com/coreos/go-oidc/v3 v3.21.0 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/go-jose/go-jose/v4 v4.1.4 // indirect
	github.com/goccy/go-json v0.10.6 // indirect
	github.com/lestrrat-go/blackmagic v1.0.4 // indirect
	github.com/lestrrat-go/httpcc v1.0.1 // indirect
	github.com/lestrrat-go/httprc v1.0.6 // indirect
	github.com/lestrrat-go/iter v1.0.2 // indirect
	github.com/lestrrat-go/jwx/v2 v2.1.7 // indirect
	github.com/lestrrat-go/option v1.0.1 // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/oauth2 v0.38.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace (
	github.com/gousher/usher/adapters/argon2 => ../../adapters/argon2
	github.com/gousher/usher/adapters/email => ../../adapters/email
	github.com/gousher/usher/adapters/jwx => ../../adapters/jwx
	github.com/gousher/usher/adapters/memory => ../../adapters/memory
	github.com/gousher/usher/adapters/oauth2 => ../../adapters/oauth2
	github.com/gousher/usher/authtest => ../../authtest
	github.com/gousher/usher/core => ../../core
	github.com/gousher/usher/delivery/http => ../../delivery/http
	github.com/gousher/usher/ports => ../../ports
)
