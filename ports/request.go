package ports

import "net/netip"

// Header carries credentials in and out. [net/http.Header] is one as it
// stands; gRPC metadata becomes one with two short methods.
type Header interface {
	// Values returns the values of key in the order in which they were
	// received, or nil. The key's case does not matter.
	Values(key string) []string
	// Add appends value to the values of key.
	Add(key, value string)
}

// Request is what a delivery knows of a call.
type Request struct {
	// Header carries what the caller sent. It is never nil.
	Header Header
	// Peer is the caller's address, or the zero Addr where it is not known.
	Peer netip.Addr
	// UserAgent is what the caller says it is; it proves nothing.
	UserAgent string
	// CrossSite says that the call changes state and that the browser which
	// sent it names another site as its origin. Credentials that browsers
	// send of their own accord are refused on such a call.
	CrossSite bool
}
