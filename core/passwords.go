package core

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode/utf8"
)

// PasswordPolicy says which new passwords are accepted: by length and by a list
// of those that attackers try first, without rules of composition, as NIST SP
// 800-63B has it. Its fourth revision asks for 15 characters where the password
// is all that is asked for; the zero value is content with 8.
//
// It is asked when a password is set, never when one is verified.
type PasswordPolicy struct {
	// MinLength is in code points. Zero means 8.
	MinLength int
	// MaxLength is in code points. Zero means 1024, which is also the most.
	MaxLength int
	// AllowCommon accepts the passwords of the built-in list, which holds
	// more than eleven thousand of 8 characters or more.
	AllowCommon bool
}

// maxPasswordBytes bounds what is ever handed to a hasher: the longest
// password that a policy can accept.
const maxPasswordBytes = 1024 * utf8.UTFMax

// commonPasswords holds one lower-case password a line, in byte order. See
// common_passwords.md for where it comes from.
//
//go:embed common_passwords.txt
var commonPasswords string

func (p *PasswordPolicy) setDefaults() {
	if p.MinLength == 0 {
		p.MinLength = 8
	}
	if p.MaxLength == 0 {
		p.MaxLength = 1024
	}
}

func (p *PasswordPolicy) problems() []string {
	var out []string
	if p.MinLength < 1 {
		out = append(out, "Passwords.MinLength is below 1")
	}
	if p.MaxLength > 1024 {
		out = append(out, "Passwords.MaxLength is above 1024")
	}
	if p.MaxLength < p.MinLength {
		out = append(out, "Passwords.MaxLength is below Passwords.MinLength")
	}
	return out
}

// check returns nil or a *PasswordError.
func (p *PasswordPolicy) check(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < p.MinLength:
		return &PasswordError{fmt.Sprintf("Password should be at least %d characters", p.MinLength)}
	case n > p.MaxLength:
		return &PasswordError{fmt.Sprintf("Password should be at most %d characters", p.MaxLength)}
	case !utf8.ValidString(password):
		return &PasswordError{"Password should be valid text"}
	case !p.AllowCommon && isCommon(password):
		return &PasswordError{"Password is too common"}
	}
	return nil
}

// isCommon searches the list by halving it: no index is kept in memory.
func isCommon(password string) bool {
	password = strings.ToLower(password)
	lines := commonPasswords
	for lines != "" {
		start := strings.LastIndexByte(lines[:len(lines)/2], '\n') + 1
		line, rest, _ := strings.Cut(lines[start:], "\n")
		switch {
		case line == password:
			return true
		case line < password:
			lines = rest
		default:
			lines = lines[:start]
		}
	}
	return false
}
