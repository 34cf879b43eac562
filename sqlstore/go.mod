module github.com/gousher/usher/sqlstore

go 1.26.0

require (
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/ports v0.0.0
)

replace (
	github.com/gousher/usher/core => ../core
	github.com/gousher/usher/ports => ../ports
)
