package ports

import (
	"context"
	"net/netip"
	"time"
)

// Grant is what a token stands for.
type Grant struct {
	// UserID is the id of the user who got in, as the user's store spells it.
	UserID string
	// Epoch is the user's session epoch at the time of the login. A grant is
	// good only as long as the user's epoch is the same.
	Epoch int64
	// Methods names how the user got in, by the values of RFC 8176: "pwd",
	// "otp", "hwk" and so on.
	Methods []string
	// At is when the grant was made.
	At time.Time
	// Expires is when the grant ends; zero means never.
	Expires time.Time
	// Peer and UserAgent describe the call that logged in.
	Peer      netip.Addr
	UserAgent string
	// Family names the login that the token descends from; core makes it up.
	// It is the same in all tokens that replace one another.
	Family string
}

// Strategy makes tokens and reads them back. One strategy serves every type
// of user.
type Strategy interface {
	// Issue returns a new token that stands for g and the time at which it
	// stops being accepted, which is zero where it never does. A strategy may
	// shorten the life that g.Expires asks for, never lengthen it. What it
	// keeps of g beyond UserID and Epoch is its own affair. No two calls that
	// differ in UserID or Epoch return the same token.
	Issue(ctx context.Context, g Grant) (token string, expires time.Time, err error)
	// Verify returns the grant that token stands for. It returns
	// core.ErrInvalidToken for a token that this strategy did not issue, that
	// was altered, that has expired (a token is expired at the very instant
	// of its expiry) or that was ended, and tells nothing more about why.
	Verify(ctx context.Context, token string) (Grant, error)
	// End makes token worthless. It returns core.ErrNotRevocable where the
	// strategy keeps no record of its tokens and cannot end one before it
	// expires. Ending a token that is not accepted anyway is no error.
	End(ctx context.Context, token string) error
}

// Transport carries a token between a caller and a delivery. It keeps no
// state and never fails.
type Transport interface {
	// Token returns the token that in carries, or "" where there is none. A
	// transport whose Send reports false finds what the caller sends as a
	// bearer token (RFC 6750, section 2.1).
	Token(in Header) string
	// Ambient says whether browsers send the token of their own accord, as
	// they do with cookies. Such a token is refused on cross-site requests.
	Ambient() bool
	// Send puts token into out and reports true, or leaves out as it is and
	// reports false: the delivery then returns the token in its answer's
	// body. What Send put into out, Token finds once the caller sends it
	// back. Expires is the token's expiry, zero for none.
	Send(out Header, token string, expires time.Time) (sent bool)
	// Forget tells the caller, through out, to drop the token that Send gave
	// it. A transport whose Send reports false leaves out as it is.
	Forget(out Header)
}
