package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	jwxtoken "github.com/gousher/usher/adapters/jwx"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"golang.org/x/crypto/argon2"
)

// budget is the memory of one new hash for every core, usher's default.
func budget() int64 { return int64(runtime.NumCPU()) * int64(fresh.memory) << 10 }

// derive computes a hash within the gate.
func (b *bare) derive(ctx context.Context, c cost, password string, salt []byte) ([]byte, error) {
	weight := min(int64(c.memory)<<10, budget())
	if err := b.gate.Acquire(ctx, weight); err != nil {
		return nil, err
	}
	defer b.gate.Release(weight)
	return argon2.IDKey([]byte(password), salt, c.time, c.memory, c.lanes, 32), nil
}

// matches verifies a password against a PHC string.
func (b *bare) matches(ctx context.Context, password, hash string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		return false, errors.New("a hash of another form")
	}
	var c cost
	_, err1 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.lanes)
	salt, err2 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err3 := base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(err1, err2, err3); err != nil {
		return false, err
	}
	got, err := b.derive(ctx, c, password, salt)
	return subtle.ConstantTimeCompare(got, want) == 1, err
}

// login serves POST /auth/login.
func (b *bare) login(w http.ResponseWriter, r *http.Request) {
	address, password := r.PostFormValue("username"), r.PostFormValue("password")
	m := new(Member)
	err := b.byEmail.QueryRowContext(r.Context(), strings.ToLower(strings.TrimSpace(address))).Scan(fields(m)...)
	if errors.Is(err, sql.ErrNoRows) {
		answer(w, http.StatusBadRequest, map[string]string{"detail": "LOGIN_BAD_CREDENTIALS"})
		return
	}
	ok := false
	if err == nil {
		ok, err = b.matches(r.Context(), password, m.HashedPassword)
	}
	if err != nil {
		answer(w, http.StatusServiceUnavailable, map[string]string{"detail": "Service Unavailable"})
		return
	}
	if !ok || !m.IsActive {
		answer(w, http.StatusBadRequest, map[string]string{"detail": "LOGIN_BAD_CREDENTIALS"})
		return
	}
	token, err := b.sign(m.ID)
	if err != nil {
		answer(w, http.StatusServiceUnavailable, map[string]string{"detail": "Service Unavailable"})
		return
	}
	answer(w, http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
	}{token, "bearer"})
}

func (b *bare) sign(id string) (string, error) {
	t, err := jwt.NewBuilder().Subject(id).Audience([]string{jwxtoken.DefaultAudience}).Expiration(time.Now().Add(lifetime)).Build()
	if err != nil {
		return "", err
	}
	token, err := jwt.Sign(t, jwt.WithKey(jwa.HS256, b.secret))
	return string(token), err
}

// register serves POST /auth/register.
func (b *bare) register(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil || !strings.Contains(in.Email, "@") || len(in.Password) < 8 {
		answer(w, http.StatusBadRequest, map[string]string{"detail": "There was an error parsing the body"})
		return
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	sum, err := b.derive(r.Context(), fresh, in.Password, salt)
	if err != nil {
		answer(w, http.StatusServiceUnavailable, map[string]string{"detail": "Service Unavailable"})
		return
	}
	m := &Member{Nickname: ""}
	m.ID, m.Email, m.EmailKey = uuid.Must(uuid.NewV7()).String(), in.Email, strings.ToLower(in.Email)
	m.HashedPassword = fresh.phc(salt, sum)
	m.IsActive, m.Revision, m.CreatedAt = true, 1, time.Now().UTC()
	_, err = b.insert.ExecContext(r.Context(), m.ID, m.Email, m.EmailKey, m.HashedPassword, m.IsActive, m.IsSuperuser,
		m.IsVerified, m.SessionEpoch, m.Revision, m.CreatedAt, m.CreatedAt, m.Nickname)
	if err != nil {
		answer(w, http.StatusServiceUnavailable, map[string]string{"detail": "Service Unavailable"})
		return
	}
	answer(w, http.StatusCreated, readMember(m))
}
