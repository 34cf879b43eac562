module github.com/gousher/usher/core

go 1.26.0

require github.com/gousher/usher/ports v0.0.0

replace github.com/gousher/usher/ports => ../ports
