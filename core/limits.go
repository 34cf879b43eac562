package core

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"time"

	"github.com/gousher/usher/ports"
)

// Limits bounds how often strangers may try: to log in, to register, to have
// mails sent. Each is counted for the address that is tried, whoever tries it,
// and for the peer that tries, whatever it tries. Its zero value has the
// limits that its fields name; what exceeds one is a *[LimitError], before
// anything is hashed. Of a login it is looked up before whether the peer is known.
//
// They hold for calls that deliveries make, which know of a [ports.Request].
// What the application itself does with a [Manager] is not limited.
type Limits struct {
	// Off lifts all limits.
	Off bool
	// Limiter counts, for all processes that share it. While it fails, or does
	// not answer within half a second, each process counts by itself and allows
	// half as much. Nil means that each
	// counts by itself.
	Limiter ports.Limiter
	// Login is for tries to log in. Zero means 10 in 10 minutes for an
	// address, and 100 in 10 minutes for a peer. A peer from which the user of
	// the address is logged in at present, by a session in a store, is counted
	// apart from others: tries from elsewhere do not lock it out.
	Login Limit
	// Register is for registrations. Zero means 5 an hour for an address, and
	// 50 an hour for a peer.
	Register Limit
	// Mail is for requests that send a mail. Zero means 5 an hour for an
	// address, and 50 an hour for a peer.
	Mail Limit
}

// Limit is a pair of limits. A field that is zero has the default of its use.
type Limit struct{ Address, Peer ports.Limit }

func (l *Limits) setDefaults() {
	for _, d := range []struct {
		limit  *ports.Limit
		events int
		per    time.Duration
	}{
		{&l.Login.Address, 10, 10 * time.Minute}, {&l.Login.Peer, 100, 10 * time.Minute},
		{&l.Register.Address, 5, time.Hour}, {&l.Register.Peer, 50, time.Hour},
		{&l.Mail.Address, 5, time.Hour}, {&l.Mail.Peer, 50, time.Hour},
	} {
		if *d.limit == (ports.Limit{}) {
			*d.limit = ports.Limit{Events: d.events, Per: d.per}
		}
	}
}

func (l *Limits) problems() []string {
	var out []string
	for _, limit := range []struct {
		name  string
		value ports.Limit
	}{
		{"Login.Address", l.Login.Address}, {"Login.Peer", l.Login.Peer}, {"Register.Address", l.Register.Address},
		{"Register.Peer", l.Register.Peer}, {"Mail.Address", l.Mail.Address}, {"Mail.Peer", l.Mail.Peer},
	} {
		if v := limit.value; v != (ports.Limit{}) && (v.Events < 1 || v.Per < time.Duration(v.Events)*time.Millisecond) {
			out = append(out, fmt.Sprintf("Limits.%s is %d in %v, want at least one, and a millisecond for each", limit.name, v.Events, v.Per))
		}
	}
	return out
}

// counter counts what Limits bounds.
type counter struct {
	Limits
	local *LocalLimiter
	// warn tells an operator that the shared limiter fails.
	warn func(ctx context.Context, err error)
}

// limiterTime is how long a shared limiter has for its answer: one that hangs is
// one that fails.
const limiterTime = 500 * time.Millisecond

// What is counted.
const (
	countLogin    = "login"
	countRegister = "register"
	countMail     = "mail"
	countKnown    = "login-known"
)

// peer counts a try of the peer that ctx names, and returns nil or a
// *LimitError.
func (c *counter) peer(ctx context.Context, what string, limit Limit) error {
	req, ok := RequestFrom(ctx)
	if !ok || c.Off || !req.Peer.IsValid() {
		return nil
	}
	return c.count(ctx, what+":peer:", network(req.Peer), limit.Peer)
}

// address counts a try of the address with that key.
func (c *counter) address(ctx context.Context, what, key string, limit Limit) error {
	if _, ok := RequestFrom(ctx); !ok || c.Off {
		return nil
	}
	return c.count(ctx, what+":address:", key, limit.Address)
}

// both counts a try of an address by a peer.
func (c *counter) both(ctx context.Context, what, key string, limit Limit) error {
	if err := c.peer(ctx, what, limit); err != nil {
		return err
	}
	return c.address(ctx, what, key, limit)
}

func (c *counter) count(ctx context.Context, prefix, value string, limit ports.Limit) error {
	sum := sha256.Sum256([]byte(value)) // a shared limiter need not know whom it counts
	key := prefix + base64.RawURLEncoding.EncodeToString(sum[:])
	wait, err := c.allow(ctx, key, limit)
	if err != nil {
		return err
	}
	if wait > 0 {
		return &LimitError{RetryAfter: wait}
	}
	return nil
}

func (c *counter) allow(ctx context.Context, key string, limit ports.Limit) (time.Duration, error) {
	if c.Limiter == nil {
		return c.local.Allow(ctx, key, limit)
	}
	asking, cancel := context.WithTimeout(ctx, limiterTime)
	defer cancel()
	wait, err := c.Limiter.Allow(asking, key, limit)
	if err == nil || ctx.Err() != nil {
		return wait, err
	}
	c.warn(ctx, err)
	limit.Events = max(1, limit.Events/2)
	return c.local.Allow(ctx, key, limit)
}

// SameNetwork tells whether a and b are of one host, or of one network of 64
// bits of IPv6, within which a host is free to choose.
func SameNetwork(a, b netip.Addr) bool {
	return a.IsValid() && b.IsValid() && network(a) == network(b)
}

// network is what a peer can change its address within: a host of IPv4, and
// the 64 bits that a network of IPv6 has.
func network(peer netip.Addr) string {
	peer = peer.Unmap().WithZone("")
	if peer.Is4() {
		return peer.String()
	}
	prefix, _ := peer.Prefix(64) // it is an IPv6 address
	return prefix.String()
}
