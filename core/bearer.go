package core

import (
	"strings"
	"time"

	"github.com/gousher/usher/ports"
)

// Bearer carries a token in the Authorization header (RFC 6750, section 2.1).
// The token goes to the client in the body of the answer to its login.
type Bearer struct{}

var _ ports.Transport = Bearer{}

// Token implements [ports.Transport]. The first Authorization header counts.
// What stands before its first space is the scheme, in any case.
func (Bearer) Token(in ports.Header) string {
	values := in.Values("Authorization")
	if len(values) == 0 {
		return ""
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// Ambient implements [ports.Transport]: browsers never send the header of
// their own accord.
func (Bearer) Ambient() bool { return false }

// Send implements [ports.Transport] and reports false.
func (Bearer) Send(ports.Header, string, time.Time) bool { return false }

// Forget implements [ports.Transport]. The client drops the token itself.
func (Bearer) Forget(ports.Header) {}
