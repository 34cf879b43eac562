package engine

import (
	"sync"
	"testing"
	"time"
)

// Through returns the same keys, whose clients go through links, one for each
// node, and those links as one.
func (k Keys) Through(t testing.TB) (Keys, *Links) {
	t.Helper()
	links := &Links{t: t, to: map[string]*Link{}}
	at := k.at
	k.at = func(addr string) string { return links.through(at(addr)) }
	return k, links
}

// Links are the links to all nodes of an engine, on which a fault lies at the
// same time.
type Links struct {
	t     testing.TB
	mu    sync.Mutex
	to    map[string]*Link
	fault func(*Link) // nil where there is none
}

// through returns the address of the link to addr.
func (l *Links) through(addr string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	link := l.to[addr]
	if link == nil {
		link = newLink(l.t, addr)
		l.to[addr] = link
		if l.fault != nil {
			l.fault(link)
		}
	}
	return link.Addr()
}

func (l *Links) set(fault, now func(*Link)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault
	for _, link := range l.to {
		now(link)
	}
}

// Cut is as that of each [Link].
func (l *Links) Cut() { l.set((*Link).Cut, (*Link).Cut) }

// Stall is as that of each [Link].
func (l *Links) Stall() { l.set((*Link).Stall, (*Link).Stall) }

// Mute is as that of each [Link].
func (l *Links) Mute() { l.set((*Link).Mute, (*Link).Mute) }

// Mend is as that of each [Link].
func (l *Links) Mend() { l.set(nil, (*Link).Mend) }

// Delay is as that of each [Link].
func (l *Links) Delay(by, jitter time.Duration) {
	delay := func(link *Link) { link.Delay(by, jitter) }
	l.set(delay, delay)
}
