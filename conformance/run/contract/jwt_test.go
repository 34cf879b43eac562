package contract

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"time"
)

// jwtTests are about what is read of access tokens.
var jwtTests = append([]test{
	{name: "foo", talk: talk{get("/any", bearer("foo")), unauthorized, get("/any", bearer("a.b.c")), unauthorized}},
	{name: "good", talk: talk{get("/any", bearer("«signed good»")), who("arthur")}},
	{name: "audience-as-text", talk: talk{get("/any", bearer("«signed audience as text»")), who("arthur")}},
	{name: "subject-spelt", talk: talk{get("/any", bearer("«signed subject spelt»")), who("arthur")}},
	{name: "no-subject", talk: talk{get("/any", bearer("«signed no subject»")), unauthorized}},
	{name: "odd-subject", talk: talk{get("/any", bearer("«signed odd subject»")), unauthorized}},
	{name: "unknown-subject", talk: talk{get("/any", bearer("«signed unknown»")), unauthorized}},
	{name: "expired", setup: func(s *setup) { s.lifetime = time.Second }, talk: talk{
		get("/any", bearer("«signed expired»")), unauthorized, get("/any", bearer("«signed expires now»")), unauthorized,
	}},
	{name: "other-audience", talk: talk{
		get("/any", bearer("«signed other audience»")), unauthorized, get("/any", bearer("«signed no audience»")), unauthorized,
		get("/any", bearer("«signed verify»")), unauthorized, get("/any", bearer("«signed reset»")), unauthorized,
	}},
}, append(signedBy("rs256", rsaKey), signedBy("es256", ecKey)...)...)

var (
	rsaKey, _ = rsa.GenerateKey(rand.Reader, 2048)
	ecKey, _  = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
)

// signedBy are tests of tokens that a key signs.
func signedBy(name string, key crypto.Signer) []test {
	use := func(s *setup) { s.key = key }
	return []test{
		{name: name + "-invalid", setup: use, talk: talk{get("/any", bearer("foo")), unauthorized, get("/any", bearer(arthurJWT)), unauthorized}},
		{name: name + "-valid", setup: use, talk: talk{get("/any", bearer("«signed audience as text»")), who("arthur"), get("/any", as("lady")), who("lady")}},
		{name: name + "-no-subject", setup: use, talk: talk{get("/any", bearer("«signed no subject»")), unauthorized}},
		{name: name + "-odd-subject", setup: use, talk: talk{get("/any", bearer("«signed odd subject»")), unauthorized}},
		{name: name + "-unknown-subject", setup: use, talk: talk{get("/any", bearer("«signed unknown»")), unauthorized}},
	}
}
