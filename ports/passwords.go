package ports

// PasswordHasher hashes passwords and verifies them. Passwords are compared
// as the bytes that they are: no normalization, no truncation, save what the
// function of an imported hash itself cuts, as bcrypt does after 72 bytes. It is called
// within core's gate, which bounds how much memory all calls take together.
type PasswordHasher interface {
	// Hash returns a salted hash of password in PHC string format or a
	// crypt(3) format, of at most 1,024 bytes. Two calls with one password return different hashes.
	Hash(password string) (string, error)
	// Verify reports whether hash was made from password. Where it was,
	// outdated says that the hash is weaker than those Hash makes and should
	// be replaced; a stronger one is not outdated. A hash in a form that the
	// hasher does not know, or whose cost is above what it allows, is no
	// match: false and no error. An error is an outage.
	Verify(password, hash string) (ok, outdated bool, err error)
	// Cost returns the bytes of memory that verifying hash takes, and 0 where
	// Verify refuses the hash without any work. For "" it returns what Hash
	// takes. It is quick and never fails.
	Cost(hash string) int64
}
