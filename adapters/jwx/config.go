package jwxtoken

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// DefaultAudience is what access tokens are for, if nothing else is said. It
// is that of FastAPI Users.
const DefaultAudience = "fastapi-users:auth"

// Config is what tokens are made and checked with.
type Config struct {
	// Secret signs the tokens, with HS256. It has at least 32 bytes, which
	// should be random: whoever knows or guesses it can be any user. Servers
	// that accept one another's tokens share it.
	Secret []byte `json:"-"`
	// Keys, in place of Secret, are a ring: the first signs, and all of them
	// verify. To change the key, put the new one in front, and take the old
	// one away once its last token has expired. Where others verify the tokens
	// by [Strategy.JWKS], let the new one be second until they have seen it.
	//
	// Where keys have ids, a token that names a key is accepted only if it
	// names the one that signed it. A token that names none is tried with every
	// key of its algorithm.
	Keys []Key
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

// Format keeps the secret and the keys out of logs.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{Secret:[%d bytes] Keys:%v Lifetime:%v NoExpiry:%t Audience:%q}",
		len(c.Secret), c.Keys, c.Lifetime, c.NoExpiry, c.Audience)
}

// setDefaults also makes c independent of the caller's slices.
func (c *Config) setDefaults() {
	c.Audience = slices.Clone(c.Audience)
	if c.Audience == nil {
		c.Audience = []string{DefaultAudience}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

// ring returns the keys of c, or what is wrong with them.
func (c *Config) ring() (ring, []string) {
	if c.Keys == nil {
		return secretRing("Secret", c.Secret)
	}
	r, problems := newRing(c.Keys)
	if c.Secret != nil {
		problems = append(problems, "Secret and Keys are both set")
	}
	return r, problems
}

func (c *Config) problems() []string {
	var out []string
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
