package main

import (
	"fmt"
	"maps"
	"net/url"
	"sync/atomic"
	"time"
)

// visitors are how many connections log in or register.
const visitors = 8

// passwordSlice is long enough that few logins are under way at its ends.
const passwordSlice = 1250 * time.Millisecond

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// enter is a login.
func enter(address, password string) *ask {
	form := url.Values{"username": {address}, "password": {password}}
	return &ask{request: post("/auth/login", formType, form.Encode()), status: 200, holds: []byte(`"access_token":"`)}
}

// entries are logins of all with hashes of that cost.
func (b *bench) entries(c cost) []*ask {
	var out []*ask
	for _, address := range b.people.comers[c] {
		out = append(out, enter(address, password))
	}
	return out
}

// join is a registration of somebody new.
func (b *bench) join() *ask {
	address := fmt.Sprintf("new%d@example.com", b.joined.Add(1))
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, address, password)
	return &ask{request: post("/auth/register", jsonType, body), status: 201, holds: []byte(`"email":"` + address + `"`)}
}

// joined counts registrations.
type joined struct{ atomic.Int64 }

var passwordTargets = []string{"bare jwt", "usher jwt"}

// logins measures POST /auth/login.
func (b *bench) logins() error {
	asks := b.entries(fresh)
	wrong := enter(b.people.comers[fresh][0], "wrong horse battery")
	wrong.status, wrong.holds = 400, []byte(`"detail":"LOGIN_BAD_CREDENTIALS"`)
	all, err := b.compare(passwordTargets, func(c *child) error {
		conn := &client{addr: c.addr}
		defer conn.close()
		return wrong.send(conn)
	}, load{visitors, passwordSlice, func(i, n int) *ask { return asks[(i*visitors+n)%len(asks)] }})
	if err != nil {
		return err
	}
	printGroup(fmt.Sprintf("Login: POST /auth/login, %s, %d connections", fresh.name, visitors), all)
	return b.countPasswords("login", func() *ask { return asks[0] })
}

// registrations measures POST /auth/register.
func (b *bench) registrations() error {
	all, err := b.compare(passwordTargets, func(*child) error { return nil }, load{visitors, passwordSlice, func(int, int) *ask { return b.join() }})
	if err != nil {
		return err
	}
	printGroup(fmt.Sprintf("Registration: POST /auth/register, %s, %d connections", fresh.name, visitors), all)
	return b.countPasswords("register", b.join)
}

// countPasswords prints what a login or registration sends, and holds that
// usher sends one statement, which is that of the bare handler.
func (b *bench) countPasswords(name string, next func() *ask) error {
	var tallies []tally
	for _, target := range passwordTargets {
		var asks []*ask
		for range 10 {
			asks = append(asks, next())
		}
		t, err := b.counted(target, asks)
		if err != nil {
			return err
		}
		tallies = append(tallies, t)
	}
	bare, usher := tallies[0], tallies[1]
	fmt.Printf("per %s: usher %v, %.2f hashes; bare %v\n", name, usher, usher.hashes, bare)
	b.hold(usher.statements == 1 && usher.marks == 0, "%s: %.2f statements and %.2f BEGIN and the like, one and none", name, usher.statements, usher.marks)
	b.hold(maps.Equal(usher.texts, bare.texts), "%s: usher and %s send the same, %d different texts", name, passwordTargets[0], len(usher.texts))
	return nil
}
