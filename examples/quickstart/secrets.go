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

// loadSecret returns the secret that signs tokens: the one given, else the
// one kept beside the database, else a new one that is kept there.
func loadSecret(opt options) ([]byte, error) {
	if opt.secret != "" {
		return []byte(opt.secret), nil
	}
	file := opt.db + ".secret"
	if isPostgres(opt.db) {
		cache, err := cacheFolder()
		if err != nil {
			return nil, err
		}
		file = filepath.Join(cache, "quickstart.secret")
	}
	if err := keepNew(file, rand.Text()+rand.Text()); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	secret, err := os.ReadFile(file)
	return []byte(strings.TrimSpace(string(secret))), err
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
func ensureSuperuser(ctx context.Context, users *core.Manager[*Member], emailAndPassword string) error {
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
	_, err = users.Create(ctx, &Member{User: core.User{
		Email: address, IsActive: true, IsSuperuser: true, IsVerified: true,
	}}, password)
	if errors.Is(err, core.ErrEmailTaken) { // by another instance that starts
		return nil
	}
	return err
}
