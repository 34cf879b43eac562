package jwxtoken

import (
	"bytes"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// DefaultAudience is what access tokens are for, if nothing else is said. It
// is that of FastAPI Users.
const DefaultAudience = "fastapi-users:auth"

// minSecret is the size of a key for HS256: RFC 7518, section 3.2.
const minSecret = 32

// Config is what tokens are made and checked with.
type Config struct {
	// Secret signs the tokens, with HS256. It has at least 32 bytes, which
	// should be random: whoever knows or guesses it can be any user. Servers
	// that accept one another's tokens share it.
	Secret []byte
	// Lifetime is how long a token is accepted, at least a second. A token
	// cannot be ended before, save by raising its user's epoch: keep it short.
	Lifetime time.Duration
	// NoExpiry, in place of Lifetime, makes tokens that never expire, and
	// accepts such tokens. One that is stolen stays good until its user's
	// epoch is raised.
	NoExpiry bool
	// Audience is written to tokens; a token is accepted that has one of it.
	// Nil means DefaultAudience. Tokens with another purpose need another
	// audience, even if they have the same secret.
	Audience []string
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Format keeps the secret out of logs.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{Secret:[%d bytes] Lifetime:%v NoExpiry:%t Audience:%q}", len(c.Secret), c.Lifetime, c.NoExpiry, c.Audience)
}

// setDefaults also makes c independent of the caller's slices.
func (c *Config) setDefaults() {
	c.Secret = bytes.Clone(c.Secret)
	c.Audience = slices.Clone(c.Audience)
	if c.Audience == nil {
		c.Audience = []string{DefaultAudience}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

func (c *Config) problems() []string {
	out := secretProblems("Secret", c.Secret)
	switch {
	case c.NoExpiry && c.Lifetime != 0:
		out = append(out, "Lifetime and NoExpiry are both set")
	case !c.NoExpiry && c.Lifetime < time.Second:
		out = append(out, fmt.Sprintf("Lifetime is %v, at least a second is needed, or NoExpiry", c.Lifetime))
	}
	if len(c.Audience) == 0 {
		out = append(out, "Audience is empty")
	}
	for i, a := range c.Audience {
		if a == "" || !utf8.ValidString(a) {
			out = append(out, fmt.Sprintf("Audience[%d] is empty or not UTF-8", i))
		}
	}
	return out
}

func secretProblems(name string, secret []byte) []string {
	var out []string
	if n := len(secret); n < minSecret {
		out = append(out, fmt.Sprintf("%s is %d bytes, at least %d are needed", name, n, minSecret))
	}
	if isKeyFile(secret) {
		out = append(out, name+" looks like a PEM or SSH key, HS256 needs random bytes")
	}
	return out
}

// isKeyFile reports whether secret is the text of an asymmetric key, which
// is often public: everyone could sign tokens with it.
func isKeyFile(secret []byte) bool {
	for _, mark := range []string{"-----BEGIN ", "---- BEGIN "} {
		if bytes.Contains(secret, []byte(mark)) {
			return true
		}
	}
	for _, kind := range []string{"ssh-ed25519", "ssh-rsa", "ssh-dss", "ecdsa-sha2-"} {
		if bytes.HasPrefix(bytes.TrimSpace(secret), []byte(kind)) {
			return true
		}
	}
	return false
}
