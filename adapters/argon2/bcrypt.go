package argon2hash

import (
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptSize = 60
	// bcryptPassword is how many bytes of a password bcrypt sees.
	bcryptPassword = 72
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// knowsBcrypt reports whether hash is one of bcrypt's whose cost is allowed:
// `$2b$`, the cost in two digits, `$`, and 22 and 31 characters for the salt
// and the digest.
func (c *Config) knowsBcrypt(hash string) bool {
	if len(hash) != bcryptSize || hash[0] != '$' || hash[1] != '2' || hash[3] != '$' || hash[6] != '$' {
		return false
	}
	if !strings.Contains("abxy", hash[2:3]) || !isDigit(hash[4]) || !isDigit(hash[5]) {
		return false
	}
	cost := int(hash[4]-'0')*10 + int(hash[5]-'0')
	return cost >= bcrypt.MinCost && cost <= c.MaxBcryptCost && strings.Trim(hash[7:], bcryptAlphabet) == ""
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// bcryptMatches compares in constant time. The cut makes no difference to
// bcrypt; it keeps a long password from being copied and repeated.
func bcryptMatches(password, hash string) bool {
	password = password[:min(len(password), bcryptPassword)]
	return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
}
