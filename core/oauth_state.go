package core

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/gousher/usher/ports"
)

const (
	// audienceState is that of FastAPI Users.
	audienceState = "fastapi-users:oauth-state"
	// subjectState stands where nobody is logged in yet.
	subjectState = "oauth"
	// purposeState is that of the tokens which say that a state was used.
	purposeState = "oauth-state"
	// stateSlack is how long a state whose time is over is still told from one
	// that was never made.
	stateSlack = 24 * time.Hour
)

// state is what goes through the browser and the provider, and what is made of
// it with a key that neither of them has.
type state struct {
	flow    Flow
	csrf    string // 256 bits that the browser keeps, and the state only a digest of
	key     string // the id of the key below
	expires time.Time

	verifier, nonce string
}

func (o *OAuth[U]) newState(f Flow) state {
	random := make([]byte, 32)
	rand.Read(random)
	key := o.sealer.first
	s := state{
		flow: f, csrf: base64.RawURLEncoding.EncodeToString(random), key: key.ID,
		expires: o.users.now().Add(o.cfg.StateLifetime).Truncate(time.Second),
	}
	s.derive(key)
	return s
}

// derive makes the verifier of RFC 7636 and the nonce: whoever reads the state
// does not know them, nor can have them used, without what the browser keeps.
func (s *state) derive(key SealingKey) {
	s.verifier = derived(key, "pkce verifier "+s.csrf)
	s.nonce = derived(key, "nonce "+s.csrf)
}

// derived returns 256 bits that belong to what and need the key.
func derived(key SealingKey, what string) string {
	bits, _ := hkdf.Key(sha256.New, key.Key, nil, "usher: "+what, 32) // no length fails that is below 255 hashes
	return base64.RawURLEncoding.EncodeToString(bits)
}

// binding is what the state of a flow is good for.
func (f Flow) binding() string {
	h := sha256.New()
	for _, part := range []string{f.Provider, f.Backend, f.RedirectURL} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// claims is how the state is signed.
func (s *state) claims() ports.Claims {
	c := ports.Claims{
		Subject: subjectState, Audience: audienceState, Expires: s.expires.Add(stateSlack),
		Values: []ports.Claim{
			{Name: "csrftoken", Value: s.digest()}, {Name: "flow", Value: s.flow.binding()}, {Name: "key", Value: s.key},
			{Name: "until", Value: strconv.FormatInt(s.expires.Unix(), 10)},
		},
	}
	if s.flow.UserID != "" {
		c.Subject = "user:" + s.flow.UserID
	}
	return c
}

// checkState returns the state that came back, where it is good.
func (o *OAuth[U]) checkState(ctx context.Context, c Callback) (state, error) {
	claims, err := o.cfg.Signer.Verify(ctx, c.State, audienceState)
	if errors.Is(err, ErrInvalidToken) {
		return state{}, ErrInvalidState
	}
	if err != nil {
		return state{}, err
	}
	until, err := strconv.ParseInt(claims.Value("until"), 10, 64)
	key, known := o.sealer.keys[claims.Value("key")]
	userID, links := strings.CutPrefix(claims.Subject, "user:")
	if err != nil || !known || claims.Value("flow") != c.Flow.binding() || links != (c.UserID != "") {
		return state{}, ErrInvalidState
	}
	s := state{flow: c.Flow, csrf: c.CSRF, key: key.ID, expires: time.Unix(until, 0).UTC()}
	if !o.users.cfg.Now().Before(s.expires) {
		return s, ErrExpiredState
	}
	if c.CSRF == "" || subtle.ConstantTimeCompare([]byte(claims.Value("csrftoken")), []byte(s.digest())) != 1 {
		return s, ErrForeignState
	}
	if links && userID != c.UserID {
		return s, ErrForeignUser
	}
	if _, err := o.tokens.Get(ctx, purposeState, s.digest()); err == nil {
		return s, ErrForeignState // it was used
	} else if !errors.Is(err, ErrTokenNotFound) {
		return s, err
	}
	s.derive(key)
	return s, nil
}

// digest is what the state says of the browser's secret, and what a store
// knows a used state by.
func (s *state) digest() string {
	sum := sha256.Sum256([]byte(s.csrf))
	return hex.EncodeToString(sum[:])
}

// use uses the state up, or returns ErrForeignState where it was used. The
// store keeps that for as long as the state would be good.
func (o *OAuth[U]) use(ctx context.Context, s state, userID string) error {
	err := o.tokens.Put(ctx, ports.Token{
		Purpose: purposeState, Digest: s.digest(), UserID: userID, CreatedAt: o.users.now(), ExpiresAt: s.expires,
	})
	switch {
	case errors.Is(err, ErrTokenTaken):
		return ErrForeignState
	case errors.Is(err, ErrUserNotFound): // deleted since
		return ErrInvalidCredentials
	default:
		return err
	}
}
