package run

import (
	"errors"
	"testing"

	"github.com/gousher/usher/authtest"
	"github.com/gousher/usher/conformance"
	"github.com/gousher/usher/ports"
)

func TestAuthtest(t *testing.T) {
	of := conformance.Subject{Adapter: "authtest", Engine: "memory"}
	t.Run("hasher", func(t *testing.T) {
		conformance.TestPasswordHasher(t, func(testing.TB) ports.PasswordHasher { return authtest.Hasher{} }, of)
	})
	t.Run("mailbox", func(t *testing.T) {
		conformance.TestMailer(t, func(testing.TB) conformance.Postbox {
			b := &authtest.Mailbox{}
			return conformance.Postbox{Mailer: b, Sent: b.Mails, Break: func() { b.Fail(errors.New("the mailbox is stuck")) }}
		}, of)
	})
}
