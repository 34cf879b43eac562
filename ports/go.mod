module github.com/gousher/usher/ports

go 1.26.0
