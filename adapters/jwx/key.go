package jwxtoken

import (
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// key signs and verifies with one algorithm of jwx, which is used for that
// alone. Its jws.Verify takes many spellings for the token that was issued:
// with line breaks, in the other alphabet of base64, with other spare bits in
// the last character, as JSON. What the functions close over is not printed
// with a key.
type key struct {
	sign   func(input []byte) (signature []byte, err error)
	verify func(input, signature []byte) error
}

// algorithm is the only one: that of hmacKey.
const algorithm = "HS256"

func hmacKey(secret []byte) (key, error) {
	signer, err := jws.NewSigner(jwa.HS256)
	if err != nil {
		return key{}, err
	}
	verifier, err := jws.NewVerifier(jwa.HS256)
	if err != nil {
		return key{}, err
	}
	return key{
		sign:   func(input []byte) ([]byte, error) { return signer.Sign(input, secret) },
		verify: func(input, signature []byte) error { return verifier.Verify(input, signature, secret) },
	}, nil
}
