package jwxtoken

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// SignerConfig is what the tokens of mails are made and checked with.
type SignerConfig struct {
	// Secrets are a ring of keys for HS256, of at least 32 random bytes each:
	// the first signs, and all of them verify. To change the secret, put the
	// new one in front, and take the old one away once its last token has
	// expired. Whoever knows one of them can set the password of any user.
	Secrets [][]byte
	// Now is the clock. Nil means time.Now.
	Now func() time.Time
}

// Format keeps the secrets out of logs.
func (c SignerConfig) Format(f fmt.State, _ rune) {
	sizes := []string{}
	for _, secret := range c.Secrets {
		sizes = append(sizes, fmt.Sprintf("[%d bytes]", len(secret)))
	}
	fmt.Fprintf(f, "{Secrets:%s}", sizes)
}

// ring returns the keys of c, or what is wrong with them.
func (c *SignerConfig) ring() (out ring, problems []string) {
	if len(c.Secrets) == 0 {
		problems = append(problems, "Secrets is empty")
	}
	for i, secret := range c.Secrets {
		one, wrong := secretRing(fmt.Sprintf("Secrets[%d]", i), secret)
		out, problems = append(out, one...), append(problems, wrong...)
	}
	return out, problems
}

// Signer implements [ports.Signer]. It is safe for concurrent use.
type Signer struct {
	keys ring
	now  func() time.Time
}

var _ ports.Signer = (*Signer)(nil)

// NewSigner returns a Signer, or a *core.ConfigError that names every field
// that is wrong and tells nothing of the secrets.
func NewSigner(cfg SignerConfig) (*Signer, error) {
	keys, problems := cfg.ring()
	if problems != nil {
		return nil, &core.ConfigError{Of: "jwxtoken.SignerConfig", Problems: problems}
	}
	s := &Signer{keys: keys, now: cfg.Now}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Sign implements [ports.Signer]. The payload is the subject, the values in
// their order, the audience as a text and, unless it is zero, the expiry, cut
// to the second: what FastAPI Users writes, to the byte.
//
// It fails for a subject, an audience or a name of a value that is empty, for
// a name that is taken, for what is not UTF-8, for an expiry outside of the
// years 1970 to 9999, and for a token above 8 KiB.
func (s *Signer) Sign(ctx context.Context, c ports.Claims) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if err := signable(c); err != nil {
		return "", err
	}
	out := appendString([]byte(`{"sub":`), c.Subject)
	for _, v := range c.Values {
		out = append(appendString(append(out, ','), v.Name), ':')
		out = appendString(out, v.Value)
	}
	out = appendString(append(out, `,"aud":`...), c.Audience)
	if !c.Expires.IsZero() {
		out = strconv.AppendInt(append(out, `,"exp":`...), c.Expires.Unix(), 10)
	}
	return s.keys[0].seal(append(out, '}'))
}

// claimNames are the claims of RFC 7519, section 4.1: none of them is a value.
var claimNames = []string{"sub", "aud", "exp", "iat", "nbf", "jti", "iss"}

// signable tells claims that Verify gives back from others.
func signable(c ports.Claims) error {
	if c.Subject == "" || !utf8.ValidString(c.Subject) {
		return errors.New("jwxtoken: subject is empty or not UTF-8")
	}
	if c.Audience == "" || !utf8.ValidString(c.Audience) {
		return errors.New("jwxtoken: audience is empty or not UTF-8")
	}
	if at := c.Expires.Unix(); !c.Expires.IsZero() && (at < 0 || at > maxDate) {
		return errors.New("jwxtoken: expiry is out of range")
	}
	taken := slices.Clone(claimNames)
	for i, v := range c.Values {
		if v.Name == "" || slices.Contains(taken, v.Name) {
			return fmt.Errorf("jwxtoken: the name of value %d is empty or taken", i)
		}
		if !utf8.ValidString(v.Name) || !utf8.ValidString(v.Value) {
			return fmt.Errorf("jwxtoken: value %d is not UTF-8", i)
		}
		taken = append(taken, v.Name)
	}
	return nil
}

// Verify implements [ports.Signer]. It accepts what [Signer.Sign] makes, and
// what FastAPI Users makes with one of the secrets. A token without an expiry
// is good for ever: FastAPI Users makes such tokens where it is told no
// lifetime, and Sign does for claims without one. The audience may be a text
// or a list that has it. The values are all claims but those of RFC 7519, in
// the token's order; they must be texts.
//
// It returns core.ErrInvalidToken or the context's error, and nothing else.
func (s *Signer) Verify(ctx context.Context, token, audience string) (ports.Claims, error) {
	if err := ctx.Err(); err != nil {
		return ports.Claims{}, err
	}
	if c, ok := s.read(token, audience); ok {
		return c, nil
	}
	return ports.Claims{}, core.ErrInvalidToken
}

func (s *Signer) read(token, audience string) (ports.Claims, bool) {
	payload, ok := s.keys.open(token)
	if !ok || audience == "" {
		return ports.Claims{}, false
	}
	claims, ok := readObject(payload)
	if !ok {
		return ports.Claims{}, false
	}
	sub, expires, ok := registered(claims, s.now(), []string{audience})
	if !ok {
		return ports.Claims{}, false
	}
	c := ports.Claims{Subject: sub, Audience: audience, Expires: expires}
	for _, name := range memberNames(payload) {
		if slices.Contains(claimNames, name) {
			continue
		}
		value, ok := text(claims[name])
		if !ok {
			return ports.Claims{}, false
		}
		c.Values = append(c.Values, ports.Claim{Name: name, Value: value})
	}
	return c, true
}

// memberNames returns the names of the members of an object, which is valid
// JSON, in their order.
func memberNames(object []byte) []string {
	var names []string
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the brace
	for d.More() {
		name, _ := d.Token()
		text, _ := name.(string)
		names = append(names, text)
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return names
		}
	}
	return names
}
