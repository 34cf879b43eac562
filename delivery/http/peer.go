package httpauth

import (
	"net/http"
	"net/netip"
	"strings"
)

// peer returns the address of the caller, or the zero Addr. Where proxies are
// trusted it is the last one in X-Forwarded-For that is not a proxy's: what
// stands before it was written by somebody who is not trusted.
func (a *API[U]) peer(r *http.Request) netip.Addr {
	direct, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer := direct.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && a.isProxy(peer); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		peer = hop
	}
	return peer
}

func (a *API[U]) isProxy(addr netip.Addr) bool {
	for _, network := range a.proxies {
		if network.Contains(addr.WithZone("")) {
			return true
		}
	}
	return false
}

// parseHop reads an address as proxies write it: some with a port.
func parseHop(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Unmap(), true
	}
	if hop, err := netip.ParseAddrPort(text); err == nil {
		return hop.Addr().Unmap(), true
	}
	if addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil {
		return addr.Unmap(), true
	}
	return netip.Addr{}, false
}
