package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/core/session"
	"github.com/gousher/usher/ports"
	"golang.org/x/crypto/argon2"
)

// What people are in the database.
const (
	callers  = 16 // users whose sessions are checked
	comers   = 64 // users who log in, for each cost of hashes
	password = "correct horse battery"
)

// cost is what a hash takes.
type cost struct {
	name   string
	memory uint32 // KiB
	time   uint32
	lanes  uint8
}

var (
	// fresh is the cost of new hashes.
	fresh = cost{"m=19456 t=2 p=1", 19456, 2, 1}
	// imported is what FastAPI Users' hashes cost.
	imported = cost{"m=65536 t=3 p=4", 65536, 3, 4}
)

// hash returns a PHC string for password.
func (c cost) hash() string {
	salt := []byte("sixteen bytes of")
	return c.phc(salt, argon2.IDKey([]byte(password), salt, c.time, c.memory, c.lanes, 32))
}

func (c cost) phc(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", c.memory, c.time, c.lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// people are the users in the database.
type people struct {
	checks map[string][]*ask // of the callers, by backend
	// comers are those who log in, by the cost of their hashes.
	comers map[cost][]string
}

// settle makes users and sessions.
func (b *bench) settle(ctx context.Context, stores ports.Stores[*Member]) (*people, error) {
	p := &people{checks: map[string][]*ask{}, comers: map[cost][]string{}}
	create := func(address, hash string) (*Member, error) {
		now := time.Now().UTC().Truncate(time.Microsecond)
		m := &Member{User: core.User{
			Email: address, EmailKey: address, HashedPassword: hash, IsActive: true, CreatedAt: now, UpdatedAt: now,
		}, Nickname: "somebody"}
		return m, stores.Users.Create(ctx, m)
	}
	for _, c := range []cost{fresh, imported} {
		hash := c.hash()
		for i := range comers {
			address := fmt.Sprintf("comer%d.p%d@example.com", i, c.lanes)
			if _, err := create(address, hash); err != nil {
				return nil, err
			}
			p.comers[c] = append(p.comers[c], address)
		}
	}
	strategies, err := b.strategies()
	if err != nil {
		return nil, err
	}
	hash := fresh.hash()
	for i := range callers {
		address := fmt.Sprintf("caller%d@example.com", i)
		m, err := create(address, hash)
		if err != nil {
			return nil, err
		}
		for name, s := range strategies {
			token, _, err := s.Issue(ctx, grantOf(m.ID, 0))
			if err != nil {
				return nil, err
			}
			p.checks[name] = append(p.checks[name], &ask{request: get("/users/me", token), status: 200, holds: []byte(`"email":"` + address + `"`)})
			p.checks["grpc "+name] = append(p.checks["grpc "+name], &ask{token: token, status: 200, holds: []byte(address)})
		}
	}
	_, err = b.db.ExecContext(ctx, "ANALYZE")
	return p, err
}

// strategies are those of the backends, by their names.
func (b *bench) strategies() (map[string]ports.Strategy, error) {
	jwt, err := b.setting.jwt()
	if err != nil {
		return nil, err
	}
	out := map[string]ports.Strategy{"jwt": jwt}
	for name, inRedis := range map[string]bool{"token": false, "redis": true} {
		stores, _, err := b.setting.stores(inRedis)
		if err != nil {
			return nil, err
		}
		if out[name], err = session.New(stores.Tokens, session.Config{Lifetime: lifetime, Idle: lifetime}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// damaged is a, whose token is altered by one character, and which is to be
// refused.
func (a *ask) damaged(at int) *ask {
	if a.token != "" {
		return &ask{token: string(altered([]byte(a.token), len(a.token)-1-at)), status: 401}
	}
	i := len(a.request) - len("\r\n\r\n") - 1 - at
	return &ask{request: altered(a.request, i), status: 401, holds: []byte(`"detail":"Unauthorized"`)}
}

// altered is a copy of text with another letter at i.
func altered(text []byte, i int) []byte {
	text = append([]byte(nil), text...)
	if text[i] == 'A' {
		text[i] = 'B'
	} else {
		text[i] = 'A'
	}
	return text
}

// grantOf is what a session is issued for.
func grantOf(userID string, epoch int64) ports.Grant {
	return ports.Grant{UserID: userID, Epoch: epoch, Methods: []string{"pwd"}, At: time.Now().UTC().Truncate(time.Microsecond), Family: "family"}
}
