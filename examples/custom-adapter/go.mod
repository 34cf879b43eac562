module github.com/gousher/usher/examples/custom-adapter

go 1.26.0

require (
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/ports v0.0.0
	go.etcd.io/bbolt v1.5.0
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

require (
	github.com/gousher/usher/conformance v0.0.0
	github.com/stretchr/testify v1.12.1 // indirect
	golang.org/x/sys v0.45.0 // indirect
)

replace (
	github.com/gousher/usher/conformance => ../../conformance
	github.com/gousher/usher/core => ../../core
	github.com/gousher/usher/ports => ../../ports
)
