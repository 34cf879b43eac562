package jwxtoken

import (
	"bytes"
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

func TestConfigProblems(t *testing.T) {
	const (
		long     = "Lifetime is 0s, at least a second is needed, or NoExpiry"
		keyFile  = "Secret looks like a PEM, DER, JWK or SSH key, HS256 needs random bytes"
		emptyAud = "Audience is empty"
	)
	pad := strings.Repeat("x", 40)
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"good", Config{Secret: []byte(secret), Lifetime: time.Second}, nil},
		{"good, no expiry", Config{Secret: []byte(secret), NoExpiry: true}, nil},
		{"good, bytes", Config{Secret: make([]byte, 32), Lifetime: time.Hour, Audience: []string{"a", "b"}}, nil},
		{"good, mentions keys", Config{Secret: []byte("the ssh-rsa key BEGINs here, in this text"), Lifetime: time.Hour}, nil},
		{"zero", Config{}, []string{"Secret is 0 bytes, at least 32 are needed", long}},
		{"short secret", Config{Secret: make([]byte, 31), Lifetime: time.Hour}, []string{"Secret is 31 bytes, at least 32 are needed"}},
		{"PEM", Config{Secret: []byte("-----BEGIN PUBLIC KEY-----\n" + pad), Lifetime: time.Hour}, []string{keyFile}},
		{"PEM after text", Config{Secret: []byte("Subject: x\n-----BEGIN CERTIFICATE-----\n" + pad), Lifetime: time.Hour}, []string{keyFile}},
		{"SSH2", Config{Secret: []byte("---- BEGIN SSH2 PUBLIC KEY ----\n" + pad), Lifetime: time.Hour}, []string{keyFile}},
		{"SSH", Config{Secret: []byte("\nssh-ed25519 AAAA" + pad), Lifetime: time.Hour}, []string{keyFile}},
		{"SSH, RSA", Config{Secret: []byte("ssh-rsa AAAA" + pad), Lifetime: time.Hour}, []string{keyFile}},
		{"SSH, DSA", Config{Secret: []byte("ssh-dss AAAA" + pad), Lifetime: time.Hour}, []string{keyFile}},
		{"SSH, ECDSA", Config{Secret: []byte("ecdsa-sha2-nistp256 AAAA" + pad), Lifetime: time.Hour}, []string{keyFile}},
		{"short PEM", Config{Secret: []byte("-----BEGIN X-----"), Lifetime: time.Hour}, []string{"Secret is 17 bytes, at least 32 are needed", keyFile}},
		{"no lifetime", Config{Secret: []byte(secret)}, []string{long}},
		{"negative lifetime", Config{Secret: []byte(secret), Lifetime: -time.Hour}, []string{"Lifetime is -1h0m0s, at least a second is needed, or NoExpiry"}},
		{"less than a second", Config{Secret: []byte(secret), Lifetime: time.Second - 1}, []string{"Lifetime is 999.999999ms, at least a second is needed, or NoExpiry"}},
		{"lifetime and no expiry", Config{Secret: []byte(secret), Lifetime: time.Hour, NoExpiry: true}, []string{"Lifetime and NoExpiry are both set"}},
		{"empty audience", Config{Secret: []byte(secret), Lifetime: time.Hour, Audience: []string{}}, []string{emptyAud}},
		{"empty among audiences", Config{Secret: []byte(secret), Lifetime: time.Hour, Audience: []string{"a", ""}}, []string{"Audience[1] is empty or not UTF-8"}},
		{"audience that is not UTF-8", Config{Secret: []byte(secret), Lifetime: time.Hour, Audience: []string{"\xff"}}, []string{"Audience[0] is empty or not UTF-8"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := New(test.cfg)
			if test.want == nil {
				if err != nil || s == nil {
					t.Fatalf("got %v, %v, want a strategy", s, err)
				}
				return
			}
			e, ok := errors.AsType[*core.ConfigError](err)
			if !ok || s != nil {
				t.Fatalf("got %v, %v, want a *core.ConfigError", s, err)
			}
			if want := (&core.ConfigError{Of: "jwxtoken.Config", Problems: test.want}); !reflect.DeepEqual(e, want) {
				t.Errorf("got %q, want %q", e, want)
			}
		})
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	cfg := Config{Secret: []byte(secret), Lifetime: time.Hour}
	s := strategy(t, noon)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%c", "%U"} {
		fmt.Fprintf(&out, verb+"\n", cfg)
		fmt.Fprintf(&out, verb+"\n", &cfg)
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", *s)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "cfg", cfg, "s", s)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "cfg", cfg, "s", s)
	tokenless, err := New(Config{Secret: []byte("-----BEGIN PRIVATE KEY-----")})
	fmt.Fprintln(&out, tokenless, err)

	head := []byte(secret[:8])
	forms := []string{
		string(head), fmt.Sprintf("%x", head), fmt.Sprintf("%X", head), strings.Trim(fmt.Sprint(head), "[]"),
		strings.Trim(fmt.Sprintf("%c", head), "[]"), base64.StdEncoding.EncodeToString(head[:6]), "PRIVATE",
	}
	for _, form := range forms {
		if strings.Contains(out.String(), form) {
			t.Errorf("got the secret as %q in %s", form, out.String())
		}
	}
	if want := `{Secret:[33 bytes] Keys:[] Lifetime:1h0m0s NoExpiry:false Audience:[]}`; fmt.Sprint(cfg) != want {
		t.Errorf("got %v, want %s", cfg, want)
	}
}
