package core_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gousher/usher/core"
	"github.com/gousher/usher/ports"
)

func TestLocalLimiter(t *testing.T) {
	now := noon
	l, err := core.NewLocalLimiter(core.LocalLimiterConfig{Now: func() time.Time { return now }})
	must(t, err)
	limit := ports.Limit{Events: 3, Per: time.Minute}
	steps := []struct {
		after time.Duration // since the step before
		key   string
		want  time.Duration
	}{
		{0, "ann", 0}, {0, "ann", 0}, {0, "ann", 0},
		{0, "ann", 20 * time.Second},
		{5 * time.Second, "ann", 15 * time.Second},
		{0, "bob", 0},
		{15*time.Second - 1, "ann", 1},
		{1, "ann", 0},
		{0, "ann", 20 * time.Second},
		{40 * time.Second, "ann", 0}, {0, "ann", 0},
		{0, "ann", 20 * time.Second},
		{time.Hour, "ann", 0}, {0, "ann", 0}, {0, "ann", 0},
		{0, "ann", 20 * time.Second},
		{-time.Minute, "ann", 80 * time.Second}, // a clock that is set back
	}
	for i, step := range steps {
		now = now.Add(step.after)
		wait, err := l.Allow(t.Context(), step.key, limit)
		must(t, err)
		wantEqual(t, fmt.Sprintf("wait in step %d", i), wait, step.want)
	}
}

// However many keys there are, so many are kept and no more, and those that
// are used up outlive those that are not.
func TestLocalLimiterIsBounded(t *testing.T) {
	now := noon
	l, err := core.NewLocalLimiter(core.LocalLimiterConfig{Keys: 16, Now: func() time.Time { return now }})
	must(t, err)
	limit := ports.Limit{Events: 2, Per: time.Hour}
	allowed := func(key string) bool {
		wait, err := l.Allow(t.Context(), key, limit)
		must(t, err)
		return wait == 0
	}
	kept := func(keys []string) (n int) {
		for _, key := range keys {
			if !allowed(key) {
				n++
			}
		}
		return n
	}
	used := []string{"a", "b", "c", "d"}
	for _, key := range used {
		wantEqual(t, "first of "+key, allowed(key), true)
		wantEqual(t, "second of "+key, allowed(key), true)
	}
	for i := range 1000 {
		now = now.Add(time.Millisecond)
		wantEqual(t, "a key of the flood", allowed(fmt.Sprint("flood", i)), true)
	}
	wantEqual(t, "used up keys that are kept", kept(used), len(used))

	now = now.Add(2 * time.Hour) // every limit has room again
	wantEqual(t, "a key after two hours", allowed("new"), true)
	wantEqual(t, "used up keys that are kept", kept(used), 0)
}

func TestLocalLimiterProblems(t *testing.T) {
	_, err := core.NewLocalLimiter(core.LocalLimiterConfig{Keys: -1})
	var config *core.ConfigError
	if !errors.As(err, &config) || len(config.Problems) != 1 || config.Problems[0] != "Keys is negative" {
		t.Errorf("got %v", err)
	}
}
