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
// are broken on purpose. The guide in docs/writing-an-adapter.md builds an
// adapter around them.
//
// USHER_CONFORMANCE_REPEAT=100 runs each case a hundred times, in random order
// and with callers that race a little apart; the seed is printed, and
// USHER_CONFORMANCE_SEED takes it. USHER_CONFORMANCE_REPORT names a file to
// which each suite appends a [Report] as a line of JSON: what it ran on (see
// [Subject]) and what came of each case.
package conformance
