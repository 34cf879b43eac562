package ports

import (
	"context"
	"time"
)

// Claims is what a signed token says.
type Claims struct {
	// Subject is a user's id.
	Subject string
	// Values are further claims, texts all of them, in the order in which
	// they are written. Their names are none of sub, aud and exp.
	Values []Claim
	// Audience says what the token is for.
	Audience string
	// Expires is to the second; zero means never.
	Expires time.Time
}

// Claim is a name and a text.
type Claim struct{ Name, Value string }

// Value returns the value of the claim of that name, or "".
func (c Claims) Value(name string) string {
	for _, v := range c.Values {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// Signer signs short-lived tokens that travel by mail or through a browser
// and reads them back.
type Signer interface {
	// Sign returns a token that says c.
	Sign(ctx context.Context, c Claims) (token string, err error)
	// Verify returns what token says. It returns core.ErrInvalidToken for a
	// token that was not signed by one of the signer's keys for that
	// audience, that was altered, or that has expired (at the very instant of
	// its expiry), and tells nothing more about why.
	Verify(ctx context.Context, token, audience string) (Claims, error)
}

// Mail is a message that carries a token to a user.
type Mail struct {
	// Kind is "verify" or "reset".
	Kind string
	// Email is the user's address as it is stored: never the one that was
	// typed into a form.
	Email  string
	UserID string
	// Token is a secret of the user's.
	Token string
	// At is when the token was made, Expires when it ends.
	At, Expires time.Time
}

// Mailer is the only way out for tokens that prove an address. It is called
// in the background, one message at a time by each worker.
type Mailer interface {
	// Send hands the message over, or returns an error, which an operator
	// sees in the log. It must not put the token into that error. It is not
	// called again for the message.
	Send(ctx context.Context, m Mail) error
}
