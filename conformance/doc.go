// Package conformance checks whether an implementation of one of usher's
// ports keeps every rule of the port. It is the same for usher's own adapters
// and for anyone's: one call from a test.
//
//	func TestMyStore(t *testing.T) {
//		conformance.TestUserStore(t, func(t testing.TB) ports.UserStore[*conformance.Member] {
//			return mystore.New[conformance.Member](emptyDatabase(t)).Users
//		})
//	}
//
// Each case checks one rule, on a fresh and empty store that the function
// makes for it. A failure names the case and quotes the rule. The cases are
// data, so that a runner can list them and try them on implementations that
// are broken on purpose.
package conformance
