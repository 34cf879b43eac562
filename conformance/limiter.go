package conformance

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gousher/usher/ports"
	"github.com/stretchr/testify/require"
)

// TestLimiter checks an implementation of [ports.Limiter]. Open returns one
// that has counted nothing, and another that shares its counts, as a second
// process would have; a limiter of one process returns itself twice.
func TestLimiter(t *testing.T, open func(t testing.TB) [2]ports.Limiter, of ...Subject) {
	run(t, "Limiter", LimiterCases(), of, open)
}

// five is a limit that lasts for the whole of a test.
var five = ports.Limit{Events: 5, Per: 5 * time.Hour}

// allow counts an event, and returns whether there was room for it.
func allow(t testing.TB, l ports.Limiter, key string, limit ports.Limit) (wait time.Duration, ok bool) {
	t.Helper()
	wait, err := l.Allow(t.Context(), key, limit)
	must(t, err, "Allow ", key)
	require.GreaterOrEqual(t, wait, time.Duration(0))
	return wait, wait == 0
}

// LimiterCases returns the cases of [TestLimiter].
func LimiterCases() []Case[[2]ports.Limiter] {
	return []Case[[2]ports.Limiter]{
		{
			ID: "OT-05", Name: "Allow/race",
			Rule: "of any number of concurrent calls, in all processes that share the limiter, no more are counted than the limit has room for",
			Run: func(t testing.TB, l [2]ports.Limiter) {
				for round := range 8 {
					var allowed atomic.Int64
					for i, err := range race(t, crowd, func(i int) error {
						wait, err := l[i%2].Allow(t.Context(), fmt.Sprint("key", round), five)
						if wait == 0 && err == nil {
							allowed.Add(1)
						}
						return err
					}) {
						must(t, err, "call ", i)
					}
					require.EqualValues(t, five.Events, allowed.Load())
				}
			},
		},
		{
			ID: "LM-01", Name: "Allow/keys",
			Rule: "keys are compared byte for byte",
			Run: func(t testing.TB, l [2]ports.Limiter) {
				one := ports.Limit{Events: 1, Per: time.Hour}
				keys := []string{"a", "A", "a ", " a", "", "á", "a\u0301", "a:b", "a\x00", "a\x00b", "\xff", "%", "*", "{a}", "{a}b", "a\n"}
				for _, key := range keys {
					_, ok := allow(t, l[0], key, one)
					require.True(t, ok, "%q", key)
				}
				for _, key := range keys {
					_, ok := allow(t, l[1], key, one)
					require.False(t, ok, "%q again", key)
				}
			},
		},
		{
			ID: "LM-02", Name: "Allow/how long to wait",
			Rule: "it returns how long it takes until there is room",
			Run: func(t testing.TB, l [2]ports.Limiter) {
				began := time.Now()
				for range five.Events {
					_, ok := allow(t, l[0], "key", five)
					require.True(t, ok)
				}
				wait, _ := allow(t, l[0], "key", five)
				each := five.Per / time.Duration(five.Events)
				require.LessOrEqual(t, wait, each+time.Second)
				require.GreaterOrEqual(t, wait, each-time.Since(began)-time.Second)
			},
		},
		{
			ID: "LM-03", Name: "Allow/counts nothing",
			Rule: "where limit has no room it counts nothing",
			Run: func(t testing.TB, l [2]ports.Limiter) {
				for range five.Events {
					allow(t, l[0], "key", five)
				}
				first, ok := allow(t, l[0], "key", five)
				require.False(t, ok)
				for range 20 {
					wait, ok := allow(t, l[1], "key", five)
					require.False(t, ok)
					require.LessOrEqual(t, wait, first+time.Second, "a refusal was counted")
				}
			},
		},
		{
			ID: "LM-04", Name: "Allow/room comes back",
			Rule: "once more for every Per/Events that passes",
			Run: func(t testing.TB, l [2]ports.Limiter) {
				quick := ports.Limit{Events: 2, Per: 400 * time.Millisecond}
				for range 2 {
					_, ok := allow(t, l[0], "key", quick)
					require.True(t, ok)
				}
				for range 3 { // each waits as long as it is told
					wait, ok := allow(t, l[0], "key", quick)
					require.False(t, ok, "there was room at once")
					require.LessOrEqual(t, wait, quick.Per)
					time.Sleep(wait)
					_, ok = allow(t, l[0], "key", quick)
					require.True(t, ok, "there was no room after %v", wait)
				}
			},
		},
		{
			ID: "CX-01", Name: "Allow/context ended",
			Rule: "when the context has ended, a method returns its error and does nothing",
			Run: func(t testing.TB, l [2]ports.Limiter) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				for range five.Events {
					_, err := l[0].Allow(ctx, "key", five)
					wantErr(t, "Allow", err, context.Canceled)
				}
				_, ok := allow(t, l[0], "key", five)
				require.True(t, ok, "a call that was cancelled was counted")
			},
		},
	}
}
