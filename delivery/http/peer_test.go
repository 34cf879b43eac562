package httpauth

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/gousher/usher/core"
)

func TestPeer(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("127.0.0.1/32")}
	tests := []struct {
		name      string
		proxies   []netip.Prefix
		remote    string
		forwarded []string
		want      string // "" for unknown
	}{
		{"direct", nil, "198.51.100.7:1234", nil, "198.51.100.7"},
		{"direct, IPv6", nil, "[2001:db8::1]:1234", nil, "2001:db8::1"},
		{"direct, IPv4 in IPv6", nil, "[::ffff:198.51.100.7]:1234", nil, "198.51.100.7"},
		{"no address", nil, "@", []string{"198.51.100.7"}, ""},
		{"a header that nobody is trusted with", nil, "198.51.100.7:1", []string{"203.0.113.9"}, "198.51.100.7"},
		{"a header of somebody who is not trusted", proxies, "198.51.100.7:1", []string{"203.0.113.9"}, "198.51.100.7"},
		{"one proxy", proxies, "10.0.0.1:1", []string{"203.0.113.9"}, "203.0.113.9"},
		{"one proxy, and what a client made up", proxies, "10.0.0.1:1", []string{"1.1.1.1, 10.2.3.4, 203.0.113.9"}, "203.0.113.9"},
		{"two proxies", proxies, "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"two proxies, two headers", proxies, "10.0.0.1:1", []string{"1.1.1.1, 203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		{"proxies all the way", proxies, "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy without a header", proxies, "127.0.0.1:1", nil, "127.0.0.1"},
		{"a proxy that writes nothing of use", proxies, "10.0.0.1:1", []string{"1.1.1.1, unknown"}, "10.0.0.1"},
		{"an empty hop", proxies, "10.0.0.1:1", []string{"1.1.1.1,,"}, "10.0.0.1"},
		{"a proxy that writes ports", proxies, "10.0.0.1:1", []string{"203.0.113.9:5000"}, "203.0.113.9"},
		{"a proxy that writes brackets", proxies, "10.0.0.1:1", []string{"[2001:db9::9]"}, "2001:db9::9"},
		{"a proxy that writes brackets and ports", proxies, "10.0.0.1:1", []string{"[2001:db9::9]:5000"}, "2001:db9::9"},
		{"a proxy of IPv6 and IPv4 in IPv6", proxies, "[2001:db8::5]:1", []string{"203.0.113.9, ::ffff:10.0.0.7"}, "203.0.113.9"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := &API[*core.User]{proxies: test.proxies}
			r := &http.Request{RemoteAddr: test.remote, Header: http.Header{"X-Forwarded-For": test.forwarded}}
			got := ""
			if peer := a.peer(r); peer.IsValid() {
				got = peer.String()
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Whatever a client writes stands to the left of what the proxy adds, and
// changes nothing.
func FuzzPeer(f *testing.F) {
	for _, text := range []string{"", "1.1.1.1", "10.0.0.1, 10.0.0.1", ",", "[", "unknown", "::1", "127.0.0.1, 2001:db8::1"} {
		f.Add(text)
	}
	a := &API[*core.User]{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8")}}
	f.Fuzz(func(t *testing.T, made string) {
		r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {made, "203.0.113.9"}}}
		if got := a.peer(r); got != netip.MustParseAddr("203.0.113.9") {
			t.Errorf("%q: got %v", made, got)
		}
	})
}
