package conformance

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// The parts here are what a manager needs besides stores. They keep the rules
// of their ports and are too cheap for anything but tests.

// digestHasher makes PBKDF2 hashes of one round.
type digestHasher struct{}

const digestPrefix = "$pbkdf2-sha256$1$"

func (digestHasher) Hash(password string) (string, error) {
	salt := rand.Text()
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), 1, 32)
	return digestPrefix + salt + "$" + hex.EncodeToString(key), err
}

func (digestHasher) Verify(password, hash string) (ok, outdated bool, err error) {
	salt, want, ok := strings.Cut(strings.TrimPrefix(hash, digestPrefix), "$")
	if !ok || !strings.HasPrefix(hash, digestPrefix) {
		return false, false, nil
	}
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), 1, 32)
	return hmac.Equal([]byte(want), []byte(hex.EncodeToString(key))), false, err
}

func (digestHasher) Cost(hash string) int64 {
	if hash != "" && !strings.HasPrefix(hash, digestPrefix) {
		return 0
	}
	return 1
}

// plainEmails takes every text with an @ for an address.
type plainEmails struct{}

func (plainEmails) Parse(addr string) (string, error) {
	if !strings.Contains(addr, "@") {
		return "", &core.EmailError{Reason: "An email address must have an @-sign."}
	}
	return addr, nil
}

func (plainEmails) Key(addr string) string { return strings.ToLower(addr) }

// macSigner signs JSON with HMAC-SHA-256. Its tokens do not expire.
type macSigner struct{ key string }

func (s *macSigner) mac(payload string) string {
	h := hmac.New(sha256.New, []byte(s.key))
	h.Write([]byte(payload))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (s *macSigner) Sign(_ context.Context, c ports.Claims) (string, error) {
	data, err := json.Marshal(c)
	payload := base64.RawURLEncoding.EncodeToString(data)
	return payload + "." + s.mac(payload), err
}

func (s *macSigner) Verify(_ context.Context, token, audience string) (c ports.Claims, err error) {
	payload, mac, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || !hmac.Equal([]byte(mac), []byte(s.mac(payload))) || json.Unmarshal(data, &c) != nil || c.Audience != audience {
		return ports.Claims{}, core.ErrInvalidToken
	}
	return c, nil
}
