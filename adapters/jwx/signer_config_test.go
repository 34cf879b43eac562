package jwxtoken

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
)

func TestSignerConfigProblems(t *testing.T) {
	good, short := []byte(secret), make([]byte, 31)
	tests := []struct {
		name    string
		secrets [][]byte
		want    []string
	}{
		{"none", nil, []string{"Secrets is empty"}},
		{"empty", [][]byte{}, []string{"Secrets is empty"}},
		{"no first", [][]byte{nil, good}, []string{"Secrets[0] is 0 bytes, at least 32 are needed"}},
		{"short second", [][]byte{good, short}, []string{"Secrets[1] is 31 bytes, at least 32 are needed"}},
		{"PEM", [][]byte{good, []byte("-----BEGIN PUBLIC KEY-----\nxxxxxxxxxxxx")},
			[]string{"Secrets[1] looks like a PEM, DER, JWK or SSH key, HS256 needs random bytes"}},
		{"several", [][]byte{short, []byte("ssh-rsa AAAA")}, []string{
			"Secrets[0] is 31 bytes, at least 32 are needed", "Secrets[1] is 12 bytes, at least 32 are needed",
			"Secrets[1] looks like a PEM, DER, JWK or SSH key, HS256 needs random bytes",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := NewSigner(SignerConfig{Secrets: test.secrets})
			e, ok := errors.AsType[*core.ConfigError](err)
			if !ok || s != nil {
				t.Fatalf("got %v, %v, want a *core.ConfigError", s, err)
			}
			if want := (&core.ConfigError{Of: "jwxtoken.SignerConfig", Problems: test.want}); !reflect.DeepEqual(e, want) {
				t.Errorf("got %q, want %q", e, want)
			}
		})
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	cfg := SignerConfig{Secrets: [][]byte{[]byte(secret), []byte("x" + secret)}}
	s := signer(t, noon, secret)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%c"} {
		for _, v := range []any{cfg, &cfg, s, *s} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", s)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "cfg", cfg, "s", s)
	head := []byte(secret[:8])
	for _, form := range []string{
		string(head), fmt.Sprintf("%x", head), strings.Trim(fmt.Sprint(head), "[]"),
		strings.Trim(fmt.Sprintf("%c", head), "[]"), base64.StdEncoding.EncodeToString(head[:6]),
	} {
		if strings.Contains(out.String(), form) {
			t.Errorf("got the secret as %q in %s", form, out.String())
		}
	}
	if want := "{Secrets:[[33 bytes] [34 bytes]]}"; fmt.Sprint(cfg) != want {
		t.Errorf("got %v, want %s", cfg, want)
	}
}

func TestSecretsAreCopied(t *testing.T) {
	first, second := []byte("first "+secret), []byte("second "+secret)
	cfg := SignerConfig{Secrets: [][]byte{first, second}, Now: func() time.Time { return noon }}
	s, err := NewSigner(cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := signer(t, noon, string(first), string(second))
	old := sign(t, signer(t, noon, string(second)), resetClaims())
	clear(first)
	clear(second)
	clear(cfg.Secrets)
	if got, want := sign(t, s, resetClaims()), sign(t, want, resetClaims()); got != want {
		t.Errorf("Sign: got %q, want %q", got, want)
	}
	if _, err := s.Verify(t.Context(), old, reset); err != nil {
		t.Errorf("Verify: got %v, want none", err)
	}
}

func TestSignerContextHasEnded(t *testing.T) {
	s := signer(t, noon, secret)
	token := sign(t, s, resetClaims())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, signed := s.Sign(ctx, resetClaims())
	_, verified := s.Verify(ctx, token, reset)
	_, forged := s.Verify(ctx, "x", reset)
	for name, err := range map[string]error{"Sign": signed, "Verify": verified, "Verify of another": forged} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want context.Canceled", name, err)
		}
	}
}

func TestSignerDefaultClock(t *testing.T) {
	s, err := NewSigner(SignerConfig{Secrets: [][]byte{[]byte(secret)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		in   time.Duration
		want error
	}{{"in an hour", time.Hour, nil}, {"an hour ago", -time.Hour, core.ErrInvalidToken}} {
		c := resetClaims()
		c.Expires = time.Now().Add(test.in)
		if _, err := s.Verify(t.Context(), sign(t, s, c), reset); err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}
