package session_test

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
)

// embedded is another value than the store that it holds.
type embedded struct{ *store }

func TestBackend(t *testing.T) {
	s := newStore()
	tests := []struct {
		name   string
		stores ports.Stores[*core.User]
		joined bool
	}{
		{"no join", ports.Stores[*core.User]{Tokens: s}, false},
		{"the same value", ports.Stores[*core.User]{Tokens: s, Joined: s}, true},
		{"the same value of a struct", ports.Stores[*core.User]{Tokens: embedded{s}, Joined: embedded{s}}, true},
		{"another store", ports.Stores[*core.User]{Tokens: s, Joined: newStore()}, false},
		{"another type", ports.Stores[*core.User]{Tokens: embedded{s}, Joined: s}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, err := session.Backend("db", test.stores, session.Config{Lifetime: -1}, core.Bearer{})
			must(t, err)
			wantEqual(t, "name", b.Name, "db")
			wantEqual[ports.Transport](t, "transport", b.Transport, core.Bearer{})
			wantEqual(t, "whether a session and its user are found together", b.Resolve != nil, test.joined)

			token, expires, err := b.Strategy.Issue(t.Context(), login)
			must(t, err)
			wantEqual(t, "expires of an endless session", expires.IsZero(), true)
			g, err := b.Strategy.Verify(t.Context(), token)
			must(t, err)
			if b.Resolve != nil {
				u, joined, err := b.Resolve(t.Context(), token)
				must(t, err)
				wantEqual(t, "user", u, &core.User{ID: "ann", IsActive: true})
				wantEqual(t, "grant", joined, g)
			}
		})
	}
}

// Ping asks the store, and nothing is wrong where it has no such session.
func TestPing(t *testing.T) {
	s := newStore()
	b, err := session.Backend("db", ports.Stores[*core.User]{Tokens: s}, session.Config{}, core.Bearer{})
	must(t, err)
	must(t, b.Ping(t.Context()))
	wantEqual(t, "calls", s.calls, []string{"Get"})
	s.at = func(string) error { return errOutage }
	wantErr(t, b.Ping(t.Context()), errOutage)
}

func TestResolveOfNobody(t *testing.T) {
	w := newWorld(t, session.Config{})
	token := w.issue(ports.Grant{UserID: "gone"})
	u, g, err := w.resolve(t.Context(), token)
	wantErr(t, err, core.ErrInvalidToken)
	wantEqual(t, "user", u, nil)
	wantEqual(t, "grant", g, ports.Grant{})
}

func TestData(t *testing.T) {
	zone := netip.MustParseAddr("fe80::1%eth0")
	long := strings.Repeat("x", 511)
	tests := []struct {
		name     string
		in, want ports.Grant
	}{
		{"nothing", ports.Grant{}, ports.Grant{}},
		{"empty methods", ports.Grant{Methods: []string{}}, ports.Grant{}},
		{"methods", ports.Grant{Methods: []string{"pwd", "hwk"}}, ports.Grant{Methods: []string{"pwd", "hwk"}}},
		{"IPv4", ports.Grant{Peer: netip.MustParseAddr("192.0.2.1")}, ports.Grant{Peer: netip.MustParseAddr("192.0.2.1")}},
		{"IPv6 with a zone", ports.Grant{Peer: zone}, ports.Grant{Peer: zone}},
		{"a zone of two lines", ports.Grant{Peer: zone.WithZone("a\nb")}, ports.Grant{Peer: zone.WithZone("")}},
		{"user agent", ports.Grant{UserAgent: `"<a>" & \ü`}, ports.Grant{UserAgent: `"<a>" & \ü`}},
		{"longest user agent", ports.Grant{UserAgent: long + "y"}, ports.Grant{UserAgent: long + "y"}},
		{"long user agent", ports.Grant{UserAgent: long + "yz"}, ports.Grant{UserAgent: long + "y"}},
		{"very long user agent", ports.Grant{UserAgent: strings.Repeat("x", 1<<20)}, ports.Grant{UserAgent: long + "x"}},
		{"cut within a letter", ports.Grant{UserAgent: long + "ü"}, ports.Grant{UserAgent: long}},
		{"not UTF-8", ports.Grant{UserAgent: "a\xffb\xc3"}, ports.Grant{UserAgent: "ab"}},
		{"nothing but invalid UTF-8", ports.Grant{UserAgent: strings.Repeat("\xff", 600)}, ports.Grant{}},
		{"control characters", ports.Grant{UserAgent: strings.Repeat("\x00", 600)}, ports.Grant{UserAgent: strings.Repeat("\x00", 512)}},
		{"lines", ports.Grant{UserAgent: "a\nend never\nb "}, ports.Grant{UserAgent: "a\nend never\nb "}},
		{"everything", ports.Grant{Methods: []string{"pwd"}, Peer: zone, UserAgent: "a"}, ports.Grant{Methods: []string{"pwd"}, Peer: zone, UserAgent: "a"}},
		{"replacement characters", ports.Grant{UserAgent: "\ufffd"}, ports.Grant{UserAgent: "\ufffd"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, session.Config{})
			test.in.UserID, test.want.UserID = "ann", "ann"
			test.want.At, test.want.Expires = noon, noon.Add(day)
			token := w.issue(test.in)
			for name, check := range w.checks() {
				got, err := check(t.Context(), token)
				must(t, err)
				if !reflect.DeepEqual(got, test.want) {
					t.Errorf("by %s: got %+v, want %+v", name, got, test.want)
				}
			}
		})
	}
}

// What a newer version adds is read over, and what is no data is an outage.
func TestDataOfOthers(t *testing.T) {
	tests := []struct {
		name, data string
		good       bool
	}{
		{"none", "", true},
		{"a line", "end never\n", true},
		{"more", "end 2026-12-24T18:00:00Z\nlater a b\nagent x", true},
		{"cut", "end never\nmeth", false},
		{"cut in a value", "end 2026-12", false},
		{"another kind", "end never\npeer ann\n", false},
		{"no end", "peer 192.0.2.1\n", false},
		{"no end that is known", "later 1\nend never\n", false},
		{"JSON", `{"methods":["pwd"]}`, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, session.Config{})
			token := w.issue(login)
			row := w.row()
			row.Data = []byte(test.data)
			w.store.tokens[key{row.Purpose, row.Digest}] = row
			for name, check := range w.checks() {
				_, err := check(t.Context(), token)
				if (err == nil) != test.good {
					t.Errorf("by %s: got error %v, want none: %v", name, err, test.good)
				}
				if err != nil && (errors.Is(err, core.ErrInvalidToken) || !strings.HasPrefix(err.Error(), "session: ")) {
					t.Errorf("by %s: got %v, want an outage", name, err)
				}
			}
		})
	}
}

// What cannot be told from the rest is an error and no session.
func TestDataThatCannotBeKept(t *testing.T) {
	for name, g := range map[string]ports.Grant{
		"a year of five digits": {Expires: noon.AddDate(9000, 0, 0)},
		"a method of two words": {Methods: []string{"pwd", "one time"}},
		"a method of two lines": {Methods: []string{"pwd\nagent"}},
	} {
		w := newWorld(t, session.Config{Lifetime: -1})
		g.UserID = "ann"
		token, _, err := w.Issue(t.Context(), g)
		if err == nil || !strings.HasPrefix(err.Error(), "session: ") || token != "" {
			t.Errorf("%s: got %q, %v, want an error only", name, token, err)
		}
		wantEqual(t, "tokens kept", len(w.store.tokens), 0)
	}
}
