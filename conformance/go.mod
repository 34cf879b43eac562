module github.com/gousher/usher/conformance

go 1.26.0

require (
	github.com/gousher/usher/core v0.0.0
	github.com/gousher/usher/ports v0.0.0
	github.com/stretchr/testify v1.12.1
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect

replace (
	github.com/gousher/usher/core => ../core
	github.com/gousher/usher/ports => ../ports
)
