package boltstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
	"go.etcd.io/bbolt"
)

func (s *store[T, U]) Put(ctx context.Context, t ports.Token) error {
	texts := strings.Join([]string{t.Purpose, t.Digest, t.UserID, t.Family}, " ")
	if t.Purpose == "" || t.Digest == "" || !utf8.ValidString(texts) || strings.Contains(texts, "\x00") {
		return core.ErrInvalidValue
	}
	t.Data = bytes.Clone(t.Data)
	return write(ctx, s.db, func(tx *bbolt.Tx) error {
		u, err := s.user(tx, t.UserID)
		if err != nil {
			return err
		}
		if in(tx, tokensByDigest).Get(key(t.Purpose, t.Digest)) != nil {
			return core.ErrTokenTaken
		}
		t.UserID = u.AuthUser().ID
		return keep(tx, t)
	})
}

// keep writes the token to all of its places: a line of JSON and then the
// data, which may be any bytes.
func keep(tx *bbolt.Tx, t ports.Token) error {
	t.CreatedAt, t.ExpiresAt = cut(t.CreatedAt), cut(t.ExpiresAt)
	data := t.Data
	t.Data = nil
	line, err := json.Marshal(t)
	if err != nil {
		return core.ErrInvalidValue
	}
	for bucket, key := range places(t) {
		err = errors.Join(err, in(tx, bucket).Put(key, slices.Concat(line, []byte("\n"), data)))
	}
	return err
}

// decoded returns a token that outlives the transaction: it copies the data.
func decoded(value []byte) (t ports.Token, err error) {
	line, data, _ := bytes.Cut(value, []byte("\n"))
	err = json.Unmarshal(line, &t)
	t.Data = bytes.Clone(data)
	return t, err
}

// drop removes tokens from all of their places.
func drop(tx *bbolt.Tx, list ...ports.Token) (err error) {
	for _, t := range list {
		for bucket, key := range places(t) {
			err = errors.Join(err, in(tx, bucket).Delete(key))
		}
	}
	return err
}

// places returns the keys of a token by their buckets.
func places(t ports.Token) map[string][]byte {
	digest := key(t.Purpose, t.Digest)
	all := map[string][]byte{tokensByDigest: digest, tokensByUser: key(t.UserID, t.Purpose, t.Digest)}
	if !t.ExpiresAt.IsZero() {
		at := uint64(t.ExpiresAt.UnixMicro()) ^ 1<<63 // 1969 sorts before 1970
		all[tokensByExpiry] = append(binary.BigEndian.AppendUint64(nil, at), digest...)
	}
	return all
}

// token returns the token of that key.
func token(tx *bbolt.Tx, purpose, digest string) (ports.Token, error) {
	value := in(tx, tokensByDigest).Get(key(purpose, digest))
	if value == nil {
		return ports.Token{}, core.ErrTokenNotFound
	}
	return decoded(value)
}

func (s *store[T, U]) Take(ctx context.Context, purpose, digest string) (none ports.Token, err error) {
	var t ports.Token
	err = write(ctx, s.db, func(tx *bbolt.Tx) (err error) {
		if t, err = token(tx, purpose, digest); err != nil {
			return err
		}
		return drop(tx, t)
	})
	if err != nil {
		return none, err // and t is not ours
	}
	return t, nil
}

func (s *store[T, U]) Get(ctx context.Context, purpose, digest string) (ports.Token, error) {
	return read(ctx, s.db, func(tx *bbolt.Tx) (ports.Token, error) { return token(tx, purpose, digest) })
}

func (s *store[T, U]) Extend(ctx context.Context, purpose, digest string, until time.Time) error {
	err := s.change(ctx, purpose, digest, func(t *ports.Token) {
		if !t.ExpiresAt.IsZero() && until.After(t.ExpiresAt) {
			t.ExpiresAt = until
		}
	})
	if err == core.ErrTokenNotFound {
		return nil
	}
	return err
}

func (s *store[T, U]) Restamp(ctx context.Context, purpose, digest string, epoch int64) error {
	return s.change(ctx, purpose, digest, func(t *ports.Token) { t.Epoch = max(t.Epoch, epoch) })
}

// change edits a token that is there; its expiry may move it elsewhere.
func (s *store[T, U]) change(ctx context.Context, purpose, digest string, edit func(t *ports.Token)) error {
	return write(ctx, s.db, func(tx *bbolt.Tx) error {
		t, err := token(tx, purpose, digest)
		if err != nil {
			return err
		}
		err = drop(tx, t)
		edit(&t)
		return errors.Join(err, keep(tx, t))
	})
}

// collect returns the tokens of a bucket in the order of their keys, from one
// key on and as long as more says.
func collect(tx *bbolt.Tx, bucket string, from []byte, more func(key []byte, t ports.Token) bool) (list []ports.Token, err error) {
	c := in(tx, bucket).Cursor()
	for k, value := c.Seek(from); k != nil; k, value = c.Next() {
		t, err := decoded(value)
		if err != nil || !more(k, t) {
			return list, err
		}
		list = append(list, t)
	}
	return list, nil
}

// tokensOf returns the tokens of a user, whose keys begin with prefix.
func tokensOf(tx *bbolt.Tx, prefix []byte) ([]ports.Token, error) {
	return collect(tx, tokensByUser, prefix, func(k []byte, _ ports.Token) bool { return bytes.HasPrefix(k, prefix) })
}

func (s *store[T, U]) ListUser(ctx context.Context, purpose, userID string) ([]ports.Token, error) {
	id, _ := core.UUIDs.Parse(userID)
	list, err := read(ctx, s.db, func(tx *bbolt.Tx) ([]ports.Token, error) { return tokensOf(tx, key(id, purpose, "")) })
	slices.SortFunc(list, func(a, b ports.Token) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.Digest, b.Digest))
	})
	return list, err
}

func (s *store[T, U]) EndUser(ctx context.Context, purpose, userID, exceptFamily string) error {
	id, _ := core.UUIDs.Parse(userID)
	return write(ctx, s.db, func(tx *bbolt.Tx) error {
		list, err := tokensOf(tx, key(id, purpose, ""))
		spared := func(t ports.Token) bool { return exceptFamily != "" && t.Family == exceptFamily }
		return errors.Join(err, drop(tx, slices.DeleteFunc(list, spared)...))
	})
}

func (s *store[T, U]) Purge(ctx context.Context, before time.Time, limit int) (int, error) {
	n := 0
	err := write(ctx, s.db, func(tx *bbolt.Tx) error {
		expired, err := collect(tx, tokensByExpiry, nil, func(_ []byte, t ports.Token) bool {
			n++
			return n <= limit && t.ExpiresAt.Before(before)
		})
		n = len(expired)
		return errors.Join(err, drop(tx, expired...))
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (s *store[T, U]) UserByToken(ctx context.Context, purpose, digest string) (u U, t ports.Token, err error) {
	t, err = read(ctx, s.db, func(tx *bbolt.Tx) (ports.Token, error) {
		t, err := token(tx, purpose, digest)
		if err == nil {
			u, err = s.user(tx, t.UserID) // who is there: Delete takes a user's tokens along
		}
		return t, err
	})
	return u, t, err
}
