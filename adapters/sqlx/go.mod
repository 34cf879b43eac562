module github.com/gousher/usher/adapters/sqlx

go 1.26.0

require (
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/ports v0.0.0
	github.com/gousher/usher/sqlstore v0.0.0
	github.com/jmoiron/sqlx v1.4.0
)

replace (
	github.com/gousher/usher/core => ../../core
	github.com/gousher/usher/ports => ../../ports
	github.com/gousher/usher/sqlstore => ../../sqlstore
)
