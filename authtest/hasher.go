package authtest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"github.com/gousher/usher/ports"
)

// Hasher is a [ports.PasswordHasher] that takes microseconds, and whose hashes
// are as quick to guess: for tests alone. It verifies no hashes but its own.
type Hasher struct{}

var _ ports.PasswordHasher = Hasher{}

// scheme begins every hash, in the PHC string format.
const scheme = "$authtest$"

// Hash implements [ports.PasswordHasher].
func (Hasher) Hash(password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	return hash(salt, password), nil
}

func hash(salt []byte, password string) string {
	digest := sha256.Sum256(append(salt[:len(salt):len(salt)], password...))
	return scheme + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(digest[:])
}

// Verify implements [ports.PasswordHasher]. No hash is outdated.
func (h Hasher) Verify(password, stored string) (ok, outdated bool, err error) {
	salt, ok := saltOf(stored)
	if !ok {
		return false, false, nil
	}
	return subtle.ConstantTimeCompare([]byte(hash(salt, password)), []byte(stored)) == 1, false, nil
}

// Cost implements [ports.PasswordHasher]: a kilobyte, for what it verifies.
func (Hasher) Cost(stored string) int64 {
	if _, ok := saltOf(stored); !ok && stored != "" {
		return 0
	}
	return 1024
}

func saltOf(stored string) (salt []byte, ok bool) {
	rest, ok := strings.CutPrefix(stored, scheme)
	text, _, found := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(text)
	return salt, ok && found && err == nil && len(salt) == 16
}
