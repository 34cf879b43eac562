// Package argon2hash hashes passwords with Argon2id (RFC 9106) and verifies
// Argon2id, Argon2i and bcrypt hashes.
//
//	hasher, err := argon2hash.New(argon2hash.Config{})
//
// The zero Config is right for most: 19 MiB, two passes, one lane, which is a
// choice of OWASP's password storage guide.
package argon2hash

import (
	"crypto/rand"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// Hasher implements [ports.PasswordHasher]. It is safe for concurrent use.
//
// bcrypt sees the first 72 bytes of the password and a NUL byte, repeated to
// fill them. So a bcrypt hash, which was made from no more than that, is
// matched by every password that is the same to bcrypt. Once its password is
// used it is outdated, and the Argon2id hash in its place is made from all
// bytes.
type Hasher struct {
	cfg Config
}

var _ ports.PasswordHasher = (*Hasher)(nil)

// New returns a Hasher, or a *core.ConfigError that names every field that is
// wrong.
func New(cfg Config) (*Hasher, error) {
	cfg.setDefaults()
	if problems := cfg.problems(); problems != nil {
		return nil, &core.ConfigError{Of: "argon2hash.Config", Problems: problems}
	}
	return &Hasher{cfg}, nil
}

// Hash implements [ports.PasswordHasher]. The hash is a PHC string with a
// salt of 16 bytes and a digest of 32. The error is always nil.
func (h *Hasher) Hash(password string) (string, error) {
	k := key{
		variant: variantID,
		memory:  h.cfg.Memory, time: h.cfg.Time, lanes: h.cfg.Parallelism,
		salt: make([]byte, saltSize),
	}
	rand.Read(k.salt) // never fails
	k.digest = k.derive(password, digestSize)
	return k.String(), nil
}

// Verify implements [ports.PasswordHasher]. It knows `$argon2id$v=19$` and
// `$argon2i$v=19$` in PHC string format and bcrypt's `$2a$`, `$2b$`, `$2x$`
// and `$2y$`, within the limits of [Config]. The error is always nil.
//
// A hash is outdated if it is not Argon2id, or has less memory than new
// hashes have, or less work (memory times passes), or a shorter salt or
// digest.
func (h *Hasher) Verify(password, hash string) (ok, outdated bool, err error) {
	if k, known := h.cfg.parse(hash); known {
		ok = k.matches(password)
		return ok, ok && h.weak(k), nil
	}
	if h.cfg.knowsBcrypt(hash) {
		ok = bcryptMatches(password, hash)
		return ok, ok, nil
	}
	return false, false, nil
}

// Cost implements [ports.PasswordHasher]. A hash that takes less memory than
// a new one counts as a new one: it may take as much time, as those of bcrypt
// do, and what bounds memory is to bound time as well.
func (h *Hasher) Cost(hash string) int64 {
	fresh := int64(h.cfg.Memory) << 10
	if hash == "" || h.cfg.knowsBcrypt(hash) {
		return fresh
	}
	if k, known := h.cfg.parse(hash); known {
		return max(fresh, int64(k.memory)<<10)
	}
	return 0
}

// weak reports whether k is weaker than new keys.
func (h *Hasher) weak(k key) bool {
	return k.variant != variantID ||
		k.memory < h.cfg.Memory ||
		uint64(k.memory)*uint64(k.time) < uint64(h.cfg.Memory)*uint64(h.cfg.Time) ||
		len(k.salt) < saltSize || len(k.digest) < digestSize
}
