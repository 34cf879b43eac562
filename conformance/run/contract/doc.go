// Package contract holds what delivery/http promises to those who call it over
// HTTP, as a table of requests and the answers to them, byte for byte: what a
// front end or a generated client of FastAPI Users meets. Its tests send the
// requests to a server over TCP, on every kind of store, and manifest.txt says
// which of them shows which promise.
package contract
