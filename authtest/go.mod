module github.com/gousher/usher/authtest

go 1.26.0

require (
	github.com/gousher/usher/adapters/memory v0.0.0
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/delivery/http v0.0.0
	github.com/gousher/usher/ports v0.0.0
)

replace (
	github.com/gousher/usher/adapters/memory => ../adapters/memory
	github.com/gousher/usher/core => ../core
	github.com/gousher/usher/delivery/http => ../delivery/http
	github.com/gousher/usher/ports => ../ports
)
