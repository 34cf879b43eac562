package engine

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Link is a TCP proxy between a test and an engine, whose faults can be
// switched on. Its address stays the same when the engine gets another.
type Link struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// newLink returns a link to the engine at addr. It is torn down when t ends.
func newLink(t testing.TB, addr string) *Link {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	l := &Link{t, toxiproxy.NewProxy(server, "link", "127.0.0.1:0", addr)}
	if err := l.proxy.Start(); err != nil {
		t.Fatalf("engine: link: %v", err)
	}
	t.Cleanup(l.Cut)
	return l
}

// Addr is the address at which the link listens.
func (l *Link) Addr() string { return l.proxy.Listen }

// lead leads the link to another address.
func (l *Link) lead(addr string) {
	l.Cut()
	l.proxy.Upstream = addr
	l.Mend()
}

// Cut ends all connections and lets none be made.
func (l *Link) Cut() { l.proxy.Stop() }

// Stall lets nothing through, in either direction, and tells nobody.
func (l *Link) Stall() {
	l.toxic("upstream")
	l.toxic("downstream")
}

// Mute lets what is sent through, and no answers.
func (l *Link) Mute() { l.toxic("downstream") }

// Delay lets answers arrive later, by up to jitter more or less than that.
func (l *Link) Delay(by, jitter time.Duration) {
	l.add(fmt.Sprintf(`{"name":"delay","type":"latency","stream":"downstream","toxicity":1,"attributes":{"latency":%d,"jitter":%d}}`,
		by.Milliseconds(), jitter.Milliseconds()))
}

// toxic swallows what flows in a direction.
func (l *Link) toxic(stream string) {
	l.add(fmt.Sprintf(`{"name":%q,"type":"timeout","stream":%q,"toxicity":1,"attributes":{"timeout":0}}`, stream, stream))
}

func (l *Link) add(toxic string) {
	if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		l.t.Errorf("engine: link: %v", err)
	}
}

// Mend ends whatever fault there is. Connections that it was on are closed.
func (l *Link) Mend() {
	l.proxy.Toxics.ResetToxics(context.Background())
	if err := l.proxy.Start(); err != nil && err != toxiproxy.ErrProxyAlreadyStarted {
		l.t.Errorf("engine: link: %v", err)
	}
}

// Through returns a link to the engine that dsn names, and the DSN that leads
// there through it.
func Through(t testing.TB, dsn string) (string, *Link) {
	t.Helper()
	if strings.Contains(dsn, "@tcp(") {
		cfg, err := mysql.ParseDSN(dsn)
		if err != nil {
			t.Fatalf("engine: link: %v", err)
		}
		l := newLink(t, cfg.Addr)
		cfg.Addr = l.Addr()
		return cfg.FormatDSN(), l
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("engine: link: %v", err)
	}
	l := newLink(t, u.Host)
	u.Host = l.Addr()
	return u.String(), l
}
