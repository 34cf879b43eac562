module github.com/gousher/usher/adapters/email

go 1.26.0

require (
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/ports v0.0.0
	golang.org/x/net v0.62.0
	golang.org/x/text v0.43.0
)

replace (
	github.com/gousher/usher/core => ../../core
	github.com/gousher/usher/ports => ../../ports
)
