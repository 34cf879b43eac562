package httpauth

import (
	"net/http"
	"net/netip"
)

// peer returns the address of the caller, or the zero Addr.
func (a *API[U]) peer(r *http.Request) netip.Addr {
	return a.proxies.Peer(r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
}
