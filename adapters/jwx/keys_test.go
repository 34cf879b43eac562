package jwxtoken

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

// other is a signer of which nothing but its methods is known, as a device is.
type other struct {
	crypto.Signer
	public crypto.PublicKey
}

func (o other) Public() crypto.PublicKey { return o.public }

// silent is a signer that does not sign.
type silent struct{ crypto.Signer }

func (silent) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the device is locked")
}

func TestKeyProblems(t *testing.T) {
	file := vectorKeys(t)
	rsa1 := file.key(t, "rsa1").Private.(*rsa.PrivateKey)
	ec1, ec2 := file.key(t, "ec1").Private.(*ecdsa.PrivateKey), file.key(t, "ec2").Private.(*ecdsa.PrivateKey)
	ed1, ed2 := file.key(t, "ed1").Private.(ed25519.PrivateKey), file.key(t, "ed2").Private.(ed25519.PrivateKey)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	short := &rsa.PublicKey{N: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 2047), big.NewInt(1)), E: 65537}
	edPublic := ed1.Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(&rsa1.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 there is no other way to make such a key
	offCurve := &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}
	looks := "Keys[0].Secret looks like a PEM, DER, JWK or SSH key, HS256 needs random bytes"
	tests := []struct {
		name string
		keys []Key
		want []string
	}{
		{"good, of each kind", file.ring(t, "rsa1=a", "ec1=b", "ed1=c", "secret=d", "rsa2.public"), nil},
		{"good, none has an id", file.ring(t, "rsa1", "rsa2", "ec1"), nil},
		{"good, a device", []Key{{Private: other{ec1, ec1.Public()}}, {Private: other{rsa1, rsa1.Public()}}, {Private: other{ed1, edPublic}}}, nil},
		{"none", []Key{}, []string{"Keys is empty"}},
		{"nothing in it", []Key{{ID: "a"}}, []string{"Keys[0] has 0 of Secret, Private and Public, one is needed"}},
		{"nil pointers", []Key{{Private: (*rsa.PrivateKey)(nil)}, {Public: (*ecdsa.PublicKey)(nil)}}, []string{
			"Keys[0] has 0 of Secret, Private and Public, one is needed", "Keys[1] has 0 of Secret, Private and Public, one is needed"}},
		{"both halves", []Key{{Private: ed1, Public: edPublic}}, []string{"Keys[0] has 2 of Secret, Private and Public, one is needed"}},
		{"cannot sign", file.ring(t, "rsa1.public"), []string{"Keys[0] is to sign, and has neither Private nor Secret"}},
		{"one id twice", file.ring(t, "rsa1=a", "ec1=b", "ed1=a"), []string{"Keys[2].ID is that of Keys[0]"}},
		{"bad ids", []Key{{ID: "\xff", Private: ed1}, {ID: strings.Repeat("x", 256), Private: ed2}}, []string{
			"Keys[0].ID is longer than 255 bytes or not UTF-8", "Keys[1].ID is longer than 255 bytes or not UTF-8"}},
		{"short secret", []Key{{Secret: make([]byte, 31)}}, []string{"Keys[0].Secret is 31 bytes, at least 32 are needed"}},
		{"empty secret", []Key{{Secret: []byte{}}}, []string{"Keys[0].Secret is 0 bytes, at least 32 are needed"}},
		{"short RSA", []Key{{Private: ed1}, {Public: short}}, []string{"Keys[1].Public is an RSA key of 2047 bits, at least 2048 are needed"}},
		{"RSA without a modulus", []Key{{Private: ed1}, {Public: &rsa.PublicKey{E: 3}}}, []string{"Keys[1].Public is an RSA key without a modulus"}},
		{"RSA that signs with anything", []Key{{Private: ed1}, {Public: &rsa.PublicKey{N: rsa1.N, E: 1}}}, []string{"Keys[1].Public is an RSA key with the exponent 1"}},
		{"RSA with an even exponent", []Key{{Private: ed1}, {Public: &rsa.PublicKey{N: rsa1.N, E: 4}}}, []string{"Keys[1].Public is an RSA key with the exponent 4"}},
		{"other curve", []Key{{Private: p384}}, []string{"Keys[0].Private is an ECDSA key on another curve than P-256"}},
		{"off the curve", []Key{{Private: ed1}, {Public: offCurve}}, []string{
			"Keys[1].Public is an ECDSA key that is not on its curve"}},
		{"no point", []Key{{Private: ed1}, {Public: &ecdsa.PublicKey{Curve: elliptic.P256()}}}, []string{"Keys[1].Public is an ECDSA key that is not on its curve"}},
		{"cut Ed25519", []Key{{Private: ed1[:40]}, {Public: edPublic[:31]}}, []string{
			"Keys[0].Private is 40 bytes, an Ed25519 key has 64", "Keys[1].Public is 31 bytes, an Ed25519 key has 32"}},
		{"no pointer", []Key{{Private: ed1}, {Public: rsa1.PublicKey}}, []string{"Keys[1].Public is of type rsa.PublicKey, which is no key for RS256, ES256 or EdDSA"}},
		{"private for public", []Key{{Private: ed1}, {Public: ed2}}, []string{
			"Keys[1].Public is of type ed25519.PrivateKey, which is no key for RS256, ES256 or EdDSA"}},
		{"secret for public", []Key{{Private: ed1}, {Public: []byte(secret)}}, []string{"Keys[1].Public is of type []uint8, which is no key for RS256, ES256 or EdDSA"}},
		{"a device without a public half", []Key{{Private: other{ed1, nil}}}, []string{"Keys[0].Private has no public half"}},
		{"halves of two keys", []Key{{Private: other{ec1, ec2.Public()}}, {Private: slices.Concat(ed1[:32], ed2[32:])}}, []string{
			"Keys[0] does not sign what its public half verifies", "Keys[1] does not sign what its public half verifies"}},
		{"a locked device", []Key{{Private: silent{rsa1}}}, []string{"Keys[0] does not sign what its public half verifies"}},
		{"secret is a public key", []Key{{Private: ed1}, {Secret: edPublic}}, []string{"Keys[1].Secret is the public key of Keys[0]"}},
		{"secret is a public key that only verifies", []Key{{Secret: publicBytes(&ec1.PublicKey)}, {Public: &ec1.PublicKey}}, []string{"Keys[0].Secret is the public key of Keys[1]"}},
		{"secret is a modulus", []Key{{Private: rsa1}, {Secret: rsa1.N.Bytes()}}, []string{"Keys[1].Secret is the public key of Keys[0]"}},
		{"secret is PEM", []Key{{Secret: []byte(file.Keys["rsa1"].Public)}}, []string{looks}},
		{"secret is DER", []Key{{Secret: der}}, []string{looks}},
		{"secret is DER of PKCS #1", []Key{{Secret: x509.MarshalPKCS1PublicKey(&rsa1.PublicKey)}}, []string{looks}},
		{"secret is a JWK", []Key{{Secret: []byte(` {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`)}}, []string{looks}},
		{"secret is a JWK Set", []Key{{Secret: []byte(`{"keys":[]}                          `)}}, []string{looks}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := New(Config{Keys: test.keys, Lifetime: time.Hour})
			if test.want == nil {
				if err != nil {
					t.Fatalf("got %v, want a strategy", err)
				}
				token, _ := issue(t, s, ports.Grant{UserID: userID})
				if _, err := s.Verify(t.Context(), token); err != nil {
					t.Errorf("Verify: got %v", err)
				}
				return
			}
			e, ok := errors.AsType[*core.ConfigError](err)
			if !ok || !slices.Equal(e.Problems, test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestSecretAndKeys(t *testing.T) {
	_, err := New(Config{Secret: []byte(secret), Keys: vectorKeys(t).ring(t, "ed1"), Lifetime: time.Hour})
	if want := "jwxtoken.Config: Secret and Keys are both set"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What the caller does to a key afterwards does not matter.
func TestKeysAreCopied(t *testing.T) {
	file := vectorKeys(t)
	private := slices.Clone(file.key(t, "ed1").Private.(ed25519.PrivateKey))
	public := slices.Clone(file.key(t, "ed2").Private.Public().(ed25519.PublicKey))
	text := []byte(secret)
	s, err := New(Config{Keys: []Key{{Private: private}, {Public: public}, {Secret: text}}, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	clear(private)
	clear(public)
	clear(text)
	for _, spec := range []string{"ed1", "ed2", "secret"} {
		from, err := New(Config{Keys: file.ring(t, spec), Lifetime: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		token, _ := issue(t, from, ports.Grant{UserID: userID})
		if _, err := s.Verify(t.Context(), token); err != nil {
			t.Errorf("%s: got %v", spec, err)
		}
	}
	token, _ := issue(t, s, ports.Grant{UserID: userID})
	from, err := New(Config{Keys: file.ring(t, "ed2", "ed1.public"), Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := from.Verify(t.Context(), token); err != nil {
		t.Errorf("got %v of a token of the copy", err)
	}
}

func TestKeysAreNotPrinted(t *testing.T) {
	file := vectorKeys(t)
	keys := file.ring(t, "rsa1=a", "ec1=b", "ed1=c", "secret=d", "rsa2.public=e")
	cfg := Config{Keys: keys, Lifetime: time.Hour}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{cfg, &cfg, keys, s, *s, &keys[0], keys[1], keys[2], keys[3]} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "cfg", cfg, "s", s, "keys", keys)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "cfg", cfg, "s", s, "keys", keys)
	for _, k := range keys {
		text, err := json.Marshal(k)
		fmt.Fprintln(&out, string(text), err)
	}
	ec, err := keys[1].Private.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string][]byte{
		"rsa": keys[0].Private.(*rsa.PrivateKey).D.Bytes(), "ec": ec,
		"ed": keys[2].Private.(ed25519.PrivateKey), "secret": []byte(secret),
	}
	for name, value := range secrets {
		head := value[:12]
		for _, form := range []string{
			string(head), fmt.Sprintf("%x", head), fmt.Sprintf("%X", head), strings.Trim(fmt.Sprint(head), "[]"), encode(head),
			new(big.Int).SetBytes(value).String()[:12],
		} {
			if strings.Contains(out.String(), form) {
				t.Errorf("got the key %s as %q", name, form)
			}
		}
	}
	if want := `[{ID:"a" Private:*rsa.PrivateKey} {ID:"b" Private:*ecdsa.PrivateKey} {ID:"c" Private:ed25519.PrivateKey} {ID:"d" Secret:[33 bytes]} {ID:"e" Public:*rsa.PublicKey}]`; fmt.Sprint(keys) != want {
		t.Errorf("got %v, want %s", keys, want)
	}
}

func TestPEM(t *testing.T) {
	file := vectorKeys(t)
	rsa1 := file.key(t, "rsa1").Private.(*rsa.PrivateKey)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(rsa1)
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	parameters := text("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7})
	tests := []struct{ name, file, err string }{
		{"PKCS #1", file.Keys["rsa1"].Private, ""},
		{"PKCS #8", text("PRIVATE KEY", pkcs8), ""},
		{"public PKCS #1", text("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsa1.PublicKey)), ""},
		{"after parameters", parameters + file.Keys["ec1"].Private, ""},
		{"between texts", "a\n" + file.Keys["ed1"].Public + "b", ""},
		{"empty", "", "jwxtoken: the PEM file has no key"},
		{"parameters alone", parameters, "jwxtoken: the PEM file has no key"},
		{"no PEM", "secret-text", "jwxtoken: the PEM file has no key"},
		{"two keys", file.Keys["ed1"].Private + file.Keys["ed1"].Public, "jwxtoken: the PEM file has more than one key"},
		{"encrypted", text("ENCRYPTED PRIVATE KEY", []byte("secret-text")), "jwxtoken: the PEM file has something else than a key"},
		{"certificate", text("CERTIFICATE", []byte("secret-text")), "jwxtoken: the PEM file has something else than a key"},
		{"broken", text("PRIVATE KEY", []byte("secret-text")), `jwxtoken: the PEM file's "PRIVATE KEY" cannot be read`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			k, err := PEM("id", []byte(test.file))
			if test.err != "" {
				if err == nil || err.Error() != test.err || k.ID != "" || k.Private != nil || k.Public != nil {
					t.Errorf("got %v, %v, want %s", k, err, test.err)
				}
				return
			}
			if err != nil || k.ID != "id" || (k.Private == nil) == (k.Public == nil) {
				t.Fatalf("got %v, %v", k, err)
			}
			if _, err := New(Config{Keys: []Key{{Private: file.key(t, "ed2").Private}, k}, Lifetime: time.Hour}); err != nil {
				t.Errorf("New: %v", err)
			}
		})
	}
}
