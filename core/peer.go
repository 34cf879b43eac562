package core

import (
	"net/netip"
	"strings"
)

// Proxies are the networks of the proxies in front of a program.
type Proxies []netip.Prefix

// Peer returns who calls, given the address and port of whoever holds the
// connection and the values of X-Forwarded-For, or the zero Addr where direct
// is none. Where proxies are trusted it is the last of the forwarded addresses
// that is not a proxy's: what stands before it was written by somebody who is
// not trusted. Deliveries call it.
func (p Proxies) Peer(direct string, forwarded []string) netip.Addr {
	addr, err := netip.ParseAddrPort(direct)
	if err != nil {
		return netip.Addr{}
	}
	peer := addr.Addr().Unmap()
	if len(p) == 0 {
		return peer
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for i := len(hops) - 1; i >= 0 && p.has(peer); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		peer = hop
	}
	return peer
}

func (p Proxies) has(addr netip.Addr) bool {
	for _, network := range p {
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
