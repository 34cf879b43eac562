module github.com/gousher/usher/adapters/argon2

go 1.26.0

require (
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/ports v0.0.0
	golang.org/x/crypto v0.58.0
)

require golang.org/x/sys v0.49.0 // indirect

replace (
	github.com/gousher/usher/core => ../../core
	github.com/gousher/usher/ports => ../../ports
)
