module github.com/gousher/usher/examples/fastapi-users-compat

go 1.26.0

require (
	github.com/gousher/usher/adapters/argon2 v0.0.0
	github.com/gousher/usher/adapters/bun v0.0.0
	github.com/gousher/usher/adapters/email v0.0.0
	github.com/gousher/usher/adapters/jwx v0.0.0
	github.com/gousher/usher/adapters/redis v0.0.0
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/delivery/http v0.0.0
	github.com/gousher/usher/ports v0.0.0
	github.com/gousher/usher/sqlstore v0.0.0
	github.com/jackc/pgx/v5 v5.12.0
	github.com/redis/go-redis/v9 v9.23.0
	github.com/uptrace/bun v1.3.0
	github.com/uptrace/bun/dialect/pgdialect v1.3.0
	github.com/uptrace/bun/dialect/sqlitedialect v1.3.0
	modernc.org/sqlite v1.62.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/decred/dcrd/dcrec/secp256k1/v4 v4.4.1 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/goccy/go-json v0.10.6 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/jinzhu/inflection v1.0.0 // indirect
	github.com/lestrrat-go/blackmagic v1.0.4 // indirect
	github.com/lestrrat-go/httpcc v1.0.1 // indirect
	github.com/lestrrat-go/httprc v1.0.6 // indirect
	github.com/lestrrat-go/iter v1.0.2 // indirect
	github.com/lestrrat-go/jwx/v2 v2.1.7 // indirect
	github.com/lestrrat-go/option v1.0.1 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/puzpuzpuz/xsync/v3 v3.5.1 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/segmentio/asm v1.2.1 // indirect
	github.com/tmthrgd/go-hex v0.0.0-20190904060850-447a3041c3bc // indirect
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	modernc.org/libc v1.80.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
)

replace (
	github.com/gousher/usher/adapters/argon2 => ../../adapters/argon2
	github.com/gousher/usher/adapters/bun => ../../adapters/bun
	github.com/gousher/usher/adapters/email => ../../adapters/email
	github.com/gousher/usher/adapters/jwx => ../../adapters/jwx
	github.com/gousher/usher/adapters/memory => ../../adapters/memory
	github.com/gousher/usher/adapters/redis => ../../adapters/redis
	github.com/gousher/usher/core => ../../core
	github.com/gousher/usher/delivery/http => ../../delivery/http
	github.com/gousher/usher/ports => ../../ports
	github.com/gousher/usher/sqlstore => ../../sqlstore
)
