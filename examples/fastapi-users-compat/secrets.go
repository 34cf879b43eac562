package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gousher/usher/core"
)

// minSecret is the least length of a secret, that of a SHA-256 digest.
const minSecret = 32

// loadSecret returns the secret that signs tokens: the one given, else the one
// kept beside the database, else a new one that is kept there. What a token is
// for stands in it, so one secret serves for sessions and for mails.
func loadSecret(opt options) ([]byte, error) {
	if opt.secret != "" {
		if n := len(opt.secret); n < minSecret {
			return nil, fmt.Errorf("the secret is %d bytes, at least %d are needed", n, minSecret)
		}
		return []byte(opt.secret), nil
	}
	file := opt.db + ".secret"
	if isPostgres(opt.db) {
		cache, err := cacheFolder()
		if err != nil {
			return nil, err
		}
		file = filepath.Join(cache, "fastapi-users-compat.secret")
	}
	if err := keepNew(file, rand.Text()+rand.Text()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	text, err := os.ReadFile(file)
	secret := strings.TrimSpace(string(text))
	if err == nil && len(secret) < minSecret {
		err = fmt.Errorf("%s holds %d bytes, at least %d are needed", file, len(secret), minSecret)
	}
	return []byte(secret), err
}

// keepNew writes text to a file that does not exist yet, and makes it appear
// under its name only when it is whole: another instance may start just now.
func keepNew(file, text string) error {
	if _, err := os.Stat(file); err == nil {
		return fs.ErrExist
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file))
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = fmt.Fprintln(f, text)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), file)
}

// ensureSuperuser creates the superuser that emailAndPassword names, if there
// is none with that address.
func ensureSuperuser(ctx context.Context, users *core.Manager[*core.User], emailAndPassword string) error {
	if emailAndPassword == "" {
		return nil
	}
	address, password, ok := strings.Cut(emailAndPassword, ":")
	if !ok {
		return errors.New("want email:password")
	}
	u, err := users.ByEmail(ctx, address)
	if err == nil && !u.IsSuperuser {
		return fmt.Errorf("%s is registered and not a superuser", address)
	}
	if !errors.Is(err, core.ErrUserNotFound) {
		return err
	}
	_, err = users.Create(ctx, &core.User{
		Email: address, IsActive: true, IsSuperuser: true, IsVerified: true,
	}, password)
	if errors.Is(err, core.ErrEmailTaken) { // by another instance that starts
		return nil
	}
	return err
}
