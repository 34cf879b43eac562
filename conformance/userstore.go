package conformance

import (
	"slices"
	"testing"

	"github.com/gousher/usher/ports"
)

// TestUserStore checks an implementation of [ports.UserStore]. Open returns a
// fresh, empty store; it may use t to clean up.
func TestUserStore(t *testing.T, open func(t testing.TB) ports.UserStore[*Member], of ...Subject) {
	run(t, "UserStore", UserStoreCases(), of, open)
}

// UserStoreCases returns the cases of [TestUserStore].
func UserStoreCases() []Case[ports.UserStore[*Member]] {
	return slices.Concat(userStoreIdentity(), userStoreValues(), userStoreUpdate(), userStoreDelete(), userStoreContext())
}
